//! Vectors of texts and pictures, as Cohere and the models behind Bedrock are
//! asked for them and give them. The vectors themselves are counted only.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use oisp_core::event::ai::Usage;
use serde_json::{Map, Value, json};

use super::answer::{Answer, EmbeddingDraft, UsageDraft, error_of};
use super::call::{Call, MessageBuilder, SpokenMessage};
use super::json::{Fields, object};
use super::parts;

/// True where a body asks for vectors of texts or pictures.
pub(super) fn is_request(body: &Value) -> bool {
    let is_list = |name: &str| body.get(name).is_some_and(Value::is_array);
    ["texts", "images", "inputs"].into_iter().any(is_list)
}

/// Reads a request: each input is a message of the user.
pub(super) fn call(body: Value) -> Call {
    let mut body = object(body);
    let mut messages = Vec::new();
    for text in body.take_items("texts") {
        messages.extend(text.as_str().map(|text| message(&json!(text))));
    }
    for image in body.take_items("images") {
        messages.push(message(&json!({"type": "image_url", "image_url": image})));
    }
    for input in body.take_items("inputs") {
        messages.push(mixed(input));
    }
    messages.extend(titan(&mut body));
    messages.extend(nova(&mut body));
    Call {
        model: body.take_text("model"),
        messages,
        attrs: attrs(&mut body),
        ..Call::default()
    }
}

fn attrs(body: &mut Map<String, Value>) -> Map<String, Value> {
    let mut attrs = Map::new();
    let formats = match body.take_items("embedding_types") {
        formats if formats.is_empty() => body.take_items("embeddingTypes"),
        formats => formats,
    };
    if !formats.is_empty() {
        attrs.insert("gen_ai.request.encoding_formats".into(), formats.into());
    }
    let length = body
        .number("output_dimension")
        .or_else(|| body.number("dimensions"))
        .or_else(|| body.number_in("embeddingConfig", "outputEmbeddingLength"));
    if let Some(length) = length {
        attrs.insert("gen_ai.embeddings.dimension.count".into(), length.into());
    }
    attrs
}

/// One input: a text, or a picture as an object.
fn message(input: &Value) -> SpokenMessage {
    let mut builder = MessageBuilder::default();
    add(input, &mut builder);
    builder.build("user")
}

/// An input of several parts; a bare string is a text.
fn mixed(input: Value) -> SpokenMessage {
    if input.is_string() {
        return message(&input);
    }
    let mut builder = MessageBuilder::default();
    for part in object(input).take_items("content") {
        add(&part, &mut builder);
    }
    builder.build("user")
}

fn add(part: &Value, builder: &mut MessageBuilder) {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    if let Some(text) = text(part).or_else(|| text(part.get("text")?)) {
        return builder.text(text);
    }
    if let Some(url) = part.get("image_url") {
        let url = url.as_str().or_else(|| url.get("url")?.as_str());
        builder.image(parts::uri("image", url.unwrap_or_default()));
    }
}

/// The one input of Titan: a text, a picture, or both.
fn titan(body: &mut Map<String, Value>) -> Option<SpokenMessage> {
    let mut builder = MessageBuilder::default();
    if let Some(text) = body.take_text("inputText") {
        builder.text(text);
    }
    if let Some(image) = body.take_text("inputImage") {
        builder.image(parts::blob("image", None, &image));
    }
    (!builder.is_empty()).then(|| builder.build("user"))
}

/// The one input of Nova's multimodal embeddings.
fn nova(body: &mut Map<String, Value>) -> Option<SpokenMessage> {
    let mut input = body
        .take_object("singleEmbeddingParams")
        .or_else(|| body.take_object("segmentedEmbeddingParams"))?;
    if let Some(length) = input.get("embeddingDimension") {
        body.insert("dimensions".into(), length.clone());
    }
    let mut builder = MessageBuilder::default();
    if let Some(mut text) = input.take_object("text") {
        builder.text(text.take_text("value").unwrap_or_default());
    }
    for kind in ["image", "audio", "video"] {
        let Some(mut media) = input.take_object(kind) else {
            continue;
        };
        let mut source = media.take_object("source").unwrap_or_default();
        let part = match source.take_text("bytes") {
            Some(bytes) => parts::blob(kind, None, &bytes),
            None => parts::generic(kind),
        };
        match kind {
            "image" => builder.image(part),
            _ => builder.part(part),
        }
    }
    Some(builder.build("user"))
}

/// True where a body holds vectors.
pub(super) fn is_answer(body: &Value) -> bool {
    let has = |name: &str| body.get(name).is_some();
    let in_list = |list: &Value| list.get(0)?.get("embedding").map(|_| ());
    has("embedding")
        || has("embeddings")
        || has("embeddingsByType")
        || body.get("data").and_then(in_list).is_some()
}

/// Reads an answer.
pub(super) fn answer(body: Value) -> Answer {
    let mut answer = Answer {
        error: error_of(&body),
        ..Answer::default()
    };
    let mut body = object(body);
    answer.id = body.take_text("id");
    answer.model = body.take_text("model");
    answer.usage = usage(&body);
    answer.embedding = draft(&body);
    answer
}

fn draft(body: &Map<String, Value>) -> Option<EmbeddingDraft> {
    let one = body.get("embedding").or_else(|| {
        // Titan has one vector for each kind that was asked for.
        let kinds = body.get("embeddingsByType")?.as_object()?;
        kinds.values().next()
    });
    if let Some(vector) = one {
        return Some(of_list(std::slice::from_ref(vector), 1));
    }
    match body.get("embeddings").or_else(|| body.get("data"))? {
        Value::Array(vectors) => Some(of_list(vectors, 1)),
        Value::Object(kinds) => kinds.iter().find_map(|(kind, vectors)| {
            // Cohere packs eight dimensions into a number.
            let is_packed = kind == "binary" || kind == "ubinary";
            let packed = if is_packed { 8 } else { 1 };
            Some(of_list(vectors.as_array()?, packed))
        }),
        _ => None,
    }
}

/// Count and length of vectors, whose numbers stand for so many dimensions each.
fn of_list(vectors: &[Value], packed: usize) -> EmbeddingDraft {
    let first = vectors.first();
    let first = first.map(|vector| vector.get("embedding").unwrap_or(vector));
    EmbeddingDraft {
        count: vectors.len(),
        dimensions: first
            .and_then(dimensions)
            .map(|numbers| numbers.saturating_mul(packed)),
    }
}

/// A list of numbers, or the bytes of single-precision ones.
fn dimensions(vector: &Value) -> Option<usize> {
    match vector {
        Value::String(base64) => Some(STANDARD.decode(base64).ok()?.len() / 4),
        numbers => crate::json::numbers(numbers),
    }
}

fn usage(body: &Map<String, Value>) -> Option<UsageDraft> {
    let billed = body.get("meta").and_then(|meta| meta.get("billed_units"));
    let input = billed
        .and_then(Value::as_object)
        .and_then(|billed| billed.number("input_tokens"))
        .or_else(|| body.number("inputTextTokenCount"))
        .or_else(|| body.number("inputTokenCount"))?;
    Some(UsageDraft {
        usage: Usage {
            prompt_tokens: Some(input),
            ..Usage::default()
        },
        ..UsageDraft::default()
    })
}
