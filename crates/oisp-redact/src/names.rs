//! Names that say that a value is a secret, whatever it looks like.

use crate::check::Check;

/// Names of fields and header fields, without what stands between their words.
const SECRETS: [&str; 30] = [
    "password",
    "passwd",
    "passphrase",
    "pwd",
    "secret",
    "apikey",
    "accesstoken",
    "refreshtoken",
    "authtoken",
    "sessiontoken",
    "bearertoken",
    "idtoken",
    "clientsecret",
    "privatekey",
    "secretkey",
    "signingkey",
    "encryptionkey",
    "authorization",
    "proxyauthorization",
    "secretaccesskey",
    "awssecretaccesskey",
    "xapikey",
    "xgoogapikey",
    "xauthtoken",
    "xamzsecuritytoken",
    "xaccesstoken",
    "cookie",
    "setcookie",
    "webhooksecret",
    "xvaulttoken",
];
/// Ends of longer names, as of environment variables.
const ENDS: [&str; 9] = [
    "password",
    "passwd",
    "passphrase",
    "secret",
    "apikey",
    "accesstoken",
    "privatekey",
    "secretkey",
    "token",
];
/// What a token of another kind is called.
const OTHERS: [&str; 12] = [
    "page",
    "next",
    "continuation",
    "sync",
    "eos",
    "bos",
    "pad",
    "unk",
    "sep",
    "mask",
    "cls",
    "stop",
];
/// Longer names are sentences.
const LONGEST: usize = 64;

/// Whether a field of that name with that value holds a secret.
pub(crate) fn tells(name: &str, value: &str) -> bool {
    let name = name.rsplit('.').next().unwrap_or(name);
    if value.is_empty() || name.len() > LONGEST {
        return false;
    }
    let plain: String = name
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|letter| letter.to_ascii_lowercase())
        .collect();
    if SECRETS.contains(&plain.as_str()) {
        return true;
    }
    let is_other = OTHERS
        .iter()
        .any(|other| plain.starts_with(other) || plain.contains(&format!("{other}token")));
    let check = if plain.ends_with("token") {
        Check::Value
    } else {
        Check::Literal
    };
    let is_word = value.len() >= 6
        && !value.contains(char::is_whitespace)
        && check.passes(value.as_bytes(), None);
    ENDS.iter().any(|end| ends(name, &plain, end)) && !is_other && is_word
}

/// It ends with that word, and not within one.
fn ends(name: &str, plain: &str, end: &str) -> bool {
    let Some(before) = plain.strip_suffix(end) else {
        return false;
    };
    let mut left = before.len();
    let cut = name.char_indices().find(|(_, letter)| {
        let is_counted = letter.is_ascii_alphanumeric();
        left = left.saturating_sub(usize::from(is_counted && left > 0));
        left == 0 && !before.is_empty()
    });
    let behind = cut
        .and_then(|(at, letter)| name.get(at + letter.len_utf8()..))
        .unwrap_or(name);
    before.is_empty()
        || behind.starts_with(|letter: char| {
            letter == '_' || letter == '-' || letter.is_ascii_uppercase()
        })
}

#[cfg(test)]
mod tests {
    use super::tells;

    #[test]
    fn names_of_secrets_tell() {
        for name in [
            "password",
            "API-Key",
            "x-api-key",
            "set-cookie",
            "http.request.header.authorization",
            "client_secret",
        ] {
            assert!(tells(name, "x"), "{name}");
        }
        for name in [
            "DB_PASSWORD",
            "openaiApiKey",
            "GITHUB_TOKEN",
            "smtp-password",
            "stripeSecret",
        ] {
            assert!(tells(name, "madeup-0123"), "{name}");
        }
    }

    #[test]
    fn other_names_do_not() {
        for name in [
            "max_tokens",
            "token_count",
            "next_page_token",
            "bos_token",
            "key",
            "passwordless",
            "secretary",
            "bypassword2",
            "tokenizer",
        ] {
            assert!(!tells(name, "madeup-0123"), "{name}");
        }
        assert!(!tells("reset_password", "Forgot your password?"));
        assert!(!tells("has_password", "true"));
        assert!(!tells("password", ""));
    }
}
