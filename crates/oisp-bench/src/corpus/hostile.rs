//! Bytes that nobody honest sends, of a size that is asked for: what they cost
//! must grow with their size and not with its square.

use oisp_core::{Direction, RawEvent};
use serde_json::json;

use super::openai;
use super::wire::Wire;

/// Makes about so many bytes.
type Make = fn(usize) -> Vec<RawEvent>;

/// Plaintext of a small record.
const SMALL: usize = 32;

/// By name.
pub const ALL: [(&str, Make); 9] = [
    ("request line without end", request_line),
    ("head without end", head),
    ("blank JSON answer", blank),
    ("line without end of an event stream", sse_line),
    ("events of one byte", tiny_events),
    ("tool calls of one event, OpenAI", openai_tools),
    ("tool calls of many events, OpenAI", openai_tool_events),
    ("blocks of many events, Anthropic", anthropic_blocks),
    ("items of many events, Responses", responses_items),
];

/// The records of that name.
pub fn named(name: &str, bytes: usize) -> Option<Vec<RawEvent>> {
    let (_, make) = ALL.iter().find(|(known, _)| *known == name)?;
    Some(make(bytes))
}

fn request_line(bytes: usize) -> Vec<RawEvent> {
    outgoing(b"POST /v1/chat/completions?", bytes)
}

fn head(bytes: usize) -> Vec<RawEvent> {
    outgoing(b"POST /v1/chat/completions HTTP/1.1\r\nx: ", bytes)
}

fn outgoing(start: &[u8], bytes: usize) -> Vec<RawEvent> {
    let mut wire = Wire::open(openai::HOST);
    wire.data(Direction::Outgoing, start);
    for _ in 0..bytes / SMALL {
        wire.data(Direction::Outgoing, &[b'x'; SMALL]);
    }
    wire.into_records()
}

fn blank(bytes: usize) -> Vec<RawEvent> {
    answered("/v1/chat/completions", "application/json", |wire| {
        for _ in 0..bytes / SMALL {
            wire.data(Direction::Incoming, &[b' '; SMALL]);
        }
    })
}

fn sse_line(bytes: usize) -> Vec<RawEvent> {
    answered("/v1/chat/completions", "text/event-stream", |wire| {
        wire.data(Direction::Incoming, b"data: ");
        for _ in 0..bytes / SMALL {
            wire.data(Direction::Incoming, &[b'x'; SMALL]);
        }
    })
}

fn tiny_events(bytes: usize) -> Vec<RawEvent> {
    answered("/v1/chat/completions", "text/event-stream", |wire| {
        wire.data(Direction::Incoming, &b"data:1\n\n".repeat(bytes / 8));
    })
}

fn openai_tools(bytes: usize) -> Vec<RawEvent> {
    let calls: Vec<_> = (0..bytes / 12).map(|n| json!({"index": n})).collect();
    let event = json!({"choices": [{"index": 0, "delta": {"tool_calls": calls}}]});
    stream_of("/v1/chat/completions", [event].into_iter())
}

fn openai_tool_events(bytes: usize) -> Vec<RawEvent> {
    let events = (0..bytes / 64).map(
        |n| json!({"choices": [{"index": 0, "delta": {"tool_calls": [{"index": n, "id": "a"}]}}]}),
    );
    stream_of("/v1/chat/completions", events)
}

fn anthropic_blocks(bytes: usize) -> Vec<RawEvent> {
    let events = (0..bytes / 90).map(|n| {
        json!({"type": "content_block_start", "index": n, "content_block": {"type": "tool_use", "id": "a", "name": "b"}})
    });
    stream_of("/v1/messages", events)
}

fn responses_items(bytes: usize) -> Vec<RawEvent> {
    let events = (0..bytes / 90).map(|n| {
        json!({"type": "response.output_item.done", "output_index": n, "item": {"type": "function_call", "name": "a", "call_id": "b"}})
    });
    stream_of("/v1/responses", events)
}

fn stream_of(path: &str, events: impl Iterator<Item = serde_json::Value>) -> Vec<RawEvent> {
    let bytes: Vec<u8> = events
        .flat_map(|event| format!("data: {event}\n\n").into_bytes())
        .collect();
    answered(path, "text/event-stream", |wire| {
        wire.data(Direction::Incoming, &bytes);
    })
}

/// A call, and what `answer` puts into the body of its answer.
fn answered(path: &str, kind: &str, answer: impl FnOnce(&mut Wire)) -> Vec<RawEvent> {
    let mut wire = Wire::open(openai::HOST);
    let ask = json!({"model": "m", "stream": true, "messages": [{"role": "user", "content": "x"}]});
    wire.request(openai::HOST, path, "", &ask);
    let head = format!("HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\n\r\n");
    wire.data(Direction::Incoming, head.as_bytes());
    answer(&mut wire);
    wire.into_records()
}
