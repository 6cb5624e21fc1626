//! The messages of one answer, as the objects that a stream of
//! `:generateContent` has. What is said in audio is its transcript; the audio is
//! told by length and hash.

use serde_json::{Map, Value, json};

use crate::dialect::AnswerStream;
use crate::dialect::Dialect;
use crate::dialect::answer::Answer;
use crate::dialect::gemini::GenerateContent;
use crate::dialect::gemini::wire::{Lists, camel};
use crate::dialect::json::{Fields, object};
use crate::dialect::socket::Audio;

pub(super) struct Stream {
    inner: Box<dyn AnswerStream + Send>,
    audio: Audio,
    /// Why it ended, in the wire's words.
    ended: Option<&'static str>,
}

impl Stream {
    pub(super) fn new() -> Self {
        Self {
            inner: GenerateContent.stream(),
            audio: Audio::default(),
            ended: None,
        }
    }

    /// Takes audio out of a turn of the model, and tells whether some was there.
    fn take_audio(&mut self, parts: &mut Vec<Value>) -> bool {
        let before = parts.len();
        parts.retain_mut(|part| !self.is_audio(part));
        parts.len() < before
    }

    fn is_audio(&mut self, part: &Value) -> bool {
        let Some(blob) = part.get("inlineData").or_else(|| part.get("inline_data")) else {
            return false;
        };
        let blob = camel(blob.clone());
        let mime_type = blob.get("mimeType").and_then(Value::as_str);
        let Some(mime_type) = mime_type.filter(|mime| mime.starts_with("audio/")) else {
            return false;
        };
        self.audio.is_of_type(mime_type);
        let data = blob.get("data").and_then(Value::as_str);
        self.audio.add(data.unwrap_or_default());
        true
    }

    /// An interruption stays one when the turn is told to be over, too.
    fn end(&mut self, content: &Map<String, Value>, calls: bool) {
        let is = |key: &str| content.get(key) == Some(&Value::Bool(true));
        let ended = match () {
            () if calls => "toolCall",
            () if is("interrupted") => "interrupted",
            () if is("turnComplete") => "turnComplete",
            () => return,
        };
        self.ended.get_or_insert(ended);
    }
}

impl AnswerStream for Stream {
    fn event(&mut self, _name: Option<&str>, data: Value) -> bool {
        let mut message = camel(data);
        if message.contains_key("error") {
            return self.inner.event(None, Value::Object(message));
        }
        let mut content = message.take_camel("serverContent").unwrap_or_default();
        let mut turn = content.take_camel("modelTurn").unwrap_or_default();
        let mut parts = turn.take_list("parts");
        let is_audio = self.take_audio(&mut parts);
        let transcript = content.take_camel("outputTranscription");
        let transcript = transcript.and_then(|mut spoken| spoken.take_text("text"));
        parts.extend(transcript.map(|text| json!({ "text": text })));
        let calls = message
            .take_camel("toolCall")
            .unwrap_or_default()
            .take_list("functionCalls");
        self.end(&content, !calls.is_empty());
        parts.extend(
            calls
                .into_iter()
                .map(|call| json!({ "functionCall": call })),
        );
        let mut candidate = object(json!({"content": {"role": "model", "parts": parts}}));
        if let Some(ended) = self.ended {
            let reason = if ended == "interrupted" {
                "OTHER"
            } else {
                "STOP"
            };
            candidate.insert("finishReason".into(), reason.into());
        }
        let sources = content.remove("groundingMetadata");
        candidate.extend(sources.map(|sources| ("groundingMetadata".to_owned(), sources)));
        let mut body = object(json!({ "candidates": [candidate] }));
        let usage = message.take_camel("usageMetadata").map(usage);
        body.extend(usage.map(|usage| ("usageMetadata".to_owned(), usage)));
        self.inner.event(None, Value::Object(body)) || is_audio
    }

    fn gap(&mut self) {
        self.inner.gap();
        self.audio.tear();
    }

    fn so_far(&self) -> &Answer {
        self.inner.so_far()
    }

    fn finish(mut self: Box<Self>) -> Answer {
        let mut answer = self.inner.finish();
        let draft = answer.choice(0);
        draft.finish_raw = self.ended.map(str::to_owned);
        draft.parts.extend(self.audio.take());
        answer
    }
}

/// Usage by the names that `:generateContent` has. Thoughts are part of the
/// answer's tokens here where the total says so.
fn usage(mut wire: Map<String, Value>) -> Value {
    let prompt = wire.number("promptTokenCount").unwrap_or(0);
    let tools = wire.number("toolUsePromptTokenCount").unwrap_or(0);
    let thoughts = wire.number("thoughtsTokenCount").unwrap_or(0);
    if let Some(response) = wire.number("responseTokenCount") {
        let total = prompt.saturating_add(tools).saturating_add(response);
        let includes_thoughts = wire.number("totalTokenCount") == Some(total);
        let candidates = match includes_thoughts {
            true => response.saturating_sub(thoughts),
            false => response,
        };
        wire.insert("candidatesTokenCount".into(), candidates.into());
    }
    let details = wire.remove("responseTokensDetails");
    wire.extend(details.map(|details| ("candidatesTokensDetails".to_owned(), details)));
    Value::Object(wire)
}
