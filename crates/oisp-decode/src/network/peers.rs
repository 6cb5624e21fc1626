//! The names of the other ends of connections whose bytes are decoded, until
//! the connection below them ends.
//!
//! Limit: [`MAX_KNOWN`] connections.

use std::collections::HashMap;
use std::net::SocketAddr;

use oisp_core::Timestamp;

use super::Domain;
use crate::link::Link;

/// Most connections whose names are remembered.
const MAX_KNOWN: usize = 16_384;

/// What is known of connections.
#[derive(Debug, Default)]
pub(super) struct Peers {
    known: HashMap<(u32, SocketAddr, SocketAddr), Peer>,
}

/// The names of one.
#[derive(Clone, Debug, Default)]
pub(super) struct Peer {
    pub(super) server_name: Option<String>,
    host: Option<String>,
    at: Timestamp,
}

impl Peer {
    pub(super) fn domain(&self) -> Option<Domain> {
        let of = |name: &Option<String>, source| {
            name.clone().map(|name| Domain {
                name,
                source,
                is_shared: false,
            })
        };
        of(&self.server_name, "tls_sni").or_else(|| of(&self.host, "http_host"))
    }
}

impl Peers {
    pub(super) fn learn(&mut self, pid: u32, link: &Link, at: Timestamp) {
        let Some((local, remote)) = link.socket else {
            return;
        };
        let (server_name, host) = (link.server_name.clone(), link.host());
        if server_name.is_none() && host.is_none() {
            return;
        }
        if self.known.len() >= MAX_KNOWN {
            self.forget_older_half();
        }
        let peer = Peer {
            server_name,
            host: host.map(str::to_owned),
            at,
        };
        self.known.insert((pid, local, remote), peer);
    }

    /// The connection is over; what was known of it.
    pub(super) fn end(&mut self, pid: u32, local: SocketAddr, remote: SocketAddr) -> Peer {
        self.known.remove(&(pid, local, remote)).unwrap_or_default()
    }

    /// A pid is a new process's.
    pub(super) fn begins(&mut self, pid: u32) {
        if !self.known.is_empty() {
            self.known.retain(|(of, _, _), _| *of != pid);
        }
    }

    fn forget_older_half(&mut self) {
        let mut times: Vec<_> = self.known.values().map(|peer| peer.at).collect();
        let middle = times.len() / 2;
        let (_, median, _) = times.select_nth_unstable(middle);
        let median = *median;
        self.known.retain(|_, peer| peer.at > median);
    }
}
