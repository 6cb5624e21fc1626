//! What carries a connection: its transport, the socket below it, and the names
//! that were told on it.

use std::net::SocketAddr;

use oisp_core::event::{Confidence, Source};
use oisp_core::raw::{TlsKind, Transport};
use serde_json::{Map, Value};

use crate::http::RequestHead;
use crate::network::plain;

/// Longest name that is kept.
const MAX_NAME: usize = 255;

/// What carries a connection.
#[derive(Clone, Debug, Default)]
pub struct Link {
    /// What carries the bytes.
    pub transport: Transport,
    /// The process's own end and the other one.
    pub socket: Option<(SocketAddr, SocketAddr)>,
    /// The name that the client asks the certificate for.
    pub server_name: Option<String>,
    /// The other end has an address or a name.
    has_remote: bool,
    host: Host,
}

/// The host that the requests on the connection name.
#[derive(Clone, Debug, Default)]
enum Host {
    #[default]
    Unknown,
    Known(String),
    /// They name several, or ask a proxy for another.
    Several,
}

impl Link {
    /// Learns from what happened on the connection. True where something of its
    /// socket or its name is new.
    pub fn learn(&mut self, what: &TlsKind) -> bool {
        match what {
            TlsKind::Opened { remote, transport } => {
                self.transport = *transport;
                self.has_remote |= remote.is_some();
                false
            }
            TlsKind::Socket { local, remote } => {
                let socket = Some((plain(*local), plain(*remote)));
                std::mem::replace(&mut self.socket, socket) != socket
            }
            TlsKind::ServerName(name) => {
                let name = name.trim_end_matches('.').to_ascii_lowercase();
                let is_one = !name.is_empty() && name.len() <= MAX_NAME;
                let name = is_one.then_some(name);
                is_one && std::mem::replace(&mut self.server_name, name.clone()) != name
            }
            TlsKind::Data { .. } | TlsKind::Gap { .. } | TlsKind::Closed => false,
        }
    }

    /// Learns from a request that the process wrote. True where the host is new.
    pub fn asked(&mut self, head: &RequestHead) -> bool {
        let asks_a_proxy = head.method.as_deref() == Some("CONNECT")
            || head
                .path
                .as_deref()
                .is_some_and(|path| !path.starts_with(['/', '*']));
        let host = head
            .authority
            .as_deref()
            .map(host_of)
            .filter(|host| is_name(host));
        let next = match (&self.host, host) {
            _ if asks_a_proxy => Host::Several,
            (Host::Unknown, Some(host)) => Host::Known(host.to_ascii_lowercase()),
            (Host::Known(known), Some(host)) if !known.eq_ignore_ascii_case(host) => Host::Several,
            _ => return false,
        };
        self.host = next;
        true
    }

    /// The host that the requests name: the other end's own name, where TLS
    /// goes all the way there.
    pub fn host(&self) -> Option<&str> {
        match &self.host {
            Host::Known(host) if self.transport == Transport::Tls => Some(host),
            _ => None,
        }
    }

    /// The other end has an address or a name.
    pub const fn has_peer(&self) -> bool {
        self.has_remote || self.socket.is_some()
    }

    /// Adds to an event of the connection what is known.
    pub fn add_to(&self, attrs: &mut Map<String, Value>) {
        if let Some((local, remote)) = self.socket {
            for (name, end) in [("network.local", local), ("network.peer", remote)] {
                attrs.insert(format!("{name}.address"), end.ip().to_string().into());
                attrs.insert(format!("{name}.port"), end.port().into());
            }
        }
        if let Some(name) = &self.server_name {
            attrs.insert("tls.client.server_name".into(), name.as_str().into());
        }
        if self.transport != Transport::Tls {
            attrs.insert("oisp.transport".into(), self.transport.as_str().into());
        }
    }

    /// Where the bytes of an event were captured: `ssl_read` or `ssl_write` for
    /// TLS.
    pub fn source(&self, point: &'static str, confidence: &mut Confidence) -> Source {
        if self.transport == Transport::Tls {
            return Source::new("tls_boundary", point);
        }
        if confidence.content_source == Some("tls_boundary") {
            confidence.content_source = Some("plaintext_capture");
        }
        Source::at(point.strip_prefix("ssl_").unwrap_or(point))
    }

    /// How a URL of the connection begins.
    pub const fn scheme(&self) -> &'static str {
        match self.transport {
            Transport::Tls => "https",
            Transport::Tcp | Transport::Stdio => "http",
        }
    }
}

/// The host of an authority, without its port.
fn host_of(authority: &str) -> &str {
    match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => authority,
    }
}

/// A name, no address.
fn is_name(host: &str) -> bool {
    !host.is_empty()
        && host.len() <= MAX_NAME
        && !host.starts_with('[')
        && host.parse::<std::net::IpAddr>().is_err()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(method: &str, path: &str, authority: &str) -> RequestHead {
        RequestHead {
            method: Some(method.into()),
            path: Some(path.into()),
            authority: Some(authority.into()),
            ..RequestHead::default()
        }
    }

    #[test]
    fn a_host_counts_while_all_requests_name_the_same() {
        let mut link = Link::default();
        assert!(link.asked(&head("POST", "/", "API.example.com:443")));
        assert!(!link.asked(&head("POST", "/", "api.example.com")));
        assert_eq!(link.host(), Some("api.example.com"));
        link.asked(&head("POST", "/", "other.example.com"));
        assert_eq!(link.host(), None);
    }

    #[test]
    fn what_a_proxy_is_asked_for_is_not_the_proxys_name() {
        for (method, path) in [
            ("CONNECT", "api.example.com:443"),
            ("GET", "http://api.example.com/"),
        ] {
            let mut link = Link::default();
            link.asked(&head(method, path, "api.example.com"));
            assert_eq!(link.host(), None, "{method}");
        }
        let mut plaintext = Link {
            transport: Transport::Tcp,
            ..Link::default()
        };
        plaintext.asked(&head("POST", "/", "api.example.com"));
        assert_eq!(plaintext.host(), None);
    }

    #[test]
    fn an_address_is_no_name() {
        for authority in ["127.0.0.1:8080", "[::1]:80", ""] {
            let mut link = Link::default();
            assert!(!link.asked(&head("POST", "/", authority)), "{authority}");
        }
    }
}
