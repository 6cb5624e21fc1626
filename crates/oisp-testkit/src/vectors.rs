//! Vectors of texts.

use crate::answer::fingerprint;

/// The vector of a text: that length, numbers between -1 and 1 that JSON writes
/// exactly.
pub(crate) fn vector(text: &str, dimensions: usize) -> Vec<f32> {
    let hash = fingerprint(text.as_bytes());
    let number = |nth: u32| {
        let [byte, ..] = hash.rotate_left(nth % 61).to_be_bytes();
        (f32::from(byte) - 127.5) / 128.0
    };
    (0..).take(dimensions).map(number).collect()
}
