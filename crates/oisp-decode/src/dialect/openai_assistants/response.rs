//! `POST …/threads/…/runs`: the answer is the run, as far as it is; also as the
//! events of a stream repeat it.

use oisp_core::event::ai::{Error, FinishReason};
use serde_json::{Map, Value};

use crate::dialect::answer::{Answer, ToolDraft, error_of};
use crate::dialect::json::{Fields, object};
use crate::dialect::openai;

pub(super) fn answer(body: Value) -> Answer {
    let mut answer = Answer {
        error: error_of(&body),
        ..Answer::default()
    };
    run(&mut answer, object(body));
    answer
}

/// Reads a run: its state, the calls that it waits for, its usage. What it says
/// stands in its thread.
pub(super) fn run(answer: &mut Answer, mut run: Map<String, Value>) {
    answer.id = run.take_text("id").or(answer.id.take());
    answer.model = run.take_text("model").or(answer.model.take());
    let names = [
        ("assistant_id", "gen_ai.agent.id"),
        ("thread_id", "oisp.response.thread_id"),
    ];
    openai::copy(&run, &mut answer.attrs, &names);
    let usage = run.take_object("usage");
    openai::add_usage(answer, usage, "prompt_tokens", "completion_tokens");
    if let Some(mut error) = run.take_object("last_error") {
        answer.error = Some(Error {
            kind: error.take_text("type"),
            code: error.take_text("code"),
            message: error.take_text("message"),
        });
    }
    let calls = run
        .take_object("required_action")
        .and_then(|mut action| action.take_object("submit_tool_outputs"))
        .map(|mut outputs| outputs.take_items("tool_calls"));
    if let Some(calls) = calls {
        let draft = answer.choice(0);
        draft.tools.retain(|tool| !tool.is_for_client());
        draft
            .tools
            .extend(calls.into_iter().zip(0..).map(tool_call));
    }
    finish(answer, &mut run);
}

fn tool_call((value, index): (Value, u64)) -> ToolDraft {
    let mut call = object(value);
    let mut function = call.take_object("function").unwrap_or_default();
    ToolDraft {
        index,
        id: call.take_text("id"),
        name: function.take_text("name").unwrap_or_default(),
        kind: "function".into(),
        arguments: function.take_text("arguments").unwrap_or_default(),
    }
}

/// Sets why the run ended or waits. One that is under way has no reason yet.
fn finish(answer: &mut Answer, run: &mut Map<String, Value>) {
    let Some(status) = run.take_text("status") else {
        return;
    };
    answer.is_answer = true;
    let finish = match status.as_str() {
        "completed" => FinishReason::Stop,
        "requires_action" => FinishReason::ToolCalls,
        "incomplete" => FinishReason::Length,
        "failed" => FinishReason::Error,
        "cancelled" | "expired" => FinishReason::Other,
        _ => return,
    };
    let reason = run
        .take_object("incomplete_details")
        .and_then(|mut details| details.take_text("reason"));
    let draft = answer.choice(0);
    draft.finish = Some(match reason.as_deref() {
        Some("content_filter") => FinishReason::ContentFilter,
        _ => finish,
    });
    draft.finish_raw = Some(reason.unwrap_or(status));
}
