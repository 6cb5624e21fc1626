//! Keyed hashes: what must not be told is told apart.

use std::fmt::Write as _;

use hmac::{Hmac, Mac};
use sha2::Sha256;

use crate::Secret;

/// The key of credential hashes: one per installation, so that the same
/// credential can be followed there and nothing can be learnt from the hash
/// elsewhere.
#[derive(Clone, Debug)]
pub struct HashKey(Secret<Hmac<Sha256>>);

impl HashKey {
    /// Wraps 32 random bytes.
    pub fn new(key: [u8; 32]) -> Self {
        // A key is filled up with zeros to the length of a block (RFC 2104).
        let mut block = [0; 64];
        let (start, _) = block.split_at_mut(key.len());
        start.copy_from_slice(&key);
        Self(Secret::new(Hmac::new(&block.into())))
    }

    /// The keyed hash of a text that must not be told: `hmac-sha256:` and the
    /// first 16 bytes in hexadecimal.
    pub fn hash(&self, text: &str) -> String {
        let mut mac = self.0.expose().clone();
        mac.update(text.as_bytes());
        let digest = mac.finalize().into_bytes();
        let mut hash = String::from("hmac-sha256:");
        for byte in digest.iter().take(16) {
            // Writing to a string cannot fail.
            let _ = write!(hash, "{byte:02x}");
        }
        hash
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As Python's `hmac` computes it.
    #[test]
    fn the_hash_is_hmac() {
        let hash = HashKey::new([7; 32]).hash("Hi There");
        assert_eq!(hash, "hmac-sha256:db4691259ca0714059cf917fffab03d1");
    }
}
