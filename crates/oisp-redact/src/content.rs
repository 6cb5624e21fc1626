//! Removal of all content: the mode in which only lengths, hashes and counts
//! stay.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::marker::{Marker, listed};
use crate::scan::Place;
use crate::walk::Walk;

/// Removes what was said and done. True where there was something.
pub(crate) fn remove(event: &mut Map<String, Value>, walk: &mut Walk<'_>) -> bool {
    let mut removed = event
        .get_mut("ext")
        .and_then(Value::as_object_mut)
        .is_some_and(|ext| ext.remove("oisp").is_some());
    removed |= event.get_mut("process").is_some_and(remove_command_lines);
    if let Some(data) = event.get_mut("data") {
        removed |= remove_fields(data, walk);
    }
    removed
}

/// Fields of the payloads that hold content, wherever they stand.
fn remove_fields(value: &mut Value, walk: &mut Walk<'_>) -> bool {
    match value {
        Value::Object(object) => object.iter_mut().fold(false, |removed, (key, value)| {
            remove_field(key, value, walk) | removed
        }),
        Value::Array(items) => items
            .iter_mut()
            .fold(false, |removed, item| remove_fields(item, walk) | removed),
        _ => false,
    }
}

fn remove_field(key: &str, value: &mut Value, walk: &mut Walk<'_>) -> bool {
    match (key, &*value) {
        ("content" | "arguments", Value::String(_) | Value::Object(_))
        | ("result", Value::String(_) | Value::Object(_) | Value::Array(_)) => {
            *value = marker(value, walk);
        }
        (
            "description" | "cwd" | "path" | "old_path" | "new_path" | "script_path"
            | "task_description" | "query" | "content_preview" | "rationale" | "target",
            Value::String(_),
        ) => *value = text_marker(),
        ("file", Value::Object(_)) => remove_name(value),
        ("message", Value::String(_)) => *value = text_marker(),
        ("args" | "stop", Value::Array(_)) => *value = json!(["[REDACTED:content]"]),
        _ => return remove_fields(value, walk),
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
    let parent = process.get_mut("parent");
    removed |= parent.is_some_and(remove_command_lines);
    let ancestors = process.get_mut("ancestors").and_then(Value::as_array_mut);
    ancestors
        .into_iter()
        .flatten()
        .fold(removed, |removed, ancestor| {
            remove_command_lines(ancestor) | removed
        })
}

/// In place of a whole value: how long it was, what was in it, and what it can
/// be known again by.
fn marker(value: &Value, walk: &mut Walk<'_>) -> Value {
    let text = match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let found: Vec<_> = walk
        .scanner
        .scan(&text, Place::Text)
        .iter()
        .map(|finding| (finding.name, finding.is_secret))
        .collect();
    walk.count(&found);
    let mut counts = BTreeMap::new();
    for (name, _) in &found {
        *counts.entry(*name).or_default() += 1;
    }
    let marker = Marker {
        reason: "policy",
        length: text.chars().count(),
        hash: walk.scanner.key().map(|key| key.hash(&text)),
        findings: listed(counts.into_iter()),
        profile: walk.profile,
        ..Marker::default()
    };
    marker.into_value()
}

/// In place of text where the schema allows only text.
fn text_marker() -> Value {
    "[REDACTED:content]".into()
}
