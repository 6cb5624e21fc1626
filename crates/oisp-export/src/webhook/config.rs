//! The keys of `[[export.webhook]]`.

#![allow(
    rustdoc::bare_urls,
    reason = "these comments are also the reference of the configuration, which is plain text"
)]

use std::collections::BTreeMap;

use oisp_config::{EventFilter, HumanDuration, SecretSource};
use reqwest::Url;
use reqwest::header::{HeaderName, HeaderValue};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::{Common, ConfigError, DEFAULT_NAME, full_name};
use crate::{Retry, TlsConfig};

/// A webhook.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct WebhookConfig {
    /// Tells webhooks apart: figures and dead letters are kept under
    /// "webhook.NAME".
    pub name: String,
    /// Whether it runs.
    pub enabled: bool,
    /// Which events it gets.
    pub filter: EventFilter,
    /// Most events of one request, from 1 to 100000.
    pub batch_size: usize,
    /// How long an event waits for others to come with it.
    pub flush_interval: HumanDuration,
    /// When it tries again.
    pub retry: Retry,
    /// Address of the receiver, such as "https://collector.example.com/events".
    pub url: String,
    /// "post", "put" or "patch".
    pub method: Method,
    /// What a request holds: "event" (one event), "array" (a JSON array of
    /// events) or "ndjson" (an event a line).
    pub format: Format,
    /// How we show who we are: { kind = "none" }, { kind = "bearer", token },
    /// { kind = "basic", username, password } or
    /// { kind = "api_key", header, key }.
    pub auth: Auth,
    /// Further headers of each request. A value may be a secret's place.
    pub headers: BTreeMap<String, SecretSource>,
    /// Secret by which each request is signed as Standard Webhooks has it: text,
    /// or "whsec_" and base64. Without it nothing is signed.
    pub signing_secret: Option<SecretSource>,
    /// "none" or "gzip".
    pub compression: Compression,
    /// How long a request may take from its start to the end of the answer.
    pub timeout: HumanDuration,
    /// How long the connection may take.
    pub connect_timeout: HumanDuration,
    /// Whom to trust, and our own certificate.
    pub tls: TlsConfig,
}

/// How we show who we are.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Auth {
    /// Not at all.
    #[default]
    None,
    /// `Authorization: Bearer TOKEN`.
    Bearer {
        /// The token.
        token: SecretSource,
    },
    /// `Authorization: Basic …`.
    Basic {
        /// The user.
        username: String,
        /// The password.
        password: SecretSource,
    },
    /// A header of the receiver's own.
    ApiKey {
        /// Its name; "x-api-key" where none is given.
        #[serde(default = "api_key_header")]
        header: String,
        /// The key.
        key: SecretSource,
    },
}

fn api_key_header() -> String {
    "x-api-key".into()
}

/// The method of a request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Method {
    /// POST
    #[default]
    Post,
    /// PUT
    Put,
    /// PATCH
    Patch,
}

/// What a request holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// One event.
    Event,
    /// A JSON array of events.
    #[default]
    Array,
    /// An event a line.
    Ndjson,
}

/// How a body is made smaller.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Compression {
    /// Not at all.
    #[default]
    None,
    /// `Content-Encoding: gzip`.
    Gzip,
}

impl Default for WebhookConfig {
    fn default() -> Self {
        Self {
            name: DEFAULT_NAME.into(),
            enabled: true,
            filter: EventFilter::default(),
            batch_size: 100,
            flush_interval: HumanDuration::from_secs(1),
            retry: Retry::default(),
            url: String::new(),
            method: Method::default(),
            format: Format::default(),
            auth: Auth::default(),
            headers: BTreeMap::new(),
            signing_secret: None,
            compression: Compression::default(),
            timeout: HumanDuration::from_secs(30),
            connect_timeout: HumanDuration::from_secs(10),
            tls: TlsConfig::default(),
        }
    }
}

/// Headers that are the sink's own business.
const OURS: [&str; 9] = [
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "host",
    "transfer-encoding",
    "webhook-id",
    "webhook-signature",
    "webhook-timestamp",
];

impl WebhookConfig {
    /// The sink's name in figures and messages.
    pub fn full_name(&self) -> String {
        full_name("webhook", &self.name)
    }

    /// The keys that every sink has.
    pub fn common(&self) -> Common<'_> {
        Common {
            name: &self.name,
            filter: &self.filter,
            batch_size: self.batch_size,
            flush_interval: self.flush_interval,
            retry: self.retry,
        }
    }

    /// What is wrong with it, short of what only the receiver and the disk know.
    ///
    /// # Errors
    /// With the first key that is wrong.
    pub fn check(&self) -> Result<(), ConfigError> {
        self.common().check()?;
        self.parsed_url()?;
        self.headers.keys().try_for_each(|name| {
            let problem = match HeaderName::try_from(name.as_str()) {
                Err(_) => "is no name of a header",
                Ok(name) if OURS.contains(&name.as_str()) => "is set by the sensor itself",
                Ok(_) => return Ok(()),
            };
            Err(ConfigError::new("headers", format!("{name:?} {problem}")))
        })?;
        for (key, time) in [
            ("timeout", self.timeout),
            ("connect_timeout", self.connect_timeout),
        ] {
            if time.get().is_zero() {
                return Err(ConfigError::new(key, "must be more than nothing"));
            }
        }
        Ok(())
    }

    pub(super) fn parsed_url(&self) -> Result<Url, ConfigError> {
        let wrong = |problem: &str| ConfigError::new("url", problem);
        let url = Url::parse(&self.url).map_err(|error| {
            ConfigError::new(
                "url",
                format!("not an address such as \"https://collector.example.com/events\": {error}"),
            )
        })?;
        if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
            return Err(wrong("must begin with https:// or http:// and name a host"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(wrong(
                "holds a password: give it by auth, which is never printed",
            ));
        }
        Ok(url)
    }
}

/// A header's value that is never printed.
pub(super) fn secret_value(key: &'static str, text: &str) -> Result<HeaderValue, ConfigError> {
    let mut value = HeaderValue::try_from(text)
        .map_err(|_| ConfigError::new(key, "holds characters that no header can carry"))?;
    value.set_sensitive(true);
    Ok(value)
}
