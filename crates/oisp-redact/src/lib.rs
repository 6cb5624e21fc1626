//! Takes secrets and personal data out of events before they leave memory:
//! before disk, socket, log and screen.
//!
//! In: [`Event`]s. Out: [`SafeEvent`]s, the only form that the stages behind
//! accept. Works on assembled text, so a secret that came in pieces is found,
//! and on every string of an event's payload, attributes, extensions and
//! process: text, tool arguments, command lines, paths.
//!
//! Text of an answer that grows goes through [`Growing`] first.
//!
//! A finding inside text becomes `[REDACTED:rule]`. Where a whole field goes,
//! the schema's `$redacted` marker stands in its place.

mod content;
mod growing;
mod mode;
mod rules;

use oisp_core::{Event, SafeEvent};
use serde_json::{Map, Value};

pub use growing::Growing;
pub use mode::{Mode, UnknownMode};
use rules::Rules;

/// Redacts events in one mode.
pub struct Redactor {
    mode: Mode,
    rules: Rules,
}

/// The parts of an event that hold what the observed program said or did. The
/// rest is the sensor's own: ids, times, the machine.
const OBSERVED: [&str; 4] = ["data", "attrs", "ext", "process"];

/// Fields inside them that the sensor made: identifiers that must stay whole.
const OWN: [&str; 10] = [
    "request_id",
    "conversation_id",
    "system_prompt_hash",
    "key_hash",
    "key_prefix",
    "start_time",
    "oisp.connection.id",
    "container_id",
    "container.id",
    "k8s.pod.uid",
];

impl Redactor {
    /// A redactor in that mode.
    pub fn new(mode: Mode) -> Self {
        Self {
            mode,
            rules: Rules::of(mode),
        }
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
        if self.mode == Mode::Full {
            redacted |= content::remove(&mut event);
        }
        if self.mode != Mode::Off {
            for part in OBSERVED {
                if let Some(part) = event.get_mut(part) {
                    redacted |= self.walk(part);
                }
            }
        }
        self.note(&mut event, redacted);
        SafeEvent::from_redacted(&event)
    }

    /// Redacts a text; `None` where there is nothing to redact.
    pub fn redact_text(&self, text: &str) -> Option<String> {
        self.rules.redact(text)
    }

    /// Redacts every string below `value`. True where something was found.
    fn walk(&self, value: &mut Value) -> bool {
        match value {
            Value::String(text) => match self.rules.redact(text) {
                Some(safe) => {
                    *text = safe;
                    true
                }
                None => false,
            },
            Value::Array(items) => {
                let found = self.walk_options(items);
                items
                    .iter_mut()
                    .fold(found, |found, item| self.walk(item) | found)
            }
            Value::Object(object) => self.walk_object(object),
            Value::Null | Value::Bool(_) | Value::Number(_) => false,
        }
    }

    /// Arguments of a program: an option tells what the argument after it is.
    fn walk_options(&self, items: &mut [Value]) -> bool {
        let mut found = false;
        let mut option = String::new();
        for item in items {
            let Value::String(text) = item else {
                option.clear();
                continue;
            };
            if option.starts_with('-')
                && let Some(safe) = self.redact_argument(&option, text)
            {
                *text = safe;
                found = true;
            }
            option.clone_from(text);
        }
        found
    }

    fn redact_argument(&self, option: &str, argument: &str) -> Option<String> {
        let quote = if argument.contains(char::is_whitespace) {
            "'"
        } else {
            ""
        };
        let line = self
            .rules
            .redact(&format!("{option} {quote}{argument}{quote}"))?;
        let safe = line.strip_prefix(option)?.trim_start();
        (safe != argument).then(|| safe.trim_matches('\'').to_owned())
    }

    fn walk_object(&self, object: &mut Map<String, Value>) -> bool {
        let mut found = false;
        let names: Vec<_> = object
            .keys()
            .filter_map(|key| Some((key.clone(), self.rules.redact(key)?)))
            .collect();
        for (name, safe) in names {
            if let Some(value) = object.remove(&name) {
                object.insert(safe, value);
                found = true;
            }
        }
        for (key, value) in object.iter_mut() {
            if OWN.contains(&key.as_str()) {
                continue;
            }
            found |= match value {
                Value::String(text) if self.rules.is_secret_name(key) && !text.is_empty() => {
                    let news = !text.starts_with("[REDACTED:");
                    if news {
                        *text = "[REDACTED:named_secret]".to_owned();
                    }
                    news
                }
                other => self.walk(other),
            };
        }
        found
    }

    /// Writes into `confidence` what was done.
    fn note(&self, event: &mut Map<String, Value>, redacted: bool) {
        let Some(Value::Object(confidence)) = event.get_mut("confidence") else {
            return;
        };
        confidence.insert("redaction_profile".into(), self.mode.as_str().into());
        confidence.insert("redaction_applied".into(), redacted.into());
        if redacted
            && self.mode == Mode::Full
            && confidence
                .get("completeness")
                .is_some_and(|now| now == "full")
        {
            confidence.insert("completeness".into(), "redacted".into());
        }
    }
}

#[cfg(test)]
mod tests;
