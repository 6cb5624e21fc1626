//! Removal of all content: the mode in which only lengths and counts stay.

use serde_json::{Map, Value, json};

/// Removes what was said and done. True where there was something.
pub(crate) fn remove(event: &mut Map<String, Value>) -> bool {
    let mut removed = event
        .get_mut("ext")
        .and_then(Value::as_object_mut)
        .is_some_and(|ext| ext.remove("oisp").is_some());
    removed |= event.get_mut("process").is_some_and(remove_command_lines);
    if let Some(data) = event.get_mut("data") {
        removed |= remove_fields(data);
    }
    removed
}

/// Fields of the payloads that hold content, wherever they stand.
fn remove_fields(value: &mut Value) -> bool {
    match value {
        Value::Object(object) => object.iter_mut().fold(false, |removed, (key, value)| {
            remove_field(key, value) | removed
        }),
        Value::Array(items) => items
            .iter_mut()
            .fold(false, |removed, item| remove_fields(item) | removed),
        _ => false,
    }
}

fn remove_field(key: &str, value: &mut Value) -> bool {
    match (key, &*value) {
        ("content" | "arguments", Value::String(_) | Value::Object(_))
        | ("result", Value::String(_) | Value::Object(_) | Value::Array(_)) => {
            *value = marker(value)
        }
        (
            "description" | "cwd" | "path" | "old_path" | "new_path" | "script_path",
            Value::String(_),
        ) => *value = text_marker(),
        ("file", Value::Object(_)) => remove_name(value),
        ("message", Value::String(_)) => *value = text_marker(),
        ("args" | "stop", Value::Array(_)) => *value = json!(["[REDACTED:content]"]),
        _ => return remove_fields(value),
    }
    true
}

/// Path and name of a file; what kind it is and how large stays.
fn remove_name(file: &mut Value) {
    for key in ["path", "name"] {
        if let Some(text @ Value::String(_)) = file.get_mut(key) {
            *text = text_marker();
        }
    }
}

fn remove_command_lines(process: &mut Value) -> bool {
    let Value::Object(process) = process else {
        return false;
    };
    let mut removed = false;
    for key in ["cmdline", "cwd"] {
        if let Some(value) = process.get_mut(key) {
            *value = text_marker();
            removed = true;
        }
    }
    if let Some(parent) = process.get_mut("parent") {
        removed |= remove_command_lines(parent);
    }
    removed
}

/// The schema's marker, in place of a whole value.
fn marker(value: &Value) -> Value {
    let length = match value {
        Value::String(text) => text.chars().count(),
        other => other.to_string().chars().count(),
    };
    json!({"$redacted": {"reason": "policy", "original_length": length, "redaction_profile": "full"}})
}

/// In place of text where the schema allows only text.
fn text_marker() -> Value {
    "[REDACTED:content]".into()
}
