//! Where an answer has its knowledge from: annotations, citations, search
//! results.

use serde_json::{Map, Value, json};

/// Most sources of one list that are kept.
const MAX_SOURCES: usize = 128;

/// What is kept of a source: where it is, not what it says.
const KEYS: [&str; 12] = [
    "type",
    "url",
    "title",
    "date",
    "file_id",
    "filename",
    "filepath",
    "container_id",
    "index",
    "start_index",
    "end_index",
    "reference_ids",
];

/// A part that lists sources, under the name of their kind; `None` where there
/// are none.
pub(in crate::dialect) fn citations(kind: &str, items: Vec<Value>) -> Option<Value> {
    let sources: Vec<_> = items
        .into_iter()
        .take(MAX_SOURCES)
        .filter_map(citation)
        .collect();
    (!sources.is_empty()).then(|| json!({"type": kind, "sources": sources}))
}

fn citation(value: Value) -> Option<Value> {
    let mut outer = match value {
        Value::String(url) => return Some(json!({"url": url})),
        Value::Object(outer) => outer,
        _ => return None,
    };
    // Chat completions put the source below the name of its type.
    let kind = outer.get("type").and_then(Value::as_str);
    let inner = match kind.and_then(|kind| outer.get(kind)) {
        Some(Value::Object(inner)) => inner.clone(),
        _ => Map::new(),
    };
    outer.extend(inner);
    let kept: Map<_, _> = KEYS
        .into_iter()
        .filter_map(|key| Some((key.to_owned(), outer.remove(key)?)))
        .filter(|(_, value)| !value.is_null())
        .collect();
    (!kept.is_empty()).then_some(Value::Object(kept))
}

/// Puts a part in the place of one of the same type: streams repeat their
/// lists.
pub(in crate::dialect) fn put(parts: &mut Vec<Value>, part: Value) {
    let same = |known: &Value| known.get("type") == part.get("type");
    match parts.iter().position(same) {
        Some(at) => {
            parts.remove(at);
            parts.insert(at, part);
        }
        None => parts.push(part),
    }
}
