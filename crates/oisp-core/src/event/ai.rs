//! Payloads of `ai.request` and `ai.response`.

use serde::Serialize;
use serde_json::{Map, Value};
use serde_with::skip_serializing_none;

/// A call to a model.
#[skip_serializing_none]
#[derive(Clone, Debug, Default, Serialize)]
pub struct Request {
    /// Shared with the answer.
    pub request_id: String,
    /// The conversation it belongs to.
    pub conversation_id: Option<String>,
    /// Who is called.
    pub provider: Provider,
    /// The model as asked for.
    pub model: Option<Model>,
    /// How the caller proved who it is.
    pub auth: Option<Auth>,
    /// `chat`, `completion`, `embedding`, `image`, `audio`, `moderation` or
    /// `other`.
    pub request_type: &'static str,
    /// The caller asked for a stream.
    pub streaming: Option<bool>,
    /// Messages in wire order, the system prompt first.
    pub messages: Option<Vec<Message>>,
    /// How many messages.
    pub messages_count: Option<usize>,
    /// A system prompt is among them.
    pub has_system_prompt: Option<bool>,
    /// Keyed hash of the system prompt.
    pub system_prompt_hash: Option<String>,
    /// Tools that the model may call.
    pub tools: Option<Vec<Tool>>,
    /// How many tools.
    pub tools_count: Option<usize>,
    /// `auto`, `none`, `required` or `specific`.
    pub tool_choice: Option<String>,
    /// Sampling parameters.
    pub parameters: Option<Parameters>,
    /// Images are among the messages.
    pub has_images: Option<bool>,
    /// How many images.
    pub image_count: Option<usize>,
}

/// The answer of a model.
#[skip_serializing_none]
#[derive(Clone, Debug, Default, Serialize)]
pub struct Response {
    /// Shared with the request.
    pub request_id: String,
    /// The conversation it belongs to.
    pub conversation_id: Option<String>,
    /// The provider's own id of the call.
    pub provider_request_id: Option<String>,
    /// Who answered.
    pub provider: Provider,
    /// The model that answered; as asked for where the answer names none.
    pub model: Option<Model>,
    /// HTTP status.
    pub status_code: Option<u16>,
    /// Status below 400 and no error in the stream; absent where the answer
    /// was cut before its outcome was known.
    pub success: Option<bool>,
    /// The provider's error.
    pub error: Option<Error>,
    /// The alternatives that the model gave.
    pub choices: Option<Vec<Choice>>,
    /// All tool calls, in order.
    pub tool_calls: Option<Vec<ToolCall>>,
    /// How many tool calls.
    pub tool_calls_count: Option<usize>,
    /// Tokens.
    pub usage: Option<Usage>,
    /// From the request's first byte to the answer's last, milliseconds.
    pub latency_ms: Option<u64>,
    /// From the request's first byte to the first content, milliseconds.
    pub time_to_first_token_ms: Option<u64>,
    /// Why the first choice ended.
    pub finish_reason: Option<FinishReason>,
}

/// A piece of a streamed answer.
#[skip_serializing_none]
#[derive(Clone, Debug, Default, Serialize)]
pub struct StreamingChunk {
    /// Shared with the request.
    pub request_id: String,
    /// Position among the chunks of the answer.
    pub chunk_index: u64,
    /// What it adds.
    pub delta: Delta,
    /// Why the answer ended, on the last one.
    pub finish_reason: Option<String>,
}

/// What a chunk adds.
#[skip_serializing_none]
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Delta {
    /// Text.
    pub content: Option<String>,
    /// The speaker, on the first one.
    pub role: Option<&'static str>,
    /// Tool calls that begin here. Their arguments stand on the answer: pieces
    /// of them mean nothing.
    pub tool_calls: Option<Vec<ToolCallStart>>,
}

/// A tool call that begins.
#[skip_serializing_none]
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ToolCallStart {
    /// The provider's id of the call.
    pub id: Option<String>,
    /// The tool.
    pub name: String,
    /// `function` where the client is to run it, else the wire's own type.
    #[serde(rename = "type")]
    pub kind: String,
}

/// Texts that were embedded.
#[skip_serializing_none]
#[derive(Clone, Debug, Default, Serialize)]
pub struct Embedding {
    /// Who is called.
    pub provider: Provider,
    /// The model that answered.
    pub model: Option<Model>,
    /// How many inputs.
    pub input_count: Option<usize>,
    /// Tokens.
    pub total_tokens: Option<u64>,
    /// Length of a vector.
    pub dimensions: Option<usize>,
    /// From the request's first byte to the answer's last, milliseconds.
    pub latency_ms: Option<u64>,
}

/// Who is called.
#[skip_serializing_none]
#[derive(Clone, Debug, Default, Serialize)]
pub struct Provider {
    /// One of the schema's names; `other` for a provider it does not list.
    pub name: String,
    /// URL of the endpoint, without query.
    pub endpoint: Option<String>,
    /// Region of the provider's cloud.
    pub region: Option<String>,
    /// Organisation at the provider.
    pub organization_id: Option<String>,
    /// Project at the provider.
    pub project_id: Option<String>,
}

/// A model.
#[skip_serializing_none]
#[derive(Clone, Debug, Default, Serialize)]
pub struct Model {
    /// As sent or answered.
    pub id: String,
    /// Its family, where the registry knows it.
    pub family: Option<String>,
}

/// How a caller proved who it is. Never the credential itself.
#[skip_serializing_none]
#[derive(Clone, Debug, Default, Serialize)]
pub struct Auth {
    /// `api_key`, `oauth`, `service_account`, `session`, `none` or `unknown`.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// At most the first 8 characters of a key with a public prefix.
    pub key_prefix: Option<String>,
    /// Keyed hash of the credential: the same key gives the same hash on one
    /// installation, and nothing can be learnt from it elsewhere.
    pub key_hash: Option<String>,
}

/// One message.
#[skip_serializing_none]
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Message {
    /// `system`, `user`, `assistant` or `tool`.
    pub role: &'static str,
    /// The text parts.
    pub content: Option<String>,
    /// Length of the text in characters.
    pub content_length: Option<usize>,
    /// Images are part of it.
    pub has_images: Option<bool>,
    /// How many images.
    pub image_count: Option<usize>,
    /// The tool call that this message answers.
    pub tool_call_id: Option<String>,
    /// Name of the speaker or the tool.
    pub name: Option<String>,
}

/// A tool that the model may call.
#[skip_serializing_none]
#[derive(Clone, Debug, Default, Serialize)]
pub struct Tool {
    /// Its name.
    pub name: String,
    /// `function`, `code_interpreter`, `file_search`, `computer_use` or
    /// `other`.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// What the model is told of it.
    pub description: Option<String>,
}

/// Sampling parameters.
#[skip_serializing_none]
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Parameters {
    /// Temperature.
    pub temperature: Option<f64>,
    /// Nucleus sampling.
    pub top_p: Option<f64>,
    /// Upper limit of the answer, tokens.
    pub max_tokens: Option<u64>,
    /// Frequency penalty.
    pub frequency_penalty: Option<f64>,
    /// Presence penalty.
    pub presence_penalty: Option<f64>,
    /// Stop sequences.
    pub stop: Option<Vec<String>>,
}

/// A tool call that the model made.
#[skip_serializing_none]
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ToolCall {
    /// The provider's id of the call.
    pub id: Option<String>,
    /// The tool.
    pub name: String,
    /// `function` where the client is to run it, else the wire's own type.
    #[serde(rename = "type")]
    pub kind: String,
    /// Its arguments.
    pub arguments: Arguments,
}

/// Arguments of a tool call: an object where they parse as one, else the text
/// as it came.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Arguments {
    /// A JSON object.
    Object(Map<String, Value>),
    /// Anything else.
    Text(String),
}

impl Default for Arguments {
    fn default() -> Self {
        Self::Text(String::new())
    }
}

impl Arguments {
    /// An object where `text` parses as one, else the text.
    pub fn parse(text: String) -> Self {
        match serde_json::from_str(&text) {
            Ok(object) => Self::Object(object),
            Err(_) => Self::Text(text),
        }
    }
}

/// One alternative of an answer.
#[skip_serializing_none]
#[derive(Clone, Debug, Default, Serialize)]
pub struct Choice {
    /// Position.
    pub index: u64,
    /// What the model said.
    pub message: Message,
    /// Why it ended.
    pub finish_reason: Option<FinishReason>,
}

/// Why a model stopped, in the schema's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FinishReason {
    /// It was done.
    Stop,
    /// A limit was reached.
    Length,
    /// It asks the client to run tools.
    ToolCalls,
    /// A filter or a refusal.
    ContentFilter,
    /// An error.
    Error,
    /// Something else: the raw word stands in the attributes.
    Other,
}

/// Tokens, as totals: cached and reasoning tokens are part of prompt and
/// completion. What the provider did not give is absent.
#[skip_serializing_none]
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Usage {
    /// Input, cached tokens included.
    pub prompt_tokens: Option<u64>,
    /// Output, reasoning included.
    pub completion_tokens: Option<u64>,
    /// Both.
    pub total_tokens: Option<u64>,
    /// Input read from a cache.
    pub cached_tokens: Option<u64>,
    /// Output spent on reasoning.
    pub reasoning_tokens: Option<u64>,
    /// Cost of the input, US dollars.
    pub input_cost_usd: Option<f64>,
    /// Cost of the output, US dollars.
    pub output_cost_usd: Option<f64>,
    /// Cost of the call, US dollars: the provider's own figure where it gives
    /// one.
    pub total_cost_usd: Option<f64>,
}

/// A provider's error.
#[skip_serializing_none]
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Error {
    /// Its type.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// Its message.
    pub message: Option<String>,
    /// Its code.
    pub code: Option<String>,
}
