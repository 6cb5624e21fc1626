//! What agents do between calls: a tool that a model asked for in one answer
//! has its result in a later request, and the calls of one conversation make a
//! session.
//!
//! A result is tied to its call by the provider's id of the call, within one
//! process; where an API has no ids, by the tool's name and the order of calls.
//! A request repeats the whole conversation: each result counts once, and only
//! where the call was seen.

mod effects;
mod session;

use std::collections::{BTreeMap, HashMap, VecDeque};

use oisp_core::event::agent::{Tool, ToolError, ToolResult};
use oisp_core::event::ai::{Arguments, ToolCall};
use oisp_core::{ConnId, EventId, Timestamp};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use crate::dialect::SpokenMessage;

pub use effects::Effects;
pub use session::{Ended, Sessions, Turn};

/// What agents do between calls.
#[derive(Debug, Default)]
pub struct Agents {
    /// The calls of tools that wait for their result.
    pub calls: OpenCalls,
    /// The sessions under way.
    pub sessions: Sessions,
    /// What tool calls brought about.
    pub effects: Effects,
}

/// Longest id or name that a call is remembered by, bytes.
const MAX_NAME: usize = 1024;

/// Most calls that wait for their result; above it the oldest are forgotten.
const MAX_OPEN: usize = 8192;

/// The calls of tools that wait for their result.
#[derive(Debug, Default)]
pub struct OpenCalls {
    calls: HashMap<Key, VecDeque<OpenCall>>,
    order: VecDeque<(Key, EventId)>,
}

/// Which process's call it is, and what tells it from the others.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Key {
    pid: u32,
    start_time: u64,
    name: Named,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Named {
    ById(String),
    ByTool(String),
}

#[derive(Debug)]
struct OpenCall {
    event: EventId,
    tool: String,
    /// Names the arguments.
    arguments: [u8; 32],
    at: Timestamp,
}

/// A result whose call is known.
pub struct Answered {
    /// The `agent.tool_call`.
    pub call: EventId,
    /// The payload of the event.
    pub result: ToolResult,
    /// The call's id is the sensor's own: the API has none.
    pub made_up_id: bool,
}

impl Key {
    fn new(conn: &ConnId, name: Named) -> Self {
        Self {
            pid: conn.pid,
            start_time: conn.start_time,
            name,
        }
    }
}

impl OpenCalls {
    /// A model asked the process to run a tool.
    pub fn called(&mut self, conn: &ConnId, event: EventId, call: &ToolCall, at: Timestamp) {
        let id = call.id.as_deref().unwrap_or_default();
        if call.name.len().max(id.len()) > MAX_NAME {
            return;
        }
        let open = OpenCall {
            event,
            tool: call.name.clone(),
            arguments: match &call.arguments {
                Arguments::Object(arguments) => digest(arguments),
                Arguments::Text(_) => [0; 32],
            },
            at,
        };
        let name = match &call.id {
            Some(id) => Named::ById(id.clone()),
            None => Named::ByTool(call.name.clone()),
        };
        let waits_in_line = matches!(name, Named::ByTool(_));
        let key = Key::new(conn, name);
        let waiting = self.calls.entry(key.clone()).or_default();
        if !waits_in_line {
            // Some servers count their calls from 0 in each answer: the id is
            // the new call's now.
            waiting.clear();
        }
        waiting.push_back(open);
        self.order.push_back((key, event));
        self.forget_some();
    }

    /// The decision of a model that a use of a server's tool carries out: the
    /// process's only open call of that tool with the same arguments.
    pub fn decided(
        &self,
        conn: &ConnId,
        tool: &str,
        arguments: &Map<String, Value>,
    ) -> Option<EventId> {
        let arguments = digest(arguments);
        let of_process = self
            .calls
            .iter()
            .filter(|(key, _)| (key.pid, key.start_time) == (conn.pid, conn.start_time));
        let mut fitting = of_process
            .flat_map(|(_, calls)| calls)
            .filter(|call| call.arguments == arguments && is_same_tool(&call.tool, tool));
        let one = fitting.next()?;
        fitting.next().is_none().then_some(one.event)
    }

    /// The results that a request brings, in the order of its messages.
    pub fn results(
        &mut self,
        conn: &ConnId,
        messages: &[SpokenMessage],
        at: Timestamp,
    ) -> Vec<Answered> {
        if self.calls.is_empty() {
            return Vec::new();
        }
        let last_answer = messages
            .iter()
            .rposition(|spoken| spoken.message.role == "assistant");
        let mut found: Vec<_> = messages
            .iter()
            .enumerate()
            .rev()
            .filter(|(_, spoken)| spoken.message.role == "tool")
            .filter_map(|(n, spoken)| {
                let id = spoken.message.tool_call_id.clone()?;
                let key = Key::new(conn, Named::ById(id.clone()));
                let call = self.calls.remove(&key)?.pop_back()?;
                Some((n, answered(call, Some(id), spoken, at)))
            })
            .collect();
        let new = messages
            .iter()
            .enumerate()
            .skip(last_answer.map_or(0, |n| n + 1));
        for (n, spoken) in new.filter(|(_, spoken)| spoken.message.role == "tool") {
            if let (None, Some(tool)) = (&spoken.message.tool_call_id, &spoken.message.name)
                && let Some((id, call)) = self.take_by_tool(conn, tool)
            {
                found.push((n, answered(call, id, spoken, at)));
            }
        }
        found.sort_by_key(|(n, _)| *n);
        found.into_iter().map(|(_, answered)| answered).collect()
    }

    /// The oldest open call of that tool, with its id: some clients do not keep
    /// the id that the server gave.
    fn take_by_tool(&mut self, conn: &ConnId, tool: &str) -> Option<(Option<String>, OpenCall)> {
        let is_of_tool = |key: &Key| {
            let oldest = self.calls.get(key).and_then(VecDeque::front);
            oldest.is_some_and(|call| call.tool == tool)
        };
        let key = self
            .order
            .iter()
            .map(|(key, _)| key)
            .filter(|key| (key.pid, key.start_time) == (conn.pid, conn.start_time))
            .find(|key| is_of_tool(key))?
            .clone();
        let waiting = self.calls.get_mut(&key)?;
        let call = waiting.pop_front()?;
        if waiting.is_empty() {
            self.calls.remove(&key);
        }
        match key.name {
            Named::ById(id) => Some((Some(id), call)),
            Named::ByTool(_) => Some((None, call)),
        }
    }

    fn forget_some(&mut self) {
        while self.order.len() > MAX_OPEN {
            let Some((key, event)) = self.order.pop_front() else {
                return;
            };
            if let Some(waiting) = self.calls.get_mut(&key) {
                waiting.retain(|call| call.event != event);
                if waiting.is_empty() {
                    self.calls.remove(&key);
                }
            }
        }
    }
}

/// Clients tell models of a server's tool by its name, or put the server's name
/// before it: `mcp__server__tool`, `server_tool`, `server.tool`.
fn is_same_tool(told: &str, tool: &str) -> bool {
    told.strip_suffix(tool).is_some_and(|before| {
        before.is_empty() || !before.ends_with(|last: char| last.is_alphanumeric())
    })
}

/// A name of fixed length for arguments, whatever the order of their members.
fn digest(arguments: &Map<String, Value>) -> [u8; 32] {
    let sorted: BTreeMap<_, _> = arguments.iter().collect();
    let text = serde_json::to_vec(&sorted).unwrap_or_default();
    Sha256::digest(text).into()
}

/// The id of a call whose API gives none, in `attrs["oisp.call_id"]` of the call
/// and of its result.
pub fn made_up_id(call: &EventId) -> String {
    format!("call_{call}")
}

fn answered(call: OpenCall, id: Option<String>, spoken: &SpokenMessage, at: Timestamp) -> Answered {
    let failed = spoken
        .parts
        .iter()
        .any(|part| part.get("is_error").and_then(Value::as_bool) == Some(true));
    let text = spoken.message.content.clone();
    let result = ToolResult {
        tool: Some(Tool {
            name: call.tool,
            ..Tool::default()
        }),
        call_id: id.clone().unwrap_or_else(|| made_up_id(&call.event)),
        success: failed.then_some(false),
        error: failed.then(|| ToolError {
            message: text.clone(),
            ..ToolError::default()
        }),
        result_size_bytes: text.as_ref().map(String::len),
        result: text.map(Value::from),
        duration_ms: Some(at.millis_since(call.at)),
        ..ToolResult::default()
    };
    Answered {
        call: call.event,
        result,
        made_up_id: id.is_none(),
    }
}

#[cfg(test)]
mod tests {
    use oisp_core::event::ai::Message;

    use super::*;

    const CONN: ConnId = ConnId {
        pid: 7,
        start_time: 1,
        handle: 2,
        generation: 0,
    };

    fn event(n: u64) -> EventId {
        EventId::derive(Timestamp::from_nanos(n), &[])
    }

    fn call(id: Option<&str>, name: &str) -> ToolCall {
        ToolCall {
            id: id.map(Into::into),
            name: name.into(),
            ..ToolCall::default()
        }
    }

    fn spoken(
        role: &'static str,
        id: Option<&str>,
        name: Option<&str>,
        text: &str,
    ) -> SpokenMessage {
        SpokenMessage {
            message: Message {
                role,
                content: Some(text.into()),
                tool_call_id: id.map(Into::into),
                name: name.map(Into::into),
                ..Message::default()
            },
            parts: Vec::new(),
        }
    }

    fn found(open: &mut OpenCalls, messages: &[SpokenMessage]) -> Vec<(EventId, Option<Value>)> {
        let at = Timestamp::from_nanos(9_000_000);
        let results = open.results(&CONN, messages, at);
        results
            .into_iter()
            .map(|answered| (answered.call, answered.result.result))
            .collect()
    }

    #[test]
    fn a_result_counts_once_though_every_later_request_repeats_it() {
        let mut open = OpenCalls::default();
        open.called(
            &CONN,
            event(1),
            &call(Some("a"), "read"),
            Timestamp::default(),
        );
        let history = [
            spoken("tool", Some("unknown"), None, "before our time"),
            spoken("tool", Some("a"), None, "text"),
        ];
        assert_eq!(
            found(&mut open, &history),
            [(event(1), Some("text".into()))]
        );
        assert!(found(&mut open, &history).is_empty());
    }

    #[test]
    fn a_reused_id_is_the_last_messages() {
        let mut open = OpenCalls::default();
        open.called(
            &CONN,
            event(1),
            &call(Some("0"), "read"),
            Timestamp::default(),
        );
        open.called(
            &CONN,
            event(2),
            &call(Some("0"), "write"),
            Timestamp::default(),
        );
        let messages = [
            spoken("tool", Some("0"), None, "old"),
            spoken("assistant", None, None, ""),
            spoken("tool", Some("0"), None, "new"),
        ];
        assert_eq!(
            found(&mut open, &messages),
            [(event(2), Some("new".into()))]
        );
    }

    #[test]
    fn without_ids_the_order_of_calls_of_a_tool_decides() {
        let mut open = OpenCalls::default();
        for n in [1, 2] {
            open.called(&CONN, event(n), &call(None, "read"), Timestamp::default());
        }
        let messages = [
            spoken("tool", None, Some("read"), "history"),
            spoken("assistant", None, None, ""),
            spoken("tool", None, Some("read"), "one"),
            spoken("tool", None, Some("read"), "two"),
        ];
        let one = (event(1), Some("one".into()));
        let two = (event(2), Some("two".into()));
        assert_eq!(found(&mut open, &messages), [one, two]);
    }

    #[test]
    fn a_client_that_drops_the_servers_ids_is_understood_by_the_tool() {
        let mut open = OpenCalls::default();
        for (n, id) in [(1, "a"), (2, "b")] {
            let call = call(Some(id), "read");
            open.called(&CONN, event(n), &call, Timestamp::default());
        }
        let results = open.results(
            &CONN,
            &[
                spoken("tool", None, Some("read"), "one"),
                spoken("tool", None, Some("write"), "nobody asked"),
                spoken("tool", None, Some("read"), "two"),
            ],
            Timestamp::from_nanos(9_000_000),
        );
        let told = results.iter().map(|answered| {
            let result = &answered.result;
            (answered.call, result.call_id.as_str(), answered.made_up_id)
        });
        let expected = [(event(1), "a", false), (event(2), "b", false)];
        assert_eq!(told.collect::<Vec<_>>(), expected);
    }

    #[test]
    fn another_processes_call_is_not_answered() {
        let mut open = OpenCalls::default();
        let other = ConnId { pid: 8, ..CONN };
        open.called(
            &other,
            event(1),
            &call(Some("a"), "read"),
            Timestamp::default(),
        );
        assert!(found(&mut open, &[spoken("tool", Some("a"), None, "x")]).is_empty());
    }

    #[test]
    fn names_that_nobody_has_are_not_remembered() {
        let mut open = OpenCalls::default();
        let long = "x".repeat(MAX_NAME + 1);
        open.called(
            &CONN,
            event(1),
            &call(Some(&long), "t"),
            Timestamp::default(),
        );
        open.called(&CONN, event(1), &call(None, &long), Timestamp::default());
        assert!(open.calls.is_empty() && open.order.is_empty());
    }

    #[test]
    fn the_oldest_calls_are_forgotten() {
        let mut open = OpenCalls::default();
        for n in 0..(MAX_OPEN as u64 + 10) {
            let id = n.to_string();
            open.called(&CONN, event(n), &call(Some(&id), "t"), Timestamp::default());
        }
        assert_eq!(open.calls.len(), MAX_OPEN);
        assert!(found(&mut open, &[spoken("tool", Some("3"), None, "x")]).is_empty());
        assert_eq!(
            found(&mut open, &[spoken("tool", Some("10"), None, "x")]).len(),
            1
        );
    }
}
