//! `ai.request`.

use oisp_core::Event;
use oisp_core::event::ai::{Parameters, Request};
use oisp_core::event::{Confidence, Data};
use oisp_registry::Bundle;
use serde_json::{Map, Value, json};

use super::{Emitter, Shared, agents, confidence, provider, same_call, unreadable};
use crate::auth::auth_of;
use crate::connection::Side;
use crate::conversation::session_of;
use crate::dialect::{Call, Detection, SpokenMessage};
use crate::exchange::Asked;
use crate::http::Headers;
use crate::trace;

pub(super) fn emit(
    emitter: &mut Emitter<'_>,
    asked: Asked,
    side: Side,
    out: &mut Vec<Event>,
) -> Shared {
    let mut shared = share(emitter, &asked, side);
    let other_end = emitter.ends.asked(
        emitter.conn,
        side,
        emitter.exchange,
        asked.print,
        shared.request_event,
        shared.began,
    );
    let ends = [
        asked.head.authority.clone(),
        emitter.link.socket.map(|(_, remote)| remote.to_string()),
    ];
    agents::session_start(emitter, &shared, &asked, out);
    let mut confidence = confidence(asked.ending, asked.damage.reasons(), &asked);
    if asked.call.is_none() {
        unreadable(&mut confidence);
    }
    let mut data = Request {
        request_id: shared.request_id.clone(),
        conversation_id: Some(shared.conversation_id.clone()),
        provider: shared.provider.clone(),
        auth: Some(auth_of(&asked.head.headers, emitter.hash_key)),
        request_type: asked.dialect.operation().request_type,
        ..Request::default()
    };
    let mut attrs = shared.attrs.clone();
    let mut ext = Map::new();
    let mut results = Vec::new();
    let mut answered = Vec::new();
    match asked.call {
        Some(call) => {
            answered = agents::results(emitter, &shared, &call, &confidence, &mut results);
            data.system_prompt_hash = call.system().map(|text| emitter.hash_key.hash(&text));
            fill(
                &mut data,
                call,
                asked.detection,
                emitter.bundle,
                &mut attrs,
                &mut ext,
            );
        }
        None => confidence
            .missing
            .extend(["model", "messages"].map(str::to_owned)),
    }
    if side == Side::Client {
        let (pid, conversation) = (emitter.conn.pid, &shared.conversation_id);
        let effects = &mut emitter.agents.effects;
        effects.goes_on(pid, conversation, &answered, ends, shared.began);
    }
    shared.model.clone_from(&data.model);
    let mut event = event(emitter, &shared, confidence, data, attrs, ext);
    event.related_events.extend(other_end.map(same_call));
    out.push(event);
    out.append(&mut results);
    shared
}

fn event(
    emitter: &Emitter<'_>,
    shared: &Shared,
    confidence: Confidence,
    data: Request,
    attrs: Map<String, Value>,
    ext: Map<String, Value>,
) -> Event {
    let mut event = emitter.event(
        shared.request_event,
        shared.began,
        shared.request_point(),
        confidence,
        Data::AiRequest(Box::new(data)),
    );
    event.attrs = attrs;
    event.ext = ext;
    event.trace_context = Some(shared.trace.clone());
    event
}

fn share(emitter: &mut Emitter<'_>, asked: &Asked, side: Side) -> Shared {
    let began = asked.head.began;
    let request_event = emitter.event_id(began, "ai.request", 0);
    let call = asked.call.as_ref();
    let system = call.and_then(Call::system);
    let session =
        session_of(&asked.head.headers).or_else(|| call.and_then(|call| call.session.as_deref()));
    let conversation_id =
        emitter
            .conversations
            .id_of(emitter.conn, session, system.as_deref(), began);
    let named = provider::named(asked, emitter.bundle, emitter.link.scheme());
    let trace = trace::of(&asked.head.headers, &conversation_id, &request_event);
    Shared {
        request_event,
        request_id: format!("req_{request_event}"),
        conversation_id,
        attrs: attrs(emitter, asked, named.otel, side),
        provider: named.provider,
        prices: named.prices,
        model: None,
        began,
        side,
        dialect: asked.dialect,
        detection: asked.detection,
        trace,
    }
}

fn attrs(
    emitter: &Emitter<'_>,
    asked: &Asked,
    otel: Option<String>,
    side: Side,
) -> Map<String, Value> {
    let mut attrs = Map::new();
    attrs.insert("oisp.dialect".into(), asked.dialect.name().into());
    attrs.insert("oisp.side".into(), side.as_str().into());
    attrs.insert("oisp.connection.id".into(), emitter.conn.to_string().into());
    attrs.insert(
        "gen_ai.operation.name".into(),
        asked.dialect.operation().otel.into(),
    );
    if let Some(name) = otel {
        attrs.insert("gen_ai.provider.name".into(), name.into());
    }
    emitter.link.add_to(&mut attrs);
    if let Some(agent) = asked.head.headers.get("user-agent") {
        attrs.insert("user_agent.original".into(), agent.into());
    }
    for name in CLIENT_HEADERS {
        if let Some(value) = asked.head.headers.get(name) {
            attrs.insert(format!("http.request.header.{name}"), json!([value]));
        }
    }
    if let Some(retry) = retries(&asked.head.headers) {
        attrs.insert("http.request.resend_count".into(), retry.into());
    }
    attrs
}

/// Headers in which a client names itself beside `User-Agent`: Google's libraries,
/// the title of a program at OpenRouter, and what the SDKs of OpenAI and Anthropic
/// say of themselves.
const CLIENT_HEADERS: [&str; 5] = [
    "x-goog-api-client",
    "x-stainless-lang",
    "x-stainless-package-version",
    "x-stainless-runtime",
    "x-title",
];

/// How often the client has tried before, as the SDKs of OpenAI and Anthropic
/// tell it.
fn retries(headers: &Headers) -> Option<u64> {
    let count = headers.get("x-stainless-retry-count")?.parse().ok()?;
    (count > 0).then_some(count)
}

fn fill(
    data: &mut Request,
    call: Call,
    detection: Detection,
    bundle: &Bundle,
    attrs: &mut Map<String, Value>,
    ext: &mut Map<String, Value>,
) {
    fill_messages(data, &call);
    attrs.extend(call.attrs);
    data.model = call.model.map(|id| provider::model(id, bundle));
    // What an absent field means is known of known endpoints only.
    let default = (detection == Detection::KnownEndpoint).then_some(false);
    data.streaming = call.streaming.or(default);
    data.tools_count = (!call.tools.is_empty()).then_some(call.tools.len());
    data.tools = (!call.tools.is_empty()).then_some(call.tools);
    data.tool_choice = call.tool_choice;
    data.parameters = (call.parameters != Parameters::default()).then_some(call.parameters);
    let parts = parts_beyond_text(&call.messages);
    if !parts.is_empty() {
        ext.insert("oisp".into(), json!({"input_messages": parts}));
    }
    data.messages = Some(
        call.messages
            .into_iter()
            .map(|spoken| spoken.message)
            .collect(),
    );
}

fn fill_messages(data: &mut Request, call: &Call) {
    let messages = &call.messages;
    data.messages_count = Some(messages.len());
    let is_chat = data.request_type == "chat";
    let has_system = messages
        .iter()
        .any(|spoken| spoken.message.role == "system");
    data.has_system_prompt = (is_chat || has_system).then_some(has_system);
    let images: usize = messages
        .iter()
        .filter_map(|spoken| spoken.message.image_count)
        .sum();
    data.has_images = (is_chat || images > 0).then_some(images > 0);
    data.image_count = (images > 0).then_some(images);
}

/// What messages hold beyond text, with the position of the message.
fn parts_beyond_text(messages: &[SpokenMessage]) -> Vec<Value> {
    let with_parts = messages
        .iter()
        .enumerate()
        .filter(|(_, spoken)| !spoken.parts.is_empty());
    with_parts
        .map(|(index, spoken)| json!({"message": index, "role": spoken.message.role, "parts": spoken.parts}))
        .collect()
}

impl Call {
    /// The text of the system messages that open the conversation.
    fn system(&self) -> Option<String> {
        let opening = self
            .messages
            .iter()
            .take_while(|spoken| spoken.message.role == "system");
        let texts: Vec<_> = opening
            .filter_map(|spoken| spoken.message.content.as_deref())
            .collect();
        (!texts.is_empty()).then(|| texts.join("\n"))
    }
}
