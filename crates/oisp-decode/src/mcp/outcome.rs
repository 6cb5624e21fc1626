//! What an answer to a tool's use says.

use oisp_core::event::agent::ToolError;
use serde_json::{Map, Value};

use super::asked::short_text;
use super::message::{RpcError, into_object};
use crate::dialect::Content;
use crate::json;

/// What an answer says.
#[derive(Debug, Default)]
pub struct Outcome {
    /// Absent where it is not known.
    pub success: Option<bool>,
    /// The error of the tool or the server.
    pub error: Option<ToolError>,
    /// Text, or what the server gave.
    pub result: Option<Value>,
    /// Length of the result's text.
    pub size: Option<usize>,
    /// What is no text.
    pub output: Map<String, Value>,
    /// Further attributes.
    pub attrs: Map<String, Value>,
}

/// What an answer is.
pub enum Answer {
    /// The end of the call.
    Outcome(Outcome),
    /// The call goes on as a task.
    Task(String),
}

/// Reads the answer to a use of a tool, a resource or a prompt.
pub fn answer(outcome: Result<Map<String, Value>, RpcError>) -> Answer {
    let result = match outcome {
        Err(error) => return Answer::Outcome(failed(error)),
        Ok(result) => result,
    };
    if let Some(task) = task_of(&result) {
        return Answer::Task(task);
    }
    let kind = short_text(&result, "resultType").filter(|kind| kind != "complete");
    if let Some(kind) = kind {
        // The server wants more before it goes on: neither success nor failure.
        let mut outcome = Outcome::default();
        outcome
            .attrs
            .insert("oisp.mcp.result_type".into(), kind.into());
        return Answer::Outcome(outcome);
    }
    Answer::Outcome(read(result))
}

/// The task that a call becomes: an object of its own until 2025-11-25, the
/// result itself since.
fn task_of(result: &Map<String, Value>) -> Option<String> {
    match result.get("task") {
        Some(Value::Object(task)) if !result.contains_key("content") => short_text(task, "taskId"),
        _ if result.get("resultType").is_some_and(|kind| kind == "task") => {
            short_text(result, "taskId")
        }
        _ => None,
    }
}

/// What the answer to a question about a task says of the call: nothing while
/// it goes on.
pub fn of_task(
    method_result: Result<Map<String, Value>, RpcError>,
) -> Option<Result<Map<String, Value>, RpcError>> {
    let mut result = method_result.ok()?;
    let Some(status) = short_text(&result, "status") else {
        // Not a task: what the call would have been answered with. An empty
        // object only acknowledges.
        result.retain(|key, _| key != "_meta" && key != "resultType");
        return (!result.is_empty()).then_some(Ok(result));
    };
    match status.as_str() {
        "completed" => match result.remove("result") {
            Some(Value::Object(inner)) => Some(Ok(inner)),
            _ => None,
        },
        "failed" | "cancelled" => {
            let mut error = into_object(result.remove("error"));
            Some(Err(RpcError {
                code: Some(format!("task_{status}")),
                message: [error.remove("message"), result.remove("statusMessage")]
                    .into_iter()
                    .flatten()
                    .find_map(|text| text.as_str().map(str::to_owned)),
            }))
        }
        _ => None,
    }
}

/// An error in place of a result.
pub fn failed(error: RpcError) -> Outcome {
    let mut outcome = Outcome {
        success: Some(false),
        ..Outcome::default()
    };
    if let Some(code) = &error.code {
        outcome
            .attrs
            .insert("error.type".into(), code.as_str().into());
        outcome
            .attrs
            .insert("rpc.response.status_code".into(), code.as_str().into());
    }
    outcome.error = Some(ToolError {
        kind: error.code,
        message: error.message,
    });
    outcome
}

fn read(mut result: Map<String, Value>) -> Outcome {
    let is_error = result.get("isError") == Some(&Value::Bool(true));
    let structured = result
        .remove("structuredContent")
        .filter(|value| !value.is_null());
    let content = content(&mut result);
    let text = match &content {
        Some(content) if content.texts.is_empty() && !content.parts.is_empty() => None,
        Some(content) if content.texts.is_empty() && structured.is_some() => None,
        Some(content) => Some(content.texts.join("\n")),
        None => None,
    };
    let mut outcome = Outcome {
        success: Some(!is_error),
        ..Outcome::default()
    };
    if is_error {
        outcome
            .attrs
            .insert("error.type".into(), "tool_error".into());
        outcome.error = Some(ToolError {
            kind: Some("tool_error".into()),
            message: text.clone(),
        });
    }
    let has_content = content.is_some();
    let parts = content.map(|content| content.parts).unwrap_or_default();
    if !parts.is_empty() {
        outcome.output.insert("output_parts".into(), parts.into());
    }
    match (text, structured) {
        (Some(text), Some(structured)) => {
            // Most servers give the same twice.
            let is_same = json::parse(text.as_bytes()).is_some_and(|json| json == structured);
            outcome.set_text(text);
            if !is_same {
                outcome
                    .output
                    .insert("structured_content".into(), structured);
            }
        }
        (Some(text), None) => outcome.set_text(text),
        (None, Some(structured)) => outcome.set_json(structured),
        (None, None) if has_content => {}
        (None, None) => {
            result.retain(|key, _| key != "_meta" && key != "resultType" && key != "isError");
            outcome.set_json(result.into());
        }
    }
    outcome
}

/// The content of a tool's result, a resource or a prompt.
fn content(result: &mut Map<String, Value>) -> Option<Content> {
    if let Some(blocks) = result.remove("content") {
        return Some(Content::of(Some(blocks)));
    }
    let mut content = Content::default();
    if let Some(Value::Array(contents)) = result.remove("contents") {
        for item in contents {
            content.resource(into_object(Some(item)));
        }
        return Some(content);
    }
    if let Some(Value::Array(messages)) = result.remove("messages") {
        for message in messages {
            content.add(into_object(Some(message)).remove("content"));
        }
        return Some(content);
    }
    None
}

impl Outcome {
    fn set_text(&mut self, text: String) {
        self.size = Some(text.len());
        self.result = Some(text.into());
    }

    /// The schema takes text, objects and arrays. What looks like a mark of
    /// redaction, and is none, is given as text.
    fn set_json(&mut self, value: Value) {
        if let Value::String(text) = value {
            return self.set_text(text);
        }
        let text = value.to_string();
        let is_taken = match &value {
            Value::Object(object) => !object.contains_key("$redacted"),
            Value::Array(_) => true,
            _ => false,
        };
        self.size = Some(text.len());
        self.result = Some(match value {
            value if is_taken => value,
            _ => text.into(),
        });
    }
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::indexing_slicing,
        clippy::panic,
        reason = "a test states its assumptions by panicking"
    )]
    use super::*;
    use serde_json::json;

    fn outcome(result: Value) -> Outcome {
        match answer(Ok(into_object(Some(result)))) {
            Answer::Outcome(outcome) => outcome,
            Answer::Task(task) => panic!("{task}"),
        }
    }

    #[test]
    fn texts_are_joined_and_the_rest_stands_as_parts() {
        let outcome = outcome(json!({"content": [
            {"type": "text", "text": "one"},
            {"type": "image", "data": "AAAA", "mimeType": "image/png"},
            {"type": "resource", "resource": {"uri": "file:///n", "text": "two"}},
            {"type": "resource_link", "uri": "https://x.test/a.mp3", "mimeType": "audio/mpeg"},
        ], "structuredContent": {"n": 1}}));
        assert_eq!(outcome.result, Some(json!("one\ntwo")));
        assert_eq!(outcome.size, Some(7));
        assert_eq!(outcome.success, Some(true));
        assert_eq!(outcome.output["structured_content"], json!({"n": 1}));
        let parts = &outcome.output["output_parts"];
        assert_eq!(parts[0]["length"], 3);
        assert_eq!(parts[0]["modality"], "image");
        assert_eq!(parts[1]["uri"], "file:///n");
        assert_eq!(parts[2]["modality"], "audio");
    }

    #[test]
    fn structured_content_counts_where_there_is_no_text() {
        let structured = |value: Value| outcome(json!({"content": [], "structuredContent": value}));
        assert_eq!(structured(json!({"a": 1})).result, Some(json!({"a": 1})));
        assert_eq!(structured(json!(5)).result, Some(json!("5")));
        assert_eq!(structured(json!("s")).result, Some(json!("s")));
        let marked = json!({"$redacted": {"reason": "policy"}});
        assert_eq!(
            structured(marked.clone()).result,
            Some(json!(marked.to_string()))
        );
        let twice = outcome(
            json!({"content": [{"type": "text", "text": "{\"a\": 1}"}], "structuredContent": {"a": 1}}),
        );
        assert!(twice.output.is_empty());
        assert_eq!(outcome(json!({"content": []})).result, Some(json!("")));
    }

    #[test]
    fn a_server_that_wants_more_has_not_answered() {
        let outcome = outcome(json!({"resultType": "input_required", "requestState": "s"}));
        assert_eq!((outcome.success, outcome.result), (None, None));
        assert_eq!(outcome.attrs["oisp.mcp.result_type"], "input_required");
    }

    #[test]
    fn a_task_is_told_in_both_forms_and_its_end_in_three() {
        let task = |value: Value| match answer(Ok(into_object(Some(value)))) {
            Answer::Task(task) => task,
            Answer::Outcome(outcome) => panic!("{outcome:?}"),
        };
        assert_eq!(
            task(json!({"task": {"taskId": "a", "status": "working"}})),
            "a"
        );
        assert_eq!(task(json!({"resultType": "task", "taskId": "b"})), "b");
        let end = |value: Value| of_task(Ok(into_object(Some(value))));
        assert!(end(json!({"taskId": "a", "status": "working"})).is_none());
        assert!(end(json!({"taskId": "a", "status": "completed"})).is_none());
        assert!(end(json!({})).is_none());
        let inner = json!({"content": []});
        assert_eq!(
            end(inner.clone()),
            Some(Ok(into_object(Some(inner.clone()))))
        );
        assert!(
            end(json!({"status": "completed", "result": inner})).is_some_and(|end| end.is_ok())
        );
        assert!(end(json!({"status": "failed"})).is_some_and(|end| end.is_err()));
    }
}
