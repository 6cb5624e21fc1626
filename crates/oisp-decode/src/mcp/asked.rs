//! What a request asks for.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use oisp_core::EventId;
use oisp_core::event::agent::Agent;
use serde_json::{Map, Value};

use super::message::{Id, Message, into_object};
use super::place::MAX_NAME;
use crate::emit::Emitter;
use crate::http::Headers;

/// Longest name of a tool; no honest one comes near.
const MAX_TOOL_NAME: usize = 4096;

/// What a request asks for.
pub enum Asked {
    /// The server is to run, read or fill in something.
    Tool(ToolUse),
    /// The client's model is to answer.
    Sampling(Map<String, Value>),
    /// The other end is to tell who it is.
    Name,
    /// How a task goes on that a call became.
    Task(String),
    /// Anything else.
    Other,
}

/// A use of a server's tool, resource or prompt.
pub struct ToolUse {
    /// The tool; for resources and prompts the method.
    pub name: String,
    /// Its arguments.
    pub arguments: Option<Map<String, Value>>,
    /// Further attributes.
    pub attrs: Map<String, Value>,
    /// What an earlier answer gave to come back with.
    pub state: Option<String>,
}

impl ToolUse {
    /// The decision of the process's model that asked for it.
    pub fn decision(&self, emitter: &Emitter<'_>) -> Option<EventId> {
        let none = Map::new();
        let arguments = self.arguments.as_ref().unwrap_or(&none);
        let calls = &emitter.agents.calls;
        calls.decided(emitter.conn, &self.name, arguments)
    }
}

/// Reads a request.
pub fn asked(method: &str, mut params: Map<String, Value>) -> Asked {
    match method {
        "tools/call" => tool(params),
        "resources/read" => resource(params),
        "prompts/get" => prompt(params),
        "sampling/createMessage" => Asked::Sampling(params),
        "initialize" | "server/discover" => Asked::Name,
        "tasks/get" | "tasks/result" | "tasks/cancel" => match params.remove("taskId") {
            Some(Value::String(task)) if task.len() <= MAX_NAME => Asked::Task(task),
            _ => Asked::Other,
        },
        _ => Asked::Other,
    }
}

fn tool(mut params: Map<String, Value>) -> Asked {
    let Some(name) = text(&mut params, "name") else {
        return Asked::Other;
    };
    let attrs = [
        ("gen_ai.operation.name", "execute_tool"),
        ("gen_ai.tool.name", &name),
    ];
    Asked::Tool(ToolUse {
        attrs: attrs_of(&attrs),
        arguments: arguments(&mut params),
        state: text(&mut params, "requestState"),
        name,
    })
}

fn resource(mut params: Map<String, Value>) -> Asked {
    let Some(uri) = text(&mut params, "uri") else {
        return Asked::Other;
    };
    Asked::Tool(ToolUse {
        name: "resources/read".into(),
        attrs: attrs_of(&[("mcp.resource.uri", &uri)]),
        arguments: Some(Map::from_iter([("uri".to_owned(), uri.into())])),
        state: text(&mut params, "requestState"),
    })
}

fn prompt(mut params: Map<String, Value>) -> Asked {
    let Some(name) = text(&mut params, "name") else {
        return Asked::Other;
    };
    let mut of_event = Map::new();
    if let Some(arguments) = arguments(&mut params) {
        of_event.insert("arguments".into(), arguments.into());
    }
    let attrs = attrs_of(&[("gen_ai.prompt.name", &name)]);
    of_event.insert("name".into(), name.into());
    Asked::Tool(ToolUse {
        name: "prompts/get".into(),
        attrs,
        arguments: Some(of_event),
        state: text(&mut params, "requestState"),
    })
}

fn arguments(params: &mut Map<String, Value>) -> Option<Map<String, Value>> {
    match params.remove("arguments") {
        Some(Value::Object(arguments)) => Some(arguments),
        _ => None,
    }
}

fn text(params: &mut Map<String, Value>, key: &str) -> Option<String> {
    match params.remove(key) {
        Some(Value::String(text)) if text.len() <= MAX_TOOL_NAME => Some(text),
        _ => None,
    }
}

fn attrs_of(texts: &[(&str, &str)]) -> Map<String, Value> {
    let attrs = texts.iter();
    attrs
        .map(|(name, text)| ((*name).to_owned(), (*text).into()))
        .collect()
}

/// The request that the head of an HTTP request tells of (revision 2026-07-28),
/// where its body could not be read.
pub fn from_head(headers: &Headers) -> Option<Message> {
    let method = headers.get("mcp-method")?;
    let named = match method {
        "tools/call" | "prompts/get" => "name",
        "resources/read" => "uri",
        _ => return None,
    };
    let name = unescaped(headers.get("mcp-name")?)?;
    Some(Message::Request {
        id: None,
        method: method.to_owned(),
        params: Map::from_iter([(named.to_owned(), name.into())]),
    })
}

/// `=?base64?…?=` stands for what a header field cannot hold.
fn unescaped(field: &str) -> Option<String> {
    let coded = field
        .strip_prefix("=?base64?")
        .and_then(|rest| rest.strip_suffix("?="));
    match coded {
        Some(base64) => String::from_utf8(STANDARD.decode(base64).ok()?).ok(),
        None => Some(field.to_owned()),
    }
}

/// What `_meta` of a request, an answer or its handshake says of an end.
pub struct Implementation {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: Option<String>,
}

impl Implementation {
    /// Reads `{name, version}`.
    pub fn of(value: Option<&Value>) -> Option<Self> {
        let text = |key: &str| {
            let text = value?.get(key)?.as_str()?;
            (!text.is_empty() && text.len() <= MAX_NAME).then(|| text.to_owned())
        };
        Some(Self {
            name: text("name")?,
            version: text("version"),
        })
    }

    /// The client as an agent.
    pub fn into_agent(self) -> Agent {
        Agent {
            name: Some(self.name),
            version: self.version,
            ..Agent::default()
        }
    }
}

/// `_meta` of a request's parameters or a result.
pub fn meta_of(object: &mut Map<String, Value>) -> Map<String, Value> {
    into_object(object.remove("_meta"))
}

/// A short text of an object.
pub fn short_text(object: &Map<String, Value>, key: &str) -> Option<String> {
    let text = object.get(key)?.as_str()?;
    (text.len() <= MAX_NAME).then(|| text.to_owned())
}

/// The id that a notification of a cancelled request names, and the reason.
pub fn cancelled(params: &Map<String, Value>) -> Option<(Id, Option<String>)> {
    let id = Id::of(params.get("requestId")?)?;
    Some((id, short_text(params, "reason")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_tells_the_tool_also_where_its_name_is_escaped() {
        let mut headers = Headers::default();
        headers.push("Mcp-Method", b"tools/call");
        headers.push("Mcp-Name", b"=?base64?bMO2c2Now6lu?=");
        let Some(Message::Request { params, .. }) = from_head(&headers) else {
            unreachable!("it is a request");
        };
        assert_eq!(params.get("name"), Some(&"löschén".into()));
        headers = Headers::default();
        headers.push("Mcp-Method", b"tools/list");
        assert_eq!(from_head(&headers), None);
    }
}
