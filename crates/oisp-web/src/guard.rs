//! Keeps other web pages out. A page of any site may send requests to this
//! port, from the same browser that shows the dashboard. Three checks stand in
//! its way, around every route at once:
//!
//! - **Host**: the name that the browser was given must be ours. A foreign
//!   name that was made to resolve to 127.0.0.1 (DNS rebinding) is refused. The
//!   port is not compared, so that a forwarded port (`ssh -L`, `docker -p`)
//!   works: rebinding changes the name, never the port.
//! - **Origin**: where the browser sends one, it must be the very origin that
//!   is asked. A program that is no browser sends none.
//! - **Sec-Fetch-Site**: where the browser sends it, the request must come from
//!   the dashboard itself or from the address bar. A link to the page is the
//!   one thing that another site may have.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::config::WebConfig;
use crate::headers;
use crate::reply::Refusal;

/// Who may ask.
#[derive(Debug)]
pub(crate) struct Guard {
    bound: IpAddr,
    names: Vec<String>,
}

impl Guard {
    /// The rules of that configuration.
    pub(crate) fn new(config: &WebConfig) -> Self {
        let configured = config.allowed_hosts.iter().map(|name| normal(name));
        let names = std::iter::once(String::from("localhost"))
            .chain(configured)
            .collect();
        Self {
            bound: config.addr.ip(),
            names,
        }
    }

    fn check(&self, request: &Request) -> Result<(), Refusal> {
        let host = self.check_host(request)?;
        check_origin(request.headers(), host)?;
        check_fetch_site(request)
    }

    /// The one Host that the request names, if it is ours.
    fn check_host<'r>(&self, request: &'r Request) -> Result<&'r str, Refusal> {
        let host = only(request.headers(), header::HOST)
            .ok_or_else(|| misdirected("no single Host header"))?;
        let target = request
            .uri()
            .authority()
            .map(|authority| authority.as_str());
        match [Some(host), target]
            .into_iter()
            .flatten()
            .find(|name| !self.is_ours(name))
        {
            None => Ok(host),
            Some(foreign) => Err(misdirected(&format!("the name {foreign:?}"))),
        }
    }

    fn is_ours(&self, host: &str) -> bool {
        let Some(name) = without_port(host) else {
            return false;
        };
        let name = normal(name);
        match name
            .trim_start_matches('[')
            .trim_end_matches(']')
            .parse::<IpAddr>()
        {
            Ok(ip) => self.is_our_ip(ip) || self.names.contains(&name),
            Err(_) => self.names.contains(&name),
        }
    }

    /// An address in the place of the name cannot be rebound. Where the user
    /// chose to listen on all addresses, any of them is meant.
    fn is_our_ip(&self, ip: IpAddr) -> bool {
        ip == IpAddr::from([127, 0, 0, 1])
            || ip == IpAddr::from([0, 0, 0, 0, 0, 0, 0, 1u16])
            || ip == self.bound
            || self.bound.is_unspecified()
    }
}

/// The layer around all routes: checks, then adds the security headers.
pub(crate) async fn enforce(
    State(guard): State<Arc<Guard>>,
    request: Request,
    next: Next,
) -> Response {
    let mut response = match guard.check(&request) {
        Ok(()) => next.run(request).await,
        Err(refusal) => {
            tracing::warn!(
                path = request.uri().path(),
                reason = refusal.code(),
                "dashboard request refused"
            );
            refusal.into_response()
        }
    };
    headers::add(response.headers_mut());
    response
}

fn check_origin(headers: &HeaderMap, host: &str) -> Result<(), Refusal> {
    if !headers.contains_key(header::ORIGIN) {
        return Ok(());
    }
    let origin = only(headers, header::ORIGIN).unwrap_or_default();
    let authority = origin
        .strip_prefix("http://")
        .or_else(|| origin.strip_prefix("https://"));
    match authority {
        Some(authority) if authority.eq_ignore_ascii_case(host) => Ok(()),
        _ => Err(foreign("a page of another origin asked")),
    }
}

fn check_fetch_site(request: &Request) -> Result<(), Refusal> {
    let headers = request.headers();
    if !headers.contains_key("sec-fetch-site") {
        return Ok(());
    }
    match headers
        .get("sec-fetch-site")
        .and_then(|site| site.to_str().ok())
    {
        Some("same-origin" | "none") => Ok(()),
        _ if is_link_to_page(request) => Ok(()),
        _ => Err(foreign("a page of another site asked")),
    }
}

/// Somebody followed a link to the dashboard: the browser shows it, and the
/// page with the link learns nothing.
fn is_link_to_page(request: &Request) -> bool {
    let is = |name: &str, value: &str| {
        request
            .headers()
            .get(name)
            .is_some_and(|found| found == value)
    };
    let path = request.uri().path();
    request.method() == Method::GET
        && is("sec-fetch-mode", "navigate")
        && is("sec-fetch-dest", "document")
        && path != "/ws"
        && !path.starts_with("/api/")
}

fn misdirected(what: &str) -> Refusal {
    let message = format!(
        "this dashboard does not answer to {what}; open it as http://localhost with its port, \
         or add the name to the allowed hosts of the configuration"
    );
    Refusal::new(StatusCode::MISDIRECTED_REQUEST, "host_not_allowed", message)
}

fn foreign(who: &str) -> Refusal {
    let message =
        format!("{who}; only the dashboard's own page and programs on this machine may read this");
    Refusal::new(StatusCode::FORBIDDEN, "origin_not_allowed", message)
}

/// The value of a header that must stand once.
fn only(headers: &HeaderMap, name: header::HeaderName) -> Option<&str> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (Some(value), None) => value.to_str().ok(),
        _ => None,
    }
}

/// `host` without its port; none where the port is no number.
fn without_port(host: &str) -> Option<&str> {
    let end_of_name = host.rfind(']').map_or(0, |bracket| bracket + 1);
    let (name, rest) = match host.get(end_of_name..)?.find(':') {
        Some(colon) => host.split_at_checked(end_of_name + colon)?,
        None => (host, ""),
    };
    let port = rest.strip_prefix(':').unwrap_or("0");
    port.parse::<u16>().is_ok().then_some(name)
}

fn normal(name: &str) -> String {
    name.trim().trim_end_matches('.').to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guard(addr: &str, names: &[&str]) -> Guard {
        let allowed_hosts = names.iter().map(|name| (*name).to_owned()).collect();
        Guard::new(&WebConfig {
            addr: addr.parse().unwrap(),
            allowed_hosts,
            ..WebConfig::default()
        })
    }

    #[test]
    fn loopback_names_are_ours_with_any_port() {
        let guard = guard("127.0.0.1:7777", &[]);
        for host in [
            "localhost",
            "LocalHost:7777",
            "localhost.:7777",
            "127.0.0.1:7777",
            "[::1]:7777",
            "[::1]",
            "localhost:9000",
        ] {
            assert!(guard.is_ours(host), "{host}");
        }
    }

    #[test]
    fn foreign_and_malformed_names_are_not() {
        let guard = guard("127.0.0.1:7777", &[]);
        for host in [
            "",
            ":7777",
            "evil.example:7777",
            "localhost.evil.example",
            "localhost:evil",
            "localhost:7777.evil.example",
            "127.0.0.1.evil.example:7777",
            "192.168.0.7:7777",
            "0.0.0.0:7777",
            "user@localhost",
            "[::1].evil.example",
            "[::ffff:10.0.0.1]",
            "localhost:",
            "localhost:99999",
            "127.1:7777",
            "2130706433:7777",
        ] {
            assert!(!guard.is_ours(host), "{host}");
        }
    }

    #[test]
    fn configured_names_and_the_bound_address_are_ours() {
        assert!(guard("127.0.0.1:1", &["Sensor.Internal."]).is_ours("sensor.internal:443"));
        assert!(guard("192.168.0.7:1", &[]).is_ours("192.168.0.7:1"));
        assert!(!guard("192.168.0.7:1", &[]).is_ours("192.168.0.8:1"));
        assert!(guard("0.0.0.0:1", &[]).is_ours("192.168.0.8:1"));
        assert!(!guard("0.0.0.0:1", &[]).is_ours("evil.example:1"));
    }
}
