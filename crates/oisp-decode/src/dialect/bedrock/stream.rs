//! `invoke-with-response-stream`: each event holds one of the model's own
//! stream in base64. Which model's, the first one tells by its shape.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::{head, invoke};
use crate::dialect::answer::Answer;
use crate::dialect::anthropic::Anthropic;
use crate::dialect::converse::{self, WireUsage, exception};
use crate::dialect::openai_chat::OpenAiChat;
use crate::dialect::{AnswerStream, Dialect as _, cohere, prompt};

/// Counts of Bedrock's own, beside the last event.
const METRICS: &str = "amazon-bedrock-invocationMetrics";

/// Unpacks events and hands them to the model's stream.
#[derive(Default)]
pub(super) struct Stream {
    inner: Option<Inner>,
    /// What is known before the model's stream begins.
    answer: Answer,
    metrics: WireUsage,
    latency: Option<u64>,
    /// Bytes were lost before the model's stream began.
    torn: bool,
}

/// The stream of the model, and whether it is OpenAI's in other words.
struct Inner {
    stream: Box<dyn AnswerStream + Send>,
    is_openai: bool,
}

impl AnswerStream for Stream {
    fn event(&mut self, name: Option<&str>, data: Value) -> bool {
        if let Some(error) = exception(name, &data) {
            self.answer.error = Some(error);
            return false;
        }
        let Some(mut event) = unpacked(data) else {
            // What cannot be read may have been text.
            self.gap();
            return false;
        };
        self.take_metrics(&mut event);
        let torn = self.torn;
        let inner = self.inner.get_or_insert_with(|| Inner::of(&event, torn));
        if inner.is_openai {
            event = invoke::as_openai(as_chunk(event));
        }
        inner.stream.event(None, event)
    }

    fn gap(&mut self) {
        self.torn = true;
        if let Some(inner) = &mut self.inner {
            inner.stream.gap();
        }
    }

    fn so_far(&self) -> &Answer {
        match &self.inner {
            Some(inner) => inner.stream.so_far(),
            None => &self.answer,
        }
    }

    fn finish(self: Box<Self>) -> Answer {
        let mut answer = match self.inner {
            Some(inner) => inner.stream.finish(),
            None => Answer::default(),
        };
        answer.error = answer.error.or(self.answer.error);
        answer.attrs.extend(self.answer.attrs);
        head::add_usage(self.metrics.draft(), &mut answer);
        if let Some(latency) = self.latency {
            let name = "aws.bedrock.invocation_latency_ms";
            answer.attrs.insert(name.into(), latency.into());
        }
        answer
    }
}

impl Stream {
    fn take_metrics(&mut self, event: &mut Value) {
        let Some(event) = event.as_object_mut() else {
            return;
        };
        if let Some(Value::Object(metrics)) = event.remove(METRICS) {
            self.metrics = self.metrics.merged(&metrics);
            self.latency = metrics
                .get("invocationLatency")
                .and_then(Value::as_u64)
                .or(self.latency);
        }
        if let Some(action @ Value::String(_)) = event.remove("amazon-bedrock-guardrailAction") {
            let name = "aws.bedrock.guardrail.action";
            self.answer.attrs.insert(name.into(), action);
        }
    }
}

impl Inner {
    /// By the shape of an event.
    fn of(event: &Value, torn: bool) -> Self {
        let has = |name: &str| event.get(name).is_some();
        let kind = event.get("type").and_then(Value::as_str);
        let is_openai = invoke::is_chat(event);
        let mut stream: Box<dyn AnswerStream + Send> = match kind {
            _ if is_openai => OpenAiChat.stream(),
            Some("completion") => Box::<prompt::Stream>::default(),
            Some(kind) if kind.contains('-') => Box::<cohere::v2::Stream>::default(),
            Some(_) => Anthropic.stream(),
            None if has("event_type") => Box::<cohere::v1::Stream>::default(),
            None if is_converse(event) => Box::<converse::Stream>::default(),
            None => Box::<prompt::Stream>::default(),
        };
        if torn {
            stream.gap();
        }
        Self { stream, is_openai }
    }
}

fn is_converse(event: &Value) -> bool {
    let begins = |(name, _): (&String, &Value)| {
        name.starts_with("messageSt") || name.starts_with("contentBlock") || name == "metadata"
    };
    event
        .as_object()
        .is_some_and(|event| event.iter().any(begins))
}

/// The model's event inside one of Bedrock's.
fn unpacked(mut event: Value) -> Option<Value> {
    if let Some(chunk) = event.get_mut("chunk").map(Value::take) {
        event = chunk;
    }
    match event.get("bytes").and_then(Value::as_str) {
        Some(bytes) => serde_json::from_slice(&STANDARD.decode(bytes).ok()?).ok(),
        None => Some(event),
    }
}

/// Marks an event as a piece, where the server does not.
fn as_chunk(mut event: Value) -> Value {
    if let Some(event) = event.as_object_mut() {
        event.insert("object".into(), "chat.completion.chunk".into());
    }
    event
}
