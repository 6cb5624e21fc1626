//! What configuration and variables come to.

use std::collections::BTreeMap;
use std::time::Duration;

use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderName, HeaderValue, Uri};
use oisp_config::{SecretError, SecretSource};

use super::config::{
    Compression, OtlpConfig, Protocol, SemanticConventions, SignalConfig, Temporality,
};
use super::encode::Options;
use super::env::{self, Lookup, Signal, Variables};
use crate::config::ConfigError;
use crate::{TlsConfig, TlsError};

const TIMEOUT: Duration = Duration::from_secs(10);
const SERVICE: &str = "oisp-sensor";
/// The smallest largest request that makes sense.
const MIN_REQUEST: u64 = 1024;
/// Header fields that the sensor sets itself.
const OURS: [&str; 6] = [
    "content-type",
    "content-encoding",
    "content-length",
    "host",
    "te",
    "transfer-encoding",
];

/// Why there is no sink.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// A key of the configuration is wrong.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A standard variable is wrong.
    #[error("the environment variable {name}: {problem}")]
    Variable {
        /// Which.
        name: String,
        /// What is wrong, and what is right.
        problem: String,
    },
    /// A secret cannot be had.
    #[error("{key}: {source}")]
    Secret {
        /// The key of the configuration.
        key: String,
        /// What is wrong.
        source: SecretError,
    },
    /// The certificates are wrong.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The HTTP client cannot be made.
    #[error("cannot set up HTTP: {0}")]
    Http(#[from] reqwest::Error),
    /// An endpoint is not one of gRPC.
    #[error("cannot set up gRPC: {0}")]
    Grpc(#[from] tonic::transport::Error),
}

/// A sink's settings, checked.
#[derive(Clone, Debug)]
pub struct Settings {
    pub(crate) name: String,
    pub(crate) options: Options,
    pub(crate) temporality: Temporality,
    pub(crate) resource: BTreeMap<String, String>,
    pub(crate) max_request_size: usize,
    pub(crate) logs: Option<Route>,
    pub(crate) traces: Option<Route>,
    pub(crate) metrics: Option<Route>,
}

/// How one signal travels.
#[derive(Clone, Debug)]
pub(crate) struct Route {
    pub signal: Signal,
    pub protocol: Protocol,
    /// For HTTP with the path, for gRPC without.
    pub endpoint: Uri,
    pub compression: Compression,
    pub timeout: Duration,
    pub headers: HeaderMap,
    pub tls: TlsConfig,
}

impl Settings {
    /// Checks a configuration and fills in what it leaves open. `lookup` finds
    /// environment variables.
    ///
    /// # Errors
    /// With the first thing that is wrong, with its key or variable.
    pub fn of(config: &OtlpConfig, lookup: Lookup<'_>) -> Result<Self, SettingsError> {
        config.common().check()?;
        let size = config.max_request_size.bytes();
        if size < MIN_REQUEST {
            let problem = format!("{size} bytes is less than {MIN_REQUEST}");
            return Err(ConfigError::new("max_request_size", problem).into());
        }
        let route = |signal, own: &SignalConfig| match own.enabled {
            true => Route::of(config, own, Variables::of(lookup, signal)).map(Some),
            false => Ok(None),
        };
        let logs = route(Signal::Logs, &config.logs)?;
        let traces = route(Signal::Traces, &config.traces)?;
        let metrics = route(Signal::Metrics, &config.metrics)?;
        if logs.is_none() && traces.is_none() && metrics.is_none() {
            let problem =
                "logs, traces and metrics are all off: turn one on, or set enabled = false";
            return Err(ConfigError::new("logs.enabled", problem).into());
        }
        Ok(Self {
            name: config.full_name(),
            options: Options {
                conventions: conventions(config, lookup),
                content: config.content,
                logs: logs.is_some(),
                traces: traces.is_some(),
                metrics: metrics.is_some(),
            },
            temporality: match config.temporality {
                Some(temporality) => temporality,
                None => env::temporality(lookup)?.unwrap_or_default(),
            },
            resource: resource(config, lookup)?,
            max_request_size: usize::try_from(size).unwrap_or(usize::MAX),
            logs,
            traces,
            metrics,
        })
    }
}

fn conventions(config: &OtlpConfig, lookup: Lookup<'_>) -> SemanticConventions {
    config
        .semantic_conventions
        .or_else(|| env::conventions(lookup))
        .unwrap_or_default()
}

fn resource(
    config: &OtlpConfig,
    lookup: Lookup<'_>,
) -> Result<BTreeMap<String, String>, SettingsError> {
    let mut resource = env::resource(lookup)?;
    resource.extend(config.resource.clone());
    if let Some(name) = &config.service_name {
        resource.insert("service.name".to_owned(), name.clone());
    }
    let defaults = [
        ("service.name", SERVICE),
        ("service.version", env!("CARGO_PKG_VERSION")),
    ];
    for (key, value) in defaults {
        resource
            .entry(key.to_owned())
            .or_insert_with(|| value.to_owned());
    }
    Ok(resource)
}

impl Route {
    fn of(
        config: &OtlpConfig,
        own: &SignalConfig,
        variables: Variables<'_>,
    ) -> Result<Self, SettingsError> {
        let protocol = match config.protocol {
            Some(protocol) => protocol,
            None => variables.protocol()?.unwrap_or(Protocol::HttpProtobuf),
        };
        let timeout = match config.timeout {
            Some(timeout) => timeout.get(),
            None => variables.timeout()?.unwrap_or(TIMEOUT),
        };
        if timeout.is_zero() {
            return Err(ConfigError::new("timeout", "must be more than nothing").into());
        }
        Ok(Self {
            signal: variables.signal(),
            protocol,
            endpoint: endpoint(config, own, variables, protocol)?,
            compression: match config.compression {
                Some(compression) => compression,
                None => variables.compression()?.unwrap_or_default(),
            },
            timeout,
            headers: headers(config, variables)?,
            tls: tls(config, variables),
        })
    }
}

/// Files of the variables stand in only together: a key belongs to its
/// certificate.
fn tls(config: &OtlpConfig, variables: Variables<'_>) -> TlsConfig {
    let mut tls = config.tls.clone();
    if tls.ca_file.is_none() {
        tls.ca_file = variables.file("CERTIFICATE");
    }
    if tls.cert_file.is_none() && tls.key_file.is_none() {
        tls.cert_file = variables.file("CLIENT_CERTIFICATE");
        tls.key_file = variables.file("CLIENT_KEY");
    }
    tls
}

/// The endpoint of a signal: its own as it is, that of all with the signal's
/// path where it is HTTP.
fn endpoint(
    config: &OtlpConfig,
    own: &SignalConfig,
    variables: Variables<'_>,
    protocol: Protocol,
) -> Result<Uri, SettingsError> {
    let is_grpc = protocol == Protocol::Grpc;
    let own = own.endpoint.clone();
    let of_variable = || match config.endpoint {
        None => variables.own_endpoint(),
        Some(_) => None,
    };
    let (text, is_whole) = match own.or_else(of_variable) {
        Some(own) => (own, true),
        None => {
            let shared = config.endpoint.clone().or_else(|| variables.endpoint());
            let default = match is_grpc {
                true => "http://localhost:4317",
                false => "http://localhost:4318",
            };
            (shared.unwrap_or_else(|| default.to_owned()), false)
        }
    };
    let insecure = match config.insecure {
        Some(insecure) => insecure,
        None => variables.insecure()?.unwrap_or_default(),
    };
    let text = match (is_grpc, is_whole) {
        (true, _) if !text.contains("://") => match insecure {
            true => format!("http://{text}"),
            false => format!("https://{text}"),
        },
        (false, false) => format!(
            "{}/v1/{}",
            text.trim_end_matches('/'),
            variables.signal().name()
        ),
        _ => text,
    };
    parse(&text)
}

fn parse(text: &str) -> Result<Uri, SettingsError> {
    let wrong = |problem: String| SettingsError::from(ConfigError::new("endpoint", problem));
    let authority = text.split_once("://").map_or(text, |(_, rest)| rest);
    if authority
        .split('/')
        .next()
        .is_some_and(|host| host.contains('@'))
    {
        let problem = "holds a password: give it by headers, which are never printed";
        return Err(wrong(problem.to_owned()));
    }
    let uri: Uri = text.parse().map_err(|error| {
        wrong(format!(
            "{text:?} is no address such as \"http://localhost:4318\": {error}"
        ))
    })?;
    let is_known = matches!(uri.scheme_str(), Some("http" | "https"));
    if !is_known || uri.host().is_none() {
        return Err(wrong(format!(
            "{text:?} must begin with https:// or http:// and name a host"
        )));
    }
    Ok(uri)
}

fn headers(config: &OtlpConfig, variables: Variables<'_>) -> Result<HeaderMap, SettingsError> {
    let mut headers = HeaderMap::new();
    for (name, value) in variables.headers()? {
        add(&mut headers, "OTEL_EXPORTER_OTLP_HEADERS", &name, &value)?;
    }
    for (name, source) in &config.headers {
        let key = format!("headers.{name}");
        add(&mut headers, "headers", name, &secret(&key, source)?)?;
    }
    if let Some(source) = &config.api_key {
        let key = secret("api_key", source)?;
        add(&mut headers, "api_key_header", &config.api_key_header, &key)?;
    }
    if let Some(source) = &config.bearer_token {
        let value = format!("Bearer {}", secret("bearer_token", source)?);
        add(&mut headers, "bearer_token", AUTHORIZATION.as_str(), &value)?;
    }
    Ok(headers)
}

fn secret(key: &str, source: &SecretSource) -> Result<String, SettingsError> {
    match source.resolve() {
        Ok(secret) => Ok(secret.expose().clone()),
        Err(source) => Err(SettingsError::Secret {
            key: key.to_owned(),
            source,
        }),
    }
}

/// Sets a header field; its value is never printed.
fn add(
    headers: &mut HeaderMap,
    key: &'static str,
    name: &str,
    value: &str,
) -> Result<(), SettingsError> {
    let wrong = |problem: String| SettingsError::from(ConfigError::new(key, problem));
    let field = HeaderName::try_from(name)
        .map_err(|_| wrong(format!("{name:?} is no name of a header field")))?;
    let is_ours = OURS.contains(&field.as_str()) || field.as_str().starts_with("grpc-");
    if is_ours || field.as_str().ends_with("-bin") {
        return Err(wrong(format!("{name:?} is set by the sensor itself")));
    }
    let mut value = HeaderValue::try_from(value).map_err(|_| {
        wrong(format!(
            "the value of {name:?} holds characters that no header can carry"
        ))
    })?;
    value.set_sensitive(true);
    headers.insert(field, value);
    Ok(())
}
