//! How a client asks for a behaviour: words in the prompt or the model's name.
//!
//! In the last user message, or the input or prompt of an API that has none,
//! between double brackets, anywhere in the text:
//! `Tell me a story [[chunks=1000 delay_ms=1 fragment=7]]`. In the model's
//! name, after a plus sign, where the prompt is not at hand:
//! `gpt-4o+error=429`. Both add up, the prompt wins. A word that is not below
//! is answered with status 400, so that a typo cannot pass for a success.
//!
//! | word | effect |
//! |---|---|
//! | `stream` | none: whether an answer streams is the request's own field |
//! | `chunks=N` | text in N deltas, at most 100,000 |
//! | `bytes=N` | text of exactly N bytes, at most 32 MiB |
//! | `wait_ms=N` | wait before the answer's head |
//! | `delay_ms=N` | wait between frames |
//! | `fragment=N` | write N bytes at a time, wherever that cuts a frame; over a WebSocket, in frames of N bytes |
//! | `join=N` | write N frames at once |
//! | `tool=A,B` | call these tools; text once their results are there |
//! | `tool_only` | with `tool`: no text before the calls |
//! | `thinking` | think first; chat completions count the thoughts and do not show them |
//! | `cached=N` | N of the input tokens came from the cache |
//! | `cache_write=N` | N of the input tokens went to the cache (Anthropic, Bedrock) |
//! | `finish=WORD` | end with this finish or stop reason |
//! | `error=STATUS` | an error body with that status |
//! | `error_after=N` | streams: an error event after N deltas, status 200 |
//! | `cut_after=N` | drop the connection after N deltas (a stream) or N bytes |
//! | `gzip` | compress, if the client accepts it |
//! | `length` | Content-Length, streams too |
//! | `chunked` | unknown length, plain answers too |
//! | `close` | HTTP/1: an HTTP/1.0 answer that ends with the connection |
//!
//! What an API does not have, a word of it does not change: vectors and pictures
//! know of `error` and of how bodies are delivered only, messages of a WebSocket
//! of neither `gzip` nor the last three.

use std::time::Duration;

const MAX_BYTES: usize = 32 << 20;
const MAX_CHUNKS: usize = 100_000;
const MAX_WAIT: Duration = Duration::from_secs(60);

/// The behaviour of one answer; the default is the one of a healthy provider.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Directive {
    /// Number of text deltas.
    pub chunks: Option<usize>,
    /// Exact length of the text in bytes.
    pub bytes: Option<usize>,
    /// Wait before the head of the answer.
    pub wait: Duration,
    /// Wait between frames.
    pub delay: Duration,
    /// Bytes per write.
    pub fragment: Option<usize>,
    /// Frames per write.
    pub join: Option<usize>,
    /// Tools to call.
    pub tools: Vec<String>,
    /// No text before the tool calls.
    pub tool_only: bool,
    /// Think before the answer.
    pub thinking: bool,
    /// Input tokens read from the cache.
    pub cached: u64,
    /// Input tokens written to the cache.
    pub cache_write: u64,
    /// The finish reason, as the dialect spells it.
    pub finish: Option<String>,
    /// Answer with this error status.
    pub error: Option<u16>,
    /// Deltas before an error event in the stream.
    pub error_after: Option<usize>,
    /// Deltas, or bytes of a plain answer, before the connection is dropped.
    pub cut_after: Option<usize>,
    /// Compress.
    pub gzip: bool,
    /// How the end of the body is told.
    pub framing: Framing,
}

/// How a client learns where the body ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Framing {
    /// Content-Length for plain answers, chunks for streams.
    #[default]
    Usual,
    /// Content-Length.
    Length,
    /// Chunks.
    Chunked,
    /// The end of the connection.
    Close,
}

/// A word that means nothing here.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "unknown or malformed directive `{0}`; the words are listed in the documentation of oisp_testkit::directive"
)]
pub struct UnknownWord(pub String);

impl Directive {
    /// The directive that `model` and `prompt` ask for.
    pub fn read(model: &str, prompt: &str) -> Result<Self, UnknownWord> {
        let mut directive = Self::default();
        for word in words_of_model(model).chain(words_of_prompt(prompt)) {
            directive.apply(word)?;
        }
        Ok(directive)
    }

    fn apply(&mut self, word: &str) -> Result<(), UnknownWord> {
        let unknown = || UnknownWord(word.to_owned());
        match word.split_once('=') {
            None => self.apply_flag(word).ok_or_else(unknown),
            Some((key, value)) => self.apply_value(key, value).ok_or_else(unknown),
        }
    }

    fn apply_flag(&mut self, word: &str) -> Option<()> {
        match word {
            "stream" => {}
            "tool_only" => self.tool_only = true,
            "thinking" => self.thinking = true,
            "gzip" => self.gzip = true,
            "length" => self.framing = Framing::Length,
            "chunked" => self.framing = Framing::Chunked,
            "close" => self.framing = Framing::Close,
            _ => return None,
        }
        Some(())
    }

    fn apply_value(&mut self, key: &str, value: &str) -> Option<()> {
        match key {
            "tool" => self.tools = value.split(',').map(str::to_owned).collect(),
            "finish" => self.finish = Some(value.to_owned()),
            "error" => {
                self.error = Some(
                    value
                        .parse()
                        .ok()
                        .filter(|status| (400..600).contains(status))?,
                )
            }
            _ => self.apply_number(key, value.parse().ok()?)?,
        }
        Some(())
    }

    fn apply_number(&mut self, key: &str, number: usize) -> Option<()> {
        let millis =
            || Duration::from_millis(u64::try_from(number).unwrap_or(u64::MAX)).min(MAX_WAIT);
        match key {
            "chunks" => self.chunks = Some(number.clamp(1, MAX_CHUNKS)),
            "bytes" => self.bytes = Some(number.min(MAX_BYTES)),
            "wait_ms" => self.wait = millis(),
            "delay_ms" => self.delay = millis(),
            "fragment" => self.fragment = Some(number.max(1)),
            "join" => self.join = Some(number.max(1)),
            "cached" => self.cached = u64::try_from(number).ok()?,
            "cache_write" => self.cache_write = u64::try_from(number).ok()?,
            "error_after" => self.error_after = Some(number),
            "cut_after" => self.cut_after = Some(number),
            _ => return None,
        }
        Some(())
    }
}

/// The model's name without the directive.
pub(crate) fn plain_model(model: &str) -> &str {
    model.split_once('+').map_or(model, |(name, _)| name)
}

fn words_of_model(model: &str) -> impl Iterator<Item = &str> {
    model.split('+').skip(1)
}

/// The prompt without the directive.
pub(crate) fn plain_prompt(prompt: &str) -> String {
    match brackets(prompt) {
        Some((before, _, after)) => format!("{}{}", before.trim_end(), after),
        None => prompt.to_owned(),
    }
}

fn words_of_prompt(prompt: &str) -> impl Iterator<Item = &str> {
    brackets(prompt)
        .map_or("", |(_, words, _)| words)
        .split_whitespace()
}

fn brackets(prompt: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = prompt.split_once("[[")?;
    let (words, after) = rest.split_once("]]")?;
    Some((before, words, after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_the_prompt_and_of_the_model_add_up() {
        let read = Directive::read(
            "gpt-4o+gzip+chunks=3",
            "Hi [[chunks=9 tool=a,b delay_ms=2 close]] there",
        )
        .unwrap();
        assert!(read.gzip);
        assert_eq!(read.chunks, Some(9));
        assert_eq!(read.tools, ["a", "b"]);
        assert_eq!(read.delay, Duration::from_millis(2));
        assert_eq!(read.framing, Framing::Close);
    }

    #[test]
    fn a_typo_is_an_error_and_not_the_default_behaviour() {
        assert_eq!(
            Directive::read("m", "[[chunk=3]]"),
            Err(UnknownWord("chunk=3".into()))
        );
        assert_eq!(
            Directive::read("m", "[[chunks=x]]"),
            Err(UnknownWord("chunks=x".into()))
        );
        assert_eq!(
            Directive::read("m", "[[error=200]]"),
            Err(UnknownWord("error=200".into()))
        );
    }

    #[test]
    fn text_without_brackets_asks_for_nothing() {
        assert_eq!(
            Directive::read("gpt-4o", "let x = a[[0]"),
            Ok(Directive::default())
        );
        assert_eq!(plain_prompt("Hi [[gzip]] there"), "Hi there");
        assert_eq!(plain_model("gpt-4o+gzip"), "gpt-4o");
    }
}
