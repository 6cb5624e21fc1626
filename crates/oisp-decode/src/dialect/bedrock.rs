//! AWS Bedrock: `POST /model/{id}/…`. `converse` has a form of its own;
//! `invoke` has the form of the model behind it, which is told by the model's id
//! and, where that is a resource name, by the shape of what is sent and
//! answered.

mod count;
mod form;
mod head;
mod image;
mod invoke;
mod path;
mod stream;

use serde_json::Value;

use self::form::Form;
pub(super) use self::head::add_error_type;
use self::path::{Target, Verb};
use super::route::Route;
use super::{Answer, AnswerStream, Call, Dialect, Operation, WholeAnswers, converse};
use crate::http::{RequestHead, ResponseHead};

pub(super) fn route(route: &Route<'_>) -> Option<&'static dyn Dialect> {
    let target = Target::of(route.path)?;
    match target.verb {
        // A stored prompt is called without messages.
        Verb::Converse | Verb::ConverseStream => is_object(route).then_some(&Converse),
        Verb::CountTokens => route.may_have("input").then_some(&CountTokens),
        Verb::Invoke | Verb::InvokeStream => {
            let host = route.head.authority.as_deref().unwrap_or_default();
            let form = Form::of(&target.model(), host.contains("bedrock"), route.body);
            form.map(invoke_dialect)
        }
    }
}

fn is_object(route: &Route<'_>) -> bool {
    route.body.is_none_or(Value::is_object)
}

fn invoke_dialect(form: Form) -> &'static dyn Dialect {
    match form {
        Form::Anthropic => &Invoke(Form::Anthropic),
        Form::Converse => &Invoke(Form::Converse),
        Form::OpenAi => &Invoke(Form::OpenAi),
        Form::CohereV1 => &Invoke(Form::CohereV1),
        Form::CohereV2 => &Invoke(Form::CohereV2),
        Form::Prompt => &Invoke(Form::Prompt),
        Form::Embed => &Invoke(Form::Embed),
        Form::Image => &Invoke(Form::Image),
        Form::Rerank => &Invoke(Form::Rerank),
    }
}

/// `converse` and `converse-stream`.
struct Converse;

impl Dialect for Converse {
    fn name(&self) -> &'static str {
        "bedrock.converse"
    }

    fn provider(&self) -> Option<&'static str> {
        Some("aws_bedrock")
    }

    fn call(&self, head: &RequestHead, body: Value) -> Call {
        head::told(head, converse::call(body))
    }

    fn answer(&self, body: Value) -> Answer {
        converse::answer(body)
    }

    fn add_head(&self, head: &ResponseHead, answer: &mut Answer) {
        head::add(head, answer);
    }

    fn stream(&self) -> Box<dyn AnswerStream + Send> {
        Box::<converse::Stream>::default()
    }
}

/// `invoke` and `invoke-with-response-stream`.
struct Invoke(Form);

impl Dialect for Invoke {
    fn name(&self) -> &'static str {
        "bedrock.invoke"
    }

    fn operation(&self) -> Operation {
        match self.0 {
            Form::Embed => Operation::EMBEDDING,
            Form::Image => Operation::IMAGE,
            Form::Rerank => Operation::RERANK,
            Form::Prompt => Operation::COMPLETION,
            _ => Operation::CHAT,
        }
    }

    fn provider(&self) -> Option<&'static str> {
        Some("aws_bedrock")
    }

    fn call(&self, head: &RequestHead, body: Value) -> Call {
        head::told(head, invoke::call(self.0, head, body))
    }

    fn answer(&self, body: Value) -> Answer {
        invoke::answer(body)
    }

    fn add_head(&self, head: &ResponseHead, answer: &mut Answer) {
        head::add(head, answer);
    }

    fn stream(&self) -> Box<dyn AnswerStream + Send> {
        Box::<stream::Stream>::default()
    }
}

/// `count-tokens`.
struct CountTokens;

impl Dialect for CountTokens {
    fn name(&self) -> &'static str {
        "bedrock.count_tokens"
    }

    fn operation(&self) -> Operation {
        Operation::COUNT_TOKENS
    }

    fn provider(&self) -> Option<&'static str> {
        Some("aws_bedrock")
    }

    fn call(&self, head: &RequestHead, body: Value) -> Call {
        head::told(head, count::call(head, body))
    }

    fn answer(&self, body: Value) -> Answer {
        count::answer(body)
    }

    fn add_head(&self, head: &ResponseHead, answer: &mut Answer) {
        head::add_error_type(head, answer);
    }

    fn stream(&self) -> Box<dyn AnswerStream + Send> {
        Box::new(WholeAnswers::new(count::answer))
    }
}
