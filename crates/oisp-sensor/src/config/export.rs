//! `[export]`

use oisp_config::Findings;
use oisp_export::ConfigError;
use oisp_export::jsonl::JsonlConfig;
use oisp_export::otlp::{self, OtlpConfig, SettingsError};
use oisp_export::webhook::WebhookConfig;
use oisp_export::websocket::WebsocketConfig;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Where events go.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Export {
    /// Files of events, one JSON object a line. Without any, there is one that is
    /// named events.jsonl in the current folder; with `jsonl = []`, there is none.
    pub jsonl: Vec<JsonlConfig>,
    /// Collectors and backends of OpenTelemetry.
    pub otlp: Vec<OtlpConfig>,
    /// Receivers that events are posted to.
    pub webhook: Vec<WebhookConfig>,
    /// Servers that other programs get events from.
    pub websocket: Vec<WebsocketConfig>,
}

impl Default for Export {
    fn default() -> Self {
        Self {
            jsonl: vec![JsonlConfig::default()],
            otlp: Vec::new(),
            webhook: Vec::new(),
            websocket: Vec::new(),
        }
    }
}

impl Export {
    /// The files that are written to.
    pub fn files(&self) -> impl Iterator<Item = &JsonlConfig> {
        self.jsonl.iter().filter(|sink| sink.enabled)
    }

    pub(super) fn check(&self, findings: &mut Findings<'_>) {
        names(
            "export.jsonl",
            self.jsonl.iter().map(|sink| sink.name.as_str()),
            findings,
        );
        for (index, sink) in self
            .jsonl
            .iter()
            .enumerate()
            .filter(|(_, sink)| sink.enabled)
        {
            let at = |key: &str| format!("export.jsonl[{index}].{key}");
            if let Err(wrong) = sink.check() {
                findings.mistake(&at(wrong.key), wrong.problem);
            }
            let earlier = self.jsonl.iter().take(index).filter(|sink| sink.enabled);
            if let Some(earlier) = earlier.clone().find(|other| other.path == sink.path) {
                findings.mistake(
                    &at("path"),
                    format_args!("the sink {} writes there already", earlier.name),
                );
            }
            if sink.path.is_dir() {
                findings.mistake(&at("path"), "is a folder: name a file in it");
            }
        }
        self.check_otlp(findings);
        let webhooks = self.webhook.iter();
        let webhooks = webhooks.map(|sink| (sink.name.as_str(), sink.enabled, sink.check()));
        check_all("export.webhook", webhooks, findings);
        let servers = self.websocket.iter();
        let servers = servers.map(|server| (server.name.as_str(), server.enabled, server.check()));
        check_all("export.websocket", servers, findings);
    }

    /// What comes from variables is checked when the sink is opened.
    fn check_otlp(&self, findings: &mut Findings<'_>) {
        let check = |sink: &OtlpConfig| match otlp::Settings::of(sink, &|_| None) {
            Err(SettingsError::Config(wrong)) => Err(wrong),
            _ => Ok(()),
        };
        let sinks = self.otlp.iter();
        let sinks = sinks.map(|sink| (sink.name.as_str(), sink.enabled, check(sink)));
        check_all("export.otlp", sinks, findings);
    }
}

/// Names, and what each sink says of itself.
fn check_all<'a>(
    list: &str,
    sinks: impl Iterator<Item = (&'a str, bool, Result<(), ConfigError>)>,
    findings: &mut Findings<'_>,
) {
    let sinks: Vec<_> = sinks.collect();
    names(list, sinks.iter().map(|(name, _, _)| *name), findings);
    for (index, (_, enabled, checked)) in sinks.iter().enumerate() {
        if let (true, Err(wrong)) = (*enabled, checked) {
            let key = format!("{list}[{index}].{}", wrong.key);
            findings.mistake(&key, &wrong.problem);
        }
    }
}

/// Sinks of a kind are told from each other by name.
fn names<'a>(list: &str, names: impl Iterator<Item = &'a str>, findings: &mut Findings<'_>) {
    let mut seen = Vec::new();
    for (index, name) in names.enumerate() {
        let key = format!("{list}[{index}].name");
        let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        if name.is_empty() || !name.chars().all(is_plain) {
            findings.mistake(&key, "is no name: use letters, digits, - and _");
        } else if seen.contains(&name) {
            findings.mistake(
                &key,
                format_args!("{list} has a sink named {name:?} already: give each a `name` of its own; without one, it is \"default\""),
            );
        }
        seen.push(name);
    }
}
