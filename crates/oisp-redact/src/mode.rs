//! The redaction modes.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How much is taken out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// Secrets and personal data.
    #[default]
    Safe,
    /// All content: only lengths, hashes and counts stay.
    Full,
    /// Secrets only.
    Minimal,
    /// Nothing. For looking at made-up data.
    Off,
}

impl Mode {
    /// The name on the command line and in `confidence.redaction_profile`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Safe => "safe",
            Self::Full => "full",
            Self::Minimal => "minimal",
            Self::Off => "off",
        }
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A name that is no mode.
#[derive(Debug, thiserror::Error)]
#[error("unknown redaction mode; use safe, full, minimal or off")]
pub struct UnknownMode;

impl FromStr for Mode {
    type Err = UnknownMode;

    fn from_str(name: &str) -> Result<Self, UnknownMode> {
        let modes = [Self::Safe, Self::Full, Self::Minimal, Self::Off];
        modes
            .into_iter()
            .find(|mode| mode.as_str() == name)
            .ok_or(UnknownMode)
    }
}
