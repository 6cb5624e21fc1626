//! `ai.response`, and the `agent.tool_call` events that follow from it.

use oisp_core::Event;
use oisp_core::event::agent::{Tool, ToolCall as ToolCallEvent};
use oisp_core::event::ai::{Arguments, Choice, FinishReason, Message, Model, Response, ToolCall};
use oisp_core::event::{Data, Related, Relationship};
use serde_json::{Map, Value, json};

use super::{Emitter, Shared, confidence, unreadable};
use crate::connection::Side;
use crate::dialect::{Answer, ChoiceDraft};
use crate::exchange::Answered;
use crate::http::{Ending, ResponseHead};

pub(super) fn emit(
    emitter: &Emitter<'_>,
    shared: &Shared,
    answered: Answered,
    out: &mut Vec<Event>,
) {
    let response_event = emitter.event_id(answered.ended, "ai.response", 0);
    let at = answered.ended;
    let mut confidence = confidence(answered.ending, answered.damage.reasons(), shared.detection);
    let status = answered.head.as_ref().and_then(|head| head.status);
    let failed_status = status.is_some_and(|status| status >= 400);
    // A body in another form than the request's dialect leads to expect.
    let says_nothing = |answer: &Answer| answer.choices.is_empty() && answer.error.is_none();
    if !failed_status && answered.answer.as_ref().is_none_or(says_nothing) {
        unreadable(&mut confidence);
    }
    let mut data = Response {
        request_id: shared.request_id.clone(),
        conversation_id: Some(shared.conversation_id.clone()),
        provider: shared.provider.clone(),
        model: shared.model.clone(),
        provider_request_id: answered.head.as_ref().and_then(provider_request_id),
        status_code: status,
        latency_ms: answered
            .head
            .as_ref()
            .filter(|_| answered.ending == Ending::Complete)
            .map(|_| at.millis_since(shared.began)),
        time_to_first_token_ms: answered
            .first_content
            .map(|first| first.millis_since(shared.began)),
        ..Response::default()
    };
    let mut attrs = shared.attrs.clone();
    let mut ext = Map::new();
    if let Some(answer) = answered.answer {
        fill(&mut data, answer, failed_status, &mut attrs, &mut ext);
    }
    data.success = status.map(|status| status < 400 && data.error.is_none());
    if !confidence.reasons.is_empty() {
        confidence
            .missing
            .extend(missing(&data, answered.ending).map(str::to_owned));
    }
    attrs.insert("oisp.streamed".into(), answered.streamed.into());
    let calls: Vec<_> = data
        .tool_calls
        .iter()
        .flatten()
        .filter(|call| is_for_client(&call.kind))
        .cloned()
        .collect();
    let point = match shared.side {
        Side::Client => "ssl_read",
        Side::Server => "ssl_write",
    };
    let mut event = emitter.event(
        response_event,
        at,
        point,
        confidence.clone(),
        Data::AiResponse(Box::new(data)),
    );
    event.attrs = attrs;
    event.ext = ext;
    event.related_events.push(Related {
        event_id: shared.request_event,
        relationship: Relationship::Parent,
    });
    out.push(event);
    for (n, call) in calls.into_iter().enumerate() {
        let mut event = emitter.event(
            emitter.event_id(at, "agent.tool_call", n),
            at,
            point,
            confidence.clone(),
            tool_call(call),
        );
        event.attrs = tool_attrs(shared);
        event.related_events.push(Related {
            event_id: response_event,
            relationship: Relationship::CausedBy,
        });
        out.push(event);
    }
}

fn is_for_client(kind: &str) -> bool {
    kind == "function"
}

fn tool_call(call: ToolCall) -> Data {
    let arguments = match call.arguments {
        Arguments::Object(arguments) => Some(arguments),
        Arguments::Text(_) => None,
    };
    Data::ToolCall(Box::new(ToolCallEvent {
        tool: Tool { name: call.name },
        call_id: call.id,
        triggered_by: "llm_decision",
        arguments,
    }))
}

fn tool_attrs(shared: &Shared) -> Map<String, Value> {
    let mut attrs = shared.attrs.clone();
    attrs.insert("oisp.request_id".into(), shared.request_id.clone().into());
    attrs.insert(
        "gen_ai.conversation.id".into(),
        shared.conversation_id.clone().into(),
    );
    attrs
}

/// The provider's id of the call, by which its support finds it.
fn provider_request_id(head: &ResponseHead) -> Option<String> {
    let fields = [
        "x-request-id",
        "request-id",
        "apim-request-id",
        "x-amzn-requestid",
        "x-generation-id",
    ];
    fields
        .into_iter()
        .find_map(|field| head.headers.get(field))
        .map(str::to_owned)
}

/// What a partial answer is known to lack.
fn missing(data: &Response, ending: Ending) -> impl Iterator<Item = &'static str> {
    let checks = [
        (data.status_code.is_none(), "status_code"),
        (true, "choices"),
        (data.usage.is_none(), "usage"),
        (ending != Ending::Complete, "latency_ms"),
    ];
    checks
        .into_iter()
        .filter_map(|(lacks, field)| lacks.then_some(field))
}

fn fill(
    data: &mut Response,
    answer: Answer,
    failed: bool,
    attrs: &mut Map<String, Value>,
    ext: &mut Map<String, Value>,
) {
    attrs.extend(answer.attrs);
    if let Some(id) = answer.id {
        data.provider_request_id.get_or_insert_with(|| id.clone());
        attrs.insert("gen_ai.response.id".into(), id.into());
    }
    if let Some(id) = answer.model {
        data.model = Some(Model { id });
    }
    if let Some(usage) = answer.usage {
        data.usage = Some(usage.usage);
        if let Some(written) = usage.cache_creation_tokens {
            attrs.insert(
                "gen_ai.usage.cache_creation.input_tokens".into(),
                written.into(),
            );
        }
    }
    data.error = answer.error;
    if failed && answer.choices.is_empty() {
        return;
    }
    let raw: Vec<Value> = answer
        .choices
        .values()
        .filter_map(|choice| choice.finish_raw.clone())
        .map(Value::from)
        .collect();
    if !raw.is_empty() {
        attrs.insert("gen_ai.response.finish_reasons".into(), raw.into());
    }
    let mut choices = Vec::new();
    let mut calls = Vec::new();
    let mut parts = Vec::new();
    for (index, draft) in answer.choices {
        parts.extend(parts_beyond_text(index, &draft));
        choices.push(choice(index, draft, &mut calls));
    }
    data.finish_reason = match &data.error {
        Some(_) => Some(FinishReason::Error),
        None => choices.first().and_then(|choice| choice.finish_reason),
    };
    data.choices = (!choices.is_empty()).then_some(choices);
    data.tool_calls_count = (!calls.is_empty()).then_some(calls.len());
    data.tool_calls = (!calls.is_empty()).then_some(calls);
    if !parts.is_empty() {
        ext.insert("oisp".into(), json!({"output_messages": parts}));
    }
}

fn choice(index: u64, draft: ChoiceDraft, calls: &mut Vec<ToolCall>) -> Choice {
    let finish_reason = finish(&draft);
    let says_text = !draft.text.is_empty()
        || (draft.tools.is_empty() && draft.refusal.is_empty() && draft.finish.is_some());
    let message = Message {
        role: "assistant",
        content_length: says_text.then(|| draft.text.chars().count()),
        content: says_text.then_some(draft.text),
        ..Message::default()
    };
    calls.extend(draft.tools.into_iter().map(|tool| ToolCall {
        id: tool.id,
        name: tool.name,
        kind: tool.kind,
        arguments: Arguments::parse(tool.arguments),
    }));
    Choice {
        index,
        message,
        finish_reason,
    }
}

/// A normal end that asks the client to run something is `tool_calls`, and a
/// refusal is `content_filter`, whatever word the provider used.
fn finish(draft: &ChoiceDraft) -> Option<FinishReason> {
    let finish = draft.finish?;
    if finish == FinishReason::Stop
        && draft
            .tools
            .iter()
            .any(crate::dialect::ToolDraft::is_for_client)
    {
        return Some(FinishReason::ToolCalls);
    }
    if finish == FinishReason::Stop && !draft.refusal.is_empty() {
        return Some(FinishReason::ContentFilter);
    }
    Some(finish)
}

/// Thinking, refusals and calls, as OpenTelemetry message parts.
fn parts_beyond_text(index: u64, draft: &ChoiceDraft) -> Option<Value> {
    let mut parts = Vec::new();
    if !draft.thinking.is_empty() {
        parts.push(json!({"type": "reasoning", "content": draft.thinking}));
    }
    if !draft.refusal.is_empty() {
        parts.push(json!({"type": "refusal", "content": draft.refusal}));
    }
    (!parts.is_empty()).then(|| json!({"choice": index, "role": "assistant", "parts": parts}))
}
