//! Which events a sink wants.

use std::borrow::Cow;

use oisp_core::SafeEvent;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Which events a sink gets. Each list that is not empty must name the event;
/// a `*` stands for any text. An event that says nothing of what a list asks
/// for, such as a file event of the provider, is not named by it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct EventFilter {
    /// Event types, such as "ai.request" or "ai.*". All where empty.
    pub event_types: Vec<String>,
    /// Providers, such as "openai". All where empty.
    pub providers: Vec<String>,
    /// Models, such as "gpt-4*". All where empty.
    pub models: Vec<String>,
    /// Hosts that were talked to, such as "*.openai.com". All where empty.
    pub hosts: Vec<String>,
    /// Programs by name or path, such as "python3". All where empty.
    pub processes: Vec<String>,
}

impl EventFilter {
    /// True where the sink wants that event.
    pub fn admits(&self, event: &SafeEvent) -> bool {
        is_named(&self.event_types, [event.event_type()]) && self.admits_facts(event)
    }

    fn admits_facts(&self, event: &SafeEvent) -> bool {
        let lists = [&self.providers, &self.models, &self.hosts, &self.processes];
        if lists.iter().all(|list| list.is_empty()) {
            return true;
        }
        let facts: Facts<'_> = serde_json::from_str(event.json()).unwrap_or_default();
        is_named(&self.providers, facts.providers())
            && is_named(&self.models, facts.models())
            && is_named(&self.hosts, facts.hosts())
            && is_named(&self.processes, facts.processes())
    }
}

fn is_named<'a>(patterns: &[String], names: impl IntoIterator<Item = &'a str>) -> bool {
    patterns.is_empty()
        || names
            .into_iter()
            .any(|name| patterns.iter().any(|pattern| matches(pattern, name)))
}

/// Whether a text is what a pattern with `*` describes, whatever the case. The
/// time is bounded by the product of the lengths.
fn matches(pattern: &str, text: &str) -> bool {
    let mut pieces = pattern.split('*');
    let first = pieces.next().unwrap_or_default();
    let Some(mut rest) = strip_start(text, first) else {
        return false;
    };
    let Some(last) = pieces.next_back() else {
        return rest.is_empty();
    };
    for piece in pieces {
        match after_first(rest, piece) {
            Some(after) => rest = after,
            None => return false,
        }
    }
    rest.len() >= last.len()
        && rest
            .as_bytes()
            .iter()
            .rev()
            .zip(last.as_bytes().iter().rev())
            .all(|(a, b)| a.eq_ignore_ascii_case(b))
}

fn strip_start<'a>(text: &'a str, start: &str) -> Option<&'a str> {
    let (head, rest) = text.split_at_checked(start.len())?;
    head.eq_ignore_ascii_case(start).then_some(rest)
}

fn after_first<'a>(text: &'a str, piece: &str) -> Option<&'a str> {
    text.char_indices()
        .find_map(|(at, _)| strip_start(text.get(at..)?, piece))
        .or_else(|| piece.is_empty().then_some(text))
}

/// What filters ask for, borrowed from the event's text.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Facts<'a> {
    #[serde(borrow)]
    data: Data<'a>,
    #[serde(borrow)]
    process: Process<'a>,
    #[serde(borrow)]
    attrs: Attrs<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Data<'a> {
    #[serde(borrow)]
    provider: Provider<'a>,
    #[serde(borrow)]
    model: Model<'a>,
    #[serde(borrow)]
    dest: Dest<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Provider<'a> {
    #[serde(borrow)]
    name: Text<'a>,
    #[serde(borrow)]
    endpoint: Text<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Model<'a> {
    #[serde(borrow)]
    id: Text<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Dest<'a> {
    #[serde(borrow)]
    domain: Text<'a>,
    #[serde(borrow)]
    ip: Text<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Process<'a> {
    #[serde(borrow)]
    name: Text<'a>,
    #[serde(borrow)]
    exe: Text<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Attrs<'a> {
    #[serde(borrow, rename = "gen_ai.provider.name")]
    provider: Text<'a>,
    #[serde(borrow, rename = "server.address")]
    server: Text<'a>,
}

/// A text, where there is one.
type Text<'a> = Option<Cow<'a, str>>;

impl Facts<'_> {
    fn providers(&self) -> impl Iterator<Item = &str> {
        texts([&self.data.provider.name, &self.attrs.provider])
    }

    fn models(&self) -> impl Iterator<Item = &str> {
        texts([&self.data.model.id])
    }

    fn hosts(&self) -> impl Iterator<Item = &str> {
        let endpoint = self.data.provider.endpoint.as_deref().and_then(host_of);
        texts([
            &self.data.dest.domain,
            &self.data.dest.ip,
            &self.attrs.server,
        ])
        .chain(endpoint)
    }

    fn processes(&self) -> impl Iterator<Item = &str> {
        let exe = self.process.exe.as_deref();
        let base = exe.and_then(|path| path.rsplit(['/', '\\']).next());
        texts([&self.process.name]).chain(exe).chain(base)
    }
}

fn texts<'a, const N: usize>(texts: [&'a Text<'a>; N]) -> impl Iterator<Item = &'a str> {
    texts.into_iter().filter_map(|text| text.as_deref())
}

/// The host of an endpoint such as `https://api.openai.com:443/v1`.
fn host_of(endpoint: &str) -> Option<&str> {
    let (_, rest) = endpoint.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let host = authority.rsplit('@').next()?;
    match host.strip_prefix('[') {
        Some(v6) => v6.split(']').next(),
        None => host.split(':').next(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn event() -> SafeEvent {
        let event = json!({
            "event_id": "1", "event_type": "ai.request",
            "process": {"pid": 7, "name": "python3", "exe": "/usr/bin/python3.12"},
            "data": {
                "provider": {"name": "other", "endpoint": "https://API.example.com:8443/v1?a=b"},
                "model": {"id": "gpt-4o-mini"},
            },
            "attrs": {"gen_ai.provider.name": "acme \"corp\""},
        });
        SafeEvent::from_redacted(event.as_object().unwrap())
    }

    fn filter(list: &str, pattern: &str) -> EventFilter {
        serde_json::from_value(json!({list: [pattern]})).unwrap()
    }

    #[test]
    fn each_list_names_what_it_asks_for() {
        for (list, pattern) in [
            ("event_types", "ai.*"),
            ("event_types", "*"),
            ("providers", "other"),
            ("providers", "ACME*"),
            ("models", "gpt-4*"),
            ("models", "*4o*mini"),
            ("hosts", "*.example.com"),
            ("processes", "python3"),
            ("processes", "python3.12"),
            ("processes", "/usr/bin/*"),
        ] {
            assert!(filter(list, pattern).admits(&event()), "{list} {pattern}");
        }
        for (list, pattern) in [
            ("event_types", "ai.response"),
            ("event_types", "ai."),
            ("providers", "openai"),
            ("models", "gpt-4"),
            ("models", "*4o*4o*"),
            ("hosts", "example.com"),
            ("processes", "pyth"),
        ] {
            assert!(!filter(list, pattern).admits(&event()), "{list} {pattern}");
        }
    }

    #[test]
    fn lists_are_joined_by_and_and_silence_is_no_name() {
        let mut both = filter("event_types", "ai.*");
        assert!(both.admits(&event()));
        both.models = vec!["o3".into()];
        assert!(!both.admits(&event()));
        let bare = json!({"event_id": "2", "event_type": "process.exec", "data": {}});
        let bare = SafeEvent::from_redacted(bare.as_object().unwrap());
        assert!(EventFilter::default().admits(&bare));
        assert!(!filter("models", "*").admits(&bare));
    }

    #[test]
    fn a_key_that_is_unknown_is_refused() {
        let error = serde_json::from_value::<EventFilter>(json!({"provider": ["a"]}));
        assert!(error.unwrap_err().to_string().contains("providers"));
    }
}
