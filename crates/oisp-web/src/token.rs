//! The token that opens the dashboard.

use std::sync::Arc;

use oisp_core::Secret;
use subtle::ConstantTimeEq;

/// Who shows it may read what the dashboard shows and change what it changes.
/// It cannot be printed. Clones share it.
#[derive(Clone, Debug)]
pub struct Token(Secret<Arc<str>>);

impl Token {
    /// Wraps a token. It stands in addresses and cookies: letters and digits.
    pub fn new(token: &str) -> Self {
        Self(Secret::new(token.into()))
    }

    /// True for the token itself; takes as long for any other of its length.
    pub(crate) fn is(&self, shown: &str) -> bool {
        self.0.expose().as_bytes().ct_eq(shown.as_bytes()).into()
    }
}
