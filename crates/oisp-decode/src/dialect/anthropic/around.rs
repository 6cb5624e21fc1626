//! Calls around `POST /v1/messages`: counting the tokens of a request, and
//! handing in many requests for later.

use serde_json::{Map, Value};

use super::{request, stream};
use crate::dialect::answer::{Answer, UsageDraft, error_of};
use crate::dialect::call::Call;
use crate::dialect::json::{Fields, object};
use crate::dialect::{AnswerStream, Dialect, Operation};
use crate::http::RequestHead;

/// `POST /v1/messages/count_tokens`.
pub(in crate::dialect) struct CountTokens;

impl Dialect for CountTokens {
    fn name(&self) -> &'static str {
        "anthropic.count_tokens"
    }

    fn operation(&self) -> Operation {
        Operation::COUNT_TOKENS
    }

    fn call(&self, _head: &RequestHead, body: Value) -> Call {
        request::call(body)
    }

    fn answer(&self, body: Value) -> Answer {
        let count = body.get("input_tokens").and_then(Value::as_u64);
        let mut answer = Answer {
            error: error_of(&body),
            is_answer: count.is_some(),
            ..Answer::default()
        };
        if count.is_some() {
            let draft = answer.usage.insert(UsageDraft::default());
            draft.usage.prompt_tokens = count;
        }
        answer
    }

    fn stream(&self) -> Box<dyn AnswerStream + Send> {
        Box::<stream::Stream>::default()
    }
}

/// `POST /v1/messages/batches`: how many requests, and for which model, where
/// it is the same for all. What they say is told when they are answered
/// elsewhere, not here.
pub(in crate::dialect) struct Batch;

impl Dialect for Batch {
    fn name(&self) -> &'static str {
        "anthropic.batch"
    }

    fn operation(&self) -> Operation {
        Operation::BATCH
    }

    fn call(&self, _head: &RequestHead, body: Value) -> Call {
        let requests = object(body).take_items("requests");
        let model =
            |request: &Value| Some(request.get("params")?.get("model")?.as_str()?.to_owned());
        let first = requests.first().and_then(model);
        let mut attrs = Map::new();
        attrs.insert("oisp.batch.request_count".into(), requests.len().into());
        Call {
            model: first.filter(|first| {
                requests
                    .iter()
                    .all(|request| model(request).as_ref() == Some(first))
            }),
            attrs,
            ..Call::default()
        }
    }

    fn answer(&self, body: Value) -> Answer {
        let error = error_of(&body);
        let mut body = object(body);
        let mut answer = Answer {
            id: body.take_text("id"),
            error,
            ..Answer::default()
        };
        answer.is_answer = answer.id.is_some();
        if let Some(status) = body.take_text("processing_status") {
            let key = "oisp.batch.status";
            answer.attrs.insert(key.into(), status.into());
        }
        answer
    }

    fn stream(&self) -> Box<dyn AnswerStream + Send> {
        Box::<stream::Stream>::default()
    }
}
