//! Which events a rule or a sink is about, in words of the configuration.
//!
//! In: the [`Facts`] of an event, before or after redaction. Out: yes or no.

use std::borrow::Cow;

use oisp_core::Event;
use oisp_core::event::Data;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use wildmatch::WildMatch;

/// Events by what they are about. A list that is empty asks for nothing; an
/// event must fit each of the others in one of its patterns, in which `*` stands
/// for any text.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct EventFilter {
    /// Event types, such as `ai.response` or `file.*`.
    pub event_types: Vec<String>,
    /// Providers, such as `openai`.
    pub providers: Vec<String>,
    /// Models, such as `gpt-5*`.
    pub models: Vec<String>,
    /// Hosts that were called or connected to, such as `*.example.com`.
    pub hosts: Vec<String>,
    /// Programs by name or path, such as `python3*` or `/opt/agent/*`.
    pub processes: Vec<String>,
}

/// What a filter looks at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts<'a> {
    event_type: &'a str,
    providers: Vec<&'a str>,
    model: Option<&'a str>,
    /// By name and by address.
    hosts: Vec<Cow<'a, str>>,
    processes: Vec<&'a str>,
}

impl EventFilter {
    /// True where nothing is asked for.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether an event is one of those.
    pub fn admits(&self, facts: &Facts<'_>) -> bool {
        fits(&self.event_types, [facts.event_type])
            && fits(&self.providers, facts.providers.iter().copied())
            && fits(&self.models, facts.model)
            && fits(&self.hosts, facts.hosts.iter().map(AsRef::as_ref))
            && fits(&self.processes, facts.processes.iter().copied())
    }
}

fn fits<'a>(patterns: &[String], values: impl IntoIterator<Item = &'a str>) -> bool {
    if patterns.is_empty() {
        return true;
    }
    values.into_iter().any(|value| {
        patterns
            .iter()
            .any(|pattern| WildMatch::new_case_insensitive(pattern).matches(value))
    })
}

impl<'a> Facts<'a> {
    /// Of an event in memory.
    pub fn of(event: &'a Event) -> Self {
        let (provider, model) = match &event.data {
            Data::AiRequest(data) => (Some(&data.provider), data.model.as_ref()),
            Data::AiResponse(data) => (Some(&data.provider), data.model.as_ref()),
            _ => (None, None),
        };
        let endpoint = provider.and_then(|provider| provider.endpoint.as_deref());
        let process = event.process.as_ref();
        let exe = process.and_then(|process| process.exe.as_deref());
        Self {
            event_type: event.data.event_type(),
            providers: provider
                .map(|provider| provider.name.as_str())
                .into_iter()
                .chain(attr(&event.attrs, "gen_ai.provider.name"))
                .collect(),
            model: model.map(|model| model.id.as_str()),
            hosts: endpoint.map_or_else(|| hosts_of(&event.data), |url| vec![host_of(url).into()]),
            processes: process
                .and_then(|process| process.name.as_deref())
                .into_iter()
                .chain(exe)
                .collect(),
        }
    }

    /// The host that was called or connected to.
    pub fn host(&self) -> Option<&str> {
        self.hosts.first().map(AsRef::as_ref)
    }

    /// Of an event as it is stored.
    pub fn of_json(event: &'a Value) -> Self {
        let text = |path: &str| event.pointer(path).and_then(Value::as_str);
        let provider = text("/data/provider/name");
        let named = event
            .get("attrs")
            .and_then(|attrs| attrs.get("gen_ai.provider.name"));
        let hosts = [
            text("/data/provider/endpoint").map(host_of),
            text("/data/dest/domain"),
            text("/data/dest/ip"),
            text("/data/query_name"),
        ];
        Self {
            event_type: text("/event_type").unwrap_or_default(),
            providers: provider
                .into_iter()
                .chain(named.and_then(Value::as_str))
                .collect(),
            model: text("/data/model/id"),
            hosts: hosts.into_iter().flatten().map(Cow::Borrowed).collect(),
            processes: text("/process/name")
                .into_iter()
                .chain(text("/process/exe"))
                .collect(),
        }
    }
}

fn attr<'a>(attrs: &'a serde_json::Map<String, Value>, name: &str) -> Option<&'a str> {
    attrs.get(name)?.as_str()
}

/// The host of a URL, without its port.
fn host_of(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split(['/', '?']).next().unwrap_or(rest);
    match authority.strip_prefix('[') {
        Some(v6) => v6.split(']').next().unwrap_or(v6),
        None => authority.split(':').next().unwrap_or(authority),
    }
}

fn hosts_of(data: &Data) -> Vec<Cow<'_, str>> {
    let dest = match data {
        Data::NetworkConnect(data) => &data.dest,
        Data::NetworkFlow(data) => &data.dest,
        Data::NetworkDns(data) => return vec![data.query_name.as_str().into()],
        _ => return Vec::new(),
    };
    let domain = dest.domain.as_deref().map(Cow::Borrowed);
    let address = Cow::Owned(dest.ip.to_string());
    domain.into_iter().chain([address]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn filter(toml: &str) -> EventFilter {
        toml::from_str(toml).unwrap()
    }

    fn response() -> Value {
        json!({
            "event_type": "ai.response",
            "process": {"name": "python3.11", "exe": "/usr/bin/python3.11"},
            "attrs": {"gen_ai.provider.name": "x_ai"},
            "data": {
                "provider": {"name": "other", "endpoint": "https://api.example.com:8443/v1/chat"},
                "model": {"id": "Grok-9"},
            },
        })
    }

    #[test]
    fn every_list_must_fit_and_one_pattern_of_it_does() {
        let event = response();
        let facts = Facts::of_json(&event);
        for toml in [
            "",
            "event_types = ['ai.*']",
            "event_types = ['file.*', 'ai.response']\nproviders = ['x_ai']",
            "providers = ['other']",
            "models = ['grok-*']",
            "hosts = ['*.example.com']",
            "processes = ['python3*']",
            "processes = ['/usr/bin/*']",
        ] {
            assert!(filter(toml).admits(&facts), "{toml}");
        }
        for toml in [
            "event_types = ['ai']",
            "event_types = ['ai.*']\nproviders = ['openai']",
            "hosts = ['example.com']",
            "processes = ['python3']",
        ] {
            assert!(!filter(toml).admits(&facts), "{toml}");
        }
    }

    #[test]
    fn what_an_event_does_not_have_does_not_fit() {
        let event = json!({"event_type": "process.exec"});
        let facts = Facts::of_json(&event);
        assert!(!filter("models = ['*']").admits(&facts));
        assert!(filter("event_types = ['*']").admits(&facts));
    }

    #[test]
    fn hosts_are_of_calls_and_of_connections() {
        for (url, host) in [
            ("https://a.example/v1?x=1", "a.example"),
            ("http://[::1]:11434/api", "::1"),
            ("a.example:443", "a.example"),
        ] {
            assert_eq!(host_of(url), host);
        }
        let event = json!({"event_type": "network.connect", "data": {"dest": {"ip": "192.0.2.1", "domain": "a.example"}}});
        assert_eq!(Facts::of_json(&event).hosts, ["a.example", "192.0.2.1"]);
    }
}
