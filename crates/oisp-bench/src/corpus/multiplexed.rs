//! Many exchanges at once on one HTTP/2 connection, as the `h2` crate writes
//! them: the requests at once, the answers in another order and in turns.

use anyhow::anyhow;
use oisp_core::Direction;
use oisp_testkit::recordings::Recording;
use oisp_testkit::recordings::body::Body;
use oisp_testkit::recordings::frames;
use oisp_testkit::recordings::random::Random;
use oisp_testkit::recordings::replay::Step;
use serde_json::{Value, json};

use super::text::Words;
use super::wire::Wire;
use super::{Case, openai};

/// So many calls, every second one of which is streamed.
///
/// # Errors
/// Where the client or the server of HTTP/2 fails.
pub(super) fn chats(name: &'static str, streams: u64) -> anyhow::Result<Case> {
    let mut words = Words::new(7);
    let mut wire = Wire::open(openai::HOST);
    let mut texts = Vec::new();
    let calls: Vec<_> = (0..streams)
        .map(|n| call(n, &mut words, &mut wire, &mut texts))
        .collect();
    let calls: Vec<_> = calls.iter().collect();
    let tape = frames::tape(&calls, &mut Random::of(name, "order")).map_err(|why| anyhow!(why))?;
    for (_, step) in tape {
        match step {
            Step::Out(bytes) => wire.data(Direction::Outgoing, &bytes),
            Step::In(bytes) => wire.data(Direction::Incoming, &bytes),
            Step::GapIn(_) | Step::Close => {}
        }
    }
    Ok(wire.close(name, texts))
}

fn call(n: u64, words: &mut Words, wire: &mut Wire, texts: &mut Vec<String>) -> Recording {
    let text = words.prose(320);
    let streamed = n % 2 == 1;
    let request = json!({
        "model": "gpt-4o", "stream": streamed, "temperature": 0.2,
        "messages": [{"role": "user", "content": words.prose(120)}],
    });
    let response = match streamed {
        true => events(&text, wire),
        false => wire.document(&openai::said(&text)).to_vec(),
    };
    texts.push(text);
    let kind = match streamed {
        true => "text/event-stream; charset=utf-8",
        false => "application/json",
    };
    Recording {
        id: format!("call {n}"),
        method: "POST".into(),
        scheme: "https".into(),
        authority: openai::HOST.into(),
        target: openai::PATH.into(),
        request_fields: fields(&[
            ("user-agent", "example-client/1.0"),
            ("content-type", "application/json"),
            (
                "authorization",
                "Bearer sk-proj-made-up-for-the-benchmark-0000",
            ),
            ("x-stainless-lang", "python"),
        ]),
        request: Body::recorded(wire.document(&request), None),
        status: 200,
        response_fields: fields(&[
            ("content-type", kind),
            ("x-request-id", &format!("req_made_up_{n:04}")),
            ("x-ratelimit-remaining-requests", &(9999 - n).to_string()),
        ]),
        response: Body::recorded(response.into(), None),
    }
}

/// The text as events of a stream, word by word.
fn events(text: &str, wire: &mut Wire) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut add = |chunk: &Value| {
        bytes.extend_from_slice(b"data: ");
        bytes.extend_from_slice(&wire.document(chunk));
        bytes.extend_from_slice(b"\n\n");
    };
    for word in text.split_inclusive(' ') {
        add(&openai::chunk_json(&json!({"content": word}), None, None));
    }
    add(&openai::chunk_json(&json!({}), Some("stop"), None));
    bytes.extend_from_slice(b"data: [DONE]\n\n");
    bytes
}

fn fields(fields: &[(&str, &str)]) -> Vec<(String, String)> {
    fields
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}
