//! The table: what was measured, its value, its bar, and whether it holds.

use std::fmt;
use std::io::Write;
use std::process::ExitCode;

/// What a value is held against.
#[derive(Clone, Copy, Debug)]
pub enum Bar {
    /// At most this much.
    AtMost(f64),
    /// At least this much.
    AtLeast(f64),
    /// Told, not judged.
    None,
}

impl Bar {
    fn holds(self, value: f64) -> bool {
        match self {
            Self::AtMost(bar) => value <= bar,
            Self::AtLeast(bar) => value >= bar,
            Self::None => true,
        }
    }

    fn shown(self, unit: &str) -> String {
        match self {
            Self::AtMost(bar) => format!("≤ {bar} {unit}"),
            Self::AtLeast(bar) => format!("≥ {bar} {unit}"),
            Self::None => String::new(),
        }
    }
}

/// All figures of a run.
#[derive(Debug, Default)]
pub struct Report {
    rows: usize,
    over: Vec<String>,
    unclear: Vec<String>,
    skipped: Vec<String>,
    failed: Vec<String>,
}

impl Report {
    /// A heading above the rows that follow.
    pub fn section(&mut self, title: &str) {
        print(format_args!("\n{title}"));
    }

    /// One figure. `beside` is what to read it with: a rate, a peer, a count.
    pub fn row(&mut self, what: &str, value: f64, unit: &str, bar: Bar, beside: &str) {
        let shown = format!("{} {unit}", short(value));
        let limit = bar.shown(unit);
        let verdict = match bar {
            Bar::None => "",
            _ if bar.holds(value) => "ok",
            _ => {
                self.over.push(format!("{what}: {shown}, bar {limit}"));
                "MISSED"
            }
        };
        self.print(what, &shown, &limit, verdict, beside);
    }

    /// A figure whose rounds differ too much to hold it against its bar.
    pub fn unclear(&mut self, what: &str, value: f64, unit: &str, bar: Bar, beside: &str) {
        let shown = format!("{} {unit}", short(value));
        self.unclear.push(format!("{what}: {beside}"));
        self.print(what, &shown, &bar.shown(unit), "NOISY", beside);
    }

    fn print(&mut self, what: &str, shown: &str, limit: &str, verdict: &str, beside: &str) {
        self.rows += 1;
        print(format_args!(
            "  {what:<42} {shown:>14}  {limit:<12} {verdict:<6} {beside}"
        ));
    }

    /// Something that cannot be measured here, and why.
    pub fn skip(&mut self, what: &str, why: &str) {
        print(format_args!("  {what}: SKIPPED: {why}"));
        self.skipped.push(format!("{what}: {why}"));
    }

    /// Notes a part that could not be measured.
    pub fn check(&mut self, part: &str, result: anyhow::Result<()>) {
        if let Err(error) = result {
            print(format_args!("  {part}: NOT MEASURED: {error:#}"));
            self.failed.push(part.to_owned());
        }
    }

    /// The summary and the exit code.
    pub fn close(self) -> ExitCode {
        print(format_args!(
            "\n{} figures; {} miss their bar, {} too noisy to tell, {} skipped, {} not measured",
            self.rows,
            self.over.len(),
            self.unclear.len(),
            self.skipped.len(),
            self.failed.len()
        ));
        for line in &self.over {
            print(format_args!("  MISSED  {line}"));
        }
        for line in &self.unclear {
            print(format_args!("  NOISY   {line}"));
        }
        for line in &self.skipped {
            print(format_args!("  SKIPPED {line}"));
        }
        ExitCode::from(u8::from(!self.failed.is_empty()))
    }
}

/// Three digits that matter.
fn short(value: f64) -> String {
    match value.abs() {
        large if large >= 100.0 => format!("{value:.0}"),
        middle if middle >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

/// A line of the table. A reader that went away does not matter.
fn print(line: fmt::Arguments<'_>) {
    let _ = writeln!(std::io::stdout(), "{line}");
}

/// A line for people beside the table.
pub fn note(line: fmt::Arguments<'_>) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missed_bar_is_listed_and_a_met_one_is_not() {
        let mut report = Report::default();
        report.row("good", 1.0, "ms", Bar::AtMost(2.0), "");
        report.row("slow", 3.0, "ms", Bar::AtMost(2.0), "");
        report.row("few", 3.0, "/s", Bar::AtLeast(4.0), "");
        report.row("told", 3.0, "/s", Bar::None, "");
        assert_eq!(
            report.over,
            ["slow: 3.00 ms, bar ≤ 2 ms", "few: 3.00 /s, bar ≥ 4 /s"]
        );
        assert_eq!(report.rows, 4);
    }

    #[test]
    fn only_what_could_not_be_measured_is_a_failure() {
        let mut report = Report::default();
        report.skip("capture", "not root");
        assert_eq!(
            format!("{:?}", report.close()),
            format!("{:?}", ExitCode::SUCCESS)
        );
        let mut report = Report::default();
        report.check("capture", Err(anyhow::anyhow!("nothing was captured")));
        assert_eq!(
            format!("{:?}", report.close()),
            format!("{:?}", ExitCode::FAILURE)
        );
    }
}
