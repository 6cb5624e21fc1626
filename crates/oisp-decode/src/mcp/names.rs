//! Who speaks in each session, and the states by which a call comes back.

use std::collections::{HashMap, VecDeque};

use oisp_core::EventId;
use oisp_core::event::agent::Agent;
use serde_json::{Map, Value};

use super::asked::{Implementation, short_text};
use super::place::{Key, Place, digest};

/// Most sessions and servers whose names are remembered; above it those that
/// were silent longest are forgotten.
pub const MAX_LINKS: usize = 4096;
/// Most states that servers gave to come back with.
const MAX_STATES: usize = 256;

/// The names in all sessions.
#[derive(Default)]
pub struct Names {
    links: HashMap<Key, Link>,
    states: VecDeque<(Key, EventId)>,
    heard: u64,
}

/// What is known of a session, or of a server.
#[derive(Default)]
struct Link {
    server: Option<String>,
    client: Option<Agent>,
    version: Option<String>,
    last_heard: u64,
}

impl Names {
    /// Takes what a request says of the client: in the handshake until
    /// 2025-11-25, with every request since.
    pub fn learn_of_client(
        &mut self,
        place: &Place,
        method: &str,
        params: &Map<String, Value>,
        meta: &Map<String, Value>,
    ) {
        let named = meta
            .get("io.modelcontextprotocol/clientInfo")
            .or_else(|| params.get("clientInfo").filter(|_| method == "initialize"));
        let version = short_text(meta, "io.modelcontextprotocol/protocolVersion");
        let link = self.link(place.link);
        if let Some(client) = Implementation::of(named) {
            link.client = Some(client.into_agent());
        }
        if version.is_some() {
            link.version = version;
        }
    }

    /// Takes the server's name.
    pub fn learn_of_server(&mut self, place: &Place, server: Option<Implementation>) {
        let Some(Implementation { name, .. }) = server else {
            return;
        };
        if place.endpoint != place.link {
            self.link(place.endpoint).server = Some(name.clone());
        }
        self.link(place.link).server = Some(name);
    }

    /// Takes the revision that the handshake ended with.
    pub fn learn_version(&mut self, place: &Place, version: Option<String>) {
        if version.is_some() {
            self.link(place.link).version = version;
        }
    }

    /// The handshake began before its session had a name.
    pub fn enter(&mut self, from: Key, to: Key) {
        let client = self.link(from).client.clone();
        let link = self.link(to);
        link.client = link.client.take().or(client);
    }

    /// The client of a session.
    pub fn client(&mut self, place: &Place) -> Option<Agent> {
        self.link(place.link).client.clone()
    }

    /// The server: its own name, as far as it told it, else its host.
    pub fn server(&mut self, place: &Place) -> Option<String> {
        let own = self.link(place.link).server.clone();
        own.or_else(|| self.link(place.endpoint).server.clone())
            .or_else(|| place.host.clone())
    }

    /// The revision of the protocol.
    pub fn version(&mut self, place: &Place) -> Option<String> {
        let known = self.link(place.link).version.clone();
        known.or_else(|| place.version.clone())
    }

    /// A server gave a state to come back with, in answer to that call.
    pub fn expect_back(&mut self, place: &Place, state: Option<&str>, call: EventId) {
        let Some(state) = state else { return };
        if self.states.len() >= MAX_STATES {
            self.states.pop_front();
        }
        let key = digest(&[&place.endpoint, state.as_bytes()]);
        self.states.push_back((key, call));
    }

    /// The call that a request comes back to.
    pub fn came_back(&mut self, place: &Place, state: Option<&str>) -> Option<EventId> {
        let key = digest(&[&place.endpoint, state?.as_bytes()]);
        let at = self.states.iter().position(|(known, _)| *known == key)?;
        self.states.remove(at).map(|(_, call)| call)
    }

    fn link(&mut self, key: Key) -> &mut Link {
        if self.links.len() >= MAX_LINKS && !self.links.contains_key(&key) {
            self.forget_some();
        }
        self.heard += 1;
        let link = self.links.entry(key).or_default();
        link.last_heard = self.heard;
        link
    }

    fn forget_some(&mut self) {
        let mut times: Vec<_> = self.links.values().map(|link| link.last_heard).collect();
        times.sort_unstable();
        let oldest_kept = times.get(MAX_LINKS / 16).copied().unwrap_or_default();
        self.links.retain(|_, link| link.last_heard >= oldest_kept);
    }
}
