//! `:predict`: `{"instances", "parameters"}` to `{"predictions"}`, for vectors
//! of texts and pictures, for pictures, and for texts of the models before
//! Gemini. `:predictLongRunning` (video) answers with the name of an operation.

use oisp_core::event::ai::Parameters;
use serde_json::{Map, Value, json};

use crate::dialect::answer::{Answer, EmbeddingDraft, UsageDraft, error_of};
use crate::dialect::call::{Call, MessageBuilder, SpokenMessage};
use crate::dialect::gemini::path;
use crate::dialect::gemini::usage::sum;
use crate::dialect::gemini::wire::{Lists, camel};
use crate::dialect::json::Fields;
use crate::dialect::{AnswerStream, Dialect, Operation, WholeAnswers, parts};
use crate::http::RequestHead;
use crate::json::numbers;

/// The dialect, for one kind of model.
pub(super) struct Predict(Operation);

impl Predict {
    pub(super) const fn new(operation: Operation) -> Self {
        Self(operation)
    }
}

impl Dialect for Predict {
    fn name(&self) -> &'static str {
        "vertex.predict"
    }

    fn operation(&self) -> Operation {
        self.0
    }

    fn call(&self, head: &RequestHead, body: Value) -> Call {
        let mut body = camel(body);
        let mut parameters = body.take_camel("parameters").unwrap_or_default();
        Call {
            model: path::model(head),
            messages: body
                .take_list("instances")
                .into_iter()
                .map(|instance| message(camel(instance)))
                .collect(),
            attrs: attrs(&mut parameters),
            parameters: Parameters {
                temperature: parameters.get("temperature").and_then(Value::as_f64),
                top_p: parameters.get("topP").and_then(Value::as_f64),
                max_tokens: parameters.number("maxOutputTokens"),
                ..Parameters::default()
            },
            ..Call::default()
        }
    }

    fn answer(&self, body: Value) -> Answer {
        answer(body)
    }

    fn stream(&self) -> Box<dyn AnswerStream + Send> {
        Box::new(WholeAnswers::new(answer))
    }
}

fn message(mut instance: Map<String, Value>) -> SpokenMessage {
    let mut builder = MessageBuilder::default();
    for key in ["prompt", "content", "text"] {
        if let Some(text) = instance.take_text(key) {
            builder.text(text);
        }
    }
    for (key, modality) in [("image", "image"), ("video", "video")] {
        if let Some(part) = instance
            .take_camel(key)
            .and_then(|media| self::media(modality, media))
        {
            add_media(modality, part, &mut builder);
        }
    }
    for reference in instance.take_list("referenceImages") {
        let image = camel(reference).take_camel("referenceImage");
        if let Some(part) = image.and_then(|image| media("image", image)) {
            add_media("image", part, &mut builder);
        }
    }
    builder.build("user")
}

fn add_media(modality: &str, part: Value, builder: &mut MessageBuilder) {
    match modality {
        "image" => builder.image(part),
        _ => builder.part(part),
    }
}

fn media(modality: &str, mut media: Map<String, Value>) -> Option<Value> {
    let mime = media.take_text("mimeType");
    if let Some(data) = media.take_text("bytesBase64Encoded") {
        return Some(parts::blob(modality, mime.as_deref(), &data));
    }
    media
        .take_text("gcsUri")
        .map(|uri| parts::uri(modality, &uri))
}

fn attrs(parameters: &mut Map<String, Value>) -> Map<String, Value> {
    let names = [
        ("sampleCount", "gen_ai.request.choice.count"),
        ("candidateCount", "gen_ai.request.choice.count"),
        ("seed", "gen_ai.request.seed"),
        ("topK", "gen_ai.request.top_k"),
        ("outputDimensionality", "gen_ai.embeddings.dimension.count"),
    ];
    let mut attrs = Map::new();
    for (wire, name) in names {
        let value = parameters.remove(wire).filter(Value::is_number);
        let is_one = value.as_ref().and_then(Value::as_u64) == Some(1);
        if let Some(value) = value.filter(|_| !(is_one && name.ends_with("choice.count"))) {
            attrs.insert(name.into(), value);
        }
    }
    attrs
}

fn answer(body: Value) -> Answer {
    let error = error_of(&body);
    let mut body = camel(body);
    let predictions = body.take_list("predictions");
    let operation = body.take_text("name");
    let mut answer = Answer {
        is_answer: !predictions.is_empty() || operation.is_some(),
        id: operation,
        error,
        ..Answer::default()
    };
    let mut vectors = Vec::new();
    let mut tokens = None;
    for (position, prediction) in predictions.into_iter().enumerate() {
        let mut prediction = camel(prediction);
        tokens = sum(tokens, add_vectors(&mut prediction, &mut vectors));
        add_prediction(&mut answer, position as u64, prediction);
    }
    if let Some(first) = vectors.first() {
        answer.embedding = Some(EmbeddingDraft {
            count: vectors.len(),
            dimensions: Some(*first),
        });
    }
    if tokens.is_some() {
        let draft = answer.usage.insert(UsageDraft::default());
        draft.usage.prompt_tokens = tokens;
    }
    answer
}

/// Adds the lengths of the vectors of one instance, and tells its tokens.
fn add_vectors(prediction: &mut Map<String, Value>, vectors: &mut Vec<usize>) -> Option<u64> {
    for key in ["textEmbedding", "imageEmbedding"] {
        vectors.extend(prediction.get(key).and_then(length));
    }
    for video in prediction.take_list("videoEmbeddings") {
        vectors.extend(video.get("embedding").and_then(length));
    }
    let mut text = prediction.take_camel("embeddings")?;
    vectors.extend(text.get("values").and_then(length));
    let statistics = text.take_camel("statistics")?;
    whole(statistics.get("tokenCount")?)
}

fn length(vector: &Value) -> Option<usize> {
    numbers(vector).filter(|length| *length > 0)
}

/// A count, which may be written with a fraction of zero.
fn whole(value: &Value) -> Option<u64> {
    value
        .as_u64()
        .or_else(|| value.as_f64()?.to_string().parse().ok())
}

/// Adds what was made: a picture, audio or text.
fn add_prediction(answer: &mut Answer, index: u64, mut prediction: Map<String, Value>) {
    let mime = prediction.get("mimeType").and_then(Value::as_str);
    let modality = match mime.and_then(|mime| mime.split('/').next()) {
        Some("audio") => "audio",
        Some("video") => "video",
        _ => "image",
    };
    if let Some(text) = prediction.take_text("content") {
        answer.choice(index).text = text;
    }
    let revised = prediction.take_text("prompt");
    let filtered = prediction.take_text("raiFilteredReason");
    answer.parts.extend(media(modality, prediction));
    let prompt = revised.map(|text| json!({"type": "text", "content": text}));
    let refusal = filtered.map(|text| json!({"type": "refusal", "content": text}));
    answer.parts.extend(prompt.into_iter().chain(refusal));
}
