//! A report as text.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::report::{Exception, Figures, Kind, Report};

pub(super) fn text(report: &Report) -> String {
    let mut out = String::new();
    // Writing to a string does not fail.
    let _ = hosts(&mut out, report);
    let _ = variants(&mut out, report);
    for (kind, title) in [
        (Kind::Panic, "The decoder panicked"),
        (Kind::Unexplained, "Not decoded, and no rule says why"),
        (
            Kind::Unexpected,
            "Decoded, though a rule says that no model is called",
        ),
        (Kind::Broken, "Broken recordings"),
        (Kind::NotAi, "Not AI traffic"),
    ] {
        let _ = exceptions(&mut out, report, kind, title);
    }
    out
}

fn hosts(out: &mut String, report: &Report) -> std::fmt::Result {
    let width = report
        .hosts
        .keys()
        .map(String::len)
        .max()
        .unwrap_or(0)
        .max(8);
    writeln!(
        out,
        "{:width$} exchanges decoded    ok partial  text tools usage",
        "provider"
    )?;
    let mut sum = Figures::default();
    for (host, figures) in &report.hosts {
        row(out, host, figures, width)?;
        sum.add(figures);
    }
    row(out, "all", &sum, width)
}

fn row(out: &mut String, host: &str, figures: &Figures, width: usize) -> std::fmt::Result {
    writeln!(
        out,
        "{host:width$} {:9} {:7} {:5} {:7} {:5} {:5} {:5}",
        figures.exchanges,
        figures.decoded,
        figures.ok,
        figures.partial,
        figures.text,
        figures.tool_calls,
        figures.usage
    )
}

fn variants(out: &mut String, report: &Report) -> std::fmt::Result {
    if report.replays.is_empty() {
        return Ok(());
    }
    let mut wrong: BTreeMap<&str, usize> = BTreeMap::new();
    for disagreement in &report.disagreements {
        *wrong.entry(&disagreement.variant).or_default() += 1;
    }
    writeln!(out, "\n{:28}  replays  recordings that disagree", "variant")?;
    for (variant, replays) in &report.replays {
        let wrong = wrong.get(variant).copied().unwrap_or(0);
        writeln!(out, "{variant:28} {replays:8}  {wrong}")?;
    }
    for disagreement in &report.disagreements {
        writeln!(
            out,
            "\n{} of {}\n  {}",
            disagreement.variant, disagreement.recording, disagreement.what
        )?;
    }
    Ok(())
}

fn exceptions(out: &mut String, report: &Report, kind: Kind, title: &str) -> std::fmt::Result {
    let mut by_reason: BTreeMap<&str, Vec<&Exception>> = BTreeMap::new();
    for exception in report
        .exceptions
        .iter()
        .filter(|exception| exception.kind == kind)
    {
        by_reason
            .entry(&exception.reason)
            .or_default()
            .push(exception);
    }
    if by_reason.is_empty() {
        return Ok(());
    }
    let count: usize = by_reason.values().map(Vec::len).sum();
    writeln!(out, "\n{title}: {count}")?;
    for (reason, list) in by_reason {
        writeln!(out, "  {reason}: {}", list.len())?;
        for exception in list {
            writeln!(out, "    {}  {}", exception.recording, exception.call)?;
        }
    }
    Ok(())
}
