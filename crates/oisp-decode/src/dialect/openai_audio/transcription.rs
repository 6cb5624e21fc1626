//! `POST /v1/audio/{transcriptions,translations}`: a form with audio. The
//! answer is JSON, bare text, subtitles, or events.

use serde_json::{Map, Value};

use crate::dialect::answer::{Answer, error_of, error_of_failure};
use crate::dialect::call::{MessageBuilder, SpokenMessage};
use crate::dialect::json::{Fields, object};
use crate::dialect::{AnswerStream, Call, Dialect, Operation, openai, parts};
use crate::http::RequestHead;

/// The dialect.
pub(super) struct Transcription;

impl Dialect for Transcription {
    fn name(&self) -> &'static str {
        "openai.audio.transcriptions"
    }

    fn operation(&self) -> Operation {
        Operation::TRANSCRIPTION
    }

    fn call(&self, head: &RequestHead, body: Value) -> Call {
        call(head, body)
    }

    fn answer(&self, body: Value) -> Answer {
        answer(body)
    }

    /// Bare text and subtitles are the answer as they stand.
    fn answer_of_bytes(&self, content_type: Option<&str>, bytes: &[u8]) -> Option<Answer> {
        let is_text = content_type.is_none_or(|kind| {
            let kind = kind.to_ascii_lowercase();
            !kind.contains("html") && (kind.starts_with("text/") || kind.contains("subrip"))
        });
        let text = std::str::from_utf8(bytes).ok().filter(|_| is_text)?;
        let mut answer = Answer::default();
        answer.choice(0).text.push_str(text.trim_end_matches('\n'));
        Some(answer)
    }

    fn stream(&self) -> Box<dyn AnswerStream + Send> {
        Box::<Stream>::default()
    }
}

fn call(head: &RequestHead, body: Value) -> Call {
    let mut body = object(body);
    openai::typed(&mut body, &["temperature", "stream"]);
    Call {
        model: openai::deployment(head).or_else(|| body.take_text("model")),
        streaming: openai::streaming(&body),
        parameters: openai::parameters(&body),
        attrs: attrs(&body),
        messages: vec![message(&mut body)],
        ..Call::default()
    }
}

/// The audio, and the text that is to guide its hearing.
fn message(body: &mut Map<String, Value>) -> SpokenMessage {
    let mut builder = MessageBuilder::default();
    if let Some(prompt) = body.take_text("prompt") {
        builder.text(prompt);
    }
    if let Some(part) = body
        .get("file")
        .and_then(|file| openai::form_file("audio", file))
    {
        builder.part(part);
    }
    for key in ["file_url", "url"] {
        if let Some(url) = body.take_text(key) {
            builder.part(openai::source("audio", None, &url));
        }
    }
    if let Some(id) = body.take_text("file_id") {
        builder.part(parts::file(&id));
    }
    builder.build("user")
}

fn attrs(body: &Map<String, Value>) -> Map<String, Value> {
    let mut attrs = Map::new();
    let names = [
        ("language", "oisp.request.language"),
        ("response_format", "oisp.request.audio.format"),
    ];
    openai::copy(body, &mut attrs, &names);
    attrs
}

fn answer(body: Value) -> Answer {
    let mut answer = Answer {
        error: error_of(&body),
        ..Answer::default()
    };
    let mut body = object(body);
    head(&mut answer, &mut body);
    if body.get("text").is_some_and(Value::is_string) {
        let text = body.take_text("text").unwrap_or_default();
        answer.choice(0).text.push_str(&text);
    }
    answer
}

/// What an answer, or the last event of a stream, says beside the text. Mistral
/// names its tokens as its chat does.
fn head(answer: &mut Answer, body: &mut Map<String, Value>) {
    answer.model = body.take_text("model").or(answer.model.take());
    let usage = body.take_object("usage");
    let is_chat = usage
        .as_ref()
        .is_some_and(|usage| usage.contains_key("prompt_tokens"));
    match is_chat {
        true => openai::add_usage(answer, usage, "prompt_tokens", "completion_tokens"),
        false => openai::add_usage(answer, usage, "input_tokens", "output_tokens"),
    }
    let names = [
        ("language", "oisp.response.language"),
        ("duration", "oisp.response.audio.seconds"),
    ];
    openai::copy(body, &mut answer.attrs, &names);
}

/// Deltas of text, then the text whole.
#[derive(Default)]
struct Stream {
    answer: Answer,
    torn: bool,
}

impl AnswerStream for Stream {
    fn event(&mut self, name: Option<&str>, data: Value) -> bool {
        let error = match name {
            Some("error") => error_of_failure(&data),
            _ => error_of(&data),
        };
        if error.is_some() {
            self.answer.error = error;
            return false;
        }
        let mut event = object(data);
        let kind = event.take_text("type");
        let kind = kind.as_deref().or(name).unwrap_or_default();
        match kind {
            "transcript.text.delta" | "transcription.text.delta" => {
                let delta = event
                    .take_text("delta")
                    .or_else(|| event.take_text("text"))
                    .unwrap_or_default();
                if !self.torn {
                    self.answer.choice(0).text.push_str(&delta);
                }
                !delta.is_empty()
            }
            "transcript.text.done" | "transcription.done" => {
                head(&mut self.answer, &mut event);
                let text = event.take_text("text").unwrap_or_default();
                self.answer.choice(0).text = text;
                false
            }
            _ => false,
        }
    }

    fn gap(&mut self) {
        self.torn = true;
    }

    fn so_far(&self) -> &Answer {
        &self.answer
    }

    fn finish(self: Box<Self>) -> Answer {
        self.answer
    }
}
