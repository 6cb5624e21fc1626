//! What an agent answers, whole or as an event of a stream.

use oisp_core::event::ai::FinishReason;
use serde_json::{Map, Value};

use super::part::Content;
use crate::dialect::json::Fields;

/// One object of an answer.
pub(super) enum Payload {
    /// The whole answer, or the state of a whole task.
    Task(Map<String, Value>),
    /// The whole answer.
    Message(Map<String, Value>),
    /// A task's new status.
    Status(Map<String, Value>),
    /// A piece of what a task makes.
    Artifact(Map<String, Value>),
}

type Make = fn(Map<String, Value>) -> Payload;

/// What an object is: by the member that holds it (1.0), by `kind` (0.3), or,
/// for the task that a question about it brings, by its status.
pub(super) fn payload(mut result: Map<String, Value>) -> Option<Payload> {
    let kind = result.take_text("kind");
    match kind.as_deref() {
        Some("task") => return Some(Payload::Task(result)),
        Some("message") => return Some(Payload::Message(result)),
        Some("status-update") => return Some(Payload::Status(result)),
        Some("artifact-update") => return Some(Payload::Artifact(result)),
        _ => {}
    }
    let holders: [(_, Make); 5] = [
        ("task", Payload::Task),
        ("message", Payload::Message),
        ("msg", Payload::Message),
        ("statusUpdate", Payload::Status),
        ("artifactUpdate", Payload::Artifact),
    ];
    for (member, payload) in holders {
        if let Some(held) = result.take_object(member) {
            return Some(payload(held));
        }
    }
    let is_task = result.get("status").is_some_and(Value::is_object);
    is_task.then_some(Payload::Task(result))
}

/// The status of a task.
#[derive(Debug, Default)]
pub(super) struct Status {
    /// The state in the wire's word.
    pub(super) raw: String,
    /// The same in the words of 0.3.
    pub(super) state: String,
    /// What the agent says with it.
    pub(super) said: Content,
}

impl Status {
    /// Of a task, or of an event that tells its status.
    pub(super) fn of(holder: &mut Map<String, Value>) -> Option<Self> {
        let mut status = holder.take_object("status")?;
        let raw = status.take_text("state")?;
        let state = raw.strip_prefix("TASK_STATE_").unwrap_or(&raw);
        // HTTP+JSON of 0.3 has its own name for the message.
        let message = status
            .take_object("message")
            .or_else(|| status.take_object("update"));
        Some(Self {
            state: state.to_ascii_lowercase().replace('_', "-"),
            said: Content::of(&mut message.unwrap_or_default()),
            raw,
        })
    }

    /// Why the answer ended; `None` while the task goes on.
    pub(super) fn finish(&self) -> Option<FinishReason> {
        match self.state.as_str() {
            "completed" => Some(FinishReason::Stop),
            "failed" => Some(FinishReason::Error),
            "canceled" | "cancelled" | "rejected" | "input-required" | "auth-required" => {
                Some(FinishReason::Other)
            }
            _ => None,
        }
    }
}
