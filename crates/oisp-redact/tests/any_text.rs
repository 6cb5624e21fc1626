//! Texts of any shape, cut in any way.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test states its assumptions by panicking"
)]

use oisp_core::event::{Confidence, Data, Event, Source, ai};
use oisp_core::{EventId, HashKey, Timestamp};
use oisp_redact::{Action, EntityConfig, Growing, Mode, RedactionConfig, Redactor, SecretsConfig};
use proptest::prelude::*;
use serde_json::Map;

/// Pieces of which texts are made: secrets, halves of them, and what could lead
/// a detector astray.
const PIECES: [&str; 44] = [
    "sk-proj-CNRY8kQ2vT5wZr3pXs7L",
    "ghp_CNRY8kQ2vT5wZr3pXs7LCNRY8kQ2",
    "AKIACNRY8KQ2VT5WZR3P",
    "cnry@example.com",
    "4111 1111 1111 1111",
    "DE89 3704 0044 0532 0130 00",
    "+44 20 7946 0018",
    "536-90-4399",
    "203.0.113.77",
    "password=CNRYhunter22",
    "Authorization: Bearer CNRY8kQ2vT5wZr3pXs7L",
    "postgres://app:CNRYp4ss@db/x",
    "-----BEGIN PRIVATE KEY-----\nCNRY8kQ2vT5wZr3p\n-----END PRIVATE KEY-----",
    "-----BEGIN ",
    "PRIVATE KEY-----",
    "-----END CERTIFICATE-----",
    "sk-",
    "password",
    ": ",
    "=",
    "\"",
    "'",
    "\\",
    "\\n",
    "\\u0041",
    "%41",
    "[REDACTED:",
    "[REDACTED:email]",
    "]",
    "****",
    "@",
    ".com",
    "://",
    "+1",
    "4111",
    " ",
    "\n",
    "-",
    "ä",
    "word ",
    "🌤",
    "{\"token\": \"",
    "eyJhbGciOiJIUzI1NiJ9",
    "--api-key ",
];

fn texts() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => proptest::sample::select(PIECES.to_vec()).prop_map(str::to_owned),
        1 => any::<String>(),
        1 => "[ -~]{0,12}",
    ];
    proptest::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

fn redactors() -> Vec<Redactor> {
    let acting = |action| RedactionConfig {
        secrets: SecretsConfig {
            action,
            ..SecretsConfig::default()
        },
        email: EntityConfig {
            action,
            ..EntityConfig::default()
        },
        card: EntityConfig {
            action,
            ..EntityConfig::default()
        },
        ..RedactionConfig::default()
    };
    let key = HashKey::new([7; 32]);
    [Action::Redact, Action::Mask, Action::Hash, Action::Drop]
        .into_iter()
        .map(|action| Redactor::with_config(&acting(action), Some(key.clone())).unwrap())
        .collect()
}

fn chunk(text: &str, is_last: bool) -> Event {
    let data = ai::StreamingChunk {
        request_id: "req_1".into(),
        delta: ai::Delta {
            content: Some(text.to_owned()),
            ..ai::Delta::default()
        },
        finish_reason: is_last.then(|| "stop".into()),
        ..ai::StreamingChunk::default()
    };
    Event {
        oisp_version: "0.1",
        event_id: EventId::derive(Timestamp::default(), &[]),
        ts: Timestamp::default(),
        host: None,
        actor: None,
        process: None,
        app: None,
        source: Source::new("tls_boundary", "ssl_read"),
        confidence: Confidence::full(),
        data: Data::StreamingChunk(Box::new(data)),
        attrs: Map::new(),
        ext: Map::new(),
        related_events: Vec::new(),
        trace_context: None,
    }
}

/// What onlookers see of a text that comes in these pieces.
fn told(pieces: &[&str], redactor: &Redactor) -> String {
    let mut growing = Growing::default();
    let mut told = String::new();
    for (n, piece) in pieces.iter().enumerate() {
        let event = chunk(piece, n + 1 == pieces.len());
        let Some(event) = growing.pass(event, redactor) else {
            continue;
        };
        let safe: serde_json::Value = serde_json::from_str(redactor.redact(&event).json()).unwrap();
        told.push_str(
            safe["data"]["delta"]["content"]
                .as_str()
                .unwrap_or_default(),
        );
    }
    told
}

/// Secrets that stand between words: nothing may tell any of them.
const PLANTED: [&str; 9] = [
    "sk-proj-CNRY8kQ2vT5wZr3pXs7L",
    "password=CNRYhunter22",
    "password: CNRYhunter22",
    "cnry.CNRY@example.com",
    "Authorization: Bearer CNRY8kQ2vT5wZr3pXs7L",
    "-----BEGIN PRIVATE KEY-----\nCNRY8kQ2vT5wZr3p\nCNRYvT5wZr3pqQ2v\n-----END PRIVATE KEY-----",
    "postgres://app:CNRYp4ss@db/x",
    "{\\\"api_key\\\": \\\"CNRY8kQ2vT5\\\"}",
    "https://x.example/?access_token=CNRY%2Babcdefgh12",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_redacted_is_found_no_more(text in texts()) {
        for redactor in redactors() {
            let safe = redactor.redact_text(&text).unwrap_or_else(|| text.clone());
            prop_assert_eq!(redactor.redact_text(&safe), None, "{}", safe);
        }
    }

    #[test]
    fn a_planted_secret_is_never_told(before in texts(), planted in proptest::sample::select(PLANTED.to_vec()), after in texts()) {
        let text = format!("{} {planted} {}", before.replace("CNRY", "x"), after.replace("CNRY", "x"));
        for mode in [Mode::Safe, Mode::Full] {
            let safe = Redactor::new(mode).redact_text(&text).unwrap_or_default();
            prop_assert!(!safe.contains("CNRY"), "{}", safe);
        }
    }

    #[test]
    fn a_secret_is_told_in_no_pieces(
        words in proptest::collection::vec("[a-z]{1,9}[ \n]", 0..120),
        planted in proptest::sample::select(PLANTED.to_vec()),
        cuts in proptest::collection::vec(any::<prop::sample::Index>(), 0..40),
    ) {
        let half = words.len() / 2;
        let text = format!("{}\n{planted} {}", words[..half].concat(), words[half..].concat());
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| text.floor_char_boundary(cut.index(text.len()))).collect();
        cuts.extend([0, text.len()]);
        cuts.sort_unstable();
        let mut pieces: Vec<&str> = cuts.windows(2).map(|cut| &text[cut[0]..cut[1]]).collect();
        pieces.push("");
        let told = told(&pieces, &Redactor::new(Mode::Safe));
        prop_assert!(!told.contains("CNRY"), "{}", told);
    }

    #[test]
    fn any_text_is_redacted_without_complaint(text in any::<String>(), deep in 0_usize..2000) {
        let nested = format!("{}{text}", "[\\\\\\\"{".repeat(deep));
        let redactor = Redactor::new(Mode::Safe);
        let safe = redactor.redact_text(&nested).unwrap_or_else(|| nested.clone());
        prop_assert_eq!(redactor.redact_text(&safe), None);
    }
}
