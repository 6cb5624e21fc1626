//! The sensor's configuration: what its keys are, one file a section. How they
//! are read is `oisp-config`'s matter.
//!
//! The comment of a field is its text in the reference. To add a key: a field
//! with a default and a comment, its use, and the same again for
//! `make config-docs`. No key is here that does nothing.

mod aliases;
mod capture;
mod export;
mod policy;
mod prices;
mod redaction;
mod registry;
mod sensor;
mod store;
#[cfg(test)]
mod tests;
mod web;

use oisp_config::{Alias, Findings, Loaded, Settings, Sources};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use capture::{Capture, Plain, Whose};
pub use export::Export;
pub use policy::Policy;
pub use prices::Prices;
pub use redaction::Redaction;
pub use registry::Registry;
pub use sensor::{LogLevel, SensorSection};
pub use store::Store;
pub use web::Web;

use crate::failure::Failure;
use crate::knowledge::Knowledge;

/// The configuration of oisp-sensor.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// What is captured, and of whom.
    pub capture: Capture,
    /// Where events go.
    pub export: Export,
    /// Which events are kept, and what is worth an alert.
    pub policy: Policy,
    /// What calls cost.
    pub prices: Prices,
    /// What is taken out of events before they leave memory.
    pub redaction: Redaction,
    /// What is known of providers, models and programs.
    pub registry: Registry,
    /// The sensor itself.
    pub sensor: SensorSection,
    /// The event log.
    pub store: Store,
    /// The dashboard and its API.
    pub web: Web,
}

impl Settings for Config {
    const ALIASES: &'static [Alias] = aliases::ALIASES;

    fn check(&self, findings: &mut Findings<'_>) {
        self.capture.check(findings);
        self.export.check(findings);
        self.registry.check(findings);
        self.prices.check(findings);
        policy::check(&self.policy, findings);
        redaction::check(&self.redaction, findings);
        self.store.check(findings);
        self.web.check(findings);
        if let Some(saved) = &self.capture.save
            && self.export.jsonl.iter().any(|sink| sink.path == *saved)
        {
            findings.mistake(
                "capture.save",
                "events are written to the same file: name another",
            );
        }
    }
}

impl Config {
    /// Providers, programs and prices.
    pub fn knowledge(&self) -> Knowledge {
        Knowledge {
            registry: self.registry.source.clone(),
            prices: self.prices.source.clone(),
        }
    }
}

/// Reads the configuration, and says what looks like a slip.
///
/// # Errors
/// Every mistake in it.
pub fn load(sources: &Sources) -> Result<Loaded<Config>, Failure> {
    let loaded = oisp_config::load::<Config>(sources).map_err(Failure::usage)?;
    for warning in &loaded.warnings {
        crate::output::note(format_args!("warning: {warning}"));
    }
    Ok(loaded)
}
