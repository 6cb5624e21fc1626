//! What the handshake agreed on (RFC 6455, section 9.1; RFC 7692, section 7.1).

use crate::http::Half;

/// How the messages of a direction are compressed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Compression {
    /// Not at all.
    #[default]
    None,
    /// By permessage-deflate.
    Deflate {
        /// A message may refer to what the ones before it held.
        takeover: bool,
    },
    /// By an extension that we do not know, or it was not captured.
    Unknown,
}

impl Compression {
    /// What the value of the response's `Sec-WebSocket-Extensions` field says of
    /// one direction.
    pub fn of(half: Half, agreed: Option<&str>) -> Self {
        let mut compression = Self::None;
        for extension in agreed.into_iter().flat_map(|value| value.split(',')) {
            let mut words = extension.split(';').map(str::trim);
            match words.next().unwrap_or_default() {
                "" => {}
                name if name.eq_ignore_ascii_case("permessage-deflate") => {
                    compression = Self::Deflate {
                        takeover: !words.any(|word| forbids_takeover(half, word)),
                    };
                }
                _ => return Self::Unknown,
            }
        }
        compression
    }
}

/// The `*_max_window_bits` parameters only bound what the largest window covers.
fn forbids_takeover(half: Half, parameter: &str) -> bool {
    let name = match half {
        Half::Request => "client_no_context_takeover",
        Half::Response => "server_no_context_takeover",
    };
    parameter.eq_ignore_ascii_case(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_direction_has_its_own_context() {
        let of = |value| {
            (
                Compression::of(Half::Request, value),
                Compression::of(Half::Response, value),
            )
        };
        let deflate = |takeover| Compression::Deflate { takeover };
        assert_eq!(of(None), (Compression::None, Compression::None));
        assert_eq!(
            of(Some("permessage-deflate")),
            (deflate(true), deflate(true))
        );
        assert_eq!(
            of(Some(
                "Permessage-Deflate; server_no_context_takeover; client_max_window_bits=\"12\""
            )),
            (deflate(true), deflate(false))
        );
        assert_eq!(
            of(Some(
                "permessage-deflate;client_no_context_takeover ;server_max_window_bits=9"
            )),
            (deflate(false), deflate(true))
        );
        assert_eq!(of(Some("x-webkit-deflate-frame")).0, Compression::Unknown);
        assert_eq!(of(Some("permessage-deflate, mux")).0, Compression::Unknown);
    }
}
