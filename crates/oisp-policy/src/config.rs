//! The section `[policy]` of the configuration.

use std::path::PathBuf;

use oisp_config::{EventFilter, HumanDuration, SecretSource};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Which events are kept, and what is worth an alert.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct PolicyConfig {
    /// Only events that one of these filters admits are kept; all where there is
    /// none.
    pub include: Vec<EventFilter>,
    /// Events that one of these filters admits are never kept.
    pub exclude: Vec<EventFilter>,
    /// Of the events that a filter admits, only a share is kept. The first that
    /// admits an event decides.
    pub sample: Vec<Sample>,
    /// What is worth an alert. Each is also a warning in the log.
    pub alert: Vec<AlertRule>,
    /// A file that alerts are appended to, one JSON object a line.
    pub alert_file: Option<PathBuf>,
    /// Where alerts are posted to, as JSON.
    pub alert_webhook: AlertWebhook,
}

/// A share of events.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Sample {
    /// The share that is kept, from 0 to 1. The events of one call are kept or
    /// dropped together.
    pub rate: f64,
    /// Of which events.
    pub filter: EventFilter,
}

impl Default for Sample {
    fn default() -> Self {
        Self {
            rate: 1.0,
            filter: EventFilter::default(),
        }
    }
}

/// Something worth an alert.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct AlertRule {
    /// Its name, in the alert.
    pub name: String,
    /// What it looks for.
    pub when: When,
    /// The limit: US dollars for `spend`, a share from 0 to 1 for `errors`, a
    /// number of events for `events`.
    pub above: f64,
    /// The time that is looked at, up to 7 days.
    pub per: HumanDuration,
    /// For `errors`: so many answers must there be before their share counts.
    pub min_calls: u64,
    /// Of which events.
    pub filter: EventFilter,
}

impl Default for AlertRule {
    fn default() -> Self {
        Self {
            name: "default".into(),
            when: When::default(),
            above: 0.0,
            per: HumanDuration::from_secs(3600),
            min_calls: 10,
            filter: EventFilter::default(),
        }
    }
}

/// What an alert looks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum When {
    /// More US dollars than `above` were spent in `per`.
    Spend,
    /// A larger share of answers than `above` failed in `per`.
    Errors,
    /// A provider was called for the first time on this machine.
    #[default]
    NewProvider,
    /// More events than `above` came in `per`: any one where `above` is 0.
    Events,
}

/// Where alerts are posted to.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct AlertWebhook {
    /// The URL: https, or http to this machine. Without it, nothing is posted.
    pub url: Option<String>,
    /// A token that is sent as `Authorization: Bearer …`.
    pub bearer_token: Option<SecretSource>,
}

impl AlertWebhook {
    /// The URL, if there is one.
    pub fn target(&self) -> Option<&str> {
        self.url.as_deref().filter(|url| !url.is_empty())
    }
}

/// What is wrong with the section.
#[derive(Debug, PartialEq, thiserror::Error)]
pub enum PolicyError {
    /// A share that is none.
    #[error("policy.sample: rate = {0} is no share; give a number from 0 to 1")]
    Rate(f64),
    /// An alert without a name, or with another's.
    #[error(
        "policy.alert: the name {0:?} is empty or used twice; give each alert a name of its own"
    )]
    Name(String),
    /// A limit that never or always is exceeded.
    #[error("policy.alert {name:?}: above = {above} is no limit for {when}; {fix}")]
    Above {
        /// Of which alert.
        name: String,
        /// What was given.
        above: f64,
        /// What it looks for.
        when: &'static str,
        /// What to give.
        fix: &'static str,
    },
    /// A time that is too short or too long.
    #[error("policy.alert {0:?}: per must be between 1s and 7d")]
    Per(String),
    /// Alerts would cross the network unprotected.
    #[error("policy.alert_webhook: {0:?} is neither https nor this machine")]
    Url(String),
}

/// Longest time that an alert looks at.
const LONGEST: u64 = 7 * 24 * 3600;

impl PolicyConfig {
    /// What the types do not say.
    ///
    /// # Errors
    /// For the first value that makes no sense.
    pub fn validate(&self) -> Result<(), PolicyError> {
        let share = |rate: f64| (0.0..=1.0).contains(&rate);
        if let Some(bad) = self.sample.iter().find(|sample| !share(sample.rate)) {
            return Err(PolicyError::Rate(bad.rate));
        }
        for (n, rule) in self.alert.iter().enumerate() {
            let mut before = self.alert.iter().take(n);
            if rule.name.trim().is_empty() || before.any(|other| other.name == rule.name) {
                return Err(PolicyError::Name(rule.name.clone()));
            }
            rule.validate()?;
        }
        match self.alert_webhook.target() {
            Some(url) if !is_safe(url) => Err(PolicyError::Url(url.to_owned())),
            _ => Ok(()),
        }
    }
}

impl AlertRule {
    fn validate(&self) -> Result<(), PolicyError> {
        let (when, fits, fix) = match self.when {
            When::Spend => (
                "spend",
                self.above > 0.0,
                "give a sum in US dollars above 0",
            ),
            When::Errors => (
                "errors",
                (0.0..1.0).contains(&self.above),
                "give a share from 0 to below 1",
            ),
            When::Events => ("events", self.above >= 0.0, "give 0 or a number of events"),
            When::NewProvider => ("new_provider", self.above == 0.0, "leave it out"),
        };
        if !fits || !self.above.is_finite() {
            return Err(PolicyError::Above {
                name: self.name.clone(),
                above: self.above,
                when,
                fix,
            });
        }
        let seconds = self.per.get().as_secs();
        if !(1..=LONGEST).contains(&seconds) {
            return Err(PolicyError::Per(self.name.clone()));
        }
        Ok(())
    }
}

fn is_safe(url: &str) -> bool {
    let host = |rest: &str| {
        let authority = rest.split(['/', '?', '#']).next().unwrap_or(rest);
        let host = match authority.strip_prefix('[') {
            Some(v6) => v6.split(']').next(),
            None => authority.split(':').next(),
        };
        host.unwrap_or_default().to_owned()
    };
    let is_local = |host: &str| {
        host == "localhost"
            || host
                .parse()
                .is_ok_and(|ip: std::net::IpAddr| ip.is_loopback())
    };
    match url.split_once("://") {
        Some(("https", rest)) => !host(rest).is_empty(),
        Some(("http", rest)) => is_local(&host(rest)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(toml: &str) -> Result<(), String> {
        let config: PolicyConfig = toml::from_str(toml).map_err(|error| error.to_string())?;
        config.validate().map_err(|error| error.to_string())
    }

    #[test]
    fn a_whole_section_is_read() {
        let section = r#"
alert_file = "/var/log/alerts.jsonl"
alert_webhook = { url = "https://hooks.example.com/x", bearer_token = { env = "HOOK" } }
[[exclude]]
event_types = ["file.*"]
[[sample]]
rate = 0.1
filter = { event_types = ["network.*"] }
[[alert]]
name = "day's budget"
when = "spend"
above = 20.0
per = "1d"
"#;
        assert_eq!(check(section), Ok(()));
    }

    #[test]
    fn what_makes_no_sense_is_refused_by_name() {
        for (toml, word) in [
            ("[[sample]]\nrate = 1.5", "from 0 to 1"),
            (
                "[[alert]]\nname = ''\nwhen = 'spend'\nabove = 1.0",
                "name of its own",
            ),
            ("[[alert]]\nname = 'a'\nwhen = 'spend'", "US dollars"),
            (
                "[[alert]]\nname = 'a'\nwhen = 'errors'\nabove = 1.0",
                "share",
            ),
            (
                "[[alert]]\nname = 'a'\nwhen = 'new_provider'\nabove = 3.0",
                "leave it out",
            ),
            (
                "[[alert]]\nname = 'a'\nwhen = 'events'\nper = '30d'",
                "between 1s and 7d",
            ),
            (
                "alert_webhook = { url = 'http://hooks.example.com' }",
                "neither https",
            ),
            (
                "alert_webhook = { url = 'http://localhost.example.com' }",
                "neither https",
            ),
        ] {
            let error = check(toml).unwrap_err();
            assert!(error.contains(word), "{toml}: {error}");
        }
    }

    #[test]
    fn a_webhook_on_this_machine_may_do_without_tls() {
        for url in [
            "http://localhost:8080/a",
            "http://127.0.0.1:1",
            "http://[::1]:1/",
        ] {
            assert_eq!(
                check(&format!("alert_webhook = {{ url = '{url}' }}")),
                Ok(())
            );
        }
    }
}
