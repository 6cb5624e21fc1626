//! Sends one export request and tells what became of it.

mod grpc;
mod http;
mod signals;

use std::time::Duration;

use tokio::runtime::Handle;

use super::config::Protocol;
use super::settings::{Route, SettingsError};
use crate::{DeliverError, Stopping};
use grpc::Grpc;
use http::Http;
pub(crate) use signals::ExportRequest;

/// Most characters of a receiver's words that are quoted.
const MAX_QUOTE: usize = 200;

/// What a receiver that answered well says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Accepted {
    /// So many of the items it did not take.
    pub rejected: u64,
    /// Why, or a warning where it took all.
    pub message: String,
}

/// Why a request was not taken.
#[derive(Debug)]
pub(crate) enum SendError {
    /// The same request may go better another time.
    Again(DeliverError),
    /// The receiver will never take this request; parts of it it may.
    Refused(String),
    /// Nor will it take a part of it: what it says is not about the data.
    Never(String),
}

impl SendError {
    fn retry(reason: String, after: Option<Duration>) -> Self {
        Self::Again(DeliverError::Retry { reason, after })
    }

    fn misconfigured(reason: String) -> Self {
        Self::Again(DeliverError::Misconfigured(reason))
    }
}

/// The way of one signal.
#[derive(Debug)]
pub(crate) struct Transport {
    route: Route,
    client: Client,
}

#[derive(Debug)]
enum Client {
    Grpc(Grpc),
    Http(Http),
}

impl Transport {
    /// Sets it up. Nothing is sent yet.
    pub fn new(route: Route, runtime: &Handle) -> Result<Self, SettingsError> {
        // The channel of gRPC starts a task.
        let _inside = runtime.enter();
        let client = match route.protocol {
            Protocol::Grpc => Client::Grpc(Grpc::new(&route)?),
            Protocol::HttpProtobuf | Protocol::HttpJson => Client::Http(Http::new(&route)?),
        };
        Ok(Self { route, client })
    }

    /// Sends a request, unless the sensor stops before it is answered.
    pub async fn send<R: ExportRequest>(
        &self,
        request: &R,
        stopping: &mut Stopping,
    ) -> Result<Accepted, SendError> {
        let sending = async {
            match &self.client {
                Client::Grpc(grpc) => grpc.send(request).await,
                Client::Http(http) => http.send(request).await,
            }
        };
        let in_time = tokio::time::timeout(self.route.timeout, sending);
        let sent = stopping.unless_over(in_time).await;
        let sent = sent.map_err(SendError::Again)?;
        let sent = sent.unwrap_or_else(|_| {
            let timeout = self.route.timeout;
            Err(SendError::retry(
                format!("no answer within {timeout:?}"),
                None,
            ))
        });
        sent.map_err(|error| self.named(error))
    }

    /// Says whose error it is.
    fn named(&self, error: SendError) -> SendError {
        let place = |reason: String| {
            format!(
                "{} to {}: {reason}",
                self.route.signal.name(),
                self.route.endpoint
            )
        };
        match error {
            SendError::Again(DeliverError::Retry { reason, after }) => {
                SendError::retry(place(reason), after)
            }
            SendError::Again(DeliverError::Misconfigured(reason)) => {
                SendError::misconfigured(place(reason))
            }
            SendError::Again(other) => SendError::Again(other),
            SendError::Refused(reason) => SendError::Refused(place(reason)),
            SendError::Never(reason) => SendError::Never(place(reason)),
        }
    }
}

/// A receiver's words, short and on one line.
fn quoted(says: &str, words: &str) -> String {
    let plain = |c: char| if c.is_control() { ' ' } else { c };
    let quote: String = words.trim().chars().take(MAX_QUOTE).map(plain).collect();
    match quote.as_str() {
        "" => says.to_owned(),
        quote => format!("{says}: {quote}"),
    }
}

/// An error and what brought it about, as one line.
fn chain(error: &dyn std::error::Error) -> String {
    let mut line = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        let text = error.to_string();
        if !line.contains(&text) {
            line = format!("{line}: {text}");
        }
        source = error.source();
    }
    line
}
