//! `invoke`: bodies in the form of the model. Answers are told by their own
//! shape, for the id may be a resource name that names no model.

use serde_json::{Map, Value};

use super::form::Form;
use super::image;
use crate::dialect::anthropic::Anthropic;
use crate::dialect::openai_chat::OpenAiChat;
use crate::dialect::{Answer, Call, Dialect as _, cohere, converse, embed, prompt, rerank};
use crate::http::RequestHead;

/// Reads a request.
pub(super) fn call(form: Form, head: &RequestHead, body: Value) -> Call {
    match form {
        Form::Anthropic if body.get("messages").is_some() => Anthropic.call(head, body),
        Form::Converse => converse::call(body),
        Form::OpenAi => OpenAiChat.call(head, body),
        Form::CohereV1 => cohere::v1::call(body),
        Form::CohereV2 => cohere::v2::call(body),
        Form::Prompt | Form::Anthropic => prompt::call(body),
        Form::Embed => embed::call(body),
        Form::Image => image::call(body),
        Form::Rerank => rerank::call(body),
    }
}

/// Reads a whole answer.
pub(super) fn answer(mut body: Value) -> Answer {
    let guardrail = body
        .get_mut("amazon-bedrock-guardrailAction")
        .map(Value::take);
    let mut answer = by_shape(body);
    if let Some(action @ Value::String(_)) = guardrail {
        let name = "aws.bedrock.guardrail.action";
        answer.attrs.insert(name.into(), action);
    }
    answer
}

fn by_shape(body: Value) -> Answer {
    let is_list = |name: &str| body.get(name).is_some_and(Value::is_array);
    let is_text = |name: &str| body.get(name).is_some_and(Value::is_string);
    if body.get("output").is_some_and(Value::is_object) {
        return converse::answer(body);
    }
    if is_list("content") {
        return Anthropic.answer(body);
    }
    if is_chat(&body) {
        return OpenAiChat.answer(as_openai(body));
    }
    if body.get("message").is_some_and(Value::is_object) {
        return cohere::v2::answer(body);
    }
    if is_text("text") && (is_text("generation_id") || is_text("response_id")) {
        return cohere::v1::answer(body);
    }
    if rerank::is_answer(&body) {
        return rerank::answer(body);
    }
    if embed::is_answer(&body) {
        return embed::answer(body);
    }
    if image::is_answer(&body) {
        return image::answer(body);
    }
    prompt::answer(body)
}

/// Choices that are messages, not bare texts.
pub(super) fn is_chat(body: &Value) -> bool {
    let choices = body.get("choices").and_then(Value::as_array);
    choices.is_some_and(|choices| choices.iter().all(|choice| choice.get("text").is_none()))
}

/// An answer, or an event of a stream, with the names that OpenAI has: Mistral's
/// models on Bedrock say `stop_reason`, and `message` also for a piece of one.
pub(super) fn as_openai(mut body: Value) -> Value {
    let is_event = body
        .get("object")
        .is_some_and(|object| object == "chat.completion.chunk");
    let choices = body.get_mut("choices").and_then(Value::as_array_mut);
    for choice in choices
        .into_iter()
        .flatten()
        .filter_map(Value::as_object_mut)
    {
        rename(choice, "stop_reason", "finish_reason");
        if is_event {
            rename(choice, "message", "delta");
        }
    }
    body
}

/// Gives a field another name, unless it has one of that name.
pub(super) fn rename(object: &mut Map<String, Value>, from: &str, to: &str) {
    if object.get(to).is_none_or(Value::is_null)
        && let Some(value) = object.remove(from)
    {
        object.insert(to.to_owned(), value);
    }
}
