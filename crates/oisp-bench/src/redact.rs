//! Redaction alone: whole events, clean text, and text with many secrets.

use std::hint::black_box;

use oisp_redact::{Mode, Redactor};

use crate::corpus::{self, Words};
use crate::report::{Bar, Report};
use crate::stats::cost;

const TEXT: usize = 64 << 10;

/// Prints the rows of redaction.
pub fn measure(report: &mut Report) -> anyhow::Result<()> {
    report.section("redaction alone, mode safe");
    let redactor = Redactor::new(Mode::Safe);
    events(&redactor, report)?;
    let mut words = Words::new(9);
    text(&redactor, "clean prose", &words.prose(TEXT), report);
    text(&redactor, "code", &words.code(TEXT), report);
    text(
        &redactor,
        "a secret in every kilobyte",
        &secrets(&mut words),
        report,
    );
    Ok(())
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

fn text(redactor: &Redactor, what: &str, text: &str, report: &mut Report) {
    let nanos = cost(|| drop(black_box(redactor.redact_text(text))));
    report.row(
        &format!("text: {what}"),
        text.len() as f64 * 1e3 / nanos,
        "MB/s",
        Bar::None,
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
