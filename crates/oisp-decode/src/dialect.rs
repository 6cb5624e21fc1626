//! AI dialects: how a provider's API writes a call and its answer.
//!
//! A dialect reads JSON into the neutral [`Call`] and [`Answer`]. It is found by
//! path and body shape; the host is only a hint, for base URLs are overridden
//! and gateways are common.

mod a2a;
mod ai21;
mod aleph_alpha;
mod answer;
mod anthropic;
mod any_chat;
mod bedrock;
mod call;
mod chatgpt_web;
mod claude_web;
mod cloudflare;
mod cohere;
mod converse;
mod cursor;
mod dashscope;
mod databricks;
mod embed;
mod gemini;
mod gemini_interactions;
mod gemini_live;
mod huggingface;
mod json;
mod llama_cpp;
mod lmstudio;
mod mapped;
mod mcp_content;
mod mcp_sampling;
mod mistral;
mod ollama;
mod openai;
mod openai_assistants;
mod openai_audio;
mod openai_batches;
mod openai_chat;
mod openai_completions;
mod openai_embeddings;
mod openai_images;
mod openai_moderations;
mod openai_realtime;
mod openai_responses;
mod operation;
mod parts;
mod prompt;
mod replicate;
mod rerank;
mod route;
mod sagemaker;
mod settings;
mod socket;
mod vectors;
mod vertex;
mod watsonx;
mod writer;

use oisp_core::event::Level;
use serde_json::Value;

pub use answer::{Answer, ChoiceDraft, EmbeddingDraft, ToolDraft, UsageDraft, error_of_failure};
pub use call::{Call, SpokenMessage};
pub(crate) use mcp_content::Content;
pub use mcp_sampling::SAMPLING;
pub use operation::Operation;
pub(crate) use parts::hex;
pub use route::{Detection, identify, is_worth_parsing, without_query};
pub use socket::{Action, Heard, Socket, socket};

use crate::http::{RequestHead, ResponseHead};

/// One API's way of writing calls and answers.
pub trait Dialect: Sync {
    /// The name in `attrs["oisp.dialect"]`.
    fn name(&self) -> &'static str;

    /// What a call is for.
    fn operation(&self) -> Operation {
        Operation::CHAT
    }

    /// How far what it reads can be trusted: `Low` for wire formats that are
    /// not public.
    fn level(&self) -> Level {
        Level::High
    }

    /// The schema's name of the server that alone has this API, for hosts that
    /// name nobody.
    fn provider(&self) -> Option<&'static str> {
        None
    }

    /// An answer that is a JSON array is a stream of the array's elements.
    fn streams_arrays(&self) -> bool {
        false
    }

    /// Reads a request: its head for what stands in the path, its body as JSON.
    fn call(&self, head: &RequestHead, body: Value) -> Call;

    /// Reads a whole answer.
    fn answer(&self, body: Value) -> Answer;

    /// Reads a whole answer that is not JSON; `None` where it should be.
    fn answer_of_bytes(&self, _content_type: Option<&str>, _bytes: &[u8]) -> Option<Answer> {
        None
    }

    /// Adds what the head of the answer tells and its body, read before, does
    /// not.
    fn add_head(&self, _head: &ResponseHead, _answer: &mut Answer) {}

    /// A reader of a streamed answer.
    fn stream(&self) -> Box<dyn AnswerStream + Send>;
}

/// Puts a streamed answer together.
pub trait AnswerStream {
    /// Takes one event. True where it carried content of the model.
    fn event(&mut self, name: Option<&str>, data: Value) -> bool;

    /// Takes one event whose data is not to be read as JSON, and tells whether
    /// it carried content; `None` leaves it to [`AnswerStream::event`].
    fn text_event(&mut self, _name: Option<&str>, _text: &str) -> Option<bool> {
        None
    }

    /// Bytes are missing from here on, in the middle or because the answer was
    /// cut: text must not be joined over the gap.
    fn gap(&mut self);

    /// The answer so far.
    fn so_far(&self) -> &Answer;

    /// The answer, at its end.
    fn finish(self: Box<Self>) -> Answer;
}

/// A reader of a stream whose every event is an answer of its own: the last one
/// counts.
pub(crate) struct WholeAnswers {
    read: fn(Value) -> Answer,
    last: Answer,
}

impl WholeAnswers {
    /// With the dialect's reader of whole answers.
    pub(crate) fn new(read: fn(Value) -> Answer) -> Self {
        Self {
            read,
            last: Answer::default(),
        }
    }
}

impl AnswerStream for WholeAnswers {
    fn event(&mut self, _name: Option<&str>, data: Value) -> bool {
        if data.is_object() {
            self.last = (self.read)(data);
        }
        !self.last.choices.is_empty()
    }

    fn gap(&mut self) {}

    fn so_far(&self) -> &Answer {
        &self.last
    }

    fn finish(self: Box<Self>) -> Answer {
        self.last
    }
}
