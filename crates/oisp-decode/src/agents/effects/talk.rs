//! An agent's own talk with models: what it does on the network and with files
//! while it asks is no tool's doing.

use std::collections::BTreeSet;

use oisp_core::Timestamp;
use oisp_core::event::network::Endpoint;
use oisp_core::event::{Data, Event};

/// Most hosts of models that are remembered of a process.
const MAX_HOSTS: usize = 32;
/// A request takes no longer than that to be written.
const ASKING_MS: u64 = 2_000;

/// An agent's talk with models.
#[derive(Debug, Default)]
pub(super) struct Talk {
    /// When it began to write a request that is not complete.
    asking: Option<Timestamp>,
    /// Hosts and addresses of the models that it asked.
    hosts: BTreeSet<String>,
}

impl Talk {
    pub(super) const fn begins(&mut self, at: Timestamp) {
        self.asking = Some(at);
    }

    pub(super) const fn ends(&mut self) {
        self.asking = None;
    }

    /// Remembers where a model was asked.
    pub(super) fn with(&mut self, ends: [Option<String>; 2]) {
        for end in ends.into_iter().flatten() {
            if self.hosts.len() < MAX_HOSTS && end.len() <= 255 {
                self.hosts.insert(end);
            }
        }
    }

    /// An event of the process itself that is, or may be, part of its talk.
    pub(super) fn is_its(&self, event: &Event, is_model: &impl Fn(&str) -> bool) -> bool {
        let is_asking = |began: Timestamp| event.ts.millis_since(began) <= ASKING_MS;
        if self.asking.is_some_and(is_asking) {
            return true;
        }
        match &event.data {
            Data::NetworkConnect(connect) => self.is_host(&connect.dest, is_model),
            Data::NetworkFlow(flow) => {
                flow.direction != Some("outbound") || self.is_host(&flow.dest, is_model)
            }
            Data::NetworkDns(dns) => self.is_named(&dns.query_name, is_model),
            // Another came to it.
            Data::NetworkAccept(_) => true,
            _ => false,
        }
    }

    fn is_host(&self, end: &Endpoint, is_model: &impl Fn(&str) -> bool) -> bool {
        let address = std::net::SocketAddr::new(end.ip, end.port).to_string();
        let is_named = |name: &String| self.is_named(name, is_model);
        self.hosts.contains(&address) || end.domain.as_ref().is_some_and(is_named)
    }

    fn is_named(&self, name: &str, is_model: &impl Fn(&str) -> bool) -> bool {
        let has = |host: &String| {
            host.strip_prefix(name)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with(':'))
        };
        self.hosts.iter().any(has) || is_model(name)
    }
}
