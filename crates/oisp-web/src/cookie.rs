//! The cookie that carries the token for the page.
//!
//! It is named by the port under which the browser knows the dashboard:
//! browsers share cookies between the ports of a host, and two dashboards on
//! `localhost`, forwarded ones too, must not put each other out.

use axum::http::{HeaderMap, HeaderValue, header};

const NAME: &str = "oisp_token";
/// Seconds that a browser keeps it: 30 days.
const MAX_AGE: u32 = 30 * 24 * 3600;

/// Every value of a cookie of ours, whatever the port in its name: it is the
/// value that counts.
pub(crate) fn tokens(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    let lines = headers.get_all(header::COOKIE).iter();
    lines
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .filter_map(|(name, value)| name.starts_with(NAME).then_some(value))
}

/// The `Set-Cookie` of that token; none where it cannot stand in a header.
pub(crate) fn entry(headers: &HeaderMap, token: &str, tls: bool) -> Option<HeaderValue> {
    let secure = if tls { "; Secure" } else { "" };
    let name = named(headers);
    let text =
        format!("{name}={token}; Path=/; Max-Age={MAX_AGE}; HttpOnly; SameSite=Strict{secure}");
    HeaderValue::try_from(text).ok()
}

fn named(headers: &HeaderMap) -> String {
    let host = headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok());
    let port = host.and_then(|host| host.rsplit(':').next()?.parse::<u16>().ok());
    match port {
        Some(port) => format!("{NAME}_{port}"),
        None => String::from(NAME),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(header::HeaderName, &'static str)]) -> HeaderMap {
        let pair = |(name, value): &(header::HeaderName, &'static str)| {
            (name.clone(), HeaderValue::from_static(value))
        };
        pairs.iter().map(pair).collect()
    }

    #[test]
    fn a_cookie_is_named_by_the_port_of_the_browser() {
        for (host, name) in [
            ("localhost:7777", "oisp_token_7777="),
            ("[::1]:9000", "oisp_token_9000="),
            ("[::1]", "oisp_token="),
            ("sensor.internal", "oisp_token="),
        ] {
            let cookie = entry(&headers(&[(header::HOST, host)]), "abc", false).unwrap();
            let cookie = cookie.to_str().unwrap();
            assert!(cookie.starts_with(name), "{host}: {cookie}");
            assert!(cookie.ends_with("; HttpOnly; SameSite=Strict"), "{cookie}");
        }
        let cookie = entry(&HeaderMap::new(), "abc", true).unwrap();
        assert!(cookie.to_str().unwrap().ends_with("; Secure"));
        assert!(entry(&HeaderMap::new(), "a\nb", true).is_none());
    }

    #[test]
    fn cookies_are_found_among_others_and_torn_ones() {
        let headers = headers(&[
            (
                header::COOKIE,
                "theme=dark; oisp_token_7777=one;oisp_token=two; broken; =",
            ),
            (header::COOKIE, "oisp_token_1=three"),
        ]);
        assert_eq!(
            tokens(&headers).collect::<Vec<_>>(),
            ["one", "two", "three"]
        );
    }
}
