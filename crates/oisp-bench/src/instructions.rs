//! Instructions instead of time: the same on a busy machine, and nearly the
//! same in every run.
//!
//! This program runs itself below valgrind with two numbers of repetitions; the
//! difference is what the repetitions cost, without the start.

use std::process::{Command, Stdio};

use anyhow::{Context, ensure};

use crate::corpus::{self, Case, hostile};
use crate::report::{Bar, Report};

/// Share of the decoder's instructions that plain parsing would take.
const PARSING_SHARE: Bar = Bar::AtLeast(50.0);
/// What the second half of twice the hostile bytes may cost, by the first.
const GROWTH: Bar = Bar::AtMost(1.2);

/// Captured bytes that are decoded between the two counts, about.
const BYTES: usize = 3 << 20;
/// The smallest amount of hostile bytes: four times as much is still below the
/// longest head.
const HOSTILE: usize = 60_000;

/// Prints the rows of instructions.
pub fn measure(report: &mut Report) -> anyhow::Result<()> {
    report.section("instructions a pair: share that serde_json needs for the same bodies");
    if !has_valgrind() {
        report.skip("instructions", "valgrind is not installed");
        return Ok(());
    }
    for name in corpus::names() {
        let case = corpus::named(name)?;
        case.events()?;
        compare(&case, report)?;
    }
    report.section("instructions for hostile bytes: twice as many, × what is to be expected");
    for (name, _) in hostile::ALL {
        growth(name, report)?;
    }
    Ok(())
}

fn has_valgrind() -> bool {
    let mut asked = Command::new("valgrind");
    asked.arg("--version").stdout(Stdio::null());
    asked.status().is_ok_and(|status| status.success())
}

fn compare(case: &Case, report: &mut Report) -> anyhow::Result<()> {
    let few = 2;
    let more = (BYTES / case.bytes().max(1)).clamp(1, 500);
    let each = |work| -> anyhow::Result<f64> {
        let start = count(case.name, work, few)?;
        let whole = count(case.name, work, few + more)?;
        let pairs = more * case.texts.len();
        Ok(whole.saturating_sub(start) as f64 / pairs as f64)
    };
    let (decoding, parsing) = (each("decode")?, each("parse")?);
    let beside = format!("{decoding:.0} decoding, {parsing:.0} parsing");
    let share = parsing * 100.0 / decoding;
    report.row(case.name, share, "%", PARSING_SHARE, &beside);
    Ok(())
}

/// Linear work costs as much from the second to the fourth quarter as twice
/// that from the first to the second.
fn growth(name: &str, report: &mut Report) -> anyhow::Result<()> {
    let [small, middle, large] = [1, 2, 4].map(|times| count(name, "hostile", HOSTILE * times));
    let (small, middle, large) = (small?, middle?, large?);
    let first = middle.saturating_sub(small) as f64;
    let second = large.saturating_sub(middle) as f64 / 2.0;
    let beside = format!("{:.0} instructions a byte", second / HOSTILE as f64);
    report.row(name, second / first, "×", GROWTH, &beside);
    Ok(())
}

/// Instructions of this program when it does that work.
fn count(name: &str, work: &str, number: usize) -> anyhow::Result<u64> {
    let own = std::env::current_exe().context("cannot find this program's own file")?;
    let output = Command::new("valgrind")
        .args(["--tool=cachegrind", "--cache-sim=no"])
        .arg("--cachegrind-out-file=/dev/null")
        .arg(own)
        .args(["one", name, work, &number.to_string()])
        .stdin(Stdio::null())
        .output()
        .context("cannot run valgrind")?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "valgrind failed: {said}");
    counted(&said).with_context(|| format!("valgrind told no count: {said}"))
}

/// The number in `==12== I   refs:      1,234`.
fn counted(said: &str) -> Option<u64> {
    let line = said.lines().find(|line| line.contains("refs:"))?;
    let (_, number) = line.split_once("refs:")?;
    let digits: String = number.chars().filter(char::is_ascii_digit).collect();
    digits.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_count_is_read_from_what_valgrind_says() {
        let said = "==7== Command: x\n==7== \n==7== I   refs:      1,234,567\n";
        assert_eq!(counted(said), Some(1_234_567));
        assert_eq!(counted("==7== nothing"), None);
    }
}
