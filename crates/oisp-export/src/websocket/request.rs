//! What a program asks for, and whether it may.

use http::{HeaderMap, StatusCode, header};
use oisp_config::EventFilter;
use oisp_core::Secret;
use percent_encoding::percent_decode_str;
use sha2::{Digest, Sha256};

/// What a program asks for.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Wish {
    /// After which event.
    pub after: Option<String>,
    /// Which events.
    pub filter: EventFilter,
    token: Option<String>,
}

/// Why it gets nothing.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub status: StatusCode,
    pub message: String,
}

impl Refusal {
    pub(super) fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self {
            status,
            message: message.into(),
        }
    }
}

/// Reads a request and checks who asks.
pub(super) fn admit(
    target: &http::Uri,
    headers: &HeaderMap,
    token: &Secret<String>,
) -> Result<Wish, Refusal> {
    if is_of_a_page(headers) {
        let message = "web pages may not connect; this is for programs of this machine";
        return Err(Refusal::new(StatusCode::FORBIDDEN, message));
    }
    if target.path() != "/" {
        let message = format!("there is no {:?} here; ask for \"/\"", target.path());
        return Err(Refusal::new(StatusCode::NOT_FOUND, message));
    }
    let wish = Wish::parse(target.query().unwrap_or_default())?;
    let bearer = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
    let shown = bearer.or(wish.token.as_deref()).unwrap_or_default();
    match is_same(shown, token.expose()) {
        true => Ok(wish),
        false => Err(Refusal::new(
            StatusCode::UNAUTHORIZED,
            "show the token: `Authorization: Bearer TOKEN` or `?token=TOKEN`",
        )),
    }
}

/// A browser names the page's origin. Some programs name one, too: the very
/// address that they ask.
fn is_of_a_page(headers: &HeaderMap) -> bool {
    let text = |name| {
        headers
            .get(name)
            .map(|value| value.to_str().unwrap_or_default())
    };
    text(header::ORIGIN).is_some_and(|origin| {
        let asked = origin.split_once("://").map(|(_, asked)| asked);
        asked != text(header::HOST)
    })
}

/// Takes as long for a wrong token as for the right one.
fn is_same(one: &str, other: &str) -> bool {
    Sha256::digest(one) == Sha256::digest(other)
}

impl Wish {
    fn parse(query: &str) -> Result<Self, Refusal> {
        let mut wish = Self::default();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            let value = percent_decode_str(value)
                .decode_utf8()
                .map_err(|_| bad(format!("{key:?} is not UTF-8")))?
                .into_owned();
            wish.take(key, value)?;
        }
        Ok(wish)
    }

    fn take(&mut self, key: &str, value: String) -> Result<(), Refusal> {
        let list = match key {
            "after" => {
                self.after = Some(value);
                return Ok(());
            }
            "token" => {
                self.token = Some(value);
                return Ok(());
            }
            "types" => &mut self.filter.event_types,
            "providers" => &mut self.filter.providers,
            "models" => &mut self.filter.models,
            "hosts" => &mut self.filter.hosts,
            "processes" => &mut self.filter.processes,
            _ => {
                return Err(bad(format!(
                    "{key:?} is unknown; there are after, types, providers, models, hosts, \
                     processes and token"
                )));
            }
        };
        let names = value.split(',').filter(|name| !name.is_empty());
        list.extend(names.map(str::to_owned));
        Ok(())
    }
}

fn bad(message: String) -> Refusal {
    Refusal::new(StatusCode::BAD_REQUEST, message)
}
