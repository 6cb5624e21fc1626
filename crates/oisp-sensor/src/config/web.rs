//! `[web]`

use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;

use oisp_config::Findings;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The dashboard and its API.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Web {
    /// Further host names under which the dashboard may be asked for.
    pub allowed_hosts: Vec<String>,
    /// There is a dashboard.
    pub enabled: bool,
    /// Its address. Anything but a loopback address lets other machines ask, with
    /// the token.
    pub host: IpAddr,
    /// Reading takes no token: every user of this machine may. On a loopback
    /// address only; changes take the token all the same.
    pub open_reads: bool,
    /// Its port; 0 for one that is free.
    pub port: u16,
    /// The certificate to serve over TLS with, and those between it and its root:
    /// a PEM file.
    pub tls_cert: Option<PathBuf>,
    /// The certificate's private key: a PEM file.
    pub tls_key: Option<PathBuf>,
}

impl Default for Web {
    fn default() -> Self {
        Self {
            allowed_hosts: Vec::new(),
            enabled: true,
            host: IpAddr::V4(Ipv4Addr::LOCALHOST),
            open_reads: false,
            port: 7777,
            tls_cert: None,
            tls_key: None,
        }
    }
}

impl Web {
    pub(super) fn check(&self, findings: &mut Findings<'_>) {
        for (index, name) in self.allowed_hosts.iter().enumerate() {
            let is_foreign = |c: char| c == '/' || c.is_whitespace() || c.is_control();
            if name.is_empty() || name.contains(is_foreign) {
                findings.mistake(
                    &format!("web.allowed_hosts[{index}]"),
                    "is no host name: write it without scheme and path",
                );
            }
        }
        if self.open_reads && !self.host.is_loopback() {
            findings.mistake(
                "web.open_reads",
                "would show your prompts to everybody who reaches web.host: leave it out, or listen on 127.0.0.1",
            );
        }
        match (&self.tls_cert, &self.tls_key) {
            (Some(_), None) => findings.mistake("web.tls_cert", "needs web.tls_key"),
            (None, Some(_)) => findings.mistake("web.tls_key", "needs web.tls_cert"),
            _ => {}
        }
    }
}
