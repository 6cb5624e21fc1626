//! Decoding, beside plain parsing of the JSON that is in the same bytes: what
//! no decoder can be faster than.

use std::hint::black_box;
use std::io::Read;

use flate2::read::GzDecoder;
use serde_json::Value;

use crate::corpus::{self, Case};
use crate::report::{Bar, Report};
use crate::stats::{Comparison, compare};

/// Share of the decoding time that plain parsing would take.
const PARSING_SHARE: Bar = Bar::AtLeast(50.0);
/// How much more a chunk of the longest stream may cost than one of the
/// shortest, in times that parsing takes.
const GROWTH: Bar = Bar::AtMost(1.2);

/// Prints the rows of decoding.
pub fn measure(report: &mut Report) -> anyhow::Result<()> {
    report.section("decode: share of its time that serde_json needs to parse the same bodies");
    for case in corpus::all()? {
        case.events()?;
        let compared = compare(decoding(&case), || parse(&case));
        tell(&case, &compared, report);
        if case.compressed.is_some() {
            let share = compare(decoding(&case), || inflate_and_parse(&case)).peer_share;
            report.row("  inflating and parsing", share * 100.0, "%", Bar::None, "");
        }
    }
    flat(report)?;
    growth(report)
}

fn tell(case: &Case, compared: &Comparison, report: &mut Report) {
    let share = compared.peer_share * 100.0;
    let pairs = 1e9 / compared.subject * case.texts.len() as f64;
    let beside = format!("{pairs:.0} pairs/s, {}", speed(case, compared.subject));
    if compared.steady {
        report.row(case.name, share, "%", PARSING_SHARE, &beside);
    } else {
        report.unclear(case.name, share, "%", PARSING_SHARE, &beside);
    }
}

/// What so many nanoseconds mean.
pub fn speed(case: &Case, nanos: f64) -> String {
    let bytes = case.bytes() as f64;
    format!(
        "{:.0} MB/s, {:.1} µs a pair",
        bytes * 1e3 / nanos,
        nanos / 1e3 / case.texts.len() as f64
    )
}

/// Decodes a case each time it is called.
pub fn decoding(case: &Case) -> impl FnMut() {
    let mut decoder = corpus::decoder();
    let mut events = Vec::new();
    move || {
        for raw in &case.records {
            decoder.push(raw, &mut events);
        }
        black_box(&events);
        events.clear();
    }
}

/// Parses the documents of a case.
pub fn parse(case: &Case) {
    for document in &case.documents {
        let _ = black_box(serde_json::from_slice::<Value>(document));
    }
}

fn inflate_and_parse(case: &Case) {
    let mut plain = Vec::new();
    let _ = GzDecoder::new(case.compressed.as_deref().unwrap_or_default()).read_to_end(&mut plain);
    black_box(&plain);
    parse(case);
}

/// A chunk of a long stream beside one of a short stream.
fn flat(report: &mut Report) -> anyhow::Result<()> {
    report.section("decode: cost of a chunk in a stream of 8,000, by that in one of 250");
    let pairs =
        [250, 8000].map(|chunks| (corpus::stream(chunks), corpus::anthropic_stream(chunks)));
    let [(short, anthropic_short), (long, anthropic_long)] = pairs;
    for (short, long) in [(short, long), (anthropic_short, anthropic_long)] {
        short.events()?;
        long.events()?;
        let compared = compare(decoding(&long), decoding(&short));
        let in_long = compared.subject / 8000.0;
        let in_short = compared.subject * compared.peer_share / 250.0;
        let beside = format!(
            "{:.2} µs a chunk of 250, {:.2} µs of 8,000",
            in_short / 1e3,
            in_long / 1e3
        );
        report.row(long.name, in_long / in_short, "×", GROWTH, &beside);
    }
    Ok(())
}

/// Both read more memory in a longer stream, and miss the caches more often:
/// the growth is judged beside that of parsing.
fn growth(report: &mut Report) -> anyhow::Result<()> {
    report.section("decode: cost of a chunk by the length of the stream, beside that of parsing");
    let mut first = None;
    for chunks in [1_000, 10_000, 100_000] {
        let case = corpus::stream(chunks);
        case.events()?;
        let compared = compare(decoding(&case), || parse(&case));
        let growth = *first.get_or_insert(compared.peer_share) / compared.peer_share;
        let what = format!("{chunks} chunks, × what it is at 1000");
        let nanos = compared.subject / chunks as f64;
        report.row(
            &what,
            growth,
            "×",
            GROWTH,
            &format!("{nanos:.0} ns a chunk"),
        );
    }
    Ok(())
}
