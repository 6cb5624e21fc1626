//! Which conversation a call belongs to: the client's own session key where it
//! sends one, else the schema's rule: same process, same system prompt, no long
//! pause.

use std::collections::HashMap;

use oisp_core::{ConnId, Timestamp};
use sha2::{Digest, Sha256};

use crate::dialect::hex;
use crate::http::Headers;

/// A pause after which the next call begins a new conversation.
pub const PAUSE_MS: u64 = 30 * 60 * 1000;
/// Most conversations remembered; above it the ones paused longest are
/// forgotten.
const MAX_KNOWN: usize = 10_000;

/// Header fields in which clients name their session.
const SESSION_FIELDS: [&str; 5] = [
    "x-claude-code-session-id",
    "x-codex-window-id",
    "x-session-id",
    "session_id",
    "x-session-affinity",
];

/// The session that a client names in its header fields.
pub fn session_of(headers: &Headers) -> Option<&str> {
    SESSION_FIELDS
        .into_iter()
        .find_map(|field| headers.get(field))
        .filter(|session| !session.is_empty())
}

/// The conversations that are under way.
#[derive(Debug, Default)]
pub struct Conversations {
    known: HashMap<[u8; 32], Known>,
}

#[derive(Debug)]
struct Known {
    id: String,
    last: Timestamp,
}

impl Conversations {
    /// The id of the conversation that a call belongs to.
    pub fn id_of(
        &mut self,
        conn: &ConnId,
        session: Option<&str>,
        system: Option<&str>,
        at: Timestamp,
    ) -> String {
        if let Some(session) = session {
            return format!("conv_{}", short(&digest(&[b"session", session.as_bytes()])));
        }
        let system = system.unwrap_or_default().as_bytes();
        let key = digest(&[
            &conn.pid.to_le_bytes(),
            &conn.start_time.to_le_bytes(),
            system,
        ]);
        self.forget_some(at);
        let known = self.known.entry(key).or_insert_with(|| Known {
            id: new_id(&key, at),
            last: at,
        });
        if at.millis_since(known.last) > PAUSE_MS {
            known.id = new_id(&key, at);
        }
        known.last = at;
        known.id.clone()
    }

    fn forget_some(&mut self, now: Timestamp) {
        if self.known.len() >= MAX_KNOWN {
            self.known
                .retain(|_, known| now.millis_since(known.last) <= PAUSE_MS);
        }
        if self.known.len() >= MAX_KNOWN {
            self.known.clear();
        }
    }
}

fn new_id(key: &[u8; 32], at: Timestamp) -> String {
    format!(
        "conv_{}",
        short(&digest(&[key, &at.as_nanos().to_le_bytes()]))
    )
}

fn digest(parts: &[&[u8]]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part.len().to_le_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}

fn short(digest: &[u8; 32]) -> String {
    hex(digest.get(..12).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONN: ConnId = ConnId {
        pid: 7,
        start_time: 1,
        handle: 2,
        generation: 0,
    };

    fn at_minute(minute: u64) -> Timestamp {
        Timestamp::from_nanos(minute * 60_000_000_000)
    }

    #[test]
    fn a_conversation_goes_on_until_a_long_pause() {
        let mut conversations = Conversations::default();
        let mut id =
            |minute, system| conversations.id_of(&CONN, None, Some(system), at_minute(minute));
        let first = id(0, "be kind");
        assert_eq!(first, id(20, "be kind"));
        assert_eq!(first, id(45, "be kind"));
        assert_ne!(first, id(46, "be brief"));
        assert_ne!(first, id(80, "be kind"));
    }

    #[test]
    fn a_session_key_joins_processes_and_prompts() {
        let mut headers = Headers::default();
        headers.push("X-Session-Id", b"abc");
        let mut conversations = Conversations::default();
        let session = session_of(&headers);
        let one = conversations.id_of(&CONN, session, Some("a"), at_minute(0));
        let other = ConnId { pid: 8, ..CONN };
        assert_eq!(
            one,
            conversations.id_of(&other, session, Some("b"), at_minute(500))
        );
    }
}
