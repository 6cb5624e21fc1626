//! JSON-RPC 2.0 messages, alone or in a batch.

use serde_json::{Map, Value};

/// Most messages of a batch that are read.
const MAX_BATCH: usize = 1024;
/// Longest id; no honest one comes near.
const MAX_ID: usize = 512;

/// One message.
#[derive(Debug, PartialEq)]
pub enum Message {
    /// It wants an answer.
    Request {
        /// Its id; `None` where only the head of an HTTP request told of it.
        id: Option<Id>,
        /// What is asked.
        method: String,
        /// Of what.
        params: Map<String, Value>,
    },
    /// It wants none.
    Notification {
        /// What it tells.
        method: String,
        /// Of what.
        params: Map<String, Value>,
    },
    /// The answer to a request of the other side.
    Answer {
        /// The request's id; absent where the request could not be read.
        id: Option<Id>,
        /// What it says.
        outcome: Result<Map<String, Value>, RpcError>,
    },
}

/// The id of a request: 1 and "1" are two.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Id {
    /// A number.
    Number(String),
    /// A string.
    Text(String),
}

/// The error of an answer.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct RpcError {
    /// Its code.
    pub code: Option<String>,
    /// Its message.
    pub message: Option<String>,
}

impl Id {
    /// The id as text.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Number(text) | Self::Text(text) => text,
        }
    }

    /// The id that a value is.
    pub fn of(value: &Value) -> Option<Self> {
        match value {
            Value::String(text) if text.len() <= MAX_ID => Some(Self::Text(text.clone())),
            Value::Number(number) if number.is_f64() => {
                let number = number.as_f64().filter(|number| number.fract() == 0.0)?;
                Some(Self::Number(format!("{number:.0}")))
            }
            Value::Number(number) => Some(Self::Number(number.to_string())),
            _ => None,
        }
    }
}

/// Whether bytes may hold a message; cheap, before they are parsed.
pub fn may_be_message(bytes: &[u8]) -> bool {
    memchr::memmem::find(bytes, b"\"jsonrpc\"").is_some()
}

/// The messages that a document holds; none where it is something else.
pub fn messages(document: Value) -> Vec<Message> {
    match document {
        Value::Array(items) => items
            .into_iter()
            .take(MAX_BATCH)
            .filter_map(message)
            .collect(),
        one => message(one).into_iter().collect(),
    }
}

fn message(value: Value) -> Option<Message> {
    let Value::Object(mut object) = value else {
        return None;
    };
    if object.get("jsonrpc").and_then(Value::as_str) != Some("2.0") {
        return None;
    }
    let id = object.get("id").and_then(Id::of);
    if let Some(Value::String(method)) = object.remove("method") {
        let params = into_object(object.remove("params"));
        return Some(match (id, object.contains_key("id")) {
            (Some(id), _) => Message::Request {
                id: Some(id),
                method,
                params,
            },
            (None, false) => Message::Notification { method, params },
            (None, true) => return None,
        });
    }
    let outcome = match (object.remove("error"), object.remove("result")) {
        (Some(error @ Value::Object(_)), _) => Err(rpc_error(error)),
        (_, Some(result)) => Ok(into_object(Some(result))),
        _ => return None,
    };
    Some(Message::Answer { id, outcome })
}

fn rpc_error(error: Value) -> RpcError {
    let mut error = into_object(Some(error));
    RpcError {
        code: error.get("code").and_then(Id::of).map(|code| match code {
            Id::Number(text) | Id::Text(text) => text,
        }),
        message: match error.remove("message") {
            Some(Value::String(text)) => Some(text),
            _ => None,
        },
    }
}

/// The object that a value is; an empty one where it is none.
pub fn into_object(value: Option<Value>) -> Map<String, Value> {
    match value {
        Some(Value::Object(object)) => object,
        _ => Map::new(),
    }
}

/// A document of messages of MCP. Answers say nothing of whose they are: they
/// are taken where nothing else stands beside them.
pub fn is_mcp(document: &Value) -> bool {
    match document {
        Value::Array(items) => items.iter().take(MAX_BATCH).any(is_mcp_message),
        one => is_mcp_message(one),
    }
}

fn is_mcp_message(value: &Value) -> bool {
    let text = |key: &str| value.get(key).and_then(Value::as_str);
    let is_answer = || value.get("result").or(value.get("error")).is_some();
    text("jsonrpc") == Some("2.0")
        && match text("method") {
            Some(method) => is_method(method, value.get("params")),
            None => is_answer(),
        }
}

/// The methods of all revisions. Tasks are A2A's too, which names them `id`.
fn is_method(method: &str, params: Option<&Value>) -> bool {
    const FAMILIES: [&str; 10] = [
        "notifications/",
        "tools/",
        "resources/",
        "prompts/",
        "sampling/",
        "elicitation/",
        "completion/",
        "logging/",
        "roots/",
        "subscriptions/",
    ];
    match method {
        "initialize" | "ping" | "server/discover" => true,
        _ if method.starts_with("tasks/") => {
            params.is_some_and(|params| params.get("taskId").is_some())
        }
        _ => FAMILIES.iter().any(|family| method.starts_with(family)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn each_kind_is_told_by_its_members() {
        let kinds: Vec<_> = messages(json!([
            {"jsonrpc": "2.0", "id": 1, "method": "tools/call"},
            {"jsonrpc": "2.0", "method": "notifications/initialized"},
            {"jsonrpc": "2.0", "id": "1", "result": {}},
            {"jsonrpc": "2.0", "id": null, "error": {"code": -32600, "message": "no"}},
            {"jsonrpc": "1.0", "id": 1, "method": "x"}, {"id": 1, "method": "x"},
            {"jsonrpc": "2.0", "id": null, "method": "x"}, {"jsonrpc": "2.0", "id": 4}, 5,
        ]))
        .iter()
        .map(|message| match message {
            Message::Request { id, .. } => format!("request {id:?}"),
            Message::Notification { method, .. } => method.clone(),
            Message::Answer { id, outcome } => format!("answer {id:?} {}", outcome.is_ok()),
        })
        .collect();
        assert_eq!(
            kinds,
            [
                "request Some(Number(\"1\"))",
                "notifications/initialized",
                "answer Some(Text(\"1\")) true",
                "answer None false",
            ]
        );
    }

    #[test]
    fn a_whole_number_is_one_id_however_it_is_written() {
        assert_eq!(Id::of(&json!(7.0)), Id::of(&json!(7)));
        assert_ne!(Id::of(&json!(7)), Id::of(&json!("7")));
        assert_eq!(Id::of(&json!(7.5)), None);
    }

    #[test]
    fn other_json_rpc_is_not_taken_for_mcp() {
        let is_mcp = |method: &str, params: Value| {
            is_mcp(&json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}))
        };
        assert!(is_mcp("tools/call", json!({})));
        assert!(is_mcp("tasks/get", json!({"taskId": "t"})));
        assert!(!is_mcp("tasks/get", json!({"id": "t"})));
        assert!(!is_mcp("eth_call", json!([])));
        assert!(!is_mcp("message/send", json!({})));
    }
}
