//! Sends requests, one after the other.

use std::error::Error;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use oisp_config::{SecretError, SecretSource};
use oisp_store::Stored;
use reqwest::header::{
    AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue,
};
use reqwest::{Client, Url, redirect};
use tokio::runtime::Handle;

use super::answer::{self, Answer};
use super::config::{Auth, Compression, Format, Method, WebhookConfig, secret_value};
use super::encode;
use crate::config::ConfigError;
use crate::dead_letter::now;
use crate::{DeliverError, Delivered, Refused, Sink, Stopping, TlsError};

/// The sink.
pub struct WebhookSink {
    name: String,
    client: Client,
    method: reqwest::Method,
    url: Url,
    headers: HeaderMap,
    format: Format,
    compression: Compression,
    signing_key: Option<Vec<u8>>,
    runtime: Handle,
    stopping: Stopping,
}

/// Why a webhook cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// A key is wrong.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A secret is missing.
    #[error("{key}: {source}")]
    Secret {
        /// The key.
        key: &'static str,
        /// Why.
        source: SecretError,
    },
    /// The certificates are wrong.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The HTTP client does not start.
    #[error("the HTTP client cannot start: {0}")]
    Client(reqwest::Error),
}

impl WebhookSink {
    /// Sets it up. Nothing is sent yet.
    ///
    /// # Errors
    /// When the configuration is wrong, a secret is missing or a file of `tls`
    /// cannot be read.
    pub fn open(config: &WebhookConfig, runtime: Handle) -> Result<Self, OpenError> {
        config.check()?;
        let client = Client::builder()
            .tls_backend_preconfigured(config.tls.client()?)
            .redirect(redirect::Policy::none())
            .timeout(config.timeout.get())
            .connect_timeout(config.connect_timeout.get())
            .user_agent(concat!("oisp-sensor/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(OpenError::Client)?;
        let signing_key = config
            .signing_secret
            .as_ref()
            .map(|secret| resolve("signing_secret", secret))
            .transpose()?;
        Ok(Self {
            name: config.full_name(),
            client,
            method: match config.method {
                Method::Post => reqwest::Method::POST,
                Method::Put => reqwest::Method::PUT,
                Method::Patch => reqwest::Method::PATCH,
            },
            url: config.parsed_url()?,
            headers: headers(config)?,
            format: config.format,
            compression: config.compression,
            signing_key: signing_key.map(|secret| encode::signing_key(&secret)),
            runtime,
            stopping: Stopping::never(),
        })
    }

    /// Sends a request; waits until the answer is there or the sensor stops.
    fn send(&mut self, events: &[Arc<Stored>]) -> Result<Answer, DeliverError> {
        let request = self.request(events)?;
        let exchange = async {
            let response = request.send().await.map_err(|error| describe(&error))?;
            answer::read(response).await
        };
        self.runtime
            .block_on(self.stopping.unless_over(exchange))
            .flatten()
    }

    fn request(&self, events: &[Arc<Stored>]) -> Result<reqwest::RequestBuilder, DeliverError> {
        let mut body = encode::body(self.format, events);
        let mut headers = self.headers.clone();
        if let Some(key) = &self.signing_key {
            sign(&mut headers, key, events, &body);
        }
        if self.compression == Compression::Gzip {
            body = encode::gzip(&body).map_err(DeliverError::retry)?;
            headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        }
        Ok(self
            .client
            .request(self.method.clone(), self.url.clone())
            .headers(headers)
            .body(body))
    }
}

fn sign(headers: &mut HeaderMap, key: &[u8], events: &[Arc<Stored>], body: &[u8]) {
    let id = encode::message_id(events);
    let timestamp = now().as_millis() / 1000;
    let signature = encode::signature(key, &id, timestamp, body);
    for (name, text) in [
        ("webhook-id", id),
        ("webhook-timestamp", timestamp.to_string()),
        ("webhook-signature", signature),
    ] {
        if let Ok(value) = HeaderValue::try_from(text) {
            headers.insert(HeaderName::from_static(name), value);
        }
    }
}

fn resolve(key: &'static str, secret: &SecretSource) -> Result<String, OpenError> {
    secret
        .resolve()
        .map(|secret| secret.expose().clone())
        .map_err(|source| OpenError::Secret { key, source })
}

fn headers(config: &WebhookConfig) -> Result<HeaderMap, OpenError> {
    let mut headers = HeaderMap::new();
    let content_type = HeaderValue::from_static(encode::content_type(config.format));
    headers.insert(CONTENT_TYPE, content_type);
    for (name, source) in &config.headers {
        let no_name = |_| ConfigError::new("headers", format!("{name:?} is no name of a header"));
        let value = secret_value("headers", &resolve("headers", source)?)?;
        headers.insert(HeaderName::try_from(name).map_err(no_name)?, value);
    }
    if let Some((name, text)) = auth(&config.auth)? {
        headers.insert(name, secret_value("auth", &text)?);
    }
    Ok(headers)
}

fn auth(auth: &Auth) -> Result<Option<(HeaderName, String)>, OpenError> {
    Ok(Some(match auth {
        Auth::None => return Ok(None),
        Auth::Bearer { token } => (
            AUTHORIZATION,
            format!("Bearer {}", resolve("auth.token", token)?),
        ),
        Auth::Basic { username, password } => {
            let pair = format!("{username}:{}", resolve("auth.password", password)?);
            (AUTHORIZATION, format!("Basic {}", STANDARD.encode(pair)))
        }
        Auth::ApiKey { header, key } => {
            let no_name =
                |_| ConfigError::new("auth.header", format!("{header:?} is no name of a header"));
            let name = HeaderName::try_from(header).map_err(no_name)?;
            (name, resolve("auth.key", key)?)
        }
    }))
}

/// The whole chain of what went wrong, without the address: its query may hold
/// a secret.
fn describe(error: &reqwest::Error) -> DeliverError {
    let what = if error.is_timeout() {
        "the receiver did not answer in time"
    } else if error.is_connect() {
        "the receiver cannot be reached"
    } else {
        "the request broke off"
    };
    let mut innermost = error.source();
    while let Some(source) = innermost.and_then(Error::source) {
        innermost = Some(source);
    }
    match innermost {
        Some(cause) => DeliverError::retry(format_args!("{what}: {cause}")),
        None => DeliverError::retry(what),
    }
}

/// A batch on its way: what is settled, and the pieces that are left, the next
/// one last.
struct Way<'b> {
    left: Vec<&'b [Arc<Stored>]>,
    settled: usize,
    refused: Vec<Refused>,
}

impl<'b> Way<'b> {
    fn new(batch: &'b [Arc<Stored>], format: Format) -> Self {
        let size = match format {
            Format::Event => 1,
            Format::Array | Format::Ndjson => batch.len().max(1),
        };
        Self {
            left: batch.chunks(size).rev().collect(),
            settled: 0,
            refused: Vec::new(),
        }
    }

    fn take(&mut self, piece: &'b [Arc<Stored>], answer: Answer) {
        match answer {
            Answer::Taken => self.settled += piece.len(),
            Answer::Refused {
                may_be_some: true, ..
            } if piece.len() > 1 => {
                let (first, second) = piece.split_at(piece.len() / 2);
                self.left.extend([second, first]);
            }
            Answer::Refused { reason, .. } => {
                self.settled += piece.len();
                self.refused.extend(piece.iter().map(|stored| Refused {
                    seq: stored.seq,
                    reason: reason.clone(),
                }));
            }
        }
    }
}

impl Sink for WebhookSink {
    fn name(&self) -> &str {
        &self.name
    }

    fn watch(&mut self, stopping: Stopping) {
        self.stopping = stopping;
    }

    fn deliver(&mut self, batch: &[Arc<Stored>]) -> Result<Delivered, DeliverError> {
        let mut way = Way::new(batch, self.format);
        while let Some(piece) = way.left.pop() {
            match self.send(piece) {
                Ok(answer) => way.take(piece, answer),
                Err(error) => return Err(error.after(way.settled, way.refused)),
            }
        }
        Ok(Delivered {
            refused: way.refused,
        })
    }

    fn close(&mut self) -> Result<(), DeliverError> {
        Ok(())
    }
}
