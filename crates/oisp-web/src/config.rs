//! What the user may set.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

/// Where the dashboard listens, and for whom.
#[derive(Clone, Debug)]
pub struct WebConfig {
    /// Address and port. Port 0 takes a free one.
    pub addr: SocketAddr,
    /// Host names besides the loopback ones under which the dashboard may be
    /// asked for, such as the name of a reverse proxy. Without port.
    pub allowed_hosts: Vec<String>,
    /// Most live feeds at once.
    pub max_live: usize,
    /// Without it nothing can be changed; where there is none, nothing at all.
    pub token: Option<Arc<str>>,
}

impl WebConfig {
    /// The address when nothing is set.
    pub const DEFAULT_ADDR: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 7777);
}

impl Default for WebConfig {
    fn default() -> Self {
        Self {
            addr: Self::DEFAULT_ADDR,
            allowed_hosts: Vec::new(),
            max_live: 64,
            token: None,
        }
    }
}
