//! What capture costs the captured program: the same client streams with and
//! without the sensor attached, in turns.

use std::path::Path;

use anyhow::ensure;

use super::client;
use super::file::{Tail, is_whole_answer};
use super::provider::Served;
use super::running::Running;
use crate::report::{Bar, Report};
use crate::stats::median;

/// Pairs of runs, with and without.
const PAIRS: usize = 11;
/// Streams of one run; the first one also opens the connection and is left out.
const STREAMS: usize = 30;
const CHUNKS: usize = 1000;
/// Most of its throughput that a client may lose.
const LOSS: Bar = Bar::AtMost(3.0);

/// Prints the rows of capture.
pub(super) fn measure(binary: &Path, report: &mut Report) -> anyhow::Result<()> {
    report.section("capture: what a client loses of its throughput, streams of 1,000 chunks");
    let dir = tempfile::tempdir()?;
    let provider = Served::start(dir.path())?;
    let setting = Setting {
        binary,
        dir: dir.path(),
        provider: &provider,
    };
    let flat_out = format!("Tell me a story [[chunks={CHUNKS}]]");
    compare(
        &setting,
        "as fast as loopback goes",
        STREAMS,
        PAIRS,
        &flat_out,
        report,
    )?;
    // A fast provider sends some hundred deltas a second.
    let paced = format!("Tell me a story [[chunks={CHUNKS} delay_ms=1]]");
    compare(&setting, "a delta each 1 ms or so", 2, 5, &paced, report)
}

struct Setting<'a> {
    binary: &'a Path,
    dir: &'a Path,
    provider: &'a Served,
}

fn compare(
    setting: &Setting<'_>,
    what: &str,
    streams: usize,
    pairs: usize,
    prompt: &str,
    report: &mut Report,
) -> anyhow::Result<()> {
    let run = || client::streams(setting.provider, streams, prompt).map(|times| middle(&times));
    run()?;
    let (mut losses, mut bare_times) = (Vec::new(), Vec::new());
    let mut captured = 0;
    for pair in 0..pairs {
        let bare_first = pair % 2 == 0;
        let before = if bare_first { Some(run()?) } else { None };
        let sensor = Running::start(setting.binary, setting.dir)?;
        let watched = run()?;
        captured += whole_answers(setting.provider, sensor)?;
        let bare = match before {
            Some(bare) => bare,
            None => run()?,
        };
        losses.push((1.0 - bare / watched) * 100.0);
        bare_times.push(bare);
    }
    let expected = streams * pairs;
    ensure!(
        captured * 10 >= expected * 9,
        "{captured} of {expected} answers were captured whole: the figure would mean nothing"
    );
    let bare = median(&mut bare_times);
    let range = format!(
        "{:+.1} to {:+.1}",
        smallest(&losses),
        -smallest(&losses.iter().map(|loss| -loss).collect::<Vec<_>>())
    );
    let beside = format!(
        "{:.0} chunks/s bare; pairs {range} %; {captured} of {expected} answers whole",
        CHUNKS as f64 / bare
    );
    report.row(what, median(&mut losses), "%", LOSS, &beside);
    Ok(())
}

/// The middle stream of a run, seconds, without the one that opened the
/// connection.
fn middle(times: &[f64]) -> f64 {
    let mut seconds: Vec<_> = times.iter().skip(1).copied().collect();
    median(&mut seconds)
}

/// Ends the sensor and counts what it saw of the provider.
fn whole_answers(provider: &Served, sensor: Running) -> anyhow::Result<usize> {
    let events = Tail::open(&sensor.stop()?)?.news()?;
    Ok(events
        .iter()
        .filter(|event| is_whole_answer(event, &provider.chat_url()))
        .count())
}

fn smallest(values: &[f64]) -> f64 {
    values.iter().copied().fold(f64::INFINITY, f64::min)
}
