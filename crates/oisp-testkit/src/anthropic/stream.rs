//! Writes a message as a stream of events.

use bytes::Bytes;
use serde::Serialize;
use serde_json::json;

use super::response::{Block, Message, SIGNATURE, WireUsage, as_shown, message_id};
use super::{ErrorBody, ErrorDetail, OVERLOADED};
use crate::FailureTold;
use crate::answer::{Call, Meant, Usage, pieces, usual_count};
use crate::reply::{Reply, Script, StreamEnd, broken_off};
use crate::route::Routing;
use crate::sse;

const ARGUMENT_PIECES: usize = 5;

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Event<'a> {
    MessageStart {
        message: Message<'a>,
    },
    ContentBlockStart {
        index: usize,
        content_block: Block<'a>,
    },
    Ping,
    ContentBlockDelta {
        index: usize,
        delta: Delta<'a>,
    },
    ContentBlockStop {
        index: usize,
    },
    MessageDelta {
        delta: MessageDelta<'a>,
        usage: WireUsage,
    },
    MessageStop,
}

impl Event<'_> {
    const fn name(&self) -> &'static str {
        match self {
            Self::MessageStart { .. } => "message_start",
            Self::ContentBlockStart { .. } => "content_block_start",
            Self::Ping => "ping",
            Self::ContentBlockDelta { .. } => "content_block_delta",
            Self::ContentBlockStop { .. } => "content_block_stop",
            Self::MessageDelta { .. } => "message_delta",
            Self::MessageStop => "message_stop",
        }
    }
}

#[derive(Serialize)]
#[serde(tag = "type")]
enum Delta<'a> {
    #[serde(rename = "text_delta")]
    Text { text: &'a str },
    #[serde(rename = "thinking_delta")]
    Thinking { thinking: &'a str },
    #[serde(rename = "signature_delta")]
    Signature { signature: &'a str },
    #[serde(rename = "input_json_delta")]
    InputJson { partial_json: &'a str },
}

#[derive(Serialize)]
struct MessageDelta<'a> {
    stop_reason: Option<&'a str>,
    stop_sequence: Option<()>,
}

#[derive(Default)]
struct Writer {
    frames: Vec<Bytes>,
    blocks: usize,
}

pub(super) fn write(call: &Call, meant: Meant, routing: &Routing<'_>) -> Reply {
    let mut meant = as_shown(call, meant);
    let text = meant.texts.concat();
    let script = Script::of(call, &text);
    let mut writer = Writer::default();
    writer.start(&meant, &routing.token);
    writer.thoughts(meant.thinking.as_deref());
    writer.text(&script, !text.is_empty());
    if script.end == StreamEnd::Whole {
        writer.finish(&meant);
    } else {
        meant = broken_off(meant, vec![script.pieces.concat()]);
    }
    if script.end == StreamEnd::Error {
        meant.error = Some(writer.failure());
    }
    let cut = script.end == StreamEnd::Cut;
    Reply {
        cut,
        ..Reply::events(super::DIALECT, writer.frames).meaning(meant)
    }
}

impl Writer {
    fn push(&mut self, event: &Event<'_>) {
        self.frames.push(sse::event(event.name(), event));
    }

    /// The first event tells the input tokens and the first output token.
    fn start(&mut self, meant: &Meant, token: &str) {
        let usage = Usage {
            output: 1,
            ..meant.usage.unwrap_or_default()
        };
        let message = Message {
            model: &meant.model,
            id: message_id(token),
            kind: "message",
            role: "assistant",
            content: Vec::new(),
            stop_reason: None,
            stop_sequence: None,
            usage: usage.into(),
        };
        self.push(&Event::MessageStart { message });
        self.push(&Event::Ping);
    }

    fn block<'a>(&mut self, content_block: Block<'a>, deltas: impl Iterator<Item = Delta<'a>>) {
        self.open_block(content_block, deltas);
        self.close_block();
    }

    fn open_block<'a>(
        &mut self,
        content_block: Block<'a>,
        deltas: impl Iterator<Item = Delta<'a>>,
    ) {
        let index = self.blocks;
        self.push(&Event::ContentBlockStart {
            index,
            content_block,
        });
        for delta in deltas {
            self.push(&Event::ContentBlockDelta { index, delta });
        }
    }

    fn close_block(&mut self) {
        self.push(&Event::ContentBlockStop { index: self.blocks });
        self.blocks += 1;
    }

    fn thoughts(&mut self, thinking: Option<&str>) {
        let Some(thinking) = thinking else { return };
        let parts = pieces(thinking, usual_count(thinking))
            .into_iter()
            .map(|thinking| Delta::Thinking { thinking });
        let signature = std::iter::once(Delta::Signature {
            signature: SIGNATURE,
        });
        self.block(
            Block::Thinking {
                thinking: "",
                signature: "",
            },
            parts.chain(signature),
        );
    }

    /// A stream that is broken off is so inside the text block.
    fn text(&mut self, script: &Script<'_>, any: bool) {
        if !any {
            return;
        }
        self.open_block(
            Block::Text { text: "" },
            script.pieces.iter().map(|text| Delta::Text { text }),
        );
        if script.end == StreamEnd::Whole {
            self.close_block();
        }
    }

    fn finish(&mut self, meant: &Meant) {
        for call in &meant.tool_calls {
            let head = Block::ToolUse {
                id: &call.id,
                name: &call.name,
                input: json!({}),
            };
            let parts = pieces(&call.arguments, ARGUMENT_PIECES);
            let parts = std::iter::once("")
                .chain(parts)
                .map(|partial_json| Delta::InputJson { partial_json });
            self.block(head, parts);
        }
        let delta = MessageDelta {
            stop_reason: meant.finish.as_deref(),
            stop_sequence: None,
        };
        self.push(&Event::MessageDelta {
            delta,
            usage: meant.usage.unwrap_or_default().into(),
        });
        self.push(&Event::MessageStop);
    }

    fn failure(&mut self) -> FailureTold {
        let (kind, message) = OVERLOADED;
        let body = ErrorBody {
            kind: "error",
            error: ErrorDetail { kind, message },
            request_id: None,
        };
        self.frames.push(sse::event("error", &body));
        FailureTold {
            kind: kind.to_owned(),
            message: message.to_owned(),
        }
    }
}
