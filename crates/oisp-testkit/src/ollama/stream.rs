//! Writes a chat answer as lines of JSON.

use bytes::Bytes;
use serde_json::{Value, json};

use super::response::{add_tools, last, line};
use crate::FailureTold;
use crate::answer::{Call, Meant, pieces, usual_count};
use crate::reply::{Reply, Script, StreamEnd};

pub(super) fn write(call: &Call, meant: Meant) -> Reply {
    let text = meant.texts.concat();
    let script = Script::of(call, &text);
    let mut lines = Vec::new();
    if let Some(thoughts) = &meant.thinking {
        for piece in pieces(thoughts, usual_count(thoughts)) {
            let message = json!({ "role": "assistant", "content": "", "thinking": piece });
            lines.push(line(&meant, message));
        }
    }
    for piece in &script.pieces {
        lines.push(line(
            &meant,
            json!({ "role": "assistant", "content": piece }),
        ));
    }
    let mut told = script.meaning(meant.clone());
    match script.end {
        StreamEnd::Whole => finish(&mut lines, &meant),
        StreamEnd::Error => {
            let message = "an error was encountered while running the model";
            lines.push(json!({ "error": message }));
            told.error = Some(FailureTold {
                kind: String::new(),
                message: message.to_owned(),
            });
        }
        StreamEnd::Cut => {}
    }
    let frames = lines
        .iter()
        .map(|line| Bytes::from(format!("{line}\n")))
        .collect();
    Reply {
        cut: script.is_cut(),
        ..Reply::stream(super::DIALECT, "application/x-ndjson", frames).meaning(told)
    }
}

fn finish(lines: &mut Vec<Value>, meant: &Meant) {
    let silent = || json!({ "role": "assistant", "content": "" });
    if !meant.tool_calls.is_empty() {
        let mut message = silent();
        add_tools(&mut message, meant);
        lines.push(line(meant, message));
    }
    lines.push(last(meant, silent()));
}
