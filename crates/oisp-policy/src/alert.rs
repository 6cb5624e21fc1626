//! What is worth an alert, and where alerts go.
//!
//! In: events. Out: [`Alert`]s, which hold numbers and names of providers, never
//! what was said. An alert is given once when a limit is exceeded, and again only
//! after the figure was below it.
//!
//! Limits: what is counted of an alert's time is kept in 60 parts; 4,096 providers
//! are known.

mod output;
mod window;

use std::collections::BTreeSet;

use oisp_config::Facts;
use oisp_core::event::ai::Response;
use oisp_core::event::{Data, Relationship};
use oisp_core::{Event, Timestamp};
use serde::Serialize;

use crate::{AlertRule, When};
pub use output::{AlertOutput, OpenFile};
use window::Window;

/// Most providers that are remembered as known.
const MAX_PROVIDERS: usize = 4096;

/// Something that the user wants to hear of.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Alert {
    /// The rule's name.
    pub rule: String,
    /// What it looks for.
    pub when: When,
    /// The time of the event that gave the alert.
    pub at: Timestamp,
    /// That event's id.
    pub event_id: String,
    /// The figure: US dollars, a share, or a number of events.
    pub value: f64,
    /// The limit.
    pub above: f64,
    /// The time that is looked at, seconds.
    pub per_seconds: u64,
    /// The provider that was called.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// A sentence for people.
    pub message: String,
}

/// What the policy has to tell.
#[derive(Clone, Debug, PartialEq)]
pub enum Notice {
    /// An alert.
    Alert(Alert),
    /// A provider was called for the first time: to be remembered.
    NewProvider(String),
}

/// The alerts that are looked for.
#[derive(Debug)]
pub(crate) struct Alerts {
    rules: Vec<Watched>,
    providers: BTreeSet<String>,
}

#[derive(Debug)]
struct Watched {
    rule: AlertRule,
    window: Window,
    is_above: bool,
}

impl Alerts {
    pub(crate) fn new(rules: &[AlertRule], known_providers: Vec<String>) -> Self {
        let mut alerts = Self {
            rules: Vec::new(),
            providers: known_providers.into_iter().take(MAX_PROVIDERS).collect(),
        };
        alerts.set(rules);
        alerts
    }

    /// Other rules; one that stays as it was keeps what it counted.
    pub(crate) fn set(&mut self, rules: &[AlertRule]) {
        let mut before = std::mem::take(&mut self.rules);
        for rule in rules {
            let same = before.iter().position(|watched| watched.rule == *rule);
            let watched = match same {
                Some(index) => before.swap_remove(index),
                None => Watched::new(rule),
            };
            self.rules.push(watched);
        }
    }

    /// Looks at an event.
    pub(crate) fn look(&mut self, event: &Event, notices: &mut Vec<Notice>) {
        let new_provider = self.new_provider(event);
        let is_first = new_provider.is_some();
        notices.extend(new_provider.map(Notice::NewProvider));
        if self.rules.is_empty() {
            return;
        }
        let facts = Facts::of(event);
        let looking = self.rules.iter_mut();
        for watched in looking.filter(|watched| watched.rule.filter.admits(&facts)) {
            if let Some(value) = watched.value_after(event, is_first) {
                let alert = watched.alert(event, value, provider_of(event));
                notices.push(Notice::Alert(alert));
            }
        }
    }

    /// The provider, where it is called for the first time.
    fn new_provider(&mut self, event: &Event) -> Option<String> {
        let Data::AiRequest(_) = &event.data else {
            return None;
        };
        let name = provider_of(event)?;
        if self.providers.contains(&name) || self.providers.len() >= MAX_PROVIDERS {
            return None;
        }
        self.providers.insert(name.clone());
        Some(name)
    }
}

impl Watched {
    fn new(rule: &AlertRule) -> Self {
        Self {
            window: Window::new(rule.per.get()),
            rule: rule.clone(),
            is_above: false,
        }
    }

    /// The figure, where this event brings it above the limit.
    fn value_after(&mut self, event: &Event, is_new_provider: bool) -> Option<f64> {
        let value = match (self.rule.when, &event.data) {
            (When::NewProvider, _) => return is_new_provider.then_some(1.0),
            (When::Events, _) => self.window.add(event.ts, 1.0, 0.0).sum,
            (When::Spend, Data::AiResponse(answer)) if counts(event) => {
                self.window.add(event.ts, cost(answer), 0.0).sum
            }
            (When::Errors, Data::AiResponse(answer)) if counts(event) => {
                let failed = f64::from(u8::from(answer.success == Some(false)));
                let seen = self.window.add(event.ts, 1.0, failed);
                if seen.sum < self.rule.min_calls as f64 {
                    return None;
                }
                seen.part / seen.sum
            }
            _ => return None,
        };
        let was_above = std::mem::replace(&mut self.is_above, value > self.rule.above);
        (self.is_above && !was_above).then_some(value)
    }

    fn alert(&self, event: &Event, value: f64, provider: Option<String>) -> Alert {
        let rule = &self.rule;
        let per = rule.per;
        let message = match rule.when {
            When::Spend => format!("{value:.2} US dollars in {per}, above {:.2}", rule.above),
            When::Errors => {
                let percent = |share: f64| share * 100.0;
                let (now, limit) = (percent(value), percent(rule.above));
                format!("{now:.1} % of answers failed in {per}, above {limit:.1} %")
            }
            When::NewProvider => {
                let name = provider.as_deref().unwrap_or("unknown");
                format!("{name} was called for the first time on this machine")
            }
            When::Events => format!("{value} events in {per}, above {}", rule.above),
        };
        Alert {
            rule: rule.name.clone(),
            when: rule.when,
            at: event.ts,
            event_id: event.event_id.to_string(),
            value,
            above: rule.above,
            per_seconds: per.get().as_secs(),
            provider,
            message,
        }
    }
}

fn cost(answer: &Response) -> f64 {
    let usage = answer.usage.as_ref();
    usage.and_then(|usage| usage.total_cost_usd).unwrap_or(0.0)
}

/// The server's end of a call whose client is captured, too, counts for nothing.
fn counts(event: &Event) -> bool {
    let side = event.attrs.get("oisp.side");
    let is_server = side.and_then(serde_json::Value::as_str) == Some("server");
    let names_client = event
        .related_events
        .iter()
        .any(|tie| tie.relationship == Relationship::Related);
    !(is_server && names_client)
}

/// The name that the event gives the provider; a host that is no known
/// provider's goes by its own name.
fn provider_of(event: &Event) -> Option<String> {
    let provider = match &event.data {
        Data::AiRequest(data) => &data.provider,
        Data::AiResponse(data) => &data.provider,
        _ => return None,
    };
    if provider.name != "other" {
        return Some(provider.name.clone());
    }
    let named = event.attrs.get("gen_ai.provider.name");
    let named = named.and_then(serde_json::Value::as_str);
    let facts = Facts::of(event);
    named
        .map(str::to_owned)
        .or_else(|| facts.host().map(str::to_owned))
}
