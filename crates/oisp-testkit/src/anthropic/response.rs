//! Writes a message as one JSON object.

use serde::Serialize;
use serde_json::Value;

use crate::answer::{Call, Meant, Usage};
use crate::reply::Reply;
use crate::route::Routing;

#[derive(Serialize)]
pub(super) struct Message<'a> {
    pub(super) model: &'a str,
    pub(super) id: String,
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
    pub(super) role: &'static str,
    pub(super) content: Vec<Block<'a>>,
    pub(super) stop_reason: Option<&'a str>,
    pub(super) stop_sequence: Option<()>,
    pub(super) usage: WireUsage,
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Block<'a> {
    Thinking {
        thinking: &'a str,
        signature: &'a str,
    },
    Text {
        text: &'a str,
    },
    ToolUse {
        id: &'a str,
        name: &'a str,
        input: Value,
    },
}

/// Token usage as this dialect counts: cached tokens come on top of `input`.
#[derive(Serialize)]
pub(super) struct WireUsage {
    input_tokens: u64,
    cache_creation_input_tokens: u64,
    cache_read_input_tokens: u64,
    cache_creation: CacheCreation,
    pub(super) output_tokens: u64,
    service_tier: &'static str,
}

#[derive(Serialize)]
struct CacheCreation {
    ephemeral_5m_input_tokens: u64,
    ephemeral_1h_input_tokens: u64,
}

impl From<Usage> for WireUsage {
    fn from(usage: Usage) -> Self {
        Self {
            input_tokens: usage.input - usage.cached - usage.cache_write,
            cache_creation_input_tokens: usage.cache_write,
            cache_read_input_tokens: usage.cached,
            cache_creation: CacheCreation {
                ephemeral_5m_input_tokens: usage.cache_write,
                ephemeral_1h_input_tokens: 0,
            },
            output_tokens: usage.output,
            service_tier: "standard",
        }
    }
}

/// A signature of thoughts: opaque to every client.
pub(super) const SIGNATURE: &str = "EqQBCgIYAhIkbWFkZS11cC1zaWduYXR1cmUtb2YtYS10ZXN0LXByb3ZpZGVy";

/// What the wire shows of `meant`: this dialect's ids and stop reason, and
/// output tokens without a count of the thoughts.
pub(super) fn as_shown(call: &Call, mut meant: Meant) -> Meant {
    for tool in &mut meant.tool_calls {
        tool.id = format!("toolu_01{}", tool.id);
    }
    let usual = if meant.tool_calls.is_empty() {
        "end_turn"
    } else {
        "tool_use"
    };
    meant.finish = Some(
        call.directive
            .finish
            .clone()
            .unwrap_or_else(|| usual.to_owned()),
    );
    meant.usage = meant.usage.map(|usage| Usage {
        reasoning: 0,
        ..usage
    });
    meant
}

pub(super) fn message_id(token: &str) -> String {
    format!("msg_01{token}")
}

pub(super) fn write(call: &Call, meant: Meant, routing: &Routing<'_>) -> Reply {
    let meant = as_shown(call, meant);
    let message = Message {
        model: &meant.model,
        id: message_id(&routing.token),
        kind: "message",
        role: "assistant",
        content: blocks(&meant),
        stop_reason: meant.finish.as_deref(),
        stop_sequence: None,
        usage: meant.usage.unwrap_or_default().into(),
    };
    Reply::json(super::DIALECT, 200, &message).meaning(meant)
}

fn blocks(meant: &Meant) -> Vec<Block<'_>> {
    let thinking = meant.thinking.as_deref().map(|thinking| Block::Thinking {
        thinking,
        signature: SIGNATURE,
    });
    let texts = meant
        .texts
        .iter()
        .filter(|text| !text.is_empty())
        .map(|text| Block::Text { text });
    let tools = meant.tool_calls.iter().map(|call| Block::ToolUse {
        id: &call.id,
        name: &call.name,
        input: serde_json::from_str(&call.arguments).unwrap_or_default(),
    });
    thinking.into_iter().chain(texts).chain(tools).collect()
}
