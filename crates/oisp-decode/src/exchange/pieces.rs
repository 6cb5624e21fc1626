//! The pieces that a streamed answer grows by, for those who follow it.

use std::collections::BTreeMap;

use oisp_core::Timestamp;
use oisp_core::event::ai::{Delta, ToolCallStart};

use crate::dialect::{Answer, ChoiceDraft};

/// A piece of an answer.
pub struct Piece {
    /// When it came.
    pub at: Timestamp,
    /// Its position among the pieces of the answer.
    pub index: u64,
    /// The alternative that grew.
    pub choice: u64,
    /// What came.
    pub delta: Delta,
    /// Why the alternative ended, with its last piece.
    pub finish: Option<String>,
}

/// Tells what is new of an answer.
#[derive(Default)]
pub(super) struct Pieces {
    told: BTreeMap<u64, Told>,
    next: u64,
    new: Vec<Piece>,
}

/// What was told of one alternative.
#[derive(Default)]
struct Told {
    text: usize,
    tools: usize,
    finished: bool,
}

impl Pieces {
    /// Finds what was added to the answer since it was looked at last.
    pub(super) fn look_at(&mut self, answer: &Answer, at: Timestamp) {
        for (choice, draft) in &answer.choices {
            let is_first = !self.told.contains_key(choice);
            let told = self.told.entry(*choice).or_default();
            let delta = Delta {
                content: told.text(draft),
                tool_calls: told.tools(draft),
                role: is_first.then_some("assistant"),
            };
            let finish = told.finish(draft);
            if delta.content.is_none() && delta.tool_calls.is_none() && finish.is_none() {
                if is_first {
                    self.told.remove(choice);
                }
                continue;
            }
            self.new.push(Piece {
                at,
                index: self.next,
                choice: *choice,
                delta,
                finish,
            });
            self.next += 1;
        }
    }

    /// The pieces since this was asked last.
    pub(super) fn take(&mut self) -> Vec<Piece> {
        std::mem::take(&mut self.new)
    }
}

impl Told {
    fn text(&mut self, draft: &ChoiceDraft) -> Option<String> {
        let new = draft.text.get(self.text..).filter(|new| !new.is_empty())?;
        self.text = draft.text.len();
        Some(new.to_owned())
    }

    /// Calls that began. Their arguments come in pieces that mean nothing alone.
    fn tools(&mut self, draft: &ChoiceDraft) -> Option<Vec<ToolCallStart>> {
        let new = draft
            .tools
            .get(self.tools..)
            .filter(|new| !new.is_empty())?;
        self.tools = draft.tools.len();
        let calls = new.iter().map(|tool| ToolCallStart {
            id: tool.id.clone(),
            name: tool.name.clone(),
            kind: tool.kind.clone(),
        });
        Some(calls.collect())
    }

    fn finish(&mut self, draft: &ChoiceDraft) -> Option<String> {
        if self.finished {
            return None;
        }
        self.finished = draft.finish_raw.is_some();
        draft.finish_raw.clone()
    }
}
