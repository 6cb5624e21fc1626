//! What was received and sent, byte for byte: the truth for a test.

use std::collections::VecDeque;
use std::fs::File;
use std::io::Write;
use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde::{Serialize, Serializer};
use tokio::sync::watch;

use crate::Meant;

/// Exchanges kept, whichever limit is reached first.
const MAX_KEPT: usize = 20_000;
const MAX_KEPT_BYTES: usize = 1 << 30;

/// One request and the answer to it.
#[derive(Clone, Debug, Serialize)]
pub struct Exchange {
    /// Counts the provider's exchanges from 1, in order of their requests.
    pub serial: u64,
    /// When the request's head was there, nanoseconds since the Unix epoch.
    pub at: u64,
    /// Counts the provider's connections from 1.
    pub connection: u64,
    /// The client's address.
    pub peer: SocketAddr,
    /// The provider's address.
    pub local: SocketAddr,
    /// Over TLS.
    pub tls: bool,
    /// `HTTP/1.0`, `HTTP/1.1` or `HTTP/2.0`.
    pub http: String,
    /// The request's method.
    pub method: String,
    /// The `Host` header or `:authority`.
    pub host: String,
    /// Path and query.
    pub target: String,
    /// The request's headers in order, names in lower case.
    pub request_headers: Vec<(String, String)>,
    /// The request's body without its transfer coding; over a WebSocket, the
    /// message that asks.
    #[serde(serialize_with = "base64_text")]
    pub request_body: Bytes,
    /// The dialect that answered.
    pub dialect: Dialect,
    /// The answer's status.
    pub status: u16,
    /// The answer's headers, without those of the HTTP layer (`date`,
    /// `content-length`, `transfer-encoding`).
    pub response_headers: Vec<(String, String)>,
    /// The answer's body as far as it was sent, without transfer and content
    /// coding. The last frame counts once its last byte was sent. Over a
    /// WebSocket, the messages that answer, a line each.
    #[serde(serialize_with = "base64_text")]
    pub response_body: Bytes,
    /// Bytes of the answer's body with its content coding.
    pub encoded_len: usize,
    /// How the answer ended.
    pub ending: Ending,
    /// What it meant; absent where the exchange is no AI call.
    pub meant: Option<Meant>,
}

/// A wire format.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Dialect {
    /// OpenAI's chat completions.
    OpenAi,
    /// OpenAI's Responses, over HTTP or a WebSocket.
    Responses,
    /// OpenAI's legacy completions.
    Completions,
    /// OpenAI's embeddings.
    Embeddings,
    /// OpenAI's images.
    Images,
    /// OpenAI's text to speech.
    Speech,
    /// OpenAI's speech to text.
    Transcription,
    /// Anthropic.
    Anthropic,
    /// Gemini's contents.
    Gemini,
    /// Gemini's vectors.
    GeminiEmbedding,
    /// Ollama's own chat.
    Ollama,
    /// Bedrock's Converse.
    Bedrock,
    /// Cohere's chat, version 2.
    Cohere,
    /// None of them: a path that nothing answers.
    #[default]
    None,
}

/// How an answer ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// All of it was handed to the connection.
    Whole,
    /// The provider dropped the connection, as it was asked to.
    Cut,
    /// The client went away before the end.
    Abandoned,
}

impl Exchange {
    /// The first request header of that name.
    pub fn request_header(&self, name: &str) -> Option<&str> {
        first(&self.request_headers, name)
    }

    /// The first response header of that name.
    pub fn response_header(&self, name: &str) -> Option<&str> {
        first(&self.response_headers, name)
    }
}

fn first<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    headers
        .iter()
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.as_str())
}

fn base64_text<S: Serializer>(bytes: &Bytes, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&STANDARD.encode(bytes))
}

/// The exchanges of a provider, in memory and on request in a file.
#[derive(Debug)]
pub(crate) struct Journal {
    kept: Mutex<Kept>,
    ended: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct Kept {
    exchanges: VecDeque<Exchange>,
    bytes: usize,
    forgotten: u64,
    file: Option<File>,
}

impl Journal {
    pub(crate) fn new(file: Option<File>) -> Self {
        let kept = Mutex::new(Kept {
            file,
            ..Kept::default()
        });
        Self {
            kept,
            ended: watch::Sender::new(0),
        }
    }

    pub(crate) fn add(&self, exchange: Exchange) {
        self.lock().add(exchange);
        self.ended.send_modify(|count| *count += 1);
    }

    pub(crate) fn all(&self) -> Vec<Exchange> {
        self.lock().exchanges.iter().cloned().collect()
    }

    pub(crate) fn forgotten(&self) -> u64 {
        self.lock().forgotten
    }

    /// Returns once `count` exchanges have ended since the start.
    pub(crate) async fn ended(&self, count: u64) {
        // It fails only when the sender is gone, and that is `self`.
        let _ = self
            .ended
            .subscribe()
            .wait_for(|ended| *ended >= count)
            .await;
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn add(&mut self, exchange: Exchange) {
        self.write(&exchange);
        self.bytes += size(&exchange);
        self.exchanges.push_back(exchange);
        while self.exchanges.len() > MAX_KEPT || self.bytes > MAX_KEPT_BYTES {
            let Some(oldest) = self.exchanges.pop_front() else {
                break;
            };
            self.bytes -= size(&oldest);
            self.forgotten += 1;
        }
    }

    /// A file that can no longer be written ends there: the provider goes on,
    /// and the reader of the file misses the lines.
    fn write(&mut self, exchange: &Exchange) {
        let Some(file) = self.file.as_mut() else {
            return;
        };
        let mut line = serde_json::to_vec(exchange).unwrap_or_default();
        line.push(b'\n');
        if file.write_all(&line).is_err() {
            self.file = None;
        }
    }
}

fn size(exchange: &Exchange) -> usize {
    exchange.request_body.len() + exchange.response_body.len()
}
