//! `[policy]`

use oisp_config::Findings;
pub use oisp_policy::PolicyConfig as Policy;

/// What the types do not say.
pub(super) fn check(policy: &Policy, findings: &mut Findings<'_>) {
    if let Err(error) = policy.validate() {
        findings.mistake("policy", error);
    }
}
