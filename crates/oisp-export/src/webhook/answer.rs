//! What an answer means for the events of its request.

use std::time::{Duration, SystemTime};

use reqwest::Response;
use reqwest::header::{HeaderMap, LOCATION, RETRY_AFTER};

use crate::DeliverError;

/// Most bytes of an answer that are read. What is longer costs the connection.
const MAX_ANSWER: usize = 16 << 10;
/// How long the rest of an answer may take before the connection is given up.
const KEEP: Duration = Duration::from_secs(1);
/// Most characters of an answer that are quoted.
const MAX_QUOTE: usize = 200;

/// What the receiver says of a request.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// It has the events.
    Taken,
    /// It will never take this request.
    Refused {
        /// What it said.
        reason: String,
        /// Single events of the batch may be meant.
        may_be_some: bool,
    },
}

/// Reads an answer.
pub(super) async fn read(response: Response) -> Result<Answer, DeliverError> {
    let status = response.status();
    let says = format!("the receiver answered {status}");
    match status.as_u16() {
        200..=299 => {
            // What the receiver has is delivered, whether or not the rest of
            // its answer comes; it is read to keep the connection.
            let _ = tokio::time::timeout(KEEP, text_of(response)).await;
            Ok(Answer::Taken)
        }
        300..=399 => Err(DeliverError::Misconfigured(redirected(
            &says,
            response.headers(),
        ))),
        401 | 403 | 407 => Err(DeliverError::Misconfigured(format!(
            "{says}: mend auth or headers of this sink; its events wait"
        ))),
        408 | 425 | 429 | 500.. => Err(DeliverError::Retry {
            reason: says,
            after: retry_after(response.headers(), SystemTime::now()),
        }),
        code => Ok(Answer::Refused {
            reason: with_quote(says, &text_of(response).await),
            may_be_some: matches!(code, 400 | 413 | 422),
        }),
    }
}

fn redirected(says: &str, headers: &HeaderMap) -> String {
    let to = headers
        .get(LOCATION)
        .and_then(|to| to.to_str().ok())
        .and_then(|to| to.split(['?', '#']).next())
        .unwrap_or("elsewhere");
    format!("{says}, a redirection to {to:?}, which is not followed: set url to where it leads")
}

/// The wait that an answer asks for, in seconds or as a date.
pub(crate) fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let at = httpdate::parse_http_date(text).ok()?;
    Some(at.duration_since(now).unwrap_or_default())
}

async fn text_of(mut response: Response) -> Vec<u8> {
    let mut text = Vec::new();
    while let Ok(Some(chunk)) = response.chunk().await {
        text.extend_from_slice(&chunk);
        if text.len() >= MAX_ANSWER {
            break;
        }
    }
    text
}

fn with_quote(says: String, text: &[u8]) -> String {
    let text = String::from_utf8_lossy(text);
    let plain = |c: char| if c.is_control() { ' ' } else { c };
    let quote: String = text.trim().chars().take(MAX_QUOTE).map(plain).collect();
    match quote.as_str() {
        "" => says,
        quote => format!("{says}: {quote}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::UNIX_EPOCH;

    fn asked(text: &str) -> Option<u64> {
        let mut headers = HeaderMap::new();
        headers.insert(RETRY_AFTER, text.parse().unwrap());
        let now = UNIX_EPOCH + Duration::from_secs(784_111_777);
        retry_after(&headers, now).map(|wait| wait.as_secs())
    }

    #[test]
    fn a_wait_is_seconds_or_a_date() {
        assert_eq!(asked("120"), Some(120));
        assert_eq!(asked("Sun, 06 Nov 1994 08:50:07 GMT"), Some(30));
        assert_eq!(asked("Sun, 06 Nov 1994 08:49:07 GMT"), Some(0));
        for nonsense in ["", "soon", "-1", "1.5", "99999999999999999999"] {
            assert_eq!(asked(nonsense), None, "{nonsense}");
        }
    }

    #[test]
    fn a_quote_is_short_and_one_line() {
        let quote = with_quote(
            "no".into(),
            format!(" a\nb\u{1b}[31m{}", "x".repeat(999)).as_bytes(),
        );
        assert!(quote.starts_with("no: a b [31mxxx"), "{quote}");
        assert_eq!(quote.chars().count(), "no: ".len() + MAX_QUOTE);
        assert_eq!(with_quote("no".into(), b" \n"), "no");
    }
}
