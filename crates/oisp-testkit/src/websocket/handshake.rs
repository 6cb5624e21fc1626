//! The handshake: what a client offers and what it is answered.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha1::{Digest as _, Sha1};

use crate::route::Received;

/// What every server adds to a client's key (RFC 6455, section 1.3).
const MAGIC: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
const DEFLATE: &str = "permessage-deflate";

/// A handshake that is agreed to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Handshake {
    accept: String,
    pub(crate) deflate: bool,
}

/// The handshake that a request begins, if it begins one.
pub(crate) fn of(received: &Received) -> Option<Handshake> {
    let upgrade = received.header("upgrade")?;
    let key = received.header("sec-websocket-key")?;
    let is_known = received.header("sec-websocket-version") == Some("13");
    (upgrade.eq_ignore_ascii_case("websocket") && is_known).then(|| Handshake {
        accept: STANDARD.encode(Sha1::digest(format!("{key}{MAGIC}"))),
        deflate: offers_deflate(received.header("sec-websocket-extensions")),
    })
}

/// An offer that wants no smaller window of the server, which the compressor
/// cannot have.
fn offers_deflate(offered: Option<&str>) -> bool {
    offered
        .into_iter()
        .flat_map(|offers| offers.split(','))
        .any(|offer| {
            let mut words = offer.split(';').map(str::trim);
            words.next() == Some(DEFLATE)
                && words.all(|word| {
                    !word.starts_with("server_max_window_bits")
                        && !word.starts_with("server_no_context")
                })
        })
}

impl Handshake {
    pub(crate) fn headers(&self) -> Vec<(&'static str, String)> {
        let mut headers = vec![
            ("upgrade", "websocket".to_owned()),
            ("connection", "Upgrade".to_owned()),
            ("sec-websocket-accept", self.accept.clone()),
        ];
        if self.deflate {
            headers.push(("sec-websocket-extensions", DEFLATE.to_owned()));
        }
        headers
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::{HeaderMap, HeaderName, HeaderValue, Method};

    use super::*;

    fn asked(headers: &[(&'static str, &'static str)]) -> Option<Handshake> {
        let pairs = headers.iter().map(|(name, value)| {
            (
                HeaderName::from_static(name),
                HeaderValue::from_static(value),
            )
        });
        let received = Received {
            method: Method::GET,
            path: "/".into(),
            query: String::new(),
            headers: pairs.collect::<HeaderMap>(),
            body: Bytes::new(),
        };
        of(&received)
    }

    /// The example of RFC 6455, section 1.3.
    #[test]
    fn the_key_is_answered_as_the_standard_says() {
        let base = [
            ("upgrade", "WebSocket"),
            ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
            ("sec-websocket-version", "13"),
        ];
        let handshake = asked(&base).unwrap();
        assert_eq!(handshake.accept, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
        assert!(!handshake.deflate);
        assert_eq!(asked(&base[..2]), None);
    }

    #[test]
    fn compression_is_agreed_to_where_it_can_be_done() {
        assert!(offers_deflate(Some(
            "permessage-deflate; client_max_window_bits"
        )));
        assert!(offers_deflate(Some("x, permessage-deflate")));
        assert!(offers_deflate(Some(
            "permessage-deflate; server_max_window_bits=9, permessage-deflate"
        )));
        assert!(!offers_deflate(Some(
            "permessage-deflate; server_max_window_bits=12"
        )));
        assert!(!offers_deflate(None));
    }
}
