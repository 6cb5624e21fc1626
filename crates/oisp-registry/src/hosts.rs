//! Whose host it is: patterns of domains, looked up by the last two labels.
//!
//! A pattern is a domain and stands for it and every name below it. A label
//! may hold a hole ([`Piece`]); the last two may not, so that a pattern never
//! reaches over into another's domain, and so that a lookup is one probe of a
//! table. A pattern with a port matches that port alone.

use std::collections::HashMap;

use crate::pattern::{Hole, Piece};

/// The longest name that DNS has.
const MAX_HOST_LEN: usize = 253;

/// What a lookup found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Found<'h> {
    /// Which provider, by its place.
    pub(crate) provider: usize,
    /// The part of the host that `{region}` took.
    pub(crate) region: Option<&'h str>,
}

/// A host and a port, as an authority names them.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Authority {
    host: String,
    port: Option<u16>,
}

impl Authority {
    /// Reads `HOST[:PORT]`. Anything else, such as a user's name before an
    /// `@`, is no authority that anyone could be told by.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        if text.len() > MAX_HOST_LEN + 6 {
            return None;
        }
        let (host, port) = match text.rsplit_once(':') {
            Some((host, port)) => (host, Some(port.parse().ok()?)),
            None => (text, None),
        };
        let host = host.strip_suffix('.').unwrap_or(host);
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
        let valid = !host.is_empty() && host.len() <= MAX_HOST_LEN && host.bytes().all(plain);
        valid.then(|| Self {
            host: host.to_ascii_lowercase(),
            port,
        })
    }
}

/// A domain with names below it.
#[derive(Debug)]
pub(crate) struct HostPattern {
    labels: Vec<Piece>,
    port: Option<u16>,
    tail: Box<str>,
}

impl HostPattern {
    /// Reads a pattern; the error says what is wrong with it.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let text = text.to_ascii_lowercase();
        let (domain, port) = match text.rsplit_once(':') {
            Some((domain, port)) => (domain, Some(port_of(port)?)),
            None => (&*text, None),
        };
        let labels: Vec<Piece> = domain.split('.').map(label_of).collect::<Result<_, _>>()?;
        let tail = tail_of(domain);
        if tail.contains(['*', '{']) {
            return Err("the last two labels must be plain text".to_owned());
        }
        Ok(Self {
            tail: tail.into(),
            labels,
            port,
        })
    }

    fn matches<'h>(&self, authority: &'h Authority) -> Option<Option<&'h str>> {
        if self.port.is_some() && self.port != authority.port {
            return None;
        }
        let mut host = authority.host.rsplit('.');
        let mut region = None;
        for label in self.labels.iter().rev() {
            if let Some((Hole::Region, inside)) = label.take(host.next()?)? {
                region = Some(inside);
            }
        }
        Some(region)
    }

    /// The closer pattern sorts first.
    fn closeness(&self) -> (bool, usize, usize) {
        let literal = self.labels.iter().map(Piece::literal_len).sum();
        (self.port.is_some(), self.labels.len(), literal)
    }
}

fn label_of(label: &str) -> Result<Piece, String> {
    let piece = Piece::parse(label)?;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_*{}".contains(&byte);
    match label.is_empty() || !label.bytes().all(plain) || label.contains("{version}") {
        true => Err("write a domain such as `api.example.com`, without scheme or path".to_owned()),
        false => Ok(piece),
    }
}

fn port_of(port: &str) -> Result<u16, String> {
    port.parse()
        .map_err(|_| "what follows the colon must be a port number".to_owned())
}

/// The last two labels, or the only one.
fn tail_of(host: &str) -> &str {
    host.rmatch_indices('.')
        .nth(1)
        .and_then(|(at, _)| host.get(at + 1..))
        .unwrap_or(host)
}

/// All patterns.
#[derive(Debug, Default)]
pub(crate) struct HostIndex {
    by_tail: HashMap<Box<str>, Vec<(HostPattern, usize)>>,
}

impl HostIndex {
    /// An index over patterns and the places of their providers.
    pub(crate) fn of(patterns: Vec<(HostPattern, usize)>) -> Self {
        let mut by_tail: HashMap<Box<str>, Vec<(HostPattern, usize)>> = HashMap::new();
        for (pattern, provider) in patterns {
            by_tail
                .entry(pattern.tail.clone())
                .or_default()
                .push((pattern, provider));
        }
        for alike in by_tail.values_mut() {
            alike.sort_by_key(|(pattern, _)| std::cmp::Reverse(pattern.closeness()));
        }
        Self { by_tail }
    }

    /// Whose host it is: the closest pattern's.
    pub(crate) fn find<'h>(&self, authority: &'h Authority) -> Option<Found<'h>> {
        let alike = self.by_tail.get(tail_of(&authority.host))?;
        alike.iter().find_map(|(pattern, provider)| {
            pattern.matches(authority).map(|region| Found {
                provider: *provider,
                region,
            })
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        reason = "a test states its assumptions by panicking"
    )]

    use super::*;

    fn index(patterns: &[&str]) -> HostIndex {
        let parsed = patterns.iter().enumerate();
        HostIndex::of(
            parsed
                .map(|(at, text)| (HostPattern::parse(text).unwrap(), at))
                .collect(),
        )
    }

    fn found(index: &HostIndex, authority: &str) -> Option<(usize, Option<String>)> {
        let authority = Authority::parse(authority)?;
        let found = index.find(&authority)?;
        Some((found.provider, found.region.map(str::to_owned)))
    }

    #[test]
    fn a_pattern_is_the_domain_and_what_is_below_it() {
        let index = index(&["api.example.com"]);
        for host in [
            "api.example.com",
            "API.Example.com:443",
            "eu.api.example.com",
            "api.example.com.",
        ] {
            assert_eq!(found(&index, host), Some((0, None)), "{host}");
        }
        for host in [
            "example.com",
            "evilapi.example.com",
            "evil-api.example.com",
            "api.example.com.evil.net",
            "api.example.com@evil.net",
            "evil.net@api.example.com",
            "api.example.com:443:80",
            "api.example.com/",
            "https://api.example.com",
            "api.example.com:99999",
            "..",
            "",
        ] {
            assert_eq!(found(&index, host), None, "{host}");
        }
    }

    #[test]
    fn the_closest_pattern_wins_and_gives_the_region() {
        let index = index(&[
            "example.com",
            "{region}.run.example.com",
            "run.example.com:8443",
        ]);
        assert_eq!(found(&index, "x.example.com"), Some((0, None)));
        assert_eq!(
            found(&index, "us-east-1.run.example.com"),
            Some((1, Some("us-east-1".into())))
        );
        assert_eq!(
            found(&index, "vpce-1.us-east-1.run.example.com"),
            Some((1, Some("us-east-1".into())))
        );
        assert_eq!(found(&index, "s3.run.example.com"), Some((0, None)));
        assert_eq!(found(&index, "run.example.com:8443"), Some((2, None)));
    }

    #[test]
    fn a_pattern_that_reaches_too_far_is_refused() {
        for wrong in [
            "*.com",
            "*.example",
            "",
            "a..b.c",
            "https://a.example.com",
            "a.example.com/v1",
            "a.b.c:x",
        ] {
            assert!(HostPattern::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn one_label_and_addresses_name_themselves() {
        let index = index(&["gateway", "192.0.2.7:4000"]);
        assert_eq!(found(&index, "gateway:80"), Some((0, None)));
        assert_eq!(found(&index, "192.0.2.7:4000"), Some((1, None)));
        assert_eq!(found(&index, "192.0.2.7:4001"), None);
        assert_eq!(found(&index, "192.0.2.70:4000"), None);
    }
}
