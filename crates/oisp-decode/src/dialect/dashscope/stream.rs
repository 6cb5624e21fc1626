//! The stream of DashScope: each event is an answer, with all of the text so
//! far or with what is new of it.
//!
//! Where the request does not say which, both readings are kept until the
//! events tell: they repeat as long as each begins with the one before.

use serde_json::Value;

use super::response;
use crate::dialect::AnswerStream;
use crate::dialect::answer::{Answer, ChoiceDraft, ToolDraft};

/// So many events that each begin with a shorter one before are no chance.
const ENOUGH: usize = 4;

pub(super) struct Stream {
    /// What the request asks for, or what the events told.
    increments: Option<bool>,
    /// The increments joined.
    joined: Answer,
    /// The last event.
    last: Answer,
    /// Events that grew on the one before.
    grown: usize,
    /// Events that held content.
    contents: usize,
    /// Bytes were lost: further increments would be joined over a hole.
    torn: bool,
}

impl Stream {
    /// `increments` is what the request asks for.
    pub(super) fn new(increments: Option<bool>) -> Self {
        Self {
            increments,
            joined: Answer::default(),
            last: Answer::default(),
            grown: 0,
            contents: 0,
            torn: false,
        }
    }

    /// Of a short answer nothing speaks against it.
    fn is_repeating(&self) -> bool {
        self.increments
            .map_or(self.contents > 1, |increments| !increments)
    }

    /// Looks for what tells whether events repeat.
    fn learn(&mut self, now: &Answer) {
        if self.increments.is_some() {
            return;
        }
        let mut grows = false;
        for (index, draft) in &now.choices {
            let Some(before) = self.last.choices.get(index) else {
                continue;
            };
            if !begins_with(draft, before) {
                self.increments = Some(true);
                return;
            }
            grows |= length(draft) > length(before) && length(before) > 0;
        }
        self.grown += usize::from(grows);
        if self.grown >= ENOUGH {
            self.increments = Some(false);
            self.joined.choices.clear();
        }
    }

    fn join(&mut self, now: &Answer) {
        for (index, draft) in &now.choices {
            let joined = self.joined.choice(*index);
            if !self.torn {
                add(joined, draft);
            }
            joined.finish = draft.finish.or(joined.finish);
            joined.finish_raw = draft.finish_raw.clone().or(joined.finish_raw.take());
        }
        self.joined.id = now.id.clone().or(self.joined.id.take());
        self.joined.usage = now.usage.or(self.joined.usage);
        self.joined.error = now.error.clone().or(self.joined.error.take());
    }
}

impl AnswerStream for Stream {
    fn event(&mut self, _name: Option<&str>, data: Value) -> bool {
        let mut now = response::answer(data);
        let is_content = now.choices.values().any(|draft| length(draft) > 0);
        self.contents += usize::from(is_content);
        self.learn(&now);
        if self.increments != Some(false) {
            self.join(&now);
        }
        if now.choices.is_empty() {
            now.choices = std::mem::take(&mut self.last.choices);
            now.usage = now.usage.or(self.last.usage);
        }
        self.last = now;
        is_content
    }

    fn gap(&mut self) {
        self.torn = true;
    }

    fn so_far(&self) -> &Answer {
        if self.is_repeating() {
            &self.last
        } else {
            &self.joined
        }
    }

    fn finish(self: Box<Self>) -> Answer {
        if self.is_repeating() {
            self.last
        } else {
            self.joined
        }
    }
}

fn begins_with(draft: &ChoiceDraft, before: &ChoiceDraft) -> bool {
    draft.text.starts_with(&before.text) && draft.thinking.starts_with(&before.thinking)
}

fn length(draft: &ChoiceDraft) -> usize {
    draft.text.len() + draft.thinking.len() + draft.tools.len()
}

fn add(joined: &mut ChoiceDraft, more: &ChoiceDraft) {
    joined.text.push_str(&more.text);
    joined.thinking.push_str(&more.thinking);
    for tool in &more.tools {
        let known = joined.tools.iter_mut().find(|old| old.index == tool.index);
        match known {
            Some(old) => old.arguments.push_str(&tool.arguments),
            None => joined.tools.push(ToolDraft {
                index: tool.index,
                id: tool.id.clone(),
                name: tool.name.clone(),
                kind: tool.kind.clone(),
                arguments: tool.arguments.clone(),
            }),
        }
    }
}
