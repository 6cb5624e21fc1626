//! A text to go on with: the answer, and the usage and finish words that stream
//! and answer share.

use oisp_core::event::ai::{FinishReason, Usage};
use serde_json::{Map, Value};

use crate::dialect::answer::{Answer, ChoiceDraft, UsageDraft, error_of, with_total};
use crate::dialect::json::{Fields, object};

/// Lists of alternatives.
pub(super) const LISTS: [&str; 5] = [
    "results",
    "outputs",
    "generations",
    "completions",
    "choices",
];

/// Names of the text of one alternative.
const TEXTS: [&str; 7] = [
    "text",
    "outputText",
    "completion",
    "generation",
    "generated_text",
    "summary",
    "message",
];

/// Names of the word that says why it ended.
const ENDS: [&str; 4] = [
    "finish_reason",
    "stop_reason",
    "completionReason",
    "finishReason",
];

/// Reads a whole answer.
pub(in crate::dialect) fn answer(body: Value) -> Answer {
    let mut answer = Answer {
        error: error_of(&body),
        ..Answer::default()
    };
    if let Value::Array(items) = body {
        add_list(&mut answer, items);
        return answer;
    }
    let mut body = object(body);
    head(&mut answer, &mut body);
    if let Some(counts) = WireUsage::default().merged(&body).draft() {
        answer.usage = Some(counts);
    }
    match LISTS
        .into_iter()
        .find(|list| body.get(*list).is_some_and(Value::is_array))
    {
        Some(list) => add_list(&mut answer, body.take_items(list)),
        None => add_alone(&mut answer, body),
    }
    answer
}

/// What an answer, or an event of a stream, says of the answer itself.
pub(super) fn head(answer: &mut Answer, body: &mut Map<String, Value>) {
    let id = match body.get("id") {
        Some(Value::Number(number)) => Some(number.to_string()),
        _ => body.take_text("id"),
    };
    answer.id = answer.id.take().or(id);
    answer.model = body.take_text("model").or(answer.model.take());
}

fn add_list(answer: &mut Answer, items: Vec<Value>) {
    for (position, item) in items.into_iter().enumerate() {
        let mut item = match item {
            Value::String(text) => Map::from_iter([("text".to_owned(), Value::String(text))]),
            item => object(item),
        };
        let index = item.number("index").unwrap_or(position as u64);
        let draft = answer.choice(index);
        draft.text.push_str(&text(&mut item).unwrap_or_default());
        finish(draft, end(&mut item));
    }
}

fn add_alone(answer: &mut Answer, mut body: Map<String, Value>) {
    if let Some(text) = text(&mut body) {
        let draft = answer.choice(0);
        draft.text = text;
        let mut details = body.take_object("details").unwrap_or_default();
        finish(draft, end(&mut body).or_else(|| end(&mut details)));
    }
}

/// The text of an alternative; AI21 puts it inside. Text that is there and empty
/// is an empty text.
pub(super) fn text(item: &mut Map<String, Value>) -> Option<String> {
    if item.get("data").is_some_and(Value::is_object) {
        return item.take_object("data")?.take_text("text");
    }
    let mut texts = TEXTS
        .into_iter()
        .filter_map(|name| match item.get_mut(name)? {
            Value::String(text) => Some(std::mem::take(text)),
            _ => None,
        });
    texts.next()
}

/// Why an alternative ended, in the provider's word.
pub(super) fn end(item: &mut Map<String, Value>) -> Option<String> {
    if item.get("finishReason").is_some_and(Value::is_object) {
        return item.take_object("finishReason")?.take_text("reason");
    }
    ENDS.into_iter().find_map(|name| item.take_text(name))
}

/// The counts as the wire gives them. In a stream they are cumulative.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct WireUsage {
    input: Option<u64>,
    output: Option<u64>,
    total: Option<u64>,
}

impl WireUsage {
    /// What is given replaces what was given before.
    pub(super) fn merged(self, body: &Map<String, Value>) -> Self {
        let counts = body.get("usage").or_else(|| body.get("meta"));
        let counts = counts.and_then(|counts| counts.get("billed_units").or(Some(counts)));
        let first = |names: &[&str]| {
            let nested = counts.and_then(Value::as_object);
            let details = body.get("details").and_then(Value::as_object);
            let holders = [Some(body), nested, details].into_iter().flatten();
            let mut found =
                holders.flat_map(|holder| names.iter().filter_map(|name| holder.number(name)));
            found.next()
        };
        Self {
            input: first(&[
                "inputTextTokenCount",
                "prompt_token_count",
                "num_tokens_prompt_total",
                "prompt_tokens",
                "input_tokens",
            ])
            .or(self.input),
            output: first(&[
                "totalOutputTextTokenCount",
                "generation_token_count",
                "num_tokens_generated",
                "completion_tokens",
                "output_tokens",
                "generated_tokens",
            ])
            .or_else(|| results(body))
            .or(self.output),
            total: first(&["total_tokens"]).or(self.total),
        }
    }

    pub(super) fn draft(self) -> Option<UsageDraft> {
        self.input.or(self.output).or(self.total)?;
        let usage = Usage {
            prompt_tokens: self.input,
            completion_tokens: self.output,
            ..Usage::default()
        };
        Some(UsageDraft {
            usage: with_total(usage, self.total),
            ..UsageDraft::default()
        })
    }
}

/// The tokens of the alternatives that Titan counts one by one.
fn results(body: &Map<String, Value>) -> Option<u64> {
    let results = body.get("results")?.as_array()?;
    let counts = results
        .iter()
        .map(|result| result.as_object()?.number("tokenCount"));
    let counts: Option<Vec<_>> = counts.collect();
    counts
        .filter(|counts| !counts.is_empty())
        .map(|counts| counts.into_iter().fold(0, u64::saturating_add))
}

/// Sets the finish reason, raw and in the schema's words.
pub(in crate::dialect) fn finish(draft: &mut ChoiceDraft, raw: Option<String>) {
    let Some(raw) = raw else { return };
    draft.finish = Some(match raw.to_ascii_lowercase().as_str() {
        "stop" | "stop_sequence" | "stop_criteria_met" | "end_turn" | "endoftext"
        | "end_of_text" | "eos" | "eos_token" | "finish" | "finished" | "complete" => {
            FinishReason::Stop
        }
        "length" | "max_tokens" | "maximum_tokens" | "error_limit" => FinishReason::Length,
        "tool_call" | "tool_calls" | "tool_use" => FinishReason::ToolCalls,
        "content_filter" | "content_filtered" | "error_toxic" | "guardrail_intervened" => {
            FinishReason::ContentFilter
        }
        "error" | "timeout" => FinishReason::Error,
        _ => FinishReason::Other,
    });
    draft.finish_raw = Some(raw);
}
