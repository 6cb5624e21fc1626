//! `POST /v1/audio/speech`: a text to speak. The answer is the audio itself, or
//! events with pieces of it.

use serde_json::{Map, Value};

use crate::dialect::answer::{Answer, error_of, error_of_failure};
use crate::dialect::json::{Fields, object};
use crate::dialect::openai::{self, SpokenAudio};
use crate::dialect::{AnswerStream, Call, Dialect, Operation, parts};
use crate::http::RequestHead;

/// The dialect.
pub(super) struct Speech;

impl Dialect for Speech {
    fn name(&self) -> &'static str {
        "openai.audio.speech"
    }

    fn operation(&self) -> Operation {
        Operation::SPEECH
    }

    fn call(&self, head: &RequestHead, body: Value) -> Call {
        call(head, body)
    }

    /// Compatible servers may give the audio in JSON.
    fn answer(&self, body: Value) -> Answer {
        let mut answer = Answer {
            error: error_of(&body),
            ..Answer::default()
        };
        let mut body = object(body);
        for key in ["audio", "audio_data"] {
            if let Some(data) = body.take_text(key) {
                answer.parts.push(openai::source("audio", None, &data));
            }
        }
        answer
    }

    fn answer_of_bytes(&self, content_type: Option<&str>, bytes: &[u8]) -> Option<Answer> {
        let part = parts::blob_of_bytes("audio", content_type, bytes);
        (!bytes.is_empty()).then(|| Answer {
            parts: vec![part],
            ..Answer::default()
        })
    }

    fn stream(&self) -> Box<dyn AnswerStream + Send> {
        Box::<Stream>::default()
    }
}

fn call(head: &RequestHead, body: Value) -> Call {
    let mut body = object(body);
    let spoken = [("system", "instructions"), ("user", "input")];
    let messages = spoken
        .into_iter()
        .filter_map(|(role, key)| Some(openai::text_message(role, body.take_text(key)?)))
        .collect();
    let format = body.take_text("stream_format");
    Call {
        model: openai::deployment(head).or_else(|| body.take_text("model")),
        streaming: format.map(|format| format == "sse"),
        messages,
        attrs: attrs(&body),
        ..Call::default()
    }
}

fn attrs(body: &Map<String, Value>) -> Map<String, Value> {
    let mut attrs = Map::new();
    let names = [
        ("voice", "oisp.request.voice"),
        ("response_format", "oisp.request.audio.format"),
        ("speed", "oisp.request.audio.speed"),
    ];
    openai::copy(body, &mut attrs, &names);
    attrs.insert("gen_ai.output.type".into(), "speech".into());
    attrs
}

/// Puts the audio of events together, for its length and hash.
#[derive(Default)]
struct Stream {
    answer: Answer,
    audio: Option<SpokenAudio>,
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
        let usage = event.take_object("usage");
        openai::add_usage(&mut self.answer, usage, "input_tokens", "output_tokens");
        let Some(data) = event.take_text("audio") else {
            return false;
        };
        let audio = self.audio.get_or_insert_default();
        audio.bytes(&data);
        if self.torn {
            audio.gap();
        }
        true
    }

    fn gap(&mut self) {
        self.torn = true;
        if let Some(audio) = &mut self.audio {
            audio.gap();
        }
    }

    fn so_far(&self) -> &Answer {
        &self.answer
    }

    fn finish(mut self: Box<Self>) -> Answer {
        self.answer.parts.extend(self.audio.map(SpokenAudio::part));
        self.answer
    }
}
