//! Identities: of a captured connection, and of an event.

use std::fmt;

use serde::{Serialize, Serializer};
use sha2::{Digest, Sha256};

use crate::Timestamp;

/// One TLS connection of one process.
///
/// The process start time keeps a reused pid apart, the generation a reused
/// TLS handle. Thread and file descriptor are no part of it: a connection moves
/// between threads, and a memory BIO has no descriptor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ConnId {
    /// Process (thread group) id in the root pid namespace.
    pub pid: u32,
    /// When that process started: nanoseconds since boot, 0 where unknown.
    pub start_time: u64,
    /// The TLS library's handle, such as the `SSL *`; unique within the process.
    pub handle: u64,
    /// Counts the reuses of the handle within the process.
    pub generation: u32,
}

impl fmt::Display for ConnId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            pid,
            start_time,
            handle,
            generation,
        } = self;
        write!(f, "{pid}-{start_time:x}-{handle:x}-{generation}")
    }
}

impl ConnId {
    /// Reads what `Display` writes; `None` for a name of any other form.
    pub fn parse(name: &str) -> Option<Self> {
        let mut parts = name.split('-');
        let id = Self {
            pid: parts.next()?.parse().ok()?,
            start_time: u64::from_str_radix(parts.next()?, 16).ok()?,
            handle: u64::from_str_radix(parts.next()?, 16).ok()?,
            generation: parts.next()?.parse().ok()?,
        };
        // Only the one way of writing it: no sign, no leading zero, no more parts.
        (id.to_string() == name).then_some(id)
    }
}

/// A ULID: 48 bits of milliseconds, 80 bits that tell events of one
/// millisecond apart, in Crockford base 32.
///
/// The 80 bits are a hash of what the event is about, not a random number, so
/// that decoding the same bytes twice gives the same ids and a consumer can
/// drop what it has seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EventId(u128);

const CROCKFORD: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

impl EventId {
    /// The id of the event at `at` that `parts` describe. Parts are hashed with
    /// their lengths, so that no two lists of parts collide by concatenation.
    pub fn derive(at: Timestamp, parts: &[&[u8]]) -> Self {
        let mut hash = Sha256::new();
        for part in parts {
            hash.update(part.len().to_le_bytes());
            hash.update(part);
        }
        let tail = hash
            .finalize()
            .iter()
            .take(10)
            .fold(0u128, |acc, byte| (acc << 8) | u128::from(*byte));
        let millis = u128::from(at.as_millis()) & ((1 << 48) - 1);
        Self((millis << 80) | tail)
    }
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use fmt::Write as _;
        for shift in (0..26).rev() {
            let digit = usize::try_from((self.0 >> (shift * 5)) & 31).unwrap_or(0);
            f.write_char(char::from(*CROCKFORD.get(digit).unwrap_or(&b'0')))?;
        }
        Ok(())
    }
}

impl Serialize for EventId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_is_read_back_from_its_name_and_from_no_other() {
        let id = ConnId {
            pid: 21_607,
            start_time: 0x0379_9541_2280,
            handle: u64::MAX,
            generation: 3,
        };
        assert_eq!(ConnId::parse(&id.to_string()), Some(id));
        for name in [
            "",
            "x",
            "1-2-3",
            "1-2-3-4-5",
            "1-02-3-4",
            "+1-2-3-4",
            "1-2-3-",
        ] {
            assert_eq!(ConnId::parse(name), None, "{name}");
        }
    }

    #[test]
    fn an_event_id_is_a_ulid_that_sorts_by_time() {
        let early = EventId::derive(Timestamp::from_nanos(1_700_000_000_000_000_000), &[b"a"]);
        let late = EventId::derive(Timestamp::from_nanos(1_700_000_000_001_000_000), &[b"a"]);
        assert_eq!(early.to_string().len(), 26);
        assert!(early.to_string() < late.to_string());
    }

    #[test]
    fn the_same_parts_give_the_same_id_and_a_moved_boundary_another() {
        let at = Timestamp::from_nanos(5);
        assert_eq!(
            EventId::derive(at, &[b"ab", b"c"]),
            EventId::derive(at, &[b"ab", b"c"])
        );
        assert_ne!(
            EventId::derive(at, &[b"ab", b"c"]),
            EventId::derive(at, &[b"a", b"bc"])
        );
    }
}
