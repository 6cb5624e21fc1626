//! A made-up secret of each kind, and what becomes of it wherever it is written.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test states its assumptions by panicking"
)]

mod samples;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use oisp_redact::{Mode, Redactor};
use samples::{CONTEXTS, secrets};

fn redactor() -> Redactor {
    Redactor::new(Mode::Safe)
}

fn safe(text: &str) -> String {
    redactor()
        .redact_text(text)
        .unwrap_or_else(|| text.to_owned())
}

#[test]
fn each_kind_is_found_and_named() {
    for (rule, secret) in secrets() {
        let text = format!("see {secret} for more");
        assert_eq!(
            safe(&text),
            format!("see [REDACTED:{rule}] for more"),
            "{secret}"
        );
    }
}

#[test]
fn each_context_names_its_secret() {
    for (rule, text, wanted) in CONTEXTS {
        assert!(wanted.contains(rule));
        assert_eq!(safe(text), wanted);
        let inside = format!("before {text} after");
        assert_eq!(safe(&inside), format!("before {wanted} after"));
    }
}

/// A way to write a text down.
type Write = fn(&str) -> String;

fn json(text: &str) -> String {
    serde_json::to_string(&serde_json::json!({"q": text})).unwrap()
}

/// JSON as some languages write it: ASCII only, and what HTML minds escaped.
fn unicode(text: &str) -> String {
    let escaped = |letter: char| match letter {
        'A'..='Z' | '@' | '-' | '_' | '/' => format!("\\u{:04x}", letter as u32),
        other => other.to_string(),
    };
    text.replace('\n', "\\n").chars().map(escaped).collect()
}

fn percent(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' => char::from(byte).to_string(),
            other => format!("%{other:02X}"),
        })
        .collect()
}

/// How a secret may be written.
const WRITINGS: [(&str, Write); 9] = [
    ("JSON", json),
    ("JSON in JSON", |text| json(&json(text))),
    ("JSON in JSON in JSON", |text| json(&json(&json(text)))),
    ("escaped", unicode),
    ("escaped twice", |text| json(&unicode(text))),
    ("percent-encoded", |text| {
        format!("https://x.example/a?q={}&r=1", percent(text))
    }),
    ("percent-encoded in JSON", |text| {
        json(&format!("https://x.example/a?q={}", percent(text)))
    }),
    ("base64", |text| format!("data {}.", STANDARD.encode(text))),
    ("base64 in JSON", |text| {
        json(&STANDARD.encode(format!("it is {text} here")))
    }),
];

#[test]
fn each_kind_is_found_however_it_is_written() {
    let contexts = CONTEXTS
        .iter()
        .map(|(rule, text, _)| (*rule, (*text).to_owned()));
    let texts: Vec<_> = secrets().into_iter().chain(contexts).collect();
    let mut failed = Vec::new();
    for (rule, secret) in &texts {
        for (writing, write) in WRITINGS {
            let text = write(secret);
            let safe = safe(&text);
            if safe.contains(&text) || !safe.contains("[REDACTED:") {
                failed.push(format!("{rule}, {writing}: {text}"));
            }
            // What is looked through stays what it is.
            if writing.starts_with("JSON")
                && serde_json::from_str::<serde_json::Value>(&safe).is_err()
            {
                failed.push(format!("{rule}, {writing}: no JSON any more: {safe}"));
            }
        }
    }
    assert!(
        failed.is_empty(),
        "{} of {}:\n{}",
        failed.len(),
        texts.len() * WRITINGS.len(),
        failed.join("\n")
    );
}

#[test]
fn what_is_redacted_stays_as_it_is() {
    let redactor = redactor();
    let contexts = CONTEXTS.iter().map(|(_, text, _)| (*text).to_owned());
    for text in secrets()
        .into_iter()
        .map(|(_, secret)| secret)
        .chain(contexts)
    {
        let safe = redactor.redact_text(&format!("a {text} b")).unwrap();
        assert_eq!(redactor.redact_text(&safe), None, "{safe}");
    }
}

/// Ordinary text, in which nothing is to be found.
const ORDINARY: [&str; 9] = [
    include_str!("ordinary/prose.txt"),
    include_str!("ordinary/code.rs.txt"),
    include_str!("ordinary/code.py.txt"),
    include_str!("ordinary/code.ts.txt"),
    include_str!("ordinary/config.yaml.txt"),
    include_str!("ordinary/log.txt"),
    include_str!("ordinary/wire.json.txt"),
    include_str!("ordinary/shell.txt"),
    include_str!("ordinary/diff.txt"),
];

#[test]
fn nothing_is_found_in_ordinary_text() {
    let redactor = redactor();
    let mut failed = Vec::new();
    for text in ORDINARY {
        for line in text.lines() {
            let quoted = json(line);
            for line in [line, quoted.as_str()] {
                failed.extend(
                    redactor
                        .redact_text(line)
                        .map(|safe| format!("{line}\n  -> {safe}")),
                );
            }
        }
        failed.extend(redactor.redact_text(text).filter(|_| failed.is_empty()));
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}
