//! Calls around `:generateContent`: counting the tokens of a request, and
//! handing in many requests for later.

use serde_json::{Map, Value};

use super::wire::{Lists, camel};
use super::{path, request, stream};
use crate::dialect::answer::{Answer, UsageDraft, error_of};
use crate::dialect::call::Call;
use crate::dialect::json::Fields;
use crate::dialect::{AnswerStream, Dialect, Operation};
use crate::http::RequestHead;

/// `:countTokens`.
pub(super) struct CountTokens;

impl Dialect for CountTokens {
    fn name(&self) -> &'static str {
        "gemini.count_tokens"
    }

    fn operation(&self) -> Operation {
        Operation::COUNT_TOKENS
    }

    fn call(&self, head: &RequestHead, body: Value) -> Call {
        Call {
            streaming: None,
            ..request::call(head, body)
        }
    }

    fn answer(&self, body: Value) -> Answer {
        let error = error_of(&body);
        let body = camel(body);
        let count = body.number("totalTokens");
        let mut answer = Answer {
            error,
            is_answer: count.is_some(),
            ..Answer::default()
        };
        if count.is_some() {
            let draft = answer.usage.insert(UsageDraft::default());
            draft.usage.prompt_tokens = count;
            draft.usage.cached_tokens = body.number("cachedContentTokenCount");
        }
        answer
    }

    fn stream(&self) -> Box<dyn AnswerStream + Send> {
        Box::<stream::Stream>::default()
    }
}

/// `:batchGenerateContent` and `:asyncBatchEmbedContent`: how many requests.
/// What they say is told when they are answered elsewhere, not here.
pub(super) struct Batch;

impl Dialect for Batch {
    fn name(&self) -> &'static str {
        "gemini.batch"
    }

    fn operation(&self) -> Operation {
        Operation::BATCH
    }

    fn call(&self, head: &RequestHead, body: Value) -> Call {
        let mut attrs = Map::new();
        let inner = |mut map: Map<String, Value>, key: &str| map.take_camel(key);
        let requests = inner(camel(body), "batch")
            .and_then(|batch| inner(batch, "inputConfig"))
            .and_then(|config| inner(config, "requests"))
            .map(|mut requests| requests.take_list("requests").len());
        if let Some(count) = requests {
            attrs.insert("oisp.batch.request_count".into(), count.into());
        }
        Call {
            model: path::model(head),
            attrs,
            ..Call::default()
        }
    }

    fn answer(&self, body: Value) -> Answer {
        let error = error_of(&body);
        let mut body = camel(body);
        let id = body.take_text("name");
        let mut answer = Answer {
            is_answer: id.is_some(),
            id,
            error,
            ..Answer::default()
        };
        let state = body
            .take_camel("metadata")
            .and_then(|mut batch| batch.take_text("state"));
        if let Some(state) = state {
            answer
                .attrs
                .insert("oisp.batch.status".into(), state.into());
        }
        answer
    }

    fn stream(&self) -> Box<dyn AnswerStream + Send> {
        Box::<stream::Stream>::default()
    }
}
