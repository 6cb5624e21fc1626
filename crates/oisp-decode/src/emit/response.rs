//! `ai.response`, and what follows from it: `ai.embedding` and the
//! `agent.tool_call` events.

use oisp_core::Event;
use oisp_core::event::ai::{Embedding, FinishReason, Response, ToolCall};
use oisp_core::event::{Confidence, Data, Related, Relationship};
use oisp_registry::Bundle;
use serde_json::{Map, Value, json};

use super::{
    Emitter, Shared, choice, chunk, confidence, headers, provider, same_call, timing, tools,
    unreadable,
};
use crate::agents::Turn;
use crate::connection::Side;
use crate::dialect::{Answer, EmbeddingDraft, UsageDraft};
use crate::exchange::Answered;
use crate::http::Ending;

pub(super) fn emit(
    emitter: &mut Emitter<'_>,
    shared: &Shared,
    mut answered: Answered,
    out: &mut Vec<Event>,
) {
    let response_event = emitter.event_id(answered.ended, "ai.response", 0);
    let at = answered.ended;
    let answer = answered.answer.take();
    for piece in std::mem::take(&mut answered.pieces) {
        out.push(chunk::emit(emitter, shared, piece));
    }
    let embedding = answer.as_ref().and_then(|answer| answer.embedding);
    let mut confidence = confidence_in(shared, &answered, answer.as_ref());
    let mut attrs = shared.attrs.clone();
    // More of the connection may be known by now.
    emitter.link.add_to(&mut attrs);
    let mut ext = Map::new();
    let data = response(emitter, shared, &answered, answer, &mut attrs, &mut ext);
    if !confidence.reasons.is_empty() {
        confidence
            .missing
            .extend(missing(&data, answered.ending).map(str::to_owned));
    }
    let for_client = |call: &&ToolCall| call.kind == "function";
    let made = data.tool_calls.iter().flatten().filter(for_client);
    let count = made.clone().count();
    let calls: Vec<_> = made.take(tools::MAX_CALLS).cloned().collect();
    if count > calls.len() {
        let left_out = count - calls.len();
        attrs.insert("oisp.tool_calls.without_event".into(), left_out.into());
    }
    let turn = Turn {
        tool_calls: count as u64,
        usage: data.usage,
    };
    if shared.side == Side::Client {
        // What a server tells of the same call would count twice.
        let sessions = &mut emitter.agents.sessions;
        sessions.answer(&shared.conversation_id, turn, at);
    }
    let embedding = embedding
        .filter(|_| data.success == Some(true))
        .map(|draft| embedding_event(&data, draft));
    let point = shared.answer_point();
    let mut event = emitter.event(
        response_event,
        at,
        point,
        confidence.clone(),
        Data::AiResponse(Box::new(data)),
    );
    event.attrs = attrs;
    event.ext = ext;
    event.trace_context = Some(shared.trace.clone());
    event.related_events.push(Related {
        event_id: shared.request_event,
        relationship: Relationship::Parent,
    });
    if shared.side == Side::Server {
        let other = emitter.ends.other(emitter.conn, &shared.request_event, at);
        event.related_events.extend(other.map(same_call));
    }
    out.push(event);
    if let Some(data) = embedding {
        let id = emitter.event_id(at, "ai.embedding", 0);
        let mut event = emitter.event(id, at, point, confidence.clone(), data);
        event.attrs = shared.attrs.clone();
        event.trace_context = Some(shared.trace.clone());
        event.related_events.push(Related {
            event_id: response_event,
            relationship: Relationship::CausedBy,
        });
        out.push(event);
    }
    let answer = (response_event, at);
    tools::emit(emitter, shared, answer, &confidence, calls, out);
}

fn embedding_event(response: &Response, draft: EmbeddingDraft) -> Data {
    Data::Embedding(Box::new(Embedding {
        provider: response.provider.clone(),
        model: response.model.clone(),
        input_count: Some(draft.count),
        total_tokens: response.usage.and_then(|usage| usage.total_tokens),
        dimensions: draft.dimensions,
        latency_ms: response.latency_ms,
    }))
}

fn confidence_in(shared: &Shared, answered: &Answered, answer: Option<&Answer>) -> Confidence {
    let mut confidence = confidence(answered.ending, answered.damage.reasons(), shared);
    // A body in another form than the request's dialect leads to expect.
    let failed = status_of(answered).is_some_and(|status| status >= 400);
    if !failed && answer.is_none_or(Answer::says_nothing) {
        unreadable(&mut confidence);
    }
    confidence
}

fn status_of(answered: &Answered) -> Option<u16> {
    answered.head.as_ref().and_then(|head| head.status)
}

fn response(
    emitter: &Emitter<'_>,
    shared: &Shared,
    answered: &Answered,
    answer: Option<Answer>,
    attrs: &mut Map<String, Value>,
    ext: &mut Map<String, Value>,
) -> Response {
    let status = status_of(answered);
    let mut data = Response {
        request_id: shared.request_id.clone(),
        conversation_id: Some(shared.conversation_id.clone()),
        provider: shared.provider.clone(),
        model: shared.model.clone(),
        provider_request_id: answered
            .head
            .as_ref()
            .and_then(headers::provider_request_id),
        status_code: status,
        ..Response::default()
    };
    if let Some(head) = &answered.head {
        headers::add_limits(head, attrs);
    }
    if let Some(answer) = answer {
        let failed = status.is_some_and(|status| status >= 400);
        let draft = answer.usage.unwrap_or_default();
        let bundle = emitter.bundle;
        fill(&mut data, answer, failed, bundle, attrs, ext);
        let prices = shared.prices.as_deref();
        provider::add_cost(&mut data, &draft, prices, shared.began, bundle, attrs);
    }
    data.success = status.map(|status| status < 400 && data.error.is_none());
    attrs.insert("oisp.streamed".into(), answered.streamed.into());
    timing::add(shared, answered, &mut data, attrs);
    data
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
    bundle: &Bundle,
    attrs: &mut Map<String, Value>,
    ext: &mut Map<String, Value>,
) {
    attrs.extend(answer.attrs);
    if let Some(id) = answer.id {
        data.provider_request_id.get_or_insert_with(|| id.clone());
        attrs.insert("gen_ai.response.id".into(), id.into());
    }
    if let Some(id) = answer.model {
        data.model = Some(provider::model(id, bundle));
    }
    if let Some(server) = answer.provider.filter(|_| data.provider.name == "other") {
        data.provider.name = server.to_owned();
    }
    if let Some(usage) = answer.usage {
        data.usage = Some(usage.usage);
        add_usage(&usage, attrs);
    }
    if let Some(cost) = answer.cost_usd {
        data.usage.get_or_insert_default().total_cost_usd = Some(cost);
        attrs.insert("oisp.cost.source".into(), "provider".into());
    }
    data.error = answer.error;
    let mut output = Map::new();
    if !answer.parts.is_empty() {
        output.insert("output_parts".into(), answer.parts.into());
    }
    if !failed || !answer.choices.is_empty() {
        add_choices(data, answer.choices, attrs, &mut output);
    }
    if !output.is_empty() {
        ext.insert("oisp".into(), output.into());
    }
}

/// What the schema's usage has no fields for.
fn add_usage(usage: &UsageDraft, attrs: &mut Map<String, Value>) {
    let counts = [
        (
            "gen_ai.usage.cache_creation.input_tokens",
            usage.cache_creation_tokens,
        ),
        (
            "oisp.usage.cache_creation_1h.input_tokens",
            usage.cache_creation_1h_tokens,
        ),
        ("gen_ai.usage.audio.input_tokens", usage.input_audio_tokens),
        (
            "gen_ai.usage.audio.output_tokens",
            usage.output_audio_tokens,
        ),
        ("gen_ai.usage.image.input_tokens", usage.input_image_tokens),
        (
            "gen_ai.usage.image.output_tokens",
            usage.output_image_tokens,
        ),
        ("oisp.usage.web_search_requests", usage.web_searches),
    ];
    for (name, count) in counts {
        if let Some(count) = count {
            attrs.insert(name.into(), count.into());
        }
    }
}

fn add_choices(
    data: &mut Response,
    drafts: std::collections::BTreeMap<u64, crate::dialect::ChoiceDraft>,
    attrs: &mut Map<String, Value>,
    output: &mut Map<String, Value>,
) {
    let raw: Vec<Value> = drafts
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
    for (index, draft) in drafts {
        parts.extend(choice::parts_beyond_text(index, &draft));
        choices.push(choice::choice(index, draft, &mut calls));
    }
    data.finish_reason = match &data.error {
        Some(_) => Some(FinishReason::Error),
        None => choices.first().and_then(|choice| choice.finish_reason),
    };
    data.choices = (!choices.is_empty()).then_some(choices);
    data.tool_calls_count = (!calls.is_empty()).then_some(calls.len());
    data.tool_calls = (!calls.is_empty()).then_some(calls);
    if !parts.is_empty() {
        output.insert("output_messages".into(), json!(parts));
    }
}
