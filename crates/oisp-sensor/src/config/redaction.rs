//! `[redaction]`

use oisp_redact::Mode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What is taken out of events before they leave memory.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Redaction {
    /// How much is taken out.
    #[serde(with = "Name")]
    #[schemars(with = "Name")]
    pub mode: Mode,
}

/// The modes, as they are written.
#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase", remote = "Mode")]
enum Name {
    /// Secrets and personal data.
    Safe,
    /// All content: only lengths and counts stay.
    Full,
    /// Secrets only.
    Minimal,
    /// Nothing. For looking at made-up data.
    Off,
}
