//! Redaction alone: whole events, clean text beside the limits of its tools,
//! text with many secrets, and text made to cost much.

use std::hint::black_box;

use aho_corasick::{AhoCorasick, AhoCorasickKind};
use oisp_redact::{Mode, Redactor};

use crate::corpus::{self, Words};
use crate::report::{Bar, Report};
use crate::stats::cost;

const TEXT: usize = 64 << 10;

/// Least of clean text, MB/s.
const BAR: f64 = 150.0;

/// Prints the rows of redaction.
pub fn measure(report: &mut Report) -> anyhow::Result<()> {
    report.section("redaction alone, mode safe");
    let redactor = Redactor::new(Mode::Safe);
    events(&redactor, report)?;
    let mut words = Words::new(9);
    let prose = words.prose(TEXT);
    let code = words.code(TEXT);
    let json = serde_json::to_string(&[&code, &prose])?;
    limits(&prose, report)?;
    for (what, clean) in [
        ("clean prose", &prose),
        ("code", &code),
        ("both as JSON in a string", &json),
    ] {
        text(&redactor, what, clean, Bar::AtLeast(BAR), report);
    }
    text(
        &redactor,
        "a secret in every kilobyte",
        &secrets(&mut words),
        Bar::None,
        report,
    );
    for (what, hostile) in hostile() {
        text(
            &redactor,
            &format!("hostile: {what}"),
            &hostile,
            Bar::None,
            report,
        );
    }
    Ok(())
}

/// What looking for one byte, and for a hundred words at once, costs without
/// anything else.
fn limits(text: &str, report: &mut Report) -> anyhow::Result<()> {
    let rate = |nanos: f64| text.len() as f64 * 1e3 / nanos;
    let bytes = text.as_bytes();
    let one = cost(|| {
        black_box(memchr::memchr(b'@', bytes));
    });
    report.row(
        "limit: memchr for one byte",
        rate(one),
        "MB/s",
        Bar::None,
        "",
    );
    let words: Vec<String> = (0..150).map(|n| format!("kw{n}_")).collect();
    let words = AhoCorasick::builder()
        .ascii_case_insensitive(true)
        .kind(Some(AhoCorasickKind::DFA))
        .build(words)?;
    let all = cost(|| {
        black_box(words.find_overlapping_iter(bytes).count());
    });
    report.row(
        "limit: aho-corasick for 150 words",
        rate(all),
        "MB/s",
        Bar::None,
        "",
    );
    Ok(())
}

/// Texts made to cost much.
fn hostile() -> Vec<(&'static str, String)> {
    let fill = |unit: &str| unit.repeat(TEXT / unit.len());
    vec![
        (
            "keywords without end",
            fill("akiatokenkeysk-secretpassword=eyJxoxbghp_"),
        ),
        ("names without values", fill("password: password= token: ")),
        ("half private keys", fill("-----BEGIN PRIVATE KEY-----\"")),
        ("backslashes", fill("\\")),
        ("digits", fill("4111 ")),
        ("at signs", fill("a@a.")),
        ("base64 of text", fill("dGV4dCB0ZXh0IHRleHQg")),
    ]
}

fn events(redactor: &Redactor, report: &mut Report) -> anyhow::Result<()> {
    for case in corpus::all()? {
        let events = case.events()?;
        let bytes: usize = events
            .iter()
            .map(|event| redactor.redact(event).json().len())
            .sum();
        let nanos = cost(|| {
            events
                .iter()
                .for_each(|event| drop(black_box(redactor.redact(event))))
        });
        let what = format!("events: {}", case.name);
        report.row(
            &what,
            bytes as f64 * 1e3 / nanos,
            "MB/s",
            Bar::None,
            &format!("{:.1} µs a pair", nanos / 1e3 / case.texts.len() as f64),
        );
    }
    Ok(())
}

fn text(redactor: &Redactor, what: &str, text: &str, bar: Bar, report: &mut Report) {
    let nanos = cost(|| drop(black_box(redactor.redact_text(text))));
    report.row(
        &format!("text: {what}"),
        text.len() as f64 * 1e3 / nanos,
        "MB/s",
        bar,
        "",
    );
}

/// Made-up keys and addresses among prose.
fn secrets(words: &mut Words) -> String {
    let kinds = [
        "sk-proj-madeup0000000000000000",
        "someone@example.com",
        "password=made-up-value-1",
        "AKIAMADEUP0000000000",
    ];
    let mut text = String::new();
    for kind in kinds.iter().cycle().take(TEXT >> 10) {
        text.push_str(&words.prose(1000));
        text.push_str(kind);
        text.push('\n');
    }
    text
}
