//! Kinds of what is looked for, each with its own switch.

use crate::Mode;

/// A kind of secret or personal datum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Entity {
    Secrets,
    PrivateKey,
    Jwt,
    Email,
    Card,
    Iban,
    Phone,
    Ssn,
    Ip,
    PrivateIp,
    Crypto,
}

/// How many there are.
pub(crate) const ENTITIES: usize = 11;

impl Entity {
    pub(crate) const ALL: [Self; ENTITIES] = [
        Self::Secrets,
        Self::PrivateKey,
        Self::Jwt,
        Self::Email,
        Self::Card,
        Self::Iban,
        Self::Phone,
        Self::Ssn,
        Self::Ip,
        Self::PrivateIp,
        Self::Crypto,
    ];

    /// The name in marks.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Secrets => "secret",
            Self::PrivateKey => "private_key",
            Self::Jwt => "jwt",
            Self::Email => "email",
            Self::Card => "card",
            Self::Iban => "iban",
            Self::Phone => "phone",
            Self::Ssn => "ssn",
            Self::Ip => "ip",
            Self::PrivateIp => "private_ip",
            Self::Crypto => "crypto_address",
        }
    }

    /// It opens something; otherwise it tells of somebody.
    pub(crate) const fn is_secret(self) -> bool {
        matches!(self, Self::Secrets | Self::PrivateKey | Self::Jwt)
    }

    /// Looked for in that mode, where the configuration does not say.
    pub(crate) const fn is_of(self, mode: Mode) -> bool {
        match mode {
            Mode::Off => false,
            Mode::Minimal => self.is_secret(),
            // Addresses of a private network name nobody outside of it.
            Mode::Safe | Mode::Full => !matches!(self, Self::PrivateIp),
        }
    }

    pub(crate) const fn index(self) -> usize {
        self as usize
    }
}
