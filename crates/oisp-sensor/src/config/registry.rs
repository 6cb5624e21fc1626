//! `[registry]`

use oisp_config::Findings;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::knowledge;

/// What is known of providers, models and programs.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Registry {
    /// Further providers, models and programs of yours: a file, read again when it
    /// changes, or an https:// URL, fetched at start and once a day.
    #[schemars(example = "/etc/oisp-sensor/registry.toml")]
    pub source: Option<String>,
}

impl Registry {
    pub(super) fn check(&self, findings: &mut Findings<'_>) {
        check_source("registry.source", self.source.as_deref(), findings);
    }
}

/// A URL must be one that is fetched from, a file must be there.
pub(super) fn check_source(key: &str, source: Option<&str>, findings: &mut Findings<'_>) {
    if let Some(source) = source
        && let Err(what) = knowledge::check_source(source)
    {
        findings.mistake(key, what);
    }
}
