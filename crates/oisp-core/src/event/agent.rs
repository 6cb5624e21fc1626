//! Payloads of `agent.tool_call`, `agent.tool_result` and `agent.session`.

use serde::Serialize;
use serde_json::{Map, Value};
use serde_with::skip_serializing_none;

/// A tool that a model asked for, or that a client asked an MCP server to run.
#[skip_serializing_none]
#[derive(Clone, Debug, Default, Serialize)]
pub struct ToolCall {
    /// The agent.
    pub agent: Option<Agent>,
    /// The tool.
    pub tool: Tool,
    /// The provider's id of the call.
    pub call_id: Option<String>,
    /// `llm_decision` where it is read from a model's answer; absent where it
    /// is not known.
    pub triggered_by: Option<&'static str>,
    /// Its arguments, where they are an object. Text that is none stands on the
    /// answer's own tool call.
    pub arguments: Option<Map<String, Value>>,
}

/// What a tool gave back.
#[skip_serializing_none]
#[derive(Clone, Debug, Default, Serialize)]
pub struct ToolResult {
    /// The agent.
    pub agent: Option<Agent>,
    /// The tool.
    pub tool: Option<Tool>,
    /// The id of the call.
    pub call_id: String,
    /// Absent where the wire does not tell.
    pub success: Option<bool>,
    /// Its error.
    pub error: Option<ToolError>,
    /// Its result: text, or what the server gave.
    pub result: Option<Value>,
    /// Length of the result's text, bytes.
    pub result_size_bytes: Option<usize>,
    /// From the call to its result, milliseconds.
    pub duration_ms: Option<u64>,
}

/// An error of a tool.
#[skip_serializing_none]
#[derive(Clone, Debug, Default, Serialize)]
pub struct ToolError {
    /// Its type or code.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// Its message.
    pub message: Option<String>,
}

/// A tool.
#[skip_serializing_none]
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Tool {
    /// Its name.
    pub name: String,
    /// Who provides it: `mcp`, or absent.
    pub provider: Option<&'static str>,
    /// The MCP server that has it.
    pub server: Option<String>,
}

/// An agent.
#[skip_serializing_none]
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Agent {
    /// Its name, such as `claude-code`.
    pub name: Option<String>,
    /// `ide`, `cli`, `browser`, `server`, `autonomous`, `workflow` or `other`.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// Its version.
    pub version: Option<String>,
    /// The framework that it is made with.
    pub framework: Option<String>,
    /// Its session.
    pub session_id: Option<String>,
}

/// A session of an agent begins or ends.
#[skip_serializing_none]
#[derive(Clone, Debug, Default, Serialize)]
pub struct Session {
    /// The agent.
    pub agent: Option<Agent>,
    /// `start` or `end`.
    pub action: &'static str,
    /// Its name: the conversation's id.
    pub session_id: Option<String>,
    /// From its start to its end, milliseconds.
    pub duration_ms: Option<u64>,
    /// What happened in it.
    pub stats: Option<SessionStats>,
}

/// Figures of a session.
#[skip_serializing_none]
#[derive(Clone, Debug, Default, Serialize)]
pub struct SessionStats {
    /// Calls of models.
    pub llm_calls: u64,
    /// Calls of tools.
    pub tool_calls: u64,
    /// Tokens, in and out, of the calls that told them.
    pub tokens_used: Option<u64>,
    /// Cost of the calls that have one, US dollars.
    pub estimated_cost_usd: Option<f64>,
}
