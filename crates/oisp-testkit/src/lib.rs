//! A loopback AI provider over TLS, and the clients that talk to it.
//!
//! The provider speaks the wire formats of OpenAI, Anthropic, Gemini, Bedrock,
//! Cohere and Ollama to any client that is pointed at it: HTTP/1.0, HTTP/1.1,
//! HTTP/2 and WebSocket, plain JSON and streams of every framing, errors before
//! and within an answer, gzip, odd fragments, a cut connection. A client needs no support for any of it: the behaviour is asked
//! for in the prompt or in the model's name (see [`directive`]).
//!
//! It keeps what it received and sent, byte for byte ([`Exchange`]), and what
//! it meant ([`Meant`]): the text, the tool calls, the usage. A test compares
//! a sensor's events with that.
//!
//! [`demo`] holds a few realistic conversations and runs real programs (curl,
//! python3, node) that have them. [`recordings`] replays a file of recorded
//! exchanges through the decoder, in every form that they could have had on the
//! wire.
//!
//! [`chaos`] is a receiver that misbehaves, for what must deliver events through
//! bad weather.
//!
//! It is for tests and demos only: it listens on 127.0.0.1, its certificate
//! authority lives as long as the process, and it stores whatever keys it is
//! sent, so send it made-up ones.

mod answer;
mod anthropic;
mod bedrock;
mod body;
mod certificates;
pub mod chaos;
mod cohere;
mod cut;
mod deliver;
pub mod demo;
pub mod directive;
mod error;
mod eventstream;
mod exchange;
mod form;
mod gemini;
mod ollama;
mod openai;
mod openai_media;
mod openai_responses;
mod provider;
pub mod recordings;
mod reply;
mod route;
mod scenario;
mod server;
mod sse;
mod turns;
mod vectors;
mod websocket;

pub use answer::{FailureTold, Meant, ToolCall, Usage};
pub use directive::Directive;
pub use error::Error;
pub use exchange::{Dialect, Ending, Exchange};
pub use provider::{Builder, Provider};
pub use scenario::Scenario;
