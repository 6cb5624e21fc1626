//! Generated exchanges as they are captured: requests and answers of the sizes
//! and shapes that chats and coding agents have, cut into TLS records, with the
//! JSON documents that are in them. The same on every run.

mod anthropic;
mod openai;
mod text;
mod wire;

use anyhow::ensure;
use bytes::Bytes;
use oisp_core::event::{Completeness, Data};
use oisp_core::{Event, RawEvent};
use oisp_decode::{Decoder, HashKey};

pub use text::Words;

/// One exchange.
pub struct Case {
    /// What it is.
    pub name: &'static str,
    /// As captured, from the first byte to the close.
    pub records: Vec<RawEvent>,
    /// The JSON documents in it, each line of a stream one.
    pub documents: Vec<Bytes>,
    /// The compressed body of the answer.
    pub compressed: Option<Bytes>,
    /// Text of the answer.
    pub text: String,
}

/// A stream of so many deltas.
pub fn stream(chunks: usize) -> Case {
    openai::stream("OpenAI stream", chunks)
}

/// All cases that are compared with plain parsing.
pub fn all() -> Vec<Case> {
    vec![
        openai::chat("short chat", false),
        openai::tools("47 KB request with tools, tool call"),
        anthropic::agent("100 KB agent conversation, streamed"),
        openai::stream("OpenAI stream, 1,000 chunks", 1000),
        anthropic::stream("Anthropic stream, 1,000 chunks", 1000),
        openai::chat("long answer, gzip", true),
    ]
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
        let said: Vec<_> = events.iter().filter_map(said).collect();
        ensure!(
            requests == 1 && said == [self.text.as_str()],
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
    let choice = response.choices.as_ref()?.first()?;
    Some(choice.message.content.as_deref().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_case_is_decoded_whole_to_what_was_said() {
        for case in all() {
            let events = case.events().unwrap();
            assert!(events.len() >= 2, "{}", case.name);
        }
    }

    #[test]
    fn the_sizes_are_those_that_the_names_say() {
        let sizes: Vec<_> = all()
            .iter()
            .map(|case| case.documents[0].len() >> 10)
            .collect();
        assert!((45..50).contains(&sizes[1]), "{sizes:?}");
        assert!((96..106).contains(&sizes[2]), "{sizes:?}");
        assert!(all()[3].documents.len() >= 1000);
        assert!(all()[4].documents.len() >= 1000);
    }

    #[test]
    fn a_cut_answer_is_not_taken_for_a_whole_one() {
        let mut case = stream(10);
        case.records.remove(5);
        assert!(case.events().is_err());
    }
}
