//! The message of a choice, whole or a delta of it: both have the same fields.

use serde_json::{Map, Value};

use super::tool;
use crate::dialect::answer::ChoiceDraft;
use crate::dialect::json::{Fields, object};
use crate::dialect::{openai, parts};

/// Adds what a whole message and a delta share: text, refusal, thinking,
/// pictures, sources. True where there was something to read or to see.
pub(super) fn add(draft: &mut ChoiceDraft, message: &mut Map<String, Value>) -> bool {
    let before = size(draft);
    content(draft, message.get_mut("content").map(Value::take));
    draft
        .refusal
        .push_str(&message.take_text("refusal").unwrap_or_default());
    draft
        .thinking
        .push_str(&thinking(message).unwrap_or_default());
    for image in message.take_items("images") {
        add_part(draft, object(image));
    }
    add_sources(draft, message);
    tool::add_executed(draft, message.take_items("executed_tools"));
    size(draft) > before
}

fn size(draft: &ChoiceDraft) -> usize {
    draft.text.len() + draft.refusal.len() + draft.thinking.len() + draft.parts.len()
}

/// Content is text, or parts of which some are text.
fn content(draft: &mut ChoiceDraft, content: Option<Value>) {
    match content {
        Some(Value::String(more)) => draft.text.push_str(&more),
        Some(Value::Array(parts)) => {
            for part in parts {
                match part {
                    Value::String(more) => draft.text.push_str(&more),
                    part => add_part(draft, object(part)),
                }
            }
        }
        Some(Value::Object(part)) => add_part(draft, part),
        _ => {}
    }
}

fn add_part(draft: &mut ChoiceDraft, mut part: Map<String, Value>) {
    let kind = part.take_text("type").unwrap_or_default();
    match kind.as_str() {
        "text" | "output_text" | "" => {
            let text = part.take_text("text").unwrap_or_default();
            draft.text.push_str(&text);
        }
        "thinking" | "reasoning" => draft.thinking.push_str(&openai::reasoning_text(&mut part)),
        "refusal" => {
            let text = part.take_text("refusal").unwrap_or_default();
            draft.refusal.push_str(&text);
        }
        "reference" => {
            part.insert("type".into(), kind.clone().into());
            let sources = openai::citations("citations", vec![Value::Object(part)]);
            draft.parts.extend(sources);
        }
        "image_url" => {
            let url = match part.get_mut("image_url").map(Value::take) {
                Some(Value::String(url)) => Some(url),
                Some(Value::Object(mut image)) => image.take_text("url"),
                _ => None,
            };
            if let Some(url) = url {
                draft.parts.push(openai::source("image", None, &url));
            }
        }
        other => draft.parts.push(parts::generic(other)),
    }
}

/// Reasoning as compatible providers give it: one text under one of two names,
/// else a list of details.
fn thinking(message: &mut Map<String, Value>) -> Option<String> {
    let text = message
        .take_text("reasoning_content")
        .or_else(|| message.take_text("reasoning"));
    text.or_else(|| {
        let details = message.take_items("reasoning_details").into_iter();
        let texts = details.filter_map(|detail| {
            let mut detail = object(detail);
            detail
                .take_text("text")
                .or_else(|| detail.take_text("summary"))
        });
        Some(texts.collect::<Vec<_>>().concat())
    })
}

/// Annotations, and the context that Azure found in the user's own data.
fn add_sources(draft: &mut ChoiceDraft, message: &mut Map<String, Value>) {
    let mut sources = message.take_items("annotations");
    if let Some(mut context) = message.take_object("context") {
        sources.extend(context.take_items("citations"));
    }
    draft.parts.extend(openai::citations("citations", sources));
}

/// Adds the tool calls of a whole message.
pub(super) fn add_tools(draft: &mut ChoiceDraft, message: &mut Map<String, Value>) {
    for (position, call) in message.take_items("tool_calls").into_iter().enumerate() {
        draft.tools.push(tool::whole(position as u64, object(call)));
    }
    if let Some(function) = message.take_object("function_call") {
        draft.tools.push(tool::legacy(function));
    }
}
