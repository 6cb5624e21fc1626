//! What the provider means to say, before a dialect writes it down.

use serde::Serialize;

use crate::directive::{Directive, plain_model, plain_prompt};
use crate::scenario::Scenario;

/// A call, read from a request of any dialect.
#[derive(Clone, Debug, Default)]
pub(crate) struct Call {
    pub(crate) model: String,
    pub(crate) prompt: String,
    pub(crate) after_tool: bool,
    pub(crate) stream: bool,
    /// Report usage at the end of a stream.
    pub(crate) stream_usage: bool,
    pub(crate) choices: usize,
    /// Length of everything the model was told, in characters.
    pub(crate) input_chars: usize,
    pub(crate) directive: Directive,
}

impl Call {
    /// The model's name without a directive.
    pub(crate) fn plain_model(&self) -> &str {
        plain_model(&self.model)
    }
}

/// What an answer meant: the truth that an observer is measured against.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Meant {
    /// The model that answered.
    pub model: String,
    /// The answer came as an event stream.
    pub streamed: bool,
    /// The text of each choice; in a stream that was broken off, the text
    /// until then. Empty where the answer is an error.
    pub texts: Vec<String>,
    /// The thoughts before the answer.
    pub thinking: Option<String>,
    /// The tool calls, in order.
    pub tool_calls: Vec<ToolCall>,
    /// The tokens that the answer reports; absent where it reports none, or
    /// was broken off before its last word on them.
    pub usage: Option<Usage>,
    /// The finish or stop reason in the dialect's own word; absent where the
    /// answer did not come to it.
    pub finish: Option<String>,
    /// The error that the answer tells.
    pub error: Option<FailureTold>,
}

/// A tool call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ToolCall {
    /// Its id.
    pub id: String,
    /// The tool.
    pub name: String,
    /// The arguments: a JSON object as text.
    pub arguments: String,
}

/// Tokens as totals: `input` holds the cached and written ones, `output` the
/// ones for reasoning, in every dialect.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Usage {
    /// All input tokens.
    pub input: u64,
    /// All output tokens.
    pub output: u64,
    /// Input tokens read from the cache.
    pub cached: u64,
    /// Input tokens written to the cache.
    pub cache_write: u64,
    /// Output tokens spent on reasoning.
    pub reasoning: u64,
}

/// An error, as told to the client.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FailureTold {
    /// The dialect's own word for the kind of error.
    pub kind: String,
    /// The message.
    pub message: String,
}

const THOUGHTS: &str = "The question is short, so a short answer will do. Überlegen wir kurz … 🤔";
const LONGEST_QUOTE: usize = 160;

impl Meant {
    /// The answer to `call`: the scenario's, or one derived from the prompt.
    /// The same call always gets the same answer, save for the ids.
    pub(crate) fn to(call: &Call, scenario: Option<&Scenario>, token: &str) -> Self {
        let tool_calls = tool_calls(call, scenario, token);
        let thinking = thinking(call, scenario);
        let silent = call.directive.tool_only && !tool_calls.is_empty();
        let texts: Vec<String> = (0..call.choices.max(1))
            .map(|choice| {
                if silent {
                    String::new()
                } else {
                    text(call, scenario, choice)
                }
            })
            .collect();
        let usage = usage(call, &texts, &tool_calls, thinking.as_deref());
        Self {
            model: dated(plain_model(&call.model)),
            streamed: call.stream,
            texts,
            thinking,
            tool_calls,
            usage: Some(usage),
            finish: None,
            error: None,
        }
    }

    pub(crate) fn failure(model: &str, kind: &str, message: &str) -> Self {
        let error = Some(FailureTold {
            kind: kind.to_owned(),
            message: message.to_owned(),
        });
        Self {
            model: plain_model(model).to_owned(),
            error,
            ..Self::default()
        }
    }
}

fn text(call: &Call, scenario: Option<&Scenario>, choice: usize) -> String {
    if let Some(scenario) = scenario {
        return scenario.text.to_owned();
    }
    let base = derived_text(call, choice);
    match (call.directive.bytes, call.directive.chunks) {
        (Some(bytes), _) => sized(&base, bytes),
        // Eight bytes a chunk, so that no chunk is empty.
        (None, Some(chunks)) if chunks * 8 > base.len() => sized(&base, chunks * 8),
        _ => base,
    }
}

/// Quotes the prompt and holds its hash, so that the answers to two prompts
/// that begin alike differ too.
fn derived_text(call: &Call, choice: usize) -> String {
    let prompt = plain_prompt(&call.prompt);
    let quote: String = prompt.chars().take(LONGEST_QUOTE).collect();
    let hash = fingerprint(prompt.as_bytes());
    let after = if call.after_tool {
        " The tool results are in."
    } else {
        ""
    };
    format!(
        "You said “{quote}” ({} characters, fingerprint {hash:016x}, choice {choice}).{after} \
         Grüße aus Zürich 🌤️ — 日本語もどうぞ 👩‍💻\n",
        prompt.chars().count()
    )
}

/// FNV-1a, 64 bits: enough to tell prompts apart in a test.
pub(crate) fn fingerprint(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// `base` repeated to exactly `bytes` bytes, filled up with dots where the
/// last character does not fit.
fn sized(base: &str, bytes: usize) -> String {
    let mut text = base.repeat(bytes / base.len().max(1) + 1);
    let end = (0..=bytes.min(text.len()))
        .rev()
        .find(|at| text.is_char_boundary(*at))
        .unwrap_or(0);
    text.truncate(end);
    text.extend(std::iter::repeat_n('.', bytes - end));
    text
}

fn tool_calls(call: &Call, scenario: Option<&Scenario>, token: &str) -> Vec<ToolCall> {
    let named = |index: usize, name: &str, arguments: String| ToolCall {
        id: format!("{token}{index:02}"),
        name: name.to_owned(),
        arguments,
    };
    if let Some(scenario) = scenario {
        let tools = scenario.tools.iter().enumerate();
        return tools
            .map(|(index, (name, arguments))| named(index, name, (*arguments).to_owned()))
            .collect();
    }
    if call.after_tool {
        return Vec::new();
    }
    let tools = call.directive.tools.iter().enumerate();
    tools
        .map(|(index, name)| named(index, name, derived_arguments(call)))
        .collect()
}

fn derived_arguments(call: &Call) -> String {
    let prompt: String = plain_prompt(&call.prompt)
        .chars()
        .take(LONGEST_QUOTE)
        .collect();
    serde_json::json!({ "city": "Zürich 🏔️", "days": 3, "query": prompt }).to_string()
}

fn thinking(call: &Call, scenario: Option<&Scenario>) -> Option<String> {
    match scenario {
        Some(scenario) if scenario.thinking.is_empty() => None,
        Some(scenario) => Some(scenario.thinking.to_owned()),
        None => call.directive.thinking.then(|| THOUGHTS.to_owned()),
    }
}

/// Four characters a token, the rule of thumb.
fn tokens(chars: usize) -> u64 {
    u64::try_from(chars.div_ceil(4)).unwrap_or(u64::MAX)
}

fn usage(call: &Call, texts: &[String], tools: &[ToolCall], thinking: Option<&str>) -> Usage {
    let said: usize = texts.iter().map(|text| text.chars().count()).sum();
    let called: usize = tools
        .iter()
        .map(|tool| tool.name.len() + tool.arguments.chars().count())
        .sum();
    let reasoning = thinking.map_or(0, |thoughts| tokens(thoughts.chars().count()));
    let Directive {
        cached,
        cache_write,
        ..
    } = call.directive;
    Usage {
        input: tokens(call.input_chars) + cached + cache_write,
        output: tokens(said + called) + reasoning,
        cached,
        cache_write,
        reasoning,
    }
}

/// The dated model that an alias stands for today, as providers answer it.
fn dated(model: &str) -> String {
    let date = match model {
        "gpt-4o" => "-2024-08-06",
        "gpt-4o-mini" => "-2024-07-18",
        "claude-sonnet-4-5" => "-20250929",
        "claude-haiku-4-5" => "-20251001",
        _ => "",
    };
    format!("{model}{date}")
}

/// `text` in `count` pieces of about the same length, each whole characters.
pub(crate) fn pieces(text: &str, count: usize) -> Vec<&str> {
    let mut pieces = Vec::with_capacity(count);
    let mut rest = text;
    for left in (1..=count).rev() {
        let wanted = rest.len().div_ceil(left);
        let end = (wanted..=rest.len())
            .find(|at| rest.is_char_boundary(*at))
            .unwrap_or(rest.len());
        let (piece, tail) = rest.split_at(end);
        if !piece.is_empty() {
            pieces.push(piece);
        }
        rest = tail;
    }
    pieces
}

/// Number of deltas for a text where none was asked for: about a word each.
pub(crate) fn usual_count(text: &str) -> usize {
    (text.len() / 6).clamp(1, 400)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(prompt: &str) -> Call {
        let directive = Directive::read("gpt-4o", prompt).unwrap();
        Call {
            model: "gpt-4o".into(),
            prompt: prompt.into(),
            input_chars: prompt.chars().count(),
            directive,
            ..Call::default()
        }
    }

    #[test]
    fn prompts_that_begin_alike_get_different_answers() {
        let long = "x".repeat(5_000);
        let one = Meant::to(&call(&format!("{long}1")), None, "t");
        let two = Meant::to(&call(&format!("{long}2")), None, "t");
        assert_ne!(one.texts, two.texts);
        assert_eq!(one, Meant::to(&call(&format!("{long}1")), None, "t"));
    }

    #[test]
    fn the_text_has_exactly_the_bytes_asked_for() {
        for bytes in [0, 1, 99, 100, 101, 4_097, 1_000_003] {
            let meant = Meant::to(&call(&format!("Hi [[bytes={bytes}]]")), None, "t");
            assert_eq!(meant.texts[0].len(), bytes);
        }
    }

    #[test]
    fn pieces_are_as_many_as_asked_for_and_lose_nothing() {
        let text = Meant::to(&call("Hi [[chunks=1000]]"), None, "t")
            .texts
            .remove(0);
        let parts = pieces(&text, 1000);
        assert!(parts.len() > 990, "{} pieces", parts.len());
        assert_eq!(parts.concat(), text);
    }

    #[test]
    fn tools_are_called_before_their_results_and_not_after() {
        let mut asked = call("Weather? [[tool=get_weather]]");
        assert_eq!(Meant::to(&asked, None, "t").tool_calls.len(), 1);
        asked.after_tool = true;
        assert!(Meant::to(&asked, None, "t").tool_calls.is_empty());
    }
}
