//! Which of many events are kept: decided by a hash of the event's id, so that
//! each sensor and each run decides alike.
//!
//! An event of a call is judged by the call's id, so that question and answer
//! stay together.

use oisp_core::Event;
use oisp_core::event::Data;
use sha2::{Digest, Sha256};

/// Whether an event is in a share: the first 8 bytes of the SHA-256 of its id,
/// as a big-endian number, are below that share of all numbers.
pub(crate) fn is_in(event: &Event, rate: f64) -> bool {
    let id = match &event.data {
        Data::AiRequest(data) => data.request_id.clone(),
        Data::AiResponse(data) => data.request_id.clone(),
        Data::StreamingChunk(data) => data.request_id.clone(),
        _ => event.event_id.to_string(),
    };
    share_of(&id) < rate
}

/// From 0 to below 1.
fn share_of(id: &str) -> f64 {
    let digest = Sha256::digest(id.as_bytes());
    let (first, _) = digest.split_at(8);
    let number = first
        .iter()
        .fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
    // 53 bits are what a float holds.
    (number >> 11) as f64 / (1_u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_spread_evenly_and_never_change() {
        let below = (0..10_000)
            .filter(|n| share_of(&format!("req_{n}")) < 0.1)
            .count();
        assert!((900..1100).contains(&below), "{below}");
        assert_eq!(share_of("req_1"), share_of("req_1"));
        assert!((share_of("a") - 0.792_1).abs() < 1e-3, "{}", share_of("a"));
    }
}
