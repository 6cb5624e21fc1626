//! Addresses of Bitcoin (base58check, bech32: BIP 173 and 350) and Ethereum
//! (EIP-55), by their checksums.

use bech32::primitives::decode::SegwitHrpstring;
use sha3::{Digest, Keccak256};

/// Whether a word is an address.
pub(super) fn is_address(word: &[u8]) -> bool {
    match word {
        [b'0', b'x', digits @ ..] => is_ethereum(digits),
        [b'1' | b'3', ..] if (26..=35).contains(&word.len()) => is_base58(word),
        [b'b' | b't', b'c' | b'b', b'1', ..] | [b'B' | b'T', b'C' | b'B', b'1', ..] => {
            is_segwit(word)
        }
        _ => false,
    }
}

/// One byte of version and twenty of hash.
fn is_base58(word: &[u8]) -> bool {
    let decoded = bs58::decode(word).with_check(None).into_vec();
    decoded.is_ok_and(|bytes| bytes.len() == 21 && matches!(bytes.first(), Some(0 | 5)))
}

fn is_segwit(word: &[u8]) -> bool {
    let is_known = |hrp: &str| hrp.eq_ignore_ascii_case("bc") || hrp.eq_ignore_ascii_case("tb");
    (14..=90).contains(&word.len())
        && std::str::from_utf8(word)
            .ok()
            .and_then(|word| SegwitHrpstring::new(word).ok())
            .is_some_and(|address| is_known(address.hrp().as_str()))
}

/// In letters of both cases, these are the checksum.
fn is_ethereum(digits: &[u8]) -> bool {
    if digits.len() != 40 || !digits.iter().all(u8::is_ascii_hexdigit) {
        return false;
    }
    let mixed =
        digits.iter().any(u8::is_ascii_uppercase) && digits.iter().any(u8::is_ascii_lowercase);
    let varied = digits.iter().any(|digit| Some(digit) != digits.first());
    varied && (!mixed || has_checksum(digits))
}

fn has_checksum(digits: &[u8]) -> bool {
    let hash = Keccak256::digest(digits.to_ascii_lowercase());
    let nibbles = hash.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.iter().zip(nibbles).all(|(digit, nibble)| {
        digit.is_ascii_digit() || digit.is_ascii_uppercase() == (nibble >= 8)
    })
}
