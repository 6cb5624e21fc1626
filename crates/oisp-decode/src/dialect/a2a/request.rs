//! A message to an agent, or a question about a task.

use serde_json::{Map, Value};

use super::part::Content;
use super::{HOLDERS, take_any, unwrapped};
use crate::dialect::call::{Call, MessageBuilder, SpokenMessage};
use crate::dialect::json::Fields;

pub(super) fn call(mut body: Map<String, Value>) -> Call {
    let mut attrs = Map::new();
    if let Some(method) = body.take_text("method") {
        attrs.insert("rpc.method".into(), method.into());
    }
    if let Some(id @ (Value::String(_) | Value::Number(_))) = body.get("id")
        && body.contains_key("jsonrpc")
    {
        let id = id.as_str().map_or_else(|| id.to_string(), str::to_owned);
        attrs.insert("jsonrpc.request.id".into(), id.into());
    }
    let mut params = unwrapped(body, "params");
    let mut call = Call::default();
    let message = HOLDERS.into_iter().find_map(|key| params.take_object(key));
    if let Some(mut message) = message {
        if let Some(context) = take_any(&mut message, &["contextId", "context_id"]) {
            attrs.insert("oisp.a2a.context_id".into(), context.as_str().into());
            call.session = Some(context);
        }
        if let Some(task) = take_any(&mut message, &["taskId", "task_id"]) {
            attrs.insert("oisp.a2a.task_id".into(), task.into());
        }
        call.messages.push(spoken(message));
    } else if let Some(task) = params.take_text("id") {
        attrs.insert("oisp.a2a.task_id".into(), task.into());
    }
    call.attrs = attrs;
    call
}

fn spoken(mut message: Map<String, Value>) -> SpokenMessage {
    let role = match message.take_text("role").as_deref() {
        Some("agent" | "ROLE_AGENT") => "assistant",
        _ => "user",
    };
    let content = Content::of(&mut message);
    let mut builder = MessageBuilder::default();
    content
        .texts
        .into_iter()
        .for_each(|text| builder.text(text));
    for part in content.parts {
        if part.get("modality").is_some_and(|kind| kind == "image") {
            builder.image(part);
        } else {
            builder.part(part);
        }
    }
    builder.build(role)
}
