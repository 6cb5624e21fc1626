//! The stream of a conversation: `conversation.response.started` to `…done`,
//! pieces of messages and of calls in between.

use oisp_core::event::ai::Error;
use serde_json::{Map, Value};

use super::{conversation, item};
use crate::dialect::AnswerStream;
use crate::dialect::answer::{Answer, error_of};
use crate::dialect::json::{Fields, object};
use crate::dialect::parts;

#[derive(Default)]
pub(super) struct Stream {
    answer: Answer,
    /// The entry that each call belongs to, in the order of the calls.
    calls: Vec<String>,
    /// Bytes were lost: further text would be joined over a hole.
    torn: bool,
}

impl AnswerStream for Stream {
    fn event(&mut self, name: Option<&str>, data: Value) -> bool {
        if let Some(error) = error_of(&data) {
            self.answer.error = Some(error);
        }
        let mut event = object(data);
        let kind = event.take_text("type").or_else(|| name.map(str::to_owned));
        let kind = kind.unwrap_or_default();
        match kind.as_str() {
            "conversation.response.started" => conversation::head(&mut self.answer, &mut event),
            "conversation.response.done" => {
                conversation::head(&mut self.answer, &mut event);
                conversation::finish(self.answer.choice(0));
            }
            "conversation.response.error" => self.fail(event),
            "message.output.delta" => return self.message(event),
            "function.call.delta" | "tool.execution.started" | "tool.execution.delta" => {
                return self.call(&kind, event);
            }
            "agent.handoff.started" if !self.torn => {
                self.answer.choice(0).parts.push(parts::generic(&kind));
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
    fn message(&mut self, mut event: Map<String, Value>) -> bool {
        self.answer.model = event.take_text("model").or(self.answer.model.take());
        !self.torn && item::add_content(event.remove("content"), self.answer.choice(0))
    }

    /// The first piece of a call, or more of its arguments.
    fn call(&mut self, kind: &str, mut event: Map<String, Value>) -> bool {
        if self.torn {
            return false;
        }
        let entry = match event.get("id") {
            Some(Value::String(id)) => id.clone(),
            _ => String::new(),
        };
        let tools = &mut self.answer.choice(0).tools;
        let known = self.calls.iter().position(|call| *call == entry);
        match known.and_then(|at| tools.get_mut(at)) {
            Some(tool) => tool
                .arguments
                .push_str(&event.take_text("arguments").unwrap_or_default()),
            None => {
                let position = tools.len() as u64;
                tools.push(item::tool(kind, position, event));
                self.calls.push(entry);
            }
        }
        true
    }

    fn fail(&mut self, mut event: Map<String, Value>) {
        self.answer.error = Some(Error {
            message: event.take_text("message"),
            code: event.number("code").map(|code| code.to_string()),
            ..Error::default()
        });
    }
}
