//! Where messages are heard: over which transport, in which session, between
//! whom.

use oisp_core::ConnId;
use oisp_core::event::TraceContext;
use oisp_core::raw::Transport;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use crate::connection::Side;
use crate::dialect::without_query;
use crate::http::{Headers, RequestHead};
use crate::link::Link;
use crate::trace;

/// Longest session id and name that is kept.
pub const MAX_NAME: usize = 512;

/// Names a session, or the server at an endpoint, of one process.
pub type Key = [u8; 16];

/// Where messages are heard.
#[derive(Debug)]
pub struct Place {
    /// What shares calls and names: the session where there is one, else the
    /// endpoint.
    pub link: Key,
    /// The server, whatever the session.
    pub endpoint: Key,
    /// One client's requests are all that share the link: their ids tell them
    /// apart.
    pub is_one_client: bool,
    /// The id of the session.
    pub session: Option<String>,
    /// The server's host.
    pub host: Option<String>,
    /// The revision that a header field names.
    pub version: Option<String>,
    /// The trace that a header field names.
    pub trace: Option<TraceContext>,
    /// `pipe` or `tcp`.
    pub transport: &'static str,
    /// The end of the connection that the process is.
    pub side: Side,
    user_agent: Option<String>,
    process: [u8; 16],
    /// Messages heard here so far.
    count: usize,
}

impl Place {
    /// An HTTP exchange.
    pub fn http(conn: &ConnId, side: Side, head: &RequestHead) -> Self {
        let process = digest(&[
            &conn.pid.to_le_bytes(),
            &conn.start_time.to_le_bytes(),
            side.as_str().as_bytes(),
        ]);
        let path = head.path.as_deref().unwrap_or_default();
        let host = head.authority.as_deref().unwrap_or_default();
        let endpoint = digest(&[
            &process,
            b"endpoint",
            host.as_bytes(),
            without_query(path).as_bytes(),
        ]);
        let mut place = Self {
            link: endpoint,
            endpoint,
            is_one_client: false,
            session: None,
            host: head.authority.clone(),
            version: field(&head.headers, "mcp-protocol-version"),
            trace: head.headers.get("traceparent").and_then(trace::parse),
            transport: "tcp",
            side,
            user_agent: field(&head.headers, "user-agent"),
            process,
            count: 0,
        };
        let session = session_of_path(path).or_else(|| head.headers.get(SESSION));
        place.enter(session);
        place
    }

    /// A byte stream of lines.
    pub fn lines(conn: &ConnId, carrier: &Link) -> Self {
        let link = digest(&[b"lines", conn.to_string().as_bytes()]);
        Self {
            link,
            endpoint: link,
            is_one_client: true,
            session: None,
            host: None,
            version: None,
            trace: None,
            transport: match carrier.transport {
                Transport::Stdio => "pipe",
                Transport::Tls | Transport::Tcp if carrier.has_peer() => "tcp",
                Transport::Tls | Transport::Tcp => "pipe",
            },
            side: Side::Client,
            user_agent: None,
            process: link,
            count: 0,
        }
    }

    /// A session is named: what is heard from here on belongs to it.
    pub fn enter(&mut self, session: Option<&str>) {
        let Some(id) = session.filter(|id| !id.is_empty() && id.len() <= MAX_NAME) else {
            return;
        };
        let host = self.host.as_deref().unwrap_or_default();
        self.link = digest(&[&self.process, b"session", host.as_bytes(), id.as_bytes()]);
        self.is_one_client = true;
        self.session = Some(id.to_owned());
    }

    /// The next message's number.
    pub const fn next(&mut self) -> usize {
        self.count += 1;
        self.count
    }

    /// `attrs` of every event from here.
    pub fn attrs(&self, side: Side) -> Map<String, Value> {
        let (host, port) = self.host.as_deref().map(split).unwrap_or_default();
        let texts = [
            ("oisp.side", Some(side.as_str())),
            ("network.transport", Some(self.transport)),
            ("mcp.session.id", self.session.as_deref()),
            ("server.address", Some(host).filter(|host| !host.is_empty())),
            ("user_agent.original", self.user_agent.as_deref()),
        ];
        let attrs = texts
            .into_iter()
            .filter_map(|(name, text)| Some((name.to_owned(), text?.into())));
        attrs
            .chain(port.map(|port| ("server.port".to_owned(), port.into())))
            .collect()
    }
}

/// Host and port of an authority.
fn split(authority: &str) -> (&str, Option<u16>) {
    match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => {
            (host, port.parse().ok())
        }
        _ => (authority, None),
    }
}

/// The header field that names the session, until 2025-11-25.
pub const SESSION: &str = "mcp-session-id";

/// The session that the older transport names in the query of its endpoint.
pub fn session_of_path(path: &str) -> Option<&str> {
    let (_, query) = path.split_once('?')?;
    query
        .split('&')
        .find_map(|pair| match pair.split_once('=') {
            Some(("session_id" | "sessionId", id)) => Some(id),
            _ => None,
        })
}

fn field(headers: &Headers, name: &str) -> Option<String> {
    let value = headers.get(name).filter(|value| value.len() <= MAX_NAME);
    value.map(str::to_owned)
}

/// A name of fixed length for what `parts` say.
pub fn digest(parts: &[&[u8]]) -> Key {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part.len().to_le_bytes());
        hash.update(part);
    }
    let mut key = Key::default();
    key.iter_mut()
        .zip(hash.finalize())
        .for_each(|(to, from)| *to = from);
    key
}
