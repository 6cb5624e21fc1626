//! `POST /v1beta/interactions` with `stream: true`: an interaction is created,
//! its steps begin, grow by deltas and stop, and it completes. The events of
//! the first version have other names for the same.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::{response, step};
use crate::dialect::AnswerStream;
use crate::dialect::answer::{Answer, ChoiceDraft, error_of};
use crate::dialect::gemini::wire::snake;
use crate::dialect::json::Fields;

#[derive(Default)]
pub(super) struct Stream {
    answer: Answer,
    /// The calls that results belong to, by the position of the step.
    results: BTreeMap<u64, String>,
    /// Bytes were lost: further text would be joined over a hole.
    torn: bool,
}

impl AnswerStream for Stream {
    fn event(&mut self, name: Option<&str>, data: Value) -> bool {
        if let Some(error) = error_of(&data) {
            self.answer.error = Some(error);
            return false;
        }
        let mut event = snake(data);
        let kind = event
            .take_text("event_type")
            .or_else(|| name.map(str::to_owned))
            .unwrap_or_default();
        let index = event.number("index").unwrap_or(0);
        let mut inner = |key: &str| event.remove(key).map(snake).unwrap_or_default();
        match kind.as_str() {
            "interaction.created" | "interaction.start" => {
                response::head(&mut self.answer, &mut inner("interaction"));
                self.answer.choice(0);
            }
            "interaction.completed" | "interaction.complete" => self.end(inner("interaction")),
            "step.start" if !self.torn => return self.start(index, inner("step")),
            "content.start" if !self.torn => return self.start(index, inner("content")),
            "step.delta" | "content.delta" if !self.torn => {
                return self.delta(index, inner("delta"));
            }
            "step.stop" | "content.stop" if !self.torn => {
                let tools = self.answer.choice(0).tools.iter_mut();
                tools
                    .filter(|tool| tool.index == index)
                    .for_each(response::complete);
            }
            _ => {}
        }
        false
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

impl Stream {
    /// An end that repeats the steps stands for all that was put together.
    fn end(&mut self, mut interaction: Map<String, Value>) {
        response::head(&mut self.answer, &mut interaction);
        let steps = response::steps(&mut interaction);
        if !steps.is_empty() {
            let whole = self.answer.choices.entry(0).or_default();
            *whole = ChoiceDraft::default();
            response::add_steps(whole, steps);
        }
        response::end(&mut self.answer, &mut interaction);
    }

    fn start(&mut self, index: u64, step: Map<String, Value>) -> bool {
        if let Some(call) = step.get("call_id").and_then(Value::as_str) {
            self.results.insert(index, call.to_owned());
        }
        response::add_step(self.answer.choice(0), index, step)
    }

    fn delta(&mut self, index: u64, mut delta: Map<String, Value>) -> bool {
        let draft = self.answer.choice(0);
        let kind = delta.take_text("type").unwrap_or_default();
        match kind.as_str() {
            "arguments_delta" => {
                let more = delta.take_text("arguments");
                let tool = draft.tools.iter_mut().rfind(|tool| tool.index == index);
                if let (Some(more), Some(tool)) = (more, tool) {
                    tool.arguments.push_str(&more);
                    return true;
                }
                false
            }
            "thought_summary" => {
                let summary = delta.remove("content").and_then(step::text);
                draft
                    .thinking
                    .push_str(summary.as_deref().unwrap_or_default());
                summary.is_some()
            }
            "text_annotation_delta" => {
                draft.parts.extend(step::citations(&mut delta));
                false
            }
            kind if kind.ends_with("_call") => call_delta(draft, index, kind, delta),
            kind if kind.ends_with("_result") => {
                let id = self.results.get(&index).map(String::as_str);
                draft.parts.push(step::result(kind, id, &mut delta));
                false
            }
            _ => {
                delta.insert("type".into(), kind.into());
                response::add_content(draft, delta)
            }
        }
    }
}

/// A call that comes whole in one delta, after its step has begun.
fn call_delta(
    draft: &mut ChoiceDraft,
    index: u64,
    kind: &str,
    mut delta: Map<String, Value>,
) -> bool {
    let Some(call) = step::call(index, kind, &mut delta) else {
        return false;
    };
    match draft.tools.iter_mut().rfind(|tool| tool.index == index) {
        Some(begun) => {
            begun.id = begun.id.take().or(call.id);
            // Without a name of its own a call has that of its kind.
            if kind.strip_suffix("_call") != Some(&call.name) {
                begun.name = call.name;
            }
            if !call.arguments.is_empty() {
                begun.arguments = call.arguments;
            }
        }
        None => draft.tools.push(call),
    }
    true
}
