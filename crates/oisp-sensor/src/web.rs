//! The dashboard as the user sees it: its settings, and the link that opens it.

use std::net::SocketAddr;

use oisp_core::Secret;
use oisp_web::{BoundServer, TlsFiles, Token, WebConfig};

use crate::config::Web;
use crate::failure::Failure;
use crate::{output, platform};

/// What the options say of the dashboard.
///
/// # Errors
/// When everybody on the network could read without a token.
pub fn settings(web: &Web, token: &Secret<String>) -> Result<WebConfig, Failure> {
    let is_local = web.host.is_loopback();
    if !is_local && web.open_reads {
        return Err(Failure::usage(format_args!(
            "`--open-reads` would show your prompts to everybody who reaches {}: leave it out, \
             or listen on 127.0.0.1",
            web.host
        )));
    }
    let tls = web.tls_cert.clone().zip(web.tls_key.clone());
    if !is_local && tls.is_none() {
        output::note(format_args!(
            "warning: the dashboard listens on {} without TLS: who hears the network reads your \
             prompts and the token; `--tls-cert FILE --tls-key FILE` encrypts",
            web.host
        ));
    }
    Ok(WebConfig {
        addr: SocketAddr::new(web.host, web.port),
        allowed_hosts: web.allowed_hosts.clone(),
        token: Some(Token::new(token.expose())),
        open_reads: web.open_reads,
        tls: tls.map(|(cert, key)| TlsFiles { cert, key }),
        ..WebConfig::default()
    })
}

/// Where the dashboard is, and what opens it.
#[derive(Debug)]
pub struct Link {
    address: String,
    token: Secret<String>,
}

impl Link {
    /// That of a dashboard.
    pub fn of(server: &BoundServer, token: Secret<String>) -> Self {
        let addr = server.addr();
        let address = match addr.ip().is_loopback() || addr.ip().is_unspecified() {
            true => format!("{}://localhost:{}", server.scheme(), addr.port()),
            false => format!("{}://{addr}", server.scheme()),
        };
        Self::to(address, token)
    }

    /// That of a dashboard at `scheme://host:port`.
    pub const fn to(address: String, token: Secret<String>) -> Self {
        Self { address, token }
    }

    /// The token.
    pub const fn token(&self) -> &Secret<String> {
        &self.token
    }

    /// The link with the token in it. Whoever calls this answers for where it
    /// goes.
    pub fn whole(&self) -> String {
        format!("{}/?token={}", self.address, self.token.expose())
    }

    /// Says both. What goes to the system's journal, which others may read, is
    /// said without the token.
    pub fn announce(&self) {
        output::note(format_args!("  dashboard  {}", self.address));
        if platform::says_to_journal() {
            output::note(format_args!("  link       `oisp-sensor status` prints it"));
        } else {
            output::note(format_args!(
                "  link       {} (opens it; once per browser)",
                self.whole()
            ));
        }
    }
}
