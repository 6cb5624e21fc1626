//! Generated exchanges as they are captured: requests and answers of the sizes
//! and shapes that chats and coding agents have, cut into TLS records, with the
//! JSON documents that are in them. The same on every run.

mod anthropic;
mod bedrock;
mod gemini;
pub mod hostile;
mod multiplexed;
mod openai;
mod responses;
mod text;
mod wire;

use anyhow::{Context, ensure};
use bytes::Bytes;
use oisp_core::event::{Completeness, Data};
use oisp_core::{Event, RawEvent};
use oisp_decode::{Decoder, HashKey};

pub use text::Words;

/// One connection with an exchange, or with many.
pub struct Case {
    /// What it is.
    pub name: &'static str,
    /// As captured, from the first byte to the close.
    pub records: Vec<RawEvent>,
    /// The JSON documents in it, each line of a stream one.
    pub documents: Vec<Bytes>,
    /// The compressed body of the answer.
    pub compressed: Option<Bytes>,
    /// Text of each answer.
    pub texts: Vec<String>,
}

/// A stream of so many deltas.
pub fn stream(chunks: usize) -> Case {
    openai::stream("OpenAI stream", chunks)
}

/// The same of Anthropic.
pub fn anthropic_stream(chunks: usize) -> Case {
    anthropic::stream("Anthropic stream", chunks)
}

/// Makes a case of that name.
type Make = fn(&'static str) -> anyhow::Result<Case>;

/// The cases that are compared with plain parsing.
const CASES: [(&str, Make); 11] = [
    ("short chat", |name| Ok(openai::chat(name, false))),
    ("47 KB request with tools, tool call", |name| {
        Ok(openai::tools(name))
    }),
    ("100 KB agent conversation, streamed", |name| {
        Ok(anthropic::agent(name))
    }),
    ("OpenAI stream, 1,000 chunks", |name| {
        Ok(openai::stream(name, 1000))
    }),
    ("Anthropic stream, 1,000 chunks", |name| {
        Ok(anthropic::stream(name, 1000))
    }),
    ("Responses stream, 1,000 chunks", |name| {
        Ok(responses::stream(name, 1000))
    }),
    ("long answer, gzip", |name| Ok(openai::chat(name, true))),
    ("Gemini stream, 1,000 chunks", |name| {
        Ok(gemini::stream(name, 1000))
    }),
    ("Bedrock stream, 1,000 chunks", |name| {
        Ok(bedrock::stream(name, 1000))
    }),
    ("100 embeddings of 1,536 numbers", |name| {
        Ok(openai::embeddings(name))
    }),
    ("100 chats at once, HTTP/2", |name| {
        multiplexed::chats(name, 100)
    }),
];

/// The names of all cases.
pub fn names() -> impl Iterator<Item = &'static str> {
    CASES.iter().map(|(name, _)| *name)
}

/// The case of that name.
///
/// # Errors
/// Where there is none, or it cannot be put on the wire.
pub fn named(name: &str) -> anyhow::Result<Case> {
    let (name, make) = CASES
        .iter()
        .find(|(known, _)| *known == name)
        .with_context(|| format!("no case {name}"))?;
    make(name)
}

/// All cases.
///
/// # Errors
/// Where one cannot be put on the wire.
pub fn all() -> anyhow::Result<Vec<Case>> {
    names().map(named).collect()
}

impl Case {
    /// Captured bytes of plaintext.
    pub fn bytes(&self) -> usize {
        self.records.iter().map(wire::len).sum()
    }

    /// The events of it. It is decoded whole, or the figures would mean nothing.
    ///
    /// # Errors
    /// Where a request or an answer is missing, partial or not what was said.
    pub fn events(&self) -> anyhow::Result<Vec<Event>> {
        let mut events = Vec::new();
        let mut decoder = decoder();
        for raw in &self.records {
            decoder.push(raw, &mut events);
        }
        let whole = events
            .iter()
            .all(|event| event.confidence.completeness == Completeness::Full);
        ensure!(whole, "{}: an event is partial", self.name);
        let requests = events
            .iter()
            .filter(|event| matches!(event.data, Data::AiRequest(_)))
            .count();
        let mut said: Vec<_> = events.iter().filter_map(said).collect();
        let mut sent: Vec<_> = self.texts.iter().map(String::as_str).collect();
        // Answers on one connection may come in any order.
        said.sort_unstable();
        sent.sort_unstable();
        ensure!(
            requests == sent.len() && said == sent,
            "{}: decoded to something else",
            self.name
        );
        Ok(events)
    }
}

/// A decoder with a made-up key.
pub fn decoder() -> Decoder {
    Decoder::new(hash_key())
}

/// A made-up key.
pub fn hash_key() -> HashKey {
    HashKey::new([7; 32])
}

/// The text of an answer.
fn said(event: &Event) -> Option<&str> {
    let Data::AiResponse(response) = &event.data else {
        return None;
    };
    let choice = response.choices.iter().flatten().next();
    let content = choice.and_then(|choice| choice.message.content.as_deref());
    Some(content.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::indexing_slicing,
        clippy::unwrap_used,
        reason = "a test states its assumptions by panicking"
    )]

    use super::*;

    #[test]
    fn every_case_is_decoded_whole_to_what_was_said() {
        for case in all().unwrap() {
            let events = case.events().unwrap();
            assert!(events.len() >= 2 * case.texts.len(), "{}", case.name);
        }
    }

    #[test]
    fn the_sizes_are_those_that_the_names_say() {
        let cases = all().unwrap();
        let size = |at: usize| cases[at].documents[0].len() >> 10;
        assert!((45..50).contains(&size(1)), "{}", size(1));
        assert!((96..106).contains(&size(2)), "{}", size(2));
        for stream in &cases[3..6] {
            assert!(stream.documents.len() >= 1000, "{}", stream.name);
        }
        assert!(cases[9].documents[1].len() > 1 << 20);
        assert_eq!(cases[10].texts.len(), 100);
    }

    #[test]
    fn a_cut_answer_is_not_taken_for_a_whole_one() {
        let mut case = stream(10);
        case.records.remove(5);
        assert!(case.events().is_err());
    }
}
