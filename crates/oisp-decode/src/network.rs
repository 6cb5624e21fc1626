//! From what processes do on the network to `network.*` events, with the name
//! of the other end where it is known by truthful means: the name that the
//! client asked the certificate for, the host that its requests name, or an
//! answer of a name server (`names.rs`). `attrs["oisp.dest.domain.source"]` says
//! which.

mod address;
mod errors;
mod names;
mod peers;

use std::net::{IpAddr, SocketAddr};

use oisp_core::event::network::{Accept, Connect, Dns, DnsAnswer, Flow, Tls};
use oisp_core::event::{Data, Source};
use oisp_core::{Event, NetEvent, ProcessEvent, RawEvent, Timestamp};
use serde_json::{Map, Value};

use crate::link::Link;
use crate::observed;
pub use address::plain;
use names::{Names, Told};
use peers::Peers;

/// What is remembered of the network between events.
#[derive(Debug, Default)]
pub struct Network {
    names: Names,
    peers: Peers,
}

/// A name and where it comes from.
struct Domain {
    name: String,
    source: &'static str,
    is_shared: bool,
}

impl Domain {
    fn note(&self, attrs: &mut Map<String, Value>) {
        attrs.insert("oisp.dest.domain.source".into(), self.source.into());
        if self.is_shared {
            attrs.insert("oisp.dest.domain.shared".into(), true.into());
        }
    }
}

impl Network {
    /// Learns from the life of a process.
    pub fn process(&mut self, event: &ProcessEvent) {
        // Connections of a process end after it: what it was told is kept until
        // its number is another's.
        if let ProcessEvent::Fork { child_pid } = event {
            self.names.begins(*child_pid);
            self.peers.begins(*child_pid);
        }
    }

    /// More became known of a connection that is decoded.
    pub fn link(&mut self, pid: u32, link: &Link, at: Timestamp) {
        self.peers.learn(pid, link, at);
    }

    /// The event that a record of the network makes.
    pub fn event_of(&mut self, raw: &RawEvent, event: &NetEvent) -> Event {
        match event {
            NetEvent::Connect {
                local,
                remote,
                error,
                latency_ns,
            } => self.connect(raw, (*local, *remote), *error, *latency_ns),
            NetEvent::Accept { local, remote } => accept(raw, *local, *remote),
            NetEvent::Close {
                local,
                remote,
                outbound,
                bytes_sent,
                bytes_received,
                duration_ns,
            } => {
                let counts = Counts {
                    bytes_sent: *bytes_sent,
                    bytes_received: *bytes_received,
                    duration_ns: *duration_ns,
                };
                self.flow(raw, (*local, *remote), *outbound, &counts)
            }
            NetEvent::Resolved {
                name,
                query_type,
                response_code,
                addresses,
                resolver,
                latency_ns,
            } => {
                let name = name.trim_end_matches('.').to_ascii_lowercase();
                self.names.resolved(raw.pid, &name, addresses, raw.at);
                let answer = Answer {
                    name,
                    query_type,
                    response_code,
                    addresses,
                    resolver: *resolver,
                    latency_ns: *latency_ns,
                };
                dns(raw, answer)
            }
        }
    }

    fn connect(
        &self,
        raw: &RawEvent,
        (local, remote): (Option<SocketAddr>, SocketAddr),
        error: Option<i32>,
        latency_ns: Option<u64>,
    ) -> Event {
        let domain = self.resolved(raw, remote);
        let known = error.and_then(errors::of);
        let words =
            |number: i32| known.map_or_else(|| format!("error {number}"), |known| known.1.into());
        let connect = Connect {
            dest: address::endpoint(remote, domain.as_ref().map(|domain| domain.name.clone())),
            src: local.map(|local| address::endpoint(local, None)),
            protocol: "tcp",
            success: error.is_none(),
            error: error.map(words),
            latency_ms: latency_ns.map(millis),
        };
        let ends = [text(local), text(Some(remote))];
        let data = Data::NetworkConnect(Box::new(connect));
        let mut event = made(raw, "connect", data, &ends);
        if let Some((name, _)) = known {
            event.attrs.insert("error.type".into(), name.into());
        }
        if let Some(domain) = domain {
            domain.note(&mut event.attrs);
        }
        event
    }

    fn flow(
        &mut self,
        raw: &RawEvent,
        (local, remote): (SocketAddr, SocketAddr),
        outbound: Option<bool>,
        counts: &Counts,
    ) -> Event {
        let named = self.peers.end(raw.pid, plain(local), plain(remote));
        let inbound = outbound == Some(false);
        let domain = named.domain().or_else(|| {
            let is_asking = outbound != Some(false);
            is_asking.then(|| self.resolved(raw, remote)).flatten()
        });
        let (dest, src) = if inbound {
            (local, remote)
        } else {
            (remote, local)
        };
        let began = |nanos| Timestamp::from_nanos(raw.at.as_nanos().saturating_sub(nanos));
        let flow = Flow {
            dest: address::endpoint(dest, domain.as_ref().map(|domain| domain.name.clone())),
            src: address::endpoint(src, None),
            protocol: "tcp",
            direction: outbound.map(|is| if is { "outbound" } else { "inbound" }),
            bytes_sent: counts.bytes_sent,
            bytes_received: counts.bytes_received,
            duration_ms: counts.duration_ns.map(|nanos| nanos / 1_000_000),
            start_time: counts.duration_ns.map(began),
            end_time: raw.at,
            tls: named.server_name.map(|sni| Tls { sni }),
        };
        let ends = [text(Some(local)), text(Some(remote))];
        let data = Data::NetworkFlow(Box::new(flow));
        let mut event = made(raw, "close", data, &ends);
        if outbound.is_none() {
            event.confidence.partial();
            event.confidence.reasons.push("late_attach".into());
            event.confidence.missing.push("direction".into());
        }
        if let Some(domain) = domain {
            domain.note(&mut event.attrs);
        }
        event
    }

    fn resolved(&self, raw: &RawEvent, remote: SocketAddr) -> Option<Domain> {
        let found = self.names.of(raw.pid, remote.ip(), raw.at)?;
        Some(Domain {
            name: found.name.to_owned(),
            source: match found.told {
                Told::Process => "dns_of_process",
                Told::Machine => "dns_of_machine",
            },
            is_shared: found.is_shared,
        })
    }
}

/// What a connection counted.
struct Counts {
    bytes_sent: Option<u64>,
    bytes_received: Option<u64>,
    duration_ns: Option<u64>,
}

fn accept(raw: &RawEvent, local: SocketAddr, remote: SocketAddr) -> Event {
    let accept = Accept {
        src: address::endpoint(remote, None),
        dest: address::endpoint(local, None),
        protocol: "tcp",
    };
    let ends = [text(Some(local)), text(Some(remote))];
    made(raw, "accept", Data::NetworkAccept(Box::new(accept)), &ends)
}

/// What a name server was asked, and what it said.
struct Answer<'a> {
    name: String,
    query_type: &'a str,
    response_code: &'a str,
    addresses: &'a [IpAddr],
    resolver: Option<SocketAddr>,
    latency_ns: Option<u64>,
}

fn dns(raw: &RawEvent, answer: Answer<'_>) -> Event {
    let answers = answer.addresses.iter().map(|address| DnsAnswer {
        kind: if address.is_ipv4() { "A" } else { "AAAA" },
        value: *address,
    });
    let query_type = word(&QUERY_TYPES, answer.query_type);
    let response_code = word(&RESPONSE_CODES, answer.response_code);
    let parts = [answer.name.clone(), answer.query_type.to_owned()];
    let dns = Dns {
        query_name: answer.name,
        query_type,
        response_code,
        answers: answers.take(MAX_ANSWERS).collect(),
        resolver: answer.resolver.map(resolver_name),
        latency_ms: answer.latency_ns.map(millis),
    };
    let mut event = made(raw, "dns", Data::NetworkDns(Box::new(dns)), &parts);
    let others = [
        ("oisp.dns.query_type", query_type, answer.query_type),
        (
            "oisp.dns.response_code",
            response_code,
            answer.response_code,
        ),
    ];
    for (name, told, meant) in others {
        if told == "other" {
            event.attrs.insert(name.into(), meant.into());
        }
    }
    event
}

/// Most addresses of an answer on its event.
const MAX_ANSWERS: usize = 256;

const QUERY_TYPES: [&str; 8] = ["A", "AAAA", "CNAME", "MX", "TXT", "NS", "PTR", "SRV"];
const RESPONSE_CODES: [&str; 4] = ["NOERROR", "NXDOMAIN", "SERVFAIL", "REFUSED"];

/// The schema's word, or `other`.
fn word(words: &[&'static str], told: &str) -> &'static str {
    let known = words.iter().find(|word| word.eq_ignore_ascii_case(told));
    known.copied().unwrap_or("other")
}

/// The port is only told where it is not the usual one.
fn resolver_name(resolver: SocketAddr) -> String {
    let resolver = plain(resolver);
    match resolver.port() {
        53 => resolver.ip().to_string(),
        _ => resolver.to_string(),
    }
}

fn made(raw: &RawEvent, point: &'static str, data: Data, parts: &[String; 2]) -> Event {
    let [first, second] = parts;
    let parts = [first.as_bytes(), second.as_bytes()];
    observed::event(raw, Source::at(point), data, &parts)
}

fn text(socket: Option<SocketAddr>) -> String {
    socket.map(|socket| socket.to_string()).unwrap_or_default()
}

/// Milliseconds, to a thousandth.
fn millis(nanos: u64) -> f64 {
    (nanos / 1000) as f64 / 1000.0
}
