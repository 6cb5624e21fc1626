//! `POST /v1/chat/completions` with `stream: true`: chunks of deltas, the usage
//! in a last chunk without choices, then `[DONE]`.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::{message, response, tool};
use crate::dialect::AnswerStream;
use crate::dialect::answer::{Answer, ChoiceDraft, MOST_CALLS, error_of, error_of_failure};
use crate::dialect::json::{Fields, object};
use crate::dialect::openai::{self, SpokenAudio};

#[derive(Default)]
pub(super) struct Stream {
    answer: Answer,
    /// What each choice speaks.
    audio: BTreeMap<u64, SpokenAudio>,
    /// Bytes were lost: further text would be joined over a hole.
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
        }
        let mut chunk = object(data);
        response::head(&mut self.answer, &mut chunk);
        // Groq puts the usage of a stream here, and what goes wrong in it.
        if let Some(mut extra) = chunk.take_object("x_groq") {
            extra.remove("id");
            if let Some(message) = extra.take_text("error") {
                self.answer.error = error_of(&serde_json::json!({"error": message}));
            }
            response::head(&mut self.answer, &mut extra);
        }
        let mut content = false;
        for choice in chunk.take_items("choices") {
            content |= self.choice(choice);
        }
        content
    }

    fn gap(&mut self) {
        self.torn = true;
        self.audio.values_mut().for_each(SpokenAudio::gap);
    }

    fn so_far(&self) -> &Answer {
        &self.answer
    }

    fn finish(mut self: Box<Self>) -> Answer {
        for (index, audio) in self.audio {
            self.answer.choice(index).parts.push(audio.part());
        }
        self.answer
    }
}

impl Stream {
    fn choice(&mut self, choice: Value) -> bool {
        let mut choice = response::choice_head(&mut self.answer, choice);
        let index = choice.number("index").unwrap_or(0);
        let draft = self.answer.choice(index);
        let mut content = false;
        if !self.torn {
            for mut delta in deltas(&mut choice) {
                if let Some(audio) = delta.take_object("audio") {
                    content |= self.audio.entry(index).or_default().add(audio);
                }
                content |= add_delta(draft, &mut delta);
            }
            if let Some(message) = whole_message(&mut choice) {
                // Each such message says again what was said before.
                *draft = ChoiceDraft::default();
                response::whole_message(draft, message);
                content = true;
            }
        }
        openai::finish(draft, choice.take_text("finish_reason"));
        content
    }
}

/// The deltas of a choice: one, or in Azure's first form for the user's own
/// data a list.
fn deltas(choice: &mut Map<String, Value>) -> impl Iterator<Item = Map<String, Value>> {
    let one = choice.take_object("delta");
    let many = choice.take_items("messages").into_iter();
    let many = many.filter_map(|message| object(message).take_object("delta"));
    one.into_iter()
        .chain(many)
        .filter(response::is_of_the_model)
}

/// A message in place of a delta, as servers write it that cannot stream.
fn whole_message(choice: &mut Map<String, Value>) -> Option<Map<String, Value>> {
    match choice.contains_key("delta") {
        true => None,
        false => choice.take_object("message"),
    }
}

/// Adds a delta; true where it carried content.
fn add_delta(draft: &mut ChoiceDraft, delta: &mut Map<String, Value>) -> bool {
    let mut content = message::add(draft, delta);
    // Each looks for its place. One more than there may be is told by the answer.
    let calls = delta.take_items("tool_calls").into_iter();
    for call in calls.take(MOST_CALLS + 1) {
        tool::add_delta(draft, object(call));
        content = true;
    }
    if let Some(function) = delta.take_object("function_call") {
        tool::add_legacy_delta(draft, function);
        content = true;
    }
    content
}
