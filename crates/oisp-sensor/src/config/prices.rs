//! `[prices]`

use oisp_config::Findings;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::registry::check_source;

/// What calls cost.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Prices {
    /// Prices in the format of genai-prices, in place of the sensor's own: a file,
    /// read again when it changes, or an https:// URL, fetched at start and once a
    /// day.
    #[schemars(example = "/etc/oisp-sensor/prices.json")]
    pub source: Option<String>,
}

impl Prices {
    pub(super) fn check(&self, findings: &mut Findings<'_>) {
        check_source("prices.source", self.source.as_deref(), findings);
    }
}
