//! Writes content as a stream: of events, or of the items of one array.

use bytes::Bytes;
use serde_json::{Value, json};

use super::failure_body;
use super::response::{as_shown, content, function_call, text, thought, usage};
use crate::answer::{Call, Meant, pieces, usual_count};
use crate::exchange::Dialect;
use crate::reply::{Reply, Script, StreamEnd};
use crate::route::Routing;
use crate::sse;

struct Written {
    objects: Vec<Value>,
    end: StreamEnd,
    meant: Meant,
}

pub(super) fn events(call: &Call, meant: Meant, routing: &Routing<'_>) -> Reply {
    let written = write(call, meant, routing);
    // Its lines end as those of a head do.
    let event = |object: &Value| Bytes::from(format!("data: {}\r\n\r\n", sse::json(object)));
    let frames = written.objects.iter().map(event).collect();
    Reply {
        cut: written.end == StreamEnd::Cut,
        ..Reply::stream(Dialect::Gemini, "text/event-stream", frames).meaning(written.meant)
    }
}

pub(super) fn array(call: &Call, meant: Meant, routing: &Routing<'_>) -> Reply {
    let written = write(call, meant, routing);
    let item = |(nth, object): (usize, &Value)| {
        let before = if nth == 0 { "[" } else { ",\r\n" };
        Bytes::from(format!("{before}{}", sse::json(object)))
    };
    let mut frames: Vec<Bytes> = written.objects.iter().enumerate().map(item).collect();
    if written.end != StreamEnd::Cut {
        frames.push("\n]\n".into());
    }
    Reply {
        cut: written.end == StreamEnd::Cut,
        ..Reply::stream(Dialect::Gemini, "application/json; charset=UTF-8", frames)
            .meaning(written.meant)
    }
}

fn write(call: &Call, meant: Meant, routing: &Routing<'_>) -> Written {
    let meant = as_shown(call, meant);
    let said = meant.texts.concat();
    let script = Script::of(call, &said);
    let full = meant.usage.unwrap_or_default();
    let so_far = json!({ "promptTokenCount": full.input, "totalTokenCount": full.input });
    let object = |part| content(&meant, routing, vec![part], None, so_far.clone());
    let mut objects = Vec::new();
    if let Some(thoughts) = &meant.thinking {
        let parts = pieces(thoughts, usual_count(thoughts));
        objects.extend(parts.into_iter().map(|part| object(thought(part))));
    }
    objects.extend(script.pieces.iter().map(|piece| object(text(piece))));
    let mut told = script.meaning(meant.clone());
    match script.end {
        StreamEnd::Whole => {
            objects.extend(
                meant
                    .tool_calls
                    .iter()
                    .map(|call| object(function_call(call))),
            );
            let last = vec![text("")];
            objects.push(content(
                &meant,
                routing,
                last,
                meant.finish.as_deref(),
                usage(full),
            ));
        }
        StreamEnd::Error => {
            let (body, failure) = failure_body(503, "");
            objects.push(body);
            told.error = Some(failure);
        }
        StreamEnd::Cut => {}
    }
    Written {
        objects,
        end: script.end,
        meant: told,
    }
}
