//! Takes secrets and personal data out of events before they leave memory:
//! before disk, socket, log and screen.
//!
//! In: [`Event`]s. Out: [`SafeEvent`]s, the only form that the stages behind
//! accept. Works on assembled text, so a secret that came in pieces is found,
//! and on every string of an event's payload, attributes, extensions and
//! process: text, tool arguments, command lines, paths; also where it is
//! escaped, percent-encoded or in base64.
//!
//! Text of an answer that grows goes through [`Growing`] first.
//!
//! A finding inside text becomes `[REDACTED:rule]`, or what its action says.
//! Where a whole field goes, the schema's `$redacted` marker stands in its
//! place. What each mode takes out, and the limits: `docs/redaction.md`.
//!
//! The way of a text: `scan.rs` runs the detectors (`rules.rs`, `pem.rs`,
//! `personal.rs`, the user's patterns) over each of its views (`views.rs`) and what
//! is encoded in them (`encoded.rs`); `finding.rs` joins what they find and writes
//! the rest.

mod check;
mod config;
mod content;
mod encoded;
mod entity;
mod finding;
mod growing;
mod marker;
mod mode;
mod names;
mod pem;
mod personal;
mod rules;
mod scan;
mod views;
mod walk;

use oisp_core::{Event, HashKey, SafeEvent};
use serde_json::{Map, Value, json};

pub use config::{
    Action, ConfigError, EntityConfig, PatternConfig, RedactionConfig, SecretsConfig,
};
pub use growing::Growing;
pub use mode::{Mode, UnknownMode};
use scan::{Place, Scanner};
use walk::Walk;

/// Redacts events as configured.
pub struct Redactor {
    mode: Mode,
    /// The name in `confidence.redaction_profile`.
    profile: String,
    scanner: Scanner,
}

/// The parts of an event that hold what the observed program said or did. The
/// rest is the sensor's own: ids, times, the machine.
const OBSERVED: [&str; 4] = ["data", "attrs", "ext", "process"];

impl Redactor {
    /// A redactor in that mode, without hashes.
    pub fn new(mode: Mode) -> Self {
        let config = RedactionConfig::from(mode);
        Self {
            mode,
            profile: config.profile(),
            scanner: Scanner::of_mode(&config),
        }
    }

    /// A redactor as configured. The key makes the hashes of the action `hash`
    /// and of markers; without it there are none, and `hash` does as `redact`.
    ///
    /// # Errors
    /// Where a pattern or the name of a rule means nothing.
    pub fn with_config(
        config: &RedactionConfig,
        key: Option<HashKey>,
    ) -> Result<Self, ConfigError> {
        Ok(Self {
            mode: config.mode,
            profile: config.profile(),
            scanner: Scanner::new(config, key)?,
        })
    }

    /// With the key of hashes.
    #[must_use]
    pub fn with_key(self, key: HashKey) -> Self {
        Self {
            scanner: self.scanner.with_key(key),
            ..self
        }
    }

    /// Its mode.
    pub const fn mode(&self) -> Mode {
        self.mode
    }

    /// Redacts an event.
    pub fn redact(&self, event: &Event) -> SafeEvent {
        let mut event = match serde_json::to_value(event) {
            Ok(Value::Object(event)) => event,
            // An event is made of strings, numbers, lists and maps with string
            // keys; none of them can fail to become JSON.
            _ => Map::new(),
        };
        let mut redacted = false;
        if self.mode != Mode::Off {
            let mut walk = Walk::new(&self.scanner, &self.profile);
            if self.mode == Mode::Full {
                redacted |= content::remove(&mut event, &mut walk);
            }
            redacted |= walk.event(&mut event, &OBSERVED);
            list(&mut event, &walk.findings());
        }
        self.note(&mut event, redacted);
        SafeEvent::from_redacted(&event)
    }

    /// Redacts a text; `None` where there is nothing to redact.
    pub fn redact_text(&self, text: &str) -> Option<String> {
        let redacted = self.scanner.redact(text, Place::Text);
        redacted.map(|redacted| redacted.text)
    }

    /// Writes into `confidence` what was done.
    fn note(&self, event: &mut Map<String, Value>, redacted: bool) {
        let Some(Value::Object(confidence)) = event.get_mut("confidence") else {
            return;
        };
        confidence.insert("redaction_profile".into(), self.profile.as_str().into());
        confidence.insert("redaction_applied".into(), redacted.into());
        let completeness = confidence.get("completeness");
        if redacted && self.mode == Mode::Full && completeness.is_some_and(|now| now == "full") {
            confidence.insert("completeness".into(), "redacted".into());
        }
    }
}

/// Writes into `ext.oisp.redaction` how much of what was found.
fn list(event: &mut Map<String, Value>, findings: &Value) {
    if findings.as_array().is_none_or(Vec::is_empty) {
        return;
    }
    let ext = event.entry("ext").or_insert_with(|| json!({}));
    if let Value::Object(ext) = ext
        && let Value::Object(oisp) = ext.entry("oisp").or_insert_with(|| json!({}))
    {
        oisp.insert("redaction".into(), json!({"findings": findings}));
    }
}

#[cfg(test)]
mod tests;
