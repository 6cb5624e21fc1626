//! Writes a chat completion as a stream of chunks.

use bytes::Bytes;
use serde::Serialize;

use super::response::{SYSTEM_FINGERPRINT, WireUsage, as_shown, completion_id};
use crate::answer::{Call, Meant, ToolCall, pieces};
use crate::reply::{Reply, Script, StreamEnd, broken_off};
use crate::route::Routing;
use crate::sse;

/// Deltas that the arguments of one tool call come in.
const ARGUMENT_PIECES: usize = 5;

#[derive(Serialize)]
struct Chunk<'a> {
    id: &'a str,
    object: &'static str,
    created: u64,
    model: &'a str,
    service_tier: &'static str,
    system_fingerprint: &'static str,
    choices: Vec<Choice<'a>>,
    /// Null in every chunk but the last where usage was asked for, else absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    usage: Option<Option<WireUsage>>,
}

#[derive(Serialize)]
struct Choice<'a> {
    index: usize,
    delta: Delta<'a>,
    logprobs: Option<()>,
    finish_reason: Option<&'a str>,
}

#[derive(Default, Serialize)]
struct Delta<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    content: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_calls: Option<[CallDelta<'a>; 1]>,
}

#[derive(Serialize)]
struct CallDelta<'a> {
    index: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a str>,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    kind: Option<&'static str>,
    function: FunctionDelta<'a>,
}

#[derive(Serialize)]
struct FunctionDelta<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    arguments: &'a str,
}

struct Writer<'a> {
    id: String,
    created: u64,
    model: &'a str,
    usage_asked: bool,
    frames: Vec<Bytes>,
}

pub(super) fn write(call: &Call, meant: Meant, routing: &Routing<'_>) -> Reply {
    let mut meant = as_shown(call, meant);
    if !call.stream_usage {
        meant.usage = None;
    }
    let scripts: Vec<Script<'_>> = meant
        .texts
        .iter()
        .map(|text| Script::of(call, text))
        .collect();
    let end = scripts
        .first()
        .map_or(StreamEnd::Whole, |script| script.end);
    let mut writer = Writer {
        id: completion_id(&routing.token),
        created: routing.now_secs,
        model: &meant.model,
        usage_asked: call.stream_usage,
        frames: Vec::new(),
    };
    for (index, script) in scripts.iter().enumerate() {
        writer.text(index, script, &meant);
    }
    if end == StreamEnd::Whole {
        writer.finish(&meant);
    }
    let frames = writer.frames;
    let said = scripts
        .iter()
        .map(|script| script.pieces.concat())
        .collect();
    finished(frames, end, said, meant)
}

fn finished(mut frames: Vec<Bytes>, end: StreamEnd, said: Vec<String>, mut meant: Meant) -> Reply {
    if end != StreamEnd::Whole {
        meant = broken_off(meant, said);
    }
    if end == StreamEnd::Error {
        let (frame, told) = super::failure_event();
        frames.push(frame);
        meant.error = Some(told);
    }
    let cut = end == StreamEnd::Cut;
    Reply {
        cut,
        ..Reply::events(super::DIALECT, frames).meaning(meant)
    }
}

impl<'a> Writer<'a> {
    fn push(&mut self, choices: Vec<Choice<'_>>, usage: Option<WireUsage>) {
        self.frames.push(sse::data(&Chunk {
            id: &self.id,
            object: "chat.completion.chunk",
            created: self.created,
            model: self.model,
            service_tier: "default",
            system_fingerprint: SYSTEM_FINGERPRINT,
            choices,
            usage: self.usage_asked.then_some(usage),
        }));
    }

    fn delta(&mut self, index: usize, delta: Delta<'_>) {
        self.push(
            vec![Choice {
                index,
                delta,
                logprobs: None,
                finish_reason: None,
            }],
            None,
        );
    }

    fn text(&mut self, index: usize, script: &Script<'_>, meant: &Meant) {
        let silent = index == 0 && !meant.tool_calls.is_empty() && script.pieces.is_empty();
        let content = (!silent).then_some("");
        self.delta(
            index,
            Delta {
                role: Some("assistant"),
                content,
                ..Delta::default()
            },
        );
        for piece in &script.pieces {
            self.delta(
                index,
                Delta {
                    content: Some(piece),
                    ..Delta::default()
                },
            );
        }
    }

    fn tool(&mut self, index: usize, call: &ToolCall) {
        let head = FunctionDelta {
            name: Some(&call.name),
            arguments: "",
        };
        self.tool_delta(CallDelta {
            index,
            id: Some(&call.id),
            kind: Some("function"),
            function: head,
        });
        for arguments in pieces(&call.arguments, ARGUMENT_PIECES) {
            let function = FunctionDelta {
                name: None,
                arguments,
            };
            self.tool_delta(CallDelta {
                index,
                id: None,
                kind: None,
                function,
            });
        }
    }

    fn tool_delta(&mut self, call: CallDelta<'_>) {
        self.delta(
            0,
            Delta {
                tool_calls: Some([call]),
                ..Delta::default()
            },
        );
    }

    /// Tool calls, the finish of every choice, the usage, and the end mark.
    fn finish(&mut self, meant: &Meant) {
        for (index, call) in meant.tool_calls.iter().enumerate() {
            self.tool(index, call);
        }
        for index in 0..meant.texts.len() {
            let finish_reason = if index == 0 {
                meant.finish.as_deref()
            } else {
                Some("stop")
            };
            self.push(
                vec![Choice {
                    index,
                    delta: Delta::default(),
                    logprobs: None,
                    finish_reason,
                }],
                None,
            );
        }
        if let Some(usage) = meant.usage {
            self.push(Vec::new(), Some(usage.into()));
        }
        self.frames.push(Bytes::from_static(b"data: [DONE]\n\n"));
    }
}
