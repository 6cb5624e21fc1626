//! What a user writes under `[[export.otlp]]`.

#![allow(
    rustdoc::bare_urls,
    reason = "these comments are also the reference of the configuration, which is plain text"
)]

use std::collections::BTreeMap;

use oisp_config::{ByteSize, EventFilter, HumanDuration, SecretSource};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::{Common, full_name};
use crate::{Retry, TlsConfig};

/// Events as OpenTelemetry logs, traces and metrics, sent to a collector or a
/// backend that takes OTLP. What is not set here is taken from the standard
/// variables (OTEL_EXPORTER_OTLP_ENDPOINT and the others), then from their
/// defaults.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct OtlpConfig {
    /// Tells sinks of a kind apart, in messages, figures and the file of dead
    /// letters.
    pub name: String,
    /// Whether it runs.
    pub enabled: bool,
    /// Where to: a collector's address, such as "http://localhost:4318". For HTTP
    /// each signal's path (/v1/logs, /v1/traces, /v1/metrics) is added. Default:
    /// OTEL_EXPORTER_OTLP_ENDPOINT, else this machine, port 4317 for gRPC and 4318
    /// for HTTP.
    pub endpoint: Option<String>,
    /// "grpc", "http/protobuf" or "http/json". Default: OTEL_EXPORTER_OTLP_PROTOCOL,
    /// else "http/protobuf".
    pub protocol: Option<Protocol>,
    /// Where an endpoint for gRPC names no scheme: without TLS. Default:
    /// OTEL_EXPORTER_OTLP_INSECURE, else false.
    pub insecure: Option<bool>,
    /// "none" or "gzip". Default: OTEL_EXPORTER_OTLP_COMPRESSION, else "none".
    pub compression: Option<Compression>,
    /// Header fields (metadata for gRPC) of every request. Added to those of
    /// OTEL_EXPORTER_OTLP_HEADERS.
    pub headers: BTreeMap<String, SecretSource>,
    /// A key that is sent in the field that api_key_header names.
    pub api_key: Option<SecretSource>,
    /// The header field of api_key.
    pub api_key_header: String,
    /// A token that is sent as "authorization: Bearer …".
    pub bearer_token: Option<SecretSource>,
    /// How the receiver and we know each other. Default of its files:
    /// OTEL_EXPORTER_OTLP_CERTIFICATE, …_CLIENT_CERTIFICATE and …_CLIENT_KEY.
    pub tls: TlsConfig,
    /// How long a request may take. Default: OTEL_EXPORTER_OTLP_TIMEOUT, else 10s.
    pub timeout: Option<HumanDuration>,
    /// The largest request, before compression. Receivers of gRPC take 4 MiB unless
    /// told otherwise. A single larger event is sent alone.
    pub max_request_size: ByteSize,
    /// Log records: one for each event.
    pub logs: SignalConfig,
    /// Spans: one for each exchange with a model and each tool call.
    pub traces: SignalConfig,
    /// Metrics: tokens, durations, times to the first chunk.
    pub metrics: SignalConfig,
    /// Whether metrics add up ("cumulative") or tell what came since the last time
    /// ("delta"). Default: OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE, else
    /// "cumulative".
    pub temporality: Option<Temporality>,
    /// Also send what was said: prompts, answers, arguments and results of tools,
    /// as far as redaction has left them.
    pub content: bool,
    /// Names by version "1.41" of the semantic conventions, or "latest". Default:
    /// "latest" where OTEL_SEMCONV_STABILITY_OPT_IN holds gen_ai_latest_experimental,
    /// else "1.41".
    pub semantic_conventions: Option<SemanticConventions>,
    /// The resource's service.name. Default: OTEL_SERVICE_NAME, else "oisp-sensor".
    pub service_name: Option<String>,
    /// Further attributes of the resource. Added to those of
    /// OTEL_RESOURCE_ATTRIBUTES.
    pub resource: BTreeMap<String, String>,
    /// Which events it gets.
    pub filter: EventFilter,
    /// Most events of one delivery.
    pub batch_size: usize,
    /// How long an event waits for others to come with it.
    pub flush_interval: HumanDuration,
    /// When a failed delivery is tried again.
    pub retry: Retry,
}

/// One of logs, traces and metrics.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SignalConfig {
    /// Whether it is sent.
    pub enabled: bool,
    /// Where to, as it is, without an added path. Default: as the sink's endpoint.
    pub endpoint: Option<String>,
}

impl Default for SignalConfig {
    fn default() -> Self {
        Self {
            enabled: true,
            endpoint: None,
        }
    }
}

/// How requests travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
pub enum Protocol {
    /// gRPC over HTTP/2.
    #[serde(rename = "grpc")]
    Grpc,
    /// HTTP/1.1 with protobuf.
    #[serde(rename = "http/protobuf", alias = "http-proto")]
    HttpProtobuf,
    /// HTTP/1.1 with JSON.
    #[serde(rename = "http/json", alias = "http-json")]
    HttpJson,
}

/// How requests are made smaller.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Compression {
    /// Not at all.
    #[default]
    None,
    /// By gzip.
    Gzip,
}

/// What a metric's data point tells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Temporality {
    /// All since the sink started.
    #[default]
    Cumulative,
    /// What came since the point before.
    Delta,
}

/// Which version of the semantic conventions for generative AI.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
pub enum SemanticConventions {
    /// 1.41, the last one before they got a repository of their own.
    #[default]
    #[serde(rename = "1.41")]
    V1_41,
    /// The names that repository has now.
    #[serde(rename = "latest")]
    Latest,
}

impl Default for OtlpConfig {
    fn default() -> Self {
        Self {
            name: String::new(),
            enabled: true,
            endpoint: None,
            protocol: None,
            insecure: None,
            compression: None,
            headers: BTreeMap::new(),
            api_key: None,
            api_key_header: "x-api-key".to_owned(),
            bearer_token: None,
            tls: TlsConfig::default(),
            timeout: None,
            max_request_size: ByteSize::kib(3584),
            logs: SignalConfig::default(),
            traces: SignalConfig::default(),
            metrics: SignalConfig::default(),
            temporality: None,
            content: false,
            semantic_conventions: None,
            service_name: None,
            resource: BTreeMap::new(),
            filter: EventFilter::default(),
            batch_size: 512,
            flush_interval: HumanDuration::from_secs(1),
            retry: Retry::default(),
        }
    }
}

impl OtlpConfig {
    /// `otlp.NAME`: the sink's name in figures and messages.
    pub fn full_name(&self) -> String {
        full_name("otlp", &self.name)
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
}
