//! How a caller proved who it is, without the proof: at most the public prefix
//! of a key and a keyed hash of it leave this module.

use oisp_core::HashKey;
use oisp_core::event::ai::Auth;

use crate::http::Headers;

/// Prefixes that tell the issuer and nothing of the key, longest first.
const PUBLIC_PREFIXES: &[&str] = &[
    "sk-ant-", "sk-proj-", "sk-svcac", "sk-or-v1", "pplx-", "xai-", "gsk_", "AIza", "hf_", "r8_",
    "fw_", "csk-", "sk-",
];

/// Header fields that carry an API key, in lower case.
const KEY_FIELDS: [&str; 3] = ["x-api-key", "api-key", "x-goog-api-key"];

/// What the request's header fields tell.
pub fn auth_of(headers: &Headers, key: &HashKey) -> Auth {
    if let Some(credential) = KEY_FIELDS.into_iter().find_map(|field| headers.get(field)) {
        return describe("api_key", credential, key);
    }
    if let Some(value) = headers.get("authorization") {
        let (scheme, credential) = value.split_once(' ').unwrap_or(("", value));
        return match scheme.to_ascii_lowercase().as_str() {
            "bearer" => describe(bearer_kind(credential), credential.trim(), key),
            _ if value.starts_with("AWS4-") => Auth {
                kind: "service_account",
                ..Auth::default()
            },
            _ => describe("unknown", credential, key),
        };
    }
    if headers.get("cookie").is_some() {
        return Auth {
            kind: "session",
            ..Auth::default()
        };
    }
    Auth {
        kind: if headers.unknown() > 0 {
            "unknown"
        } else {
            "none"
        },
        ..Auth::default()
    }
}

/// Tokens of an OAuth flow are told by their form: JSON web tokens, Anthropic's
/// and Google's.
fn bearer_kind(credential: &str) -> &'static str {
    let oauth = ["eyJ", "sk-ant-oat", "ya29."];
    if oauth.iter().any(|prefix| credential.starts_with(prefix)) {
        "oauth"
    } else {
        "api_key"
    }
}

fn describe(kind: &'static str, credential: &str, key: &HashKey) -> Auth {
    let prefix = PUBLIC_PREFIXES
        .iter()
        .find(|prefix| credential.starts_with(**prefix));
    Auth {
        kind,
        key_prefix: prefix.map(|prefix| (*prefix).to_owned()),
        key_hash: Some(key.hash(credential)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn auth(name: &str, value: &str) -> Auth {
        let mut headers = Headers::default();
        headers.push(name, value.as_bytes());
        auth_of(&headers, &HashKey::new([7; 32]))
    }

    #[test]
    fn only_public_prefix_and_hash_leave() {
        let auth = auth("Authorization", "Bearer sk-proj-madeup0123456789");
        assert_eq!(
            (auth.kind, auth.key_prefix.as_deref()),
            ("api_key", Some("sk-proj-"))
        );
        let text = format!("{auth:?}");
        assert!(!text.contains("madeup"), "{text}");
    }

    #[test]
    fn prefixes_fit_the_schema() {
        assert!(PUBLIC_PREFIXES.iter().all(|prefix| prefix.len() <= 8));
    }

    #[test]
    fn the_kind_is_told_by_field_and_form() {
        assert_eq!(auth("x-api-key", "sk-ant-api03-madeup").kind, "api_key");
        assert_eq!(
            auth("authorization", "Bearer sk-ant-oat01-madeup").kind,
            "oauth"
        );
        assert_eq!(
            auth("authorization", "Bearer eyJhbGciOi.made.up").kind,
            "oauth"
        );
        assert_eq!(auth("cookie", "session=1").kind, "session");
        assert_eq!(auth("accept", "*/*").kind, "none");
    }

    #[test]
    fn the_same_key_hashes_alike_and_another_does_not() {
        let one = auth("x-api-key", "made-up-one").key_hash;
        assert!(one.is_some());
        assert_eq!(one, auth("authorization", "Bearer made-up-one").key_hash);
        assert_ne!(one, auth("x-api-key", "made-up-two").key_hash);
    }
}
