//! Every string of an event, and what its place in it says.

use std::collections::BTreeMap;
use std::ops::Range;

use serde_json::{Map, Value};

use crate::entity::Entity;
use crate::finding::{Finding, MARK, rewrite};
use crate::marker::{Marker, listed};
use crate::names;
use crate::scan::{Place, Redacted, Scanner};

/// Fields that the sensor made: identifiers that must stay whole.
const OWN: [&str; 11] = [
    "request_id",
    "conversation_id",
    "system_prompt_hash",
    "key_hash",
    "key_prefix",
    "start_time",
    "end_time",
    "oisp.connection.id",
    "container_id",
    "container.id",
    "k8s.pod.uid",
];
/// Fields in whose place the schema allows a marker.
const MARKABLE: [&str; 3] = ["content", "arguments", "result"];
/// Fields that hold what a program made, not the schema's fields.
const FOREIGN: [&str; 2] = ["arguments", "result"];
/// Longest list of arguments that is looked at as one line, bytes.
const LINE: usize = 256 << 10;
/// A number of fewer digits is nothing that is looked for.
const NUMBER: usize = 9;

/// One event's redaction.
pub(crate) struct Walk<'a> {
    pub scanner: &'a Scanner,
    pub profile: &'a str,
    counts: BTreeMap<&'a str, usize>,
}

/// Where the walk is.
#[derive(Clone, Copy)]
struct At {
    place: Place,
    /// The schema says what stands here, and allows markers.
    is_schema: bool,
}

impl<'a> Walk<'a> {
    pub(crate) const fn new(scanner: &'a Scanner, profile: &'a str) -> Self {
        Self {
            scanner,
            profile,
            counts: BTreeMap::new(),
        }
    }

    /// What was found so far, and how often.
    pub(crate) fn findings(&self) -> Value {
        listed(self.counts.iter().map(|(name, count)| (*name, *count)))
    }

    pub(crate) fn count(&mut self, found: &[(&'a str, bool)]) {
        for (name, _) in found {
            *self.counts.entry(name).or_default() += 1;
        }
    }

    /// Redacts those parts of an event. True where something was found.
    pub(crate) fn event(&mut self, event: &mut Map<String, Value>, parts: &[&str]) -> bool {
        let event_type = event.get("event_type").and_then(Value::as_str);
        let is_network = event_type.is_some_and(|name| name.starts_with("network."));
        parts.iter().fold(false, |found, part| {
            let at = At {
                place: if is_network && *part == "data" {
                    Place::Address
                } else {
                    Place::Text
                },
                is_schema: *part == "data",
            };
            event
                .get_mut(*part)
                .is_some_and(|part| self.value(part, at))
                | found
        })
    }

    fn value(&mut self, value: &mut Value, at: At) -> bool {
        match value {
            Value::String(text) => self.text(text, at.place).is_some(),
            Value::Array(items) => {
                let found = self.arguments(items, at.place);
                items
                    .iter_mut()
                    .fold(found, |found, item| self.value(item, at) | found)
            }
            Value::Object(object) => self.object(object, at),
            Value::Number(number) => {
                let mut text = number.to_string();
                let found = text.len() >= NUMBER && self.text(&mut text, at.place).is_some();
                if found {
                    *value = text.into();
                }
                found
            }
            Value::Null | Value::Bool(_) => false,
        }
    }

    /// Redacts a text in place; what was found.
    fn text(&mut self, text: &mut String, place: Place) -> Option<Redacted<'a>> {
        let mut redacted = self.scanner.redact(text, place)?;
        self.count(&redacted.found);
        *text = std::mem::take(&mut redacted.text);
        Some(redacted)
    }

    fn object(&mut self, object: &mut Map<String, Value>, at: At) -> bool {
        let mut found = self.rename(object);
        found |= self.named_value(object);
        for (key, value) in object.iter_mut() {
            if !OWN.contains(&key.as_str()) {
                found |= self.field(key, value, at);
            }
        }
        found
    }

    /// Names of fields are text, too.
    fn rename(&mut self, object: &mut Map<String, Value>) -> bool {
        let names: Vec<_> = object
            .keys()
            .filter_map(|key| Some((key.clone(), self.scanner.redact(key, Place::Address)?)))
            .collect();
        for (name, safe) in &names {
            if let Some(value) = object.remove(name) {
                self.count(&safe.found);
                object.insert(safe.text.clone(), value);
            }
        }
        !names.is_empty()
    }

    /// `{"name": "Authorization", "value": "…"}`, as lists of header fields and
    /// of variables have it.
    fn named_value(&mut self, object: &mut Map<String, Value>) -> bool {
        let name = ["name", "key"]
            .into_iter()
            .find_map(|key| object.get(key)?.as_str().map(str::to_owned));
        match (name, object.get_mut("value")) {
            (Some(name), Some(value)) => self.named(&name, value),
            _ => false,
        }
    }

    fn field(&mut self, key: &str, value: &mut Value, at: At) -> bool {
        if self.named(key, value) {
            return true;
        }
        let is_address = key == "endpoint" || key == "ip" || key.ends_with(".address");
        let at = At {
            place: if is_address { Place::Address } else { at.place },
            is_schema: at.is_schema && !FOREIGN.contains(&key),
        };
        match value {
            Value::String(text) if MARKABLE.contains(&key) => {
                let before = (
                    text.chars().count(),
                    self.scanner.key().map(|key| key.hash(text)),
                );
                let Some(redacted) = self.text(text, at.place) else {
                    return false;
                };
                if at.is_schema || FOREIGN.contains(&key) {
                    self.mark(value, &redacted, before);
                }
                true
            }
            other => self.value(other, at),
        }
    }

    /// Where nothing of a field is left but a mark, the schema's marker says more.
    fn mark(
        &self,
        value: &mut Value,
        redacted: &Redacted<'a>,
        (length, hash): (usize, Option<String>),
    ) {
        let Some((preview, (detector, is_secret))) =
            value.as_str().zip(redacted.found.first().copied())
        else {
            return;
        };
        if !redacted.whole || !preview.starts_with(MARK) {
            return;
        }
        let marker = Marker {
            reason: if is_secret {
                "secret_detected"
            } else {
                "pii_detected"
            },
            detector: Some(detector),
            length,
            hash,
            preview: Some(preview),
            findings: listed(std::iter::once((detector, 1))),
            profile: self.profile,
        };
        *value = marker.into_value();
    }

    /// Takes out a value whose name says that it is a secret.
    fn named(&mut self, name: &str, value: &mut Value) -> bool {
        if !self.scanner.looks_for(Entity::Secrets) {
            return false;
        }
        let text = match value {
            Value::String(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            Value::Array(items) => {
                return items.iter_mut().fold(false, |found, item| {
                    item.is_string() && self.named(name, item) | found
                });
            }
            _ => return false,
        };
        let news = names::tells(name, &text) && !text.starts_with(MARK);
        if news {
            *value = format!("{MARK}named_secret]").into();
            self.count(&[("named_secret", true)]);
        }
        news
    }

    /// Arguments of a program: one tells what the next one is.
    fn arguments(&mut self, items: &mut [Value], place: Place) -> bool {
        let Some((line, places)) = line(items) else {
            return false;
        };
        let findings = self.scanner.scan(&line, place);
        let mut found = false;
        for (item, place) in items.iter_mut().zip(places) {
            let inside = within(&findings, &place);
            if let Value::String(text) = item
                && !inside.is_empty()
            {
                let names: Vec<_> = inside
                    .iter()
                    .map(|finding| (finding.name, finding.is_secret))
                    .collect();
                self.count(&names);
                *text = rewrite(text, &inside, self.scanner.key());
                found = true;
            }
        }
        found
    }
}

/// The line that somebody would type, and where each argument stands in it.
/// `None` where the list holds no options.
fn line(items: &[Value]) -> Option<(String, Vec<Range<usize>>)> {
    let texts = || items.iter().map(|item| item.as_str().unwrap_or_default());
    let is_line =
        texts().any(|text| text.starts_with('-')) && texts().map(str::len).sum::<usize>() <= LINE;
    if !is_line {
        return None;
    }
    let mut line = String::new();
    let mut places = Vec::with_capacity(items.len());
    for text in texts() {
        let quote = if text.contains(char::is_whitespace) {
            "'"
        } else {
            ""
        };
        line.push_str(quote);
        places.push(line.len()..line.len() + text.len());
        line.push_str(text);
        line.push_str(quote);
        line.push(' ');
    }
    Some((line, places))
}

/// The parts of findings that stand in one place, seen from its beginning.
fn within<'a>(findings: &[Finding<'a>], place: &Range<usize>) -> Vec<Finding<'a>> {
    let first = findings.partition_point(|finding| finding.range.end <= place.start);
    let those = findings
        .iter()
        .skip(first)
        .take_while(|finding| finding.range.start < place.end);
    those
        .map(|finding| Finding {
            range: finding.range.start.max(place.start) - place.start
                ..finding.range.end.min(place.end) - place.start,
            ..finding.clone()
        })
        .filter(|finding| !finding.range.is_empty())
        .collect()
}
