//! `:generateContent`: the answer. A stream is made of the same objects, each
//! with what is new; the Gemini CLI's server wraps each in `{"response": …}`.

use std::collections::BTreeMap;

use oisp_core::event::ai::FinishReason;
use serde_json::{Map, Value, json};

use super::content::{ServerCall, beyond_text};
use super::partial::PartialArguments;
use super::wire::{Lists, camel};
use super::{path, usage};
use crate::dialect::answer::{Answer, ChoiceDraft, ToolDraft, error_of};
use crate::dialect::json::Fields;

/// An answer while its pieces arrive.
#[derive(Debug, Default)]
pub(super) struct Reader {
    pub(super) answer: Answer,
    /// Calls whose arguments go on, by candidate.
    open: BTreeMap<u64, Option<PartialArguments>>,
}

pub(super) fn answer(body: Value) -> Answer {
    let mut reader = Reader::default();
    reader.add(body, true);
    reader.answer
}

impl Reader {
    /// Adds an object; of a torn stream only what stands for the whole. True
    /// where it carried content.
    pub(super) fn add(&mut self, body: Value, content: bool) -> bool {
        if let Some(error) = error_of(&body) {
            self.answer.error = Some(error);
            return false;
        }
        let mut body = camel(body);
        if let Some(inner) = body.take_camel("response") {
            body = inner;
        }
        self.head(&mut body);
        let mut is_content = false;
        for (position, candidate) in body.take_list("candidates").into_iter().enumerate() {
            is_content |= self.candidate(position as u64, camel(candidate), content);
        }
        if let Some(feedback) = body.take_camel("promptFeedback") {
            self.blocked(feedback);
        }
        is_content
    }

    fn head(&mut self, body: &mut Map<String, Value>) {
        let answer = &mut self.answer;
        answer.id = body.take_text("responseId").or(answer.id.take());
        let model = body.take_text("modelVersion").map(path::bare);
        answer.model = model.or(answer.model.take());
        let usage = body.take_camel("usageMetadata");
        // One without candidates says at least what it cost.
        answer.is_answer |= usage.is_some();
        if let Some(usage) = usage {
            usage::set(answer, usage);
        }
    }

    /// A prompt that was blocked has no candidate: its end is told instead.
    fn blocked(&mut self, mut feedback: Map<String, Value>) {
        let Some(reason) = feedback.take_text("blockReason") else {
            return;
        };
        if self.answer.choices.is_empty() {
            let draft = self.answer.choice(0);
            draft.finish = Some(FinishReason::ContentFilter);
            draft.finish_raw = Some(reason);
            draft.refusal = feedback.take_text("blockReasonMessage").unwrap_or_default();
        }
    }

    fn candidate(
        &mut self,
        position: u64,
        mut candidate: Map<String, Value>,
        content: bool,
    ) -> bool {
        let index = candidate.number("index").unwrap_or(position);
        let draft = self.answer.choice(index);
        let mut is_content = false;
        if let Some(mut turn) = candidate.take_camel("content").filter(|_| content) {
            let open = self.open.entry(index).or_default();
            for part in turn.take_list("parts") {
                is_content |= add_part(draft, open, camel(part));
            }
        }
        add_sources(draft, &mut candidate);
        if let Some(raw) = candidate.take_text("finishReason") {
            draft.finish = Some(finish(&raw));
            draft.finish_raw = Some(raw);
        }
        if let Some(message) = candidate.take_text("finishMessage") {
            let key = "oisp.response.finish_message";
            self.answer.attrs.insert(key.into(), message.into());
        }
        is_content
    }
}

/// Adds a part; true where it is content.
fn add_part(
    draft: &mut ChoiceDraft,
    open: &mut Option<PartialArguments>,
    mut part: Map<String, Value>,
) -> bool {
    if let Some(Value::String(text)) = part.get_mut("text").map(Value::take) {
        let is_thought = part.get("thought").and_then(Value::as_bool) == Some(true);
        let target = match is_thought {
            true => &mut draft.thinking,
            false => &mut draft.text,
        };
        target.push_str(&text);
        return !text.is_empty();
    }
    if let Some(call) = part.take_camel("functionCall") {
        add_call(draft, open, call);
        return true;
    }
    if let Some(call) = ServerCall::of(&mut part) {
        draft.tools.push(ToolDraft {
            index: draft.tools.len() as u64,
            id: call.id,
            name: call.name,
            kind: call.kind.to_owned(),
            arguments: call.arguments.to_string(),
        });
        return true;
    }
    let media = beyond_text(part);
    let is_content = media.is_some();
    draft.parts.extend(media.map(|(_, part)| part));
    is_content
}

/// A call of the client's function: whole, or in pieces of which only the first
/// has its name. Arguments in pieces are told when the last has come: before
/// that, a value may be half of itself.
fn add_call(
    draft: &mut ChoiceDraft,
    open: &mut Option<PartialArguments>,
    mut call: Map<String, Value>,
) {
    let goes_on = call.get("willContinue").and_then(Value::as_bool) == Some(true);
    if let Some(name) = call.take_text("name") {
        *open = Some(PartialArguments::default());
        draft.tools.push(ToolDraft {
            index: draft.tools.len() as u64,
            id: call.take_text("id"),
            name,
            kind: "function".into(),
            arguments: String::new(),
        });
    }
    let tool = draft.tools.iter_mut().rfind(|tool| tool.is_for_client());
    let (Some(tool), Some(partial)) = (tool, open.as_mut()) else {
        return;
    };
    let whole = call.take_object("args").filter(|args| !args.is_empty());
    partial.add(call.take_list("partialArgs"));
    if !goes_on {
        tool.arguments = match whole {
            Some(arguments) => Value::Object(arguments).to_string(),
            None => partial.text(),
        };
        *open = None;
    }
}

/// Where the model looked things up; what comes later replaces what came
/// before.
fn add_sources(draft: &mut ChoiceDraft, candidate: &mut Map<String, Value>) {
    let grounding = candidate.take_camel("groundingMetadata").map(|mut grounding| {
        let sources = grounding.take_list("groundingChunks").into_iter();
        let sources: Vec<_> = sources.filter_map(source).collect();
        json!({"type": "grounding", "queries": grounding.take_list("webSearchQueries"), "sources": sources})
    });
    let urls = candidate.take_camel("urlContextMetadata").map(
        |mut context| json!({"type": "url_context", "urls": context.take_list("urlMetadata")}),
    );
    for part in [grounding, urls].into_iter().flatten() {
        draft
            .parts
            .retain(|old| old.get("type") != part.get("type"));
        draft.parts.push(part);
    }
}

/// A source: its address and title, whatever kind it is.
fn source(chunk: Value) -> Option<Value> {
    let (_, source) = camel(chunk)
        .into_iter()
        .find(|(_, source)| source.is_object())?;
    let mut source = camel(source);
    Some(json!({"uri": source.take_text("uri"), "title": source.take_text("title")}))
}

fn finish(raw: &str) -> FinishReason {
    match raw {
        "STOP" => FinishReason::Stop,
        "MAX_TOKENS" => FinishReason::Length,
        "SAFETY"
        | "RECITATION"
        | "LANGUAGE"
        | "BLOCKLIST"
        | "PROHIBITED_CONTENT"
        | "SPII"
        | "IMAGE_SAFETY"
        | "IMAGE_PROHIBITED_CONTENT"
        | "IMAGE_RECITATION"
        | "MODEL_ARMOR" => FinishReason::ContentFilter,
        "MALFORMED_FUNCTION_CALL"
        | "UNEXPECTED_TOOL_CALL"
        | "TOO_MANY_TOOL_CALLS"
        | "MISSING_THOUGHT_SIGNATURE"
        | "MALFORMED_RESPONSE" => FinishReason::Error,
        // OTHER, IMAGE_OTHER, NO_IMAGE, ESCALATION, CONTINUATION and what is new.
        _ => FinishReason::Other,
    }
}
