//! Writes a chat completion as one JSON object.

use serde::Serialize;

use crate::answer::{Call, Meant, ToolCall, Usage};
use crate::reply::Reply;
use crate::route::Routing;

#[derive(Serialize)]
struct Completion<'a> {
    id: String,
    object: &'static str,
    created: u64,
    model: &'a str,
    choices: Vec<Choice<'a>>,
    usage: WireUsage,
    service_tier: &'static str,
    system_fingerprint: &'static str,
}

#[derive(Serialize)]
struct Choice<'a> {
    index: usize,
    message: Message<'a>,
    logprobs: Option<()>,
    finish_reason: &'a str,
}

#[derive(Serialize)]
struct Message<'a> {
    role: &'static str,
    content: Option<&'a str>,
    refusal: Option<()>,
    annotations: [(); 0],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tool_calls: Vec<WireCall<'a>>,
}

#[derive(Serialize)]
struct WireCall<'a> {
    id: &'a str,
    #[serde(rename = "type")]
    kind: &'static str,
    function: Function<'a>,
}

#[derive(Serialize)]
struct Function<'a> {
    name: &'a str,
    arguments: &'a str,
}

/// Token usage as this dialect counts: cached and reasoning are subsets.
#[derive(Serialize)]
pub(super) struct WireUsage {
    prompt_tokens: u64,
    completion_tokens: u64,
    total_tokens: u64,
    prompt_tokens_details: PromptDetails,
    completion_tokens_details: CompletionDetails,
}

#[derive(Serialize)]
struct PromptDetails {
    cached_tokens: u64,
    audio_tokens: u64,
}

#[derive(Serialize)]
struct CompletionDetails {
    reasoning_tokens: u64,
    audio_tokens: u64,
    accepted_prediction_tokens: u64,
    rejected_prediction_tokens: u64,
}

impl From<Usage> for WireUsage {
    fn from(usage: Usage) -> Self {
        Self {
            prompt_tokens: usage.input,
            completion_tokens: usage.output,
            total_tokens: usage.input + usage.output,
            prompt_tokens_details: PromptDetails {
                cached_tokens: usage.cached,
                audio_tokens: 0,
            },
            completion_tokens_details: CompletionDetails {
                reasoning_tokens: usage.reasoning,
                audio_tokens: 0,
                accepted_prediction_tokens: 0,
                rejected_prediction_tokens: 0,
            },
        }
    }
}

pub(super) const SYSTEM_FINGERPRINT: &str = "fp_0ea51b4a2c";

/// What the wire shows of `meant`: this dialect's ids, a finish reason, and
/// no thoughts, which it keeps to itself.
pub(super) fn as_shown(call: &Call, mut meant: Meant) -> Meant {
    for tool in &mut meant.tool_calls {
        tool.id = format!("call_{}", tool.id);
    }
    let usual = if meant.tool_calls.is_empty() {
        "stop"
    } else {
        "tool_calls"
    };
    meant.finish = Some(
        call.directive
            .finish
            .clone()
            .unwrap_or_else(|| usual.to_owned()),
    );
    meant.thinking = None;
    meant
}

pub(super) fn write(call: &Call, meant: Meant, routing: &Routing<'_>) -> Reply {
    let meant = as_shown(call, meant);
    let completion = Completion {
        id: completion_id(&routing.token),
        object: "chat.completion",
        created: routing.now_secs,
        model: &meant.model,
        choices: meant
            .texts
            .iter()
            .enumerate()
            .map(|(index, text)| choice(index, text, &meant))
            .collect(),
        usage: meant.usage.unwrap_or_default().into(),
        service_tier: "default",
        system_fingerprint: SYSTEM_FINGERPRINT,
    };
    Reply::json(super::DIALECT, 200, &completion).meaning(meant)
}

pub(super) fn completion_id(token: &str) -> String {
    format!("chatcmpl-{token}")
}

/// Tools are called by the first choice only.
fn choice<'a>(index: usize, text: &'a str, meant: &'a Meant) -> Choice<'a> {
    let calls = if index == 0 {
        meant.tool_calls.as_slice()
    } else {
        &[]
    };
    let wire = |call: &'a ToolCall| WireCall {
        id: &call.id,
        kind: "function",
        function: Function {
            name: &call.name,
            arguments: &call.arguments,
        },
    };
    let finish = if index == 0 {
        meant.finish.as_deref()
    } else {
        None
    };
    Choice {
        index,
        message: Message {
            role: "assistant",
            content: (!text.is_empty() || calls.is_empty()).then_some(text),
            refusal: None,
            annotations: [],
            tool_calls: calls.iter().map(wire).collect(),
        },
        logprobs: None,
        finish_reason: finish.unwrap_or("stop"),
    }
}
