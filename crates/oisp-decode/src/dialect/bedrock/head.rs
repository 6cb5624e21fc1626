//! What stands in heads: the model in the path of a request, counts and the type
//! of an error in the fields of an answer.

use oisp_core::event::ai::{Error, Usage};

use super::path::Target;
use crate::dialect::answer::{Answer, UsageDraft, with_total};
use crate::dialect::call::Call;
use crate::dialect::converse::WireUsage;
use crate::http::{RequestHead, ResponseHead};

/// Adds what the head of a request tells.
pub(super) fn told(head: &RequestHead, mut call: Call) -> Call {
    if let Some(target) = Target::of_head(head) {
        call.model = Some(target.model());
        call.streaming = Some(target.streams());
    }
    if let Some(id) = head.headers.get("x-amzn-bedrock-guardrailidentifier") {
        call.attrs
            .insert("aws.bedrock.guardrail.id".into(), id.into());
    }
    call
}

/// Adds what the head of an answer tells and its body does not.
pub(super) fn add(head: &ResponseHead, answer: &mut Answer) {
    add_error_type(head, answer);
    let count = |name: &str| {
        let name = format!("x-amzn-bedrock-{name}");
        head.headers.get(&name)?.parse::<u64>().ok()
    };
    let counts = WireUsage {
        input: count("input-token-count"),
        output: count("output-token-count"),
        cache_read: count("cache-read-input-token-count"),
        cache_write: count("cache-write-input-token-count"),
        cache_write_1h: None,
    };
    add_usage(counts.draft(), answer);
    if let Some(latency) = count("invocation-latency") {
        let name = "aws.bedrock.invocation_latency_ms";
        answer.attrs.entry(name).or_insert_with(|| latency.into());
    }
}

/// Adds counts from beside the answer: what the answer itself counts stands.
pub(super) fn add_usage(beside: Option<UsageDraft>, answer: &mut Answer) {
    let Some(beside) = beside else { return };
    let Some(own) = &mut answer.usage else {
        // Vectors and ranks have no output, which AWS then counts as 0.
        let no_output = answer.embedding.is_some() || answer.is_answer;
        answer.usage = Some(if no_output {
            without_output(beside)
        } else {
            beside
        });
        return;
    };
    let (given, usage) = (beside.usage, &mut own.usage);
    if usage.prompt_tokens.is_none() {
        usage.prompt_tokens = given.prompt_tokens;
        usage.cached_tokens = usage.cached_tokens.or(given.cached_tokens);
        own.cache_creation_tokens = own.cache_creation_tokens.or(beside.cache_creation_tokens);
    }
    if answer.embedding.is_none() && !answer.is_answer {
        usage.completion_tokens = usage.completion_tokens.or(given.completion_tokens);
    }
    let total = usage.total_tokens;
    *usage = with_total(*usage, total);
}

fn without_output(counts: UsageDraft) -> UsageDraft {
    let usage = Usage {
        completion_tokens: None,
        total_tokens: None,
        ..counts.usage
    };
    UsageDraft { usage, ..counts }
}

/// `ValidationException:http://…`: what stands before the colon.
pub(in crate::dialect) fn add_error_type(head: &ResponseHead, answer: &mut Answer) {
    let Some(field) = head.headers.get("x-amzn-errortype") else {
        return;
    };
    let kind = field.split(':').next().unwrap_or(field);
    let kind = kind.rsplit('#').next().unwrap_or(kind);
    let error = answer.error.get_or_insert_with(Error::default);
    error.kind.get_or_insert_with(|| kind.to_owned());
}
