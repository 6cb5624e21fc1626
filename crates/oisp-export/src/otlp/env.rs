//! The standard variables of OpenTelemetry: defaults for what the configuration
//! leaves open. A variable of one signal comes before that of all.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use percent_encoding::percent_decode_str;

use super::config::{Compression, Protocol, SemanticConventions, Temporality};
use super::settings::SettingsError;

/// One of the three.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Signal {
    Logs,
    Traces,
    Metrics,
}

impl Signal {
    /// As variables call it.
    const fn upper(self) -> &'static str {
        match self {
            Self::Logs => "LOGS",
            Self::Traces => "TRACES",
            Self::Metrics => "METRICS",
        }
    }

    /// As paths, keys and messages call it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Logs => "logs",
            Self::Traces => "traces",
            Self::Metrics => "metrics",
        }
    }
}

/// Where variables are looked up: the process's, or a test's.
pub type Lookup<'a> = &'a dyn Fn(&str) -> Option<String>;

/// The variables, as one signal sees them.
#[derive(Clone, Copy)]
pub(crate) struct Variables<'a> {
    lookup: Lookup<'a>,
    signal: Signal,
}

impl<'a> Variables<'a> {
    pub fn of(lookup: Lookup<'a>, signal: Signal) -> Self {
        Self { lookup, signal }
    }

    /// Which signal.
    pub const fn signal(self) -> Signal {
        self.signal
    }

    /// A variable's name and value; an empty one counts as none.
    fn find(self, option: &str) -> Option<(String, String)> {
        let own = format!("OTEL_EXPORTER_OTLP_{}_{option}", self.signal.upper());
        [own, format!("OTEL_EXPORTER_OTLP_{option}")]
            .into_iter()
            .find_map(|name| Some((value(self.lookup, &name)?, name)))
            .map(|(value, name)| (name, value))
    }

    /// The signal's own endpoint, which is taken as it is.
    pub fn own_endpoint(self) -> Option<String> {
        let name = format!("OTEL_EXPORTER_OTLP_{}_ENDPOINT", self.signal.upper());
        value(self.lookup, &name)
    }

    /// The endpoint of all signals.
    pub fn endpoint(self) -> Option<String> {
        value(self.lookup, "OTEL_EXPORTER_OTLP_ENDPOINT")
    }

    pub fn protocol(self) -> Result<Option<Protocol>, SettingsError> {
        let known = "\"grpc\", \"http/protobuf\" or \"http/json\"";
        self.one_of("PROTOCOL", known, |word| {
            Some(match word {
                "grpc" => Protocol::Grpc,
                "http/protobuf" => Protocol::HttpProtobuf,
                "http/json" => Protocol::HttpJson,
                _ => return None,
            })
        })
    }

    pub fn compression(self) -> Result<Option<Compression>, SettingsError> {
        self.one_of("COMPRESSION", "\"none\" or \"gzip\"", |word| {
            Some(match word {
                "none" => Compression::None,
                "gzip" => Compression::Gzip,
                _ => return None,
            })
        })
    }

    pub fn insecure(self) -> Result<Option<bool>, SettingsError> {
        self.one_of("INSECURE", "\"true\" or \"false\"", |word| {
            word.to_ascii_lowercase().parse().ok()
        })
    }

    pub fn timeout(self) -> Result<Option<Duration>, SettingsError> {
        let read = |word: &str| word.parse().ok().filter(|millis| *millis > 0);
        let millis = self.one_of("TIMEOUT", "a number of milliseconds above 0", read)?;
        Ok(millis.map(Duration::from_millis))
    }

    pub fn file(self, option: &str) -> Option<PathBuf> {
        self.find(option).map(|(_, path)| path.into())
    }

    /// `name=value` pairs with commas between them, percent-encoded.
    pub fn headers(self) -> Result<BTreeMap<String, String>, SettingsError> {
        match self.find("HEADERS") {
            Some((name, text)) => pairs(&name, &text),
            None => Ok(BTreeMap::new()),
        }
    }

    fn one_of<T>(
        self,
        option: &str,
        known: &'static str,
        read: impl Fn(&str) -> Option<T>,
    ) -> Result<Option<T>, SettingsError> {
        let Some((name, text)) = self.find(option) else {
            return Ok(None);
        };
        match read(&text) {
            Some(value) => Ok(Some(value)),
            None => Err(SettingsError::Variable {
                name,
                problem: format!("{text:?} is not {known}"),
            }),
        }
    }
}

/// `OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE`.
pub(crate) fn temporality(lookup: Lookup<'_>) -> Result<Option<Temporality>, SettingsError> {
    let name = "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE";
    let Some(word) = value(lookup, name) else {
        return Ok(None);
    };
    match word.to_ascii_lowercase().as_str() {
        "cumulative" => Ok(Some(Temporality::Cumulative)),
        // With histograms and counters only, these two are the same.
        "delta" | "lowmemory" => Ok(Some(Temporality::Delta)),
        _ => Err(SettingsError::Variable {
            name: name.to_owned(),
            problem: format!("{word:?} is not \"cumulative\", \"delta\" or \"lowmemory\""),
        }),
    }
}

/// `OTEL_SEMCONV_STABILITY_OPT_IN`: a list, of which only what concerns
/// generative AI is looked at.
pub(crate) fn conventions(lookup: Lookup<'_>) -> Option<SemanticConventions> {
    value(lookup, "OTEL_SEMCONV_STABILITY_OPT_IN")?
        .split(',')
        .any(|word| word.trim() == "gen_ai_latest_experimental")
        .then_some(SemanticConventions::Latest)
}

/// `OTEL_RESOURCE_ATTRIBUTES` and, stronger, `OTEL_SERVICE_NAME`.
pub(crate) fn resource(lookup: Lookup<'_>) -> Result<BTreeMap<String, String>, SettingsError> {
    let name = "OTEL_RESOURCE_ATTRIBUTES";
    let mut attributes = match value(lookup, name) {
        Some(text) => pairs(name, &text)?,
        None => BTreeMap::new(),
    };
    if let Some(service) = value(lookup, "OTEL_SERVICE_NAME") {
        attributes.insert("service.name".to_owned(), service);
    }
    Ok(attributes)
}

fn value(lookup: Lookup<'_>, name: &str) -> Option<String> {
    let value = lookup(name)?.trim().to_owned();
    (!value.is_empty()).then_some(value)
}

/// The values may be secrets: no message holds one.
fn pairs(name: &str, text: &str) -> Result<BTreeMap<String, String>, SettingsError> {
    let wrong = |position: usize, problem: &str| SettingsError::Variable {
        name: name.to_owned(),
        problem: format!("pair {} {problem}", position + 1),
    };
    let mut pairs = BTreeMap::new();
    for (position, pair) in text.split(',').enumerate() {
        if pair.trim().is_empty() {
            continue;
        }
        let (key, value) = pair
            .split_once('=')
            .ok_or_else(|| wrong(position, "has no \"=\": expected name=value,name=value"))?;
        let value = percent_decode_str(value.trim())
            .decode_utf8()
            .map_err(|_| wrong(position, "is no UTF-8 text once percent-decoded"))?;
        pairs.insert(key.trim().to_owned(), value.into_owned());
    }
    Ok(pairs)
}
