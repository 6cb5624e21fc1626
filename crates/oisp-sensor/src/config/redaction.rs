//! `[redaction]`

use oisp_config::Findings;
pub use oisp_redact::RedactionConfig as Redaction;
use oisp_redact::Redactor;

/// What the types do not say: patterns and the names of rules.
pub(super) fn check(redaction: &Redaction, findings: &mut Findings<'_>) {
    if let Err(error) = Redactor::with_config(redaction, None) {
        findings.mistake("redaction", error);
    }
}
