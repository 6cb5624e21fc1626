//! Whether two lists of events say the same.
//!
//! Two forms: *exact*, where the bytes and their times are the same and only
//! the cuts differ, so that every field must be the same, ids included; and
//! *normal*, where the bytes differ, so that times, and ids derived from times
//! and from the connection, do not count.

use std::collections::{BTreeMap, HashMap};

use oisp_core::Event;
use serde_json::{Map, Value};

/// Longest value shown of a difference.
const SHOWN: usize = 160;

/// The events as bytes: the quickest way to see that nothing differs.
pub fn bytes(events: &[Event]) -> Vec<u8> {
    serde_json::to_vec(events).unwrap_or_default()
}

/// The events as they are.
pub fn exact(events: &[Event]) -> Vec<Value> {
    let value = |event| serde_json::to_value(event).unwrap_or_default();
    events.iter().map(value).collect()
}

/// The events without times, and with ids as "the first", "the second", ….
pub fn normal(events: &[Value]) -> Vec<Value> {
    let names = names(events);
    events
        .iter()
        .map(|event| {
            let mut event = event.clone();
            forget_times(&mut event);
            rename(&mut event, &names);
            event
        })
        .collect()
}

/// Each call's own events in the normal form, apart from what ties them to
/// other calls: the same however many other calls went over the connection.
pub fn calls(events: &[Value]) -> Vec<Vec<Value>> {
    let mut calls: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for event in events.iter().filter(|event| is_ai(event)) {
        let mut event = event.clone();
        if let Some(event) = event.as_object_mut() {
            event.remove("related_events");
        }
        if let Some(data) = event.get_mut("data").and_then(Value::as_object_mut) {
            data.remove("conversation_id");
        }
        // What comes on top of a call, such as `ai.embedding`, names none.
        if let Some(id) = request_id(&event) {
            calls.entry(id.to_owned()).or_default().push(event);
        }
    }
    calls.values().map(|call| normal(call)).collect()
}

/// The event tells of a call to a model.
pub fn is_ai(event: &Value) -> bool {
    event
        .get("event_type")
        .and_then(Value::as_str)
        .is_some_and(|kind| kind.starts_with("ai."))
}

/// The event says that all of it was captured.
pub fn is_full(event: &Value) -> bool {
    event.pointer("/confidence/completeness") == Some(&Value::from("full"))
}

/// The text of one of an answer's alternatives.
pub fn text_of(choice: &Value) -> &str {
    let text = choice.pointer("/message/content").and_then(Value::as_str);
    text.unwrap_or_default()
}

fn request_id(event: &Value) -> Option<&str> {
    event.get("data")?.get("request_id")?.as_str()
}

/// Every id that an event gives itself, by order of appearance. That of a
/// conversation is among them: where the client names none, it is made of the
/// first call's place in the connection. So are those of its trace.
fn names(events: &[Value]) -> HashMap<String, String> {
    let mut names = HashMap::new();
    let ids = events.iter().flat_map(|event| {
        let of = |key| event.get(key).and_then(Value::as_str);
        let trace = |key| event.get("trace_context")?.get(key)?.as_str();
        let data = |key| event.get("data")?.get(key)?.as_str();
        [
            of("event_id"),
            data("request_id"),
            data("conversation_id"),
            data("session_id"),
            event
                .get("attrs")
                .and_then(|attrs| attrs.get("oisp.call_id")?.as_str()),
            trace("trace_id"),
            trace("span_id"),
        ]
    });
    for id in ids.flatten() {
        let next = format!("#{}", names.len());
        names.entry(id.to_owned()).or_insert(next);
    }
    names
}

fn rename(value: &mut Value, names: &HashMap<String, String>) {
    match value {
        Value::String(text) => {
            if let Some(name) = names.get(text) {
                text.clone_from(name);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| rename(item, names)),
        Value::Object(fields) => fields.values_mut().for_each(|field| rename(field, names)),
        _ => {}
    }
}

fn forget_times(event: &mut Value) {
    let Some(event) = event.as_object_mut() else {
        return;
    };
    event.remove("ts");
    for part in ["data", "attrs"] {
        if let Some(fields) = event.get_mut(part).and_then(Value::as_object_mut) {
            fields.retain(|name, _| !is_time(name));
        }
    }
    // How the bytes travelled is not what they say.
    if let Some(attrs) = event.get_mut("attrs").and_then(Value::as_object_mut) {
        attrs.remove("network.protocol.version");
    }
}

/// A field that the capture's times alone decide. Times that the provider tells
/// in its own words (`openai-processing-ms`, `eval_duration`) are content.
fn is_time(name: &str) -> bool {
    let name = name.strip_prefix("oisp.").unwrap_or(name);
    name == "latency_ms"
        || name.starts_with("time_to_")
        || name.contains(".time_to_")
        || name.contains("tokens_per_second")
        || name == "duration_ms"
}

/// Where and how two lists of events first differ.
pub fn difference(expected: &[Value], got: &[Value]) -> Option<String> {
    for (n, (expected, got)) in expected.iter().zip(got).enumerate() {
        let kind = expected.get("event_type").and_then(Value::as_str);
        let path = format!("[{n}] {}", kind.unwrap_or("?"));
        if let Some(found) = at(expected, got, &path) {
            return Some(found);
        }
    }
    let kinds = |events: &[Value]| -> Vec<String> {
        let kind = |event: &Value| event.get("event_type")?.as_str().map(Into::into);
        events.iter().filter_map(kind).collect()
    };
    (expected.len() != got.len())
        .then(|| format!("events {:?}, whole {:?}", kinds(got), kinds(expected)))
}

fn at(expected: &Value, got: &Value, path: &str) -> Option<String> {
    match (expected, got) {
        (Value::Object(a), Value::Object(b)) => in_objects(a, b, path),
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => a
            .iter()
            .zip(b)
            .enumerate()
            .find_map(|(n, (a, b))| at(a, b, &format!("{path}.{n}"))),
        _ => (expected != got).then(|| format!("{path}: {}, whole {}", show(got), show(expected))),
    }
}

fn in_objects(a: &Map<String, Value>, b: &Map<String, Value>, path: &str) -> Option<String> {
    let names = a
        .keys()
        .chain(b.keys().filter(|name| !a.contains_key(*name)));
    for name in names {
        let (a, b) = (a.get(name), b.get(name));
        let null = Value::Null;
        let found = at(
            a.unwrap_or(&null),
            b.unwrap_or(&null),
            &format!("{path}.{name}"),
        );
        if found.is_some() {
            return found;
        }
    }
    None
}

/// The value, shortened.
pub fn show(value: &Value) -> String {
    let text = match value {
        Value::Null => return String::from("absent"),
        other => other.to_string(),
    };
    if text.chars().count() <= SHOWN {
        return text;
    }
    let start: String = text.chars().take(SHOWN).collect();
    format!("{start}… ({} bytes)", text.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn event(id: &str, request: &str, text: &str, ms: u64) -> Value {
        json!({"event_id": id, "ts": ms.to_string(), "event_type": "ai.response",
            "attrs": {"oisp.time_to_first_byte_ms": ms, "openai-processing-ms": "7"},
            "data": {"request_id": request, "latency_ms": ms, "text": text},
            "related_events": [{"event_id": id}]})
    }

    #[test]
    fn times_and_ids_do_not_count_and_all_else_does() {
        let one = [event("A", "r1", "yes", 5)];
        let same = [event("B", "r2", "yes", 9)];
        assert_ne!(one, same);
        assert_eq!(difference(&normal(&one), &normal(&same)), None);
        let other = [event("B", "r2", "no", 9)];
        assert_eq!(
            difference(&normal(&one), &normal(&other)).as_deref(),
            Some("[0] ai.response.data.text: \"no\", whole \"yes\"")
        );
        let tied_elsewhere = [event("B", "B", "yes", 9)];
        assert!(difference(&normal(&one), &normal(&tied_elsewhere)).is_some());
        assert!(difference(&normal(&one), &[]).is_some());
        let mut slower = event("B", "r2", "yes", 9);
        if let Some(attr) = slower.pointer_mut("/attrs/openai-processing-ms") {
            *attr = json!("8");
        }
        assert!(difference(&normal(&one), &normal(&[slower])).is_some());
    }

    #[test]
    fn calls_are_told_apart_by_their_request_id() {
        let mixed = [
            event("A", "r1", "one", 1),
            event("B", "r2", "two", 2),
            event("C", "r1", "three", 3),
            json!({"event_id": "D", "event_type": "agent.tool_call", "data": {}}),
        ];
        let calls = calls(&mixed);
        let texts: Vec<Vec<_>> = calls
            .iter()
            .map(|call| {
                call.iter()
                    .filter_map(|event| event.pointer("/data/text"))
                    .collect()
            })
            .collect();
        assert_eq!(texts, [vec!["one", "three"], vec!["two"]]);
    }
}
