//! An answer as it comes: a message, or a task whose status changes and whose
//! artifacts grow.
//!
//! The text is that of the artifacts; where there are none, what the agent says
//! with its last status, or the message.

use oisp_core::event::ai::Error;
use serde_json::{Map, Value};

use super::part::Content;
use super::response::{Payload, Status, payload};
use super::unwrapped;
use crate::dialect::AnswerStream;
use crate::dialect::answer::{Answer, error_of};
use crate::dialect::json::{Fields, object};

#[derive(Default)]
pub(super) struct Stream {
    answer: Answer,
    artifacts: Vec<Artifact>,
    /// Bytes were lost: further text would be joined over a hole.
    torn: bool,
}

/// What a task makes.
struct Artifact {
    id: Option<String>,
    text: String,
    parts: Vec<Value>,
}

impl AnswerStream for Stream {
    fn event(&mut self, _name: Option<&str>, data: Value) -> bool {
        if let Some(error) = error_of(&data) {
            self.answer.error = Some(error);
            return false;
        }
        match payload(unwrapped(object(data), "result")) {
            Some(Payload::Task(task)) => self.task(task),
            Some(Payload::Message(message)) => self.message(message),
            Some(Payload::Status(event)) => self.status(event, !self.torn),
            Some(Payload::Artifact(event)) if !self.torn => self.artifact(event),
            Some(Payload::Artifact(_)) | None => false,
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

impl Stream {
    /// A whole task replaces what came before.
    fn task(&mut self, mut task: Map<String, Value>) -> bool {
        self.answer.id = task.take_text("id").or(self.answer.id.take());
        self.context(&mut task);
        let artifacts = task.take_items("artifacts").into_iter();
        let artifacts: Vec<_> = artifacts.map(|item| Artifact::of(object(item))).collect();
        if !artifacts.is_empty() {
            self.artifacts = artifacts;
            self.rebuild();
        }
        self.answer.choice(0);
        let said = self.status(task, true);
        said || !self.artifacts.is_empty()
    }

    fn message(&mut self, mut message: Map<String, Value>) -> bool {
        self.answer.id = message.take_text("messageId").or(self.answer.id.take());
        self.context(&mut message);
        let content = Content::of(&mut message);
        let draft = self.answer.choice(0);
        draft.text = content.texts.concat();
        draft.parts = content.parts;
        !draft.text.is_empty()
    }

    /// What comes with a status is the answer where `may_say`: behind a gap,
    /// the artifacts that are the answer may be what was lost.
    fn status(&mut self, mut event: Map<String, Value>, may_say: bool) -> bool {
        self.context(&mut event);
        let Some(status) = Status::of(&mut event) else {
            return false;
        };
        let finish = status.finish();
        let said = status.said.texts.concat();
        let says = !said.is_empty() || !status.said.parts.is_empty();
        if status.state == "failed" {
            self.answer.error = Some(Error {
                kind: Some("task_failed".into()),
                message: (!said.is_empty()).then(|| said.clone()),
                ..Error::default()
            });
        }
        let draft = self.answer.choice(0);
        draft.finish = finish;
        draft.finish_raw = finish.is_some().then_some(status.raw);
        if says && may_say && self.artifacts.is_empty() {
            draft.text = said;
            draft.parts = status.said.parts;
        }
        says
    }

    fn artifact(&mut self, mut event: Map<String, Value>) -> bool {
        self.context(&mut event);
        let appends = event.get("append").is_some_and(|append| append == true);
        let new = Artifact::of(event.take_object("artifact").unwrap_or_default());
        let says = !new.text.is_empty();
        let last = self.artifacts.len().saturating_sub(1);
        let known = self
            .artifacts
            .iter_mut()
            .enumerate()
            .rfind(|(_, known)| known.id.is_some() && known.id == new.id);
        match known {
            Some((at, known)) if appends => {
                known.text.push_str(&new.text);
                known.parts.extend(new.parts.iter().cloned());
                if at != last {
                    self.rebuild();
                    return says;
                }
                let draft = self.answer.choice(0);
                draft.text.push_str(&new.text);
                draft.parts.extend(new.parts);
            }
            Some((_, known)) => {
                *known = new;
                self.rebuild();
            }
            // The beginning was not there.
            None if appends => return false,
            None => {
                self.artifacts.push(new);
                self.rebuild();
            }
        }
        says
    }

    fn context(&mut self, holder: &mut Map<String, Value>) {
        for (key, name) in [
            ("contextId", "oisp.a2a.context_id"),
            ("taskId", "oisp.a2a.task_id"),
        ] {
            if let Some(id) = holder.take_text(key) {
                self.answer.attrs.insert(name.into(), id.into());
            }
        }
    }

    fn rebuild(&mut self) {
        let draft = self.answer.choice(0);
        draft.text = self.artifacts.iter().map(|one| one.text.as_str()).collect();
        draft.parts = self
            .artifacts
            .iter()
            .flat_map(|one| one.parts.iter().cloned())
            .collect();
    }
}

impl Artifact {
    fn of(mut artifact: Map<String, Value>) -> Self {
        let content = Content::of(&mut artifact);
        Self {
            id: artifact.take_text("artifactId"),
            text: content.texts.concat(),
            parts: content.parts,
        }
    }
}
