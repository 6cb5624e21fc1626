//! What the configuration says of redaction: `[redaction]`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Mode;
use crate::entity::{ENTITIES, Entity};

/// What is taken out of events before they leave memory.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RedactionConfig {
    /// How much: safe (secrets and personal data; the default), full (all content), minimal (secrets only) or off.
    pub mode: Mode,
    /// Keys, tokens and passwords of known kinds, or named as such.
    pub secrets: SecretsConfig,
    /// Private keys: PEM, OpenSSH, PGP, PuTTY, age, JWK.
    pub private_key: EntityConfig,
    /// JSON web tokens.
    pub jwt: EntityConfig,
    /// E-mail addresses.
    pub email: EntityConfig,
    /// Numbers of payment cards.
    pub card: EntityConfig,
    /// International bank account numbers.
    pub iban: EntityConfig,
    /// Phone numbers.
    pub phone: EntityConfig,
    /// Social security numbers of the United States.
    pub ssn: EntityConfig,
    /// Addresses of the public internet, IPv4 and IPv6, in texts.
    pub ip: EntityConfig,
    /// Addresses of private networks and of the machine itself, in texts. Looked for only where enabled.
    pub private_ip: EntityConfig,
    /// Addresses of Bitcoin and Ethereum.
    pub crypto: EntityConfig,
    /// Patterns of yours.
    pub patterns: Vec<PatternConfig>,
}

/// One kind of finding.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct EntityConfig {
    /// Whether it is looked for; where absent, the mode decides.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// What becomes of it: redact (the default), mask, hash or drop.
    pub action: Action,
}

/// Secrets.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SecretsConfig {
    /// Whether they are looked for; where absent, the mode decides.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// What becomes of them: redact (the default), mask, hash or drop.
    pub action: Action,
    /// Ids of rules that are not to be used, such as named_secret.
    pub except: Vec<String>,
}

/// A pattern of the user's.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PatternConfig {
    /// Its name in the marks: lower-case letters, digits and _.
    pub name: String,
    /// A regular expression of Rust's regex crate. Group 1 is what is taken out, where there is one, else the whole match.
    pub regex: String,
    /// What becomes of it: redact (the default), mask, hash or drop.
    #[serde(default)]
    pub action: Action,
}

/// What becomes of a finding.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// Its kind stands in its place.
    #[default]
    Redact,
    /// Asterisks, and its last four characters where it is long enough.
    Mask,
    /// Its kind and a hash with the installation's key: the same value can be followed.
    Hash,
    /// The whole text in which it stands goes with it.
    Drop,
}

/// Why redaction cannot be done as configured.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A pattern's expression means nothing, or costs too much.
    #[error(
        "redaction pattern {name:?}: {source}; the syntax is that of https://docs.rs/regex, without look-around and back-references"
    )]
    Regex {
        /// Which.
        name: String,
        /// What is wrong with it.
        source: Box<regex::Error>,
    },
    /// A pattern's expression is longer than anybody reads.
    #[error(
        "redaction pattern {name:?} is {length} bytes long; at most {MAX_PATTERN} are taken: split it into several"
    )]
    TooLong {
        /// Which.
        name: String,
        /// Of the expression.
        length: usize,
    },
    /// It would be found between any two characters.
    #[error(
        "redaction pattern {name:?} matches the empty text; make it match at least one character"
    )]
    MatchesNothing {
        /// Which.
        name: String,
    },
    /// A name that cannot stand in a mark.
    #[error(
        "redaction pattern {name:?}: the name must be 1 to 40 lower-case letters, digits and _, as it stands in the marks"
    )]
    Name {
        /// Which.
        name: String,
    },
    /// Two patterns of one name.
    #[error("there are two redaction patterns {name:?}; give each a name of its own")]
    Twice {
        /// Which.
        name: String,
    },
    /// Each costs time with every text.
    #[error("{count} redaction patterns; at most {MAX_PATTERNS} are taken: join some with |")]
    TooMany {
        /// How many.
        count: usize,
    },
    /// `except` names no rule.
    #[error("redaction.secrets.except: there is no rule {id:?}{}", nearest.map(|near| format!("; did you mean {near:?}?")).unwrap_or_default())]
    UnknownRule {
        /// What it names.
        id: String,
        /// A rule of a name like it.
        nearest: Option<&'static str>,
    },
}

/// Longest expression, bytes.
pub(crate) const MAX_PATTERN: usize = 4096;
/// Most patterns.
pub(crate) const MAX_PATTERNS: usize = 64;

impl From<Mode> for RedactionConfig {
    fn from(mode: Mode) -> Self {
        Self {
            mode,
            ..Self::default()
        }
    }
}

impl RedactionConfig {
    /// What becomes of each kind; `None` where it is not looked for.
    pub(crate) fn actions(&self) -> [Option<Action>; ENTITIES] {
        let secrets = EntityConfig {
            enabled: self.secrets.enabled,
            action: self.secrets.action,
        };
        let all = [
            (Entity::Secrets, &secrets),
            (Entity::PrivateKey, &self.private_key),
            (Entity::Jwt, &self.jwt),
            (Entity::Email, &self.email),
            (Entity::Card, &self.card),
            (Entity::Iban, &self.iban),
            (Entity::Phone, &self.phone),
            (Entity::Ssn, &self.ssn),
            (Entity::Ip, &self.ip),
            (Entity::PrivateIp, &self.private_ip),
            (Entity::Crypto, &self.crypto),
        ];
        all.map(|(entity, config)| {
            let wanted = config.enabled.unwrap_or_else(|| entity.is_of(self.mode));
            (wanted && self.mode != Mode::Off).then_some(config.action)
        })
    }

    /// The profile's name in `confidence`: the mode, marked where more than the
    /// mode was said.
    pub(crate) fn profile(&self) -> String {
        let plain = Self::from(self.mode);
        match self.mode {
            Mode::Off => self.mode.to_string(),
            _ if *self == plain => self.mode.to_string(),
            mode => format!("{mode}+custom"),
        }
    }
}
