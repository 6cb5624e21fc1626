//! What both versions of Cohere's chat share: settings, documents, citations and
//! usage.

use oisp_core::event::ai::Usage;
use serde_json::{Map, Value, json};

use crate::dialect::answer::{Answer, UsageDraft, with_total};
use crate::dialect::json::{Fields, object};
use crate::dialect::prompt;

/// Attributes of a request.
pub(super) fn attrs(body: &mut Map<String, Value>) -> Map<String, Value> {
    let mut attrs = prompt::attrs(body);
    let format = body.take_object("response_format");
    if let Some(kind) = format.and_then(|mut format| format.take_text("type")) {
        let kind = if kind.starts_with("json") {
            "json"
        } else {
            "text"
        };
        attrs.insert("gen_ai.output.type".into(), kind.into());
    }
    attrs
}

/// A document that the model may cite, as a message part: a text, or fields, in
/// the second version below `data`.
pub(super) fn document(value: Value) -> Value {
    let mut document = match value {
        Value::String(text) => return json!({"type": "document", "content": text}),
        other => object(other),
    };
    let id = document.take_text("id");
    json!({"type": "document", "id": id, "content": document_text(document)})
}

/// What a document says.
pub(super) fn document_text(mut document: Map<String, Value>) -> String {
    match document.remove("data") {
        Some(Value::String(text)) => text,
        Some(data) => data.to_string(),
        None => Value::Object(document).to_string(),
    }
}

/// Citations as message parts: where in the answer, and the sources' ids.
pub(super) fn citations(value: Option<Value>) -> Vec<Value> {
    let items = match value {
        Some(Value::Array(items)) => items,
        Some(one @ Value::Object(_)) => vec![one],
        _ => Vec::new(),
    };
    items.into_iter().map(citation).collect()
}

fn citation(value: Value) -> Value {
    let mut citation = object(value);
    let sources = citation.take_items("sources").into_iter();
    let mut ids: Vec<_> = sources
        .filter_map(|source| object(source).take_text("id"))
        .collect();
    let documents = citation.take_items("document_ids").into_iter();
    ids.extend(documents.filter_map(|id| id.as_str().map(str::to_owned)));
    json!({
        "type": "citation",
        "text": citation.take_text("text"),
        "start": citation.number("start"),
        "end": citation.number("end"),
        "sources": ids,
    })
}

/// Tokens as they are billed; as counted where none are billed. What was read
/// from the cache is given as it is, although it is counted and not billed.
pub(super) fn add_usage(answer: &mut Answer, usage: Option<Map<String, Value>>) {
    let Some(wire) = usage else { return };
    let count = |name: &str| {
        let in_billed = wire.number_in("billed_units", name);
        in_billed.or_else(|| wire.number_in("tokens", name))
    };
    let usage = Usage {
        prompt_tokens: count("input_tokens"),
        completion_tokens: count("output_tokens"),
        ..Usage::default()
    };
    if usage == Usage::default() {
        return;
    }
    // Counted among all tokens, of which only some are billed.
    let cached = wire.number("cached_tokens");
    answer.usage = Some(UsageDraft {
        usage: with_total(
            Usage {
                cached_tokens: cached,
                ..usage
            },
            None,
        ),
        ..UsageDraft::default()
    });
}
