//! Payload of `agent.tool_call`.

use serde::Serialize;
use serde_json::{Map, Value};
use serde_with::skip_serializing_none;

/// A tool that a model asked for.
#[skip_serializing_none]
#[derive(Clone, Debug, Serialize)]
pub struct ToolCall {
    /// The tool.
    pub tool: Tool,
    /// The provider's id of the call.
    pub call_id: Option<String>,
    /// Always `llm_decision`: it is read from a model's answer.
    pub triggered_by: &'static str,
    /// Its arguments, where they are an object. Text that is none stands on the
    /// answer's own tool call.
    pub arguments: Option<Map<String, Value>>,
}

/// A tool.
#[skip_serializing_none]
#[derive(Clone, Debug, Serialize)]
pub struct Tool {
    /// Its name.
    pub name: String,
}
