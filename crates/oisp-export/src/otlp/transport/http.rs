//! OTLP over HTTP (OTLP specification, "OTLP/HTTP").

use std::io::Write as _;
use std::time::SystemTime;

use flate2::Compression as Level;
use flate2::write::GzEncoder;
use prost::Message;
use reqwest::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderValue, USER_AGENT};
use reqwest::{Client, Response, StatusCode, Url, redirect};
use serde_json::Value;

use super::super::config::{Compression, Protocol};
use super::super::settings::{Route, SettingsError};
use super::signals::{ExportRequest, accepted_json};
use super::{Accepted, SendError, chain, quoted};
use crate::config::ConfigError;
use crate::webhook::answer::retry_after;

/// Most bytes of an answer that are read.
const MAX_ANSWER: usize = 64 << 10;
const JSON: HeaderValue = HeaderValue::from_static("application/json");
const PROTOBUF: HeaderValue = HeaderValue::from_static("application/x-protobuf");
const AGENT: HeaderValue =
    HeaderValue::from_static(concat!("oisp-sensor/", env!("CARGO_PKG_VERSION")));

#[derive(Debug)]
pub(super) struct Http {
    client: Client,
    url: Url,
    headers: HeaderMap,
    is_json: bool,
    is_gzip: bool,
}

impl Http {
    pub fn new(route: &Route) -> Result<Self, SettingsError> {
        let client = Client::builder()
            .tls_backend_preconfigured(route.tls.client()?)
            // Credentials go where the configuration says and nowhere else.
            .redirect(redirect::Policy::none())
            .no_proxy()
            .timeout(route.timeout)
            .build()?;
        let url = route.endpoint.to_string();
        let url = Url::parse(&url).map_err(|error| {
            let problem = format!("{url:?} is no address: {error}");
            ConfigError::new("endpoint", problem)
        })?;
        let is_json = route.protocol == Protocol::HttpJson;
        let is_gzip = route.compression == Compression::Gzip;
        let mut headers = route.headers.clone();
        headers.insert(CONTENT_TYPE, if is_json { JSON } else { PROTOBUF });
        headers.entry(USER_AGENT).or_insert(AGENT);
        if is_gzip {
            headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        }
        Ok(Self {
            client,
            url,
            headers,
            is_json,
            is_gzip,
        })
    }

    pub async fn send<R: ExportRequest>(&self, request: &R) -> Result<Accepted, SendError> {
        let body = self.body(request)?;
        let request = self.client.post(self.url.clone());
        let request = request.headers(self.headers.clone()).body(body);
        let response = request.send().await.map_err(|error| {
            let reason = chain(&error.without_url());
            SendError::retry(reason, None)
        })?;
        match response.status() {
            status if status.is_success() => self.accepted::<R>(response).await,
            status => Err(self.error_of(status, response).await),
        }
    }

    fn body<R: ExportRequest>(&self, request: &R) -> Result<Vec<u8>, SendError> {
        let plain = match self.is_json {
            // Only a map with keys that are no strings could fail.
            true => serde_json::to_vec(request)
                .map_err(|error| SendError::Never(format!("cannot be written as JSON: {error}")))?,
            false => request.encode_to_vec(),
        };
        if !self.is_gzip {
            return Ok(plain);
        }
        let mut gzip = GzEncoder::new(Vec::new(), Level::fast());
        let done = gzip.write_all(&plain).and_then(|()| gzip.finish());
        done.map_err(|error| SendError::Never(format!("cannot be compressed: {error}")))
    }

    /// A receiver that answers well has the items, whatever else it says.
    async fn accepted<R: ExportRequest>(&self, response: Response) -> Result<Accepted, SendError> {
        let is_json = is_json(&response);
        let bytes = bytes_of(response).await;
        Ok(match is_json {
            true => accepted_json::<R>(&serde_json::from_slice(&bytes).unwrap_or_default()),
            false => R::accepted(R::Response::decode(bytes.as_slice()).unwrap_or_default()),
        })
    }

    /// What a status means, by the list of the specification.
    async fn error_of(&self, status: StatusCode, response: Response) -> SendError {
        let after = retry_after(response.headers(), SystemTime::now());
        let is_json = is_json(&response);
        let words = words_of(&bytes_of(response).await, is_json);
        let reason = quoted(&format!("the receiver answered {status}"), &words);
        match status.as_u16() {
            429 | 502 | 503 | 504 => SendError::retry(reason, after),
            400 | 413 | 422 => SendError::Refused(reason),
            300..=399 => SendError::misconfigured(format!(
                "{reason}; redirections are not followed, mend endpoint"
            )),
            401 | 403 | 407 => SendError::misconfigured(format!(
                "{reason}; mend headers, api_key, bearer_token or tls of this sink, its events wait"
            )),
            404 | 405 | 415 => SendError::misconfigured(format!(
                "{reason}; mend endpoint and protocol, or turn off the signal, events wait"
            )),
            _ => SendError::Never(reason),
        }
    }
}

fn is_json(response: &Response) -> bool {
    let kind = response.headers().get(CONTENT_TYPE);
    kind.is_some_and(|kind| kind.as_bytes().starts_with(b"application/json"))
}

/// The message of a `google.rpc.Status`, else the answer as it is.
fn words_of(bytes: &[u8], is_json: bool) -> String {
    let message = match is_json {
        true => serde_json::from_slice(bytes)
            .ok()
            .and_then(|status: Value| Some(status.get("message")?.as_str()?.to_owned())),
        false => tonic_types::Status::decode(bytes)
            .ok()
            .map(|status| status.message),
    };
    message.unwrap_or_else(|| String::from_utf8_lossy(bytes).into_owned())
}

async fn bytes_of(mut response: Response) -> Vec<u8> {
    let mut bytes = Vec::new();
    while let Ok(Some(chunk)) = response.chunk().await {
        bytes.extend_from_slice(&chunk);
        if bytes.len() >= MAX_ANSWER {
            break;
        }
    }
    bytes
}
