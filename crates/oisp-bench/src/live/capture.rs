//! What capture costs the captured program: the same client streams with and
//! without the sensor attached, in turns.

use std::path::Path;

use anyhow::ensure;

use super::file::{Tail, is_whole_answer};
use super::provider::Served;
use super::running::Running;
use super::{client, process};
use crate::report::{Bar, Report};
use crate::stats::{median, quantile};

/// Pairs of runs, with and without.
const PAIRS: usize = 11;
/// Streams of one run; the first one also opens the connection and is left out.
const STREAMS: usize = 30;
const CHUNKS: usize = 1000;
/// Most of its throughput that a client may lose.
const LOSS: Bar = Bar::AtMost(3.0);
/// How far apart the middle half of the pairs may be, percent, to be held
/// against that.
const STEADY: f64 = 6.0;
/// The share of streams and runs that others on the machine disturb least.
const UNDISTURBED: f64 = 0.1;

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
    let flat_out = Plan {
        what: "as fast as loopback goes",
        streams: STREAMS,
        pairs: PAIRS,
        prompt: format!("Tell me a story [[chunks={CHUNKS}]]"),
    };
    compare(&setting, &flat_out, report)?;
    // The fastest providers send some hundred deltas a second.
    let paced = Plan {
        what: "a delta each 1 to 3 ms",
        streams: 3,
        pairs: 7,
        prompt: format!("Tell me a story [[chunks={CHUNKS} delay_ms=1]]"),
    };
    compare(&setting, &paced, report)
}

struct Setting<'a> {
    binary: &'a Path,
    dir: &'a Path,
    provider: &'a Served,
}

/// How a client is measured.
struct Plan<'a> {
    what: &'a str,
    streams: usize,
    pairs: usize,
    prompt: String,
}

/// What one run of the client cost.
#[derive(Clone, Default)]
struct Cost {
    /// Each stream, seconds, without the one that opened the connection.
    streams: Vec<f64>,
    /// CPU time of the client, microseconds a chunk.
    cpu: f64,
}

fn compare(setting: &Setting<'_>, plan: &Plan<'_>, report: &mut Report) -> anyhow::Result<()> {
    run(setting, plan)?;
    let mut captured = 0;
    let mut pairs = Vec::new();
    for pair in 0..plan.pairs {
        let bare_first = pair % 2 == 0;
        let before = if bare_first {
            Some(run(setting, plan)?)
        } else {
            None
        };
        let sensor = Running::start(setting.binary, setting.dir)?;
        let watched = run(setting, plan)?;
        captured += whole_answers(setting.provider, sensor)?;
        let bare = before.map_or_else(|| run(setting, plan), Ok)?;
        pairs.push((bare, watched));
    }
    let expected = plan.streams * plan.pairs;
    ensure!(
        captured * 10 >= expected * 9,
        "{captured} of {expected} answers were captured whole: the figure would mean nothing"
    );
    tell(
        plan,
        &pairs,
        &format!("{captured} of {expected} answers whole"),
        report,
    );
    Ok(())
}

fn tell(plan: &Plan<'_>, pairs: &[(Cost, Cost)], captured: &str, report: &mut Report) {
    let loss =
        |(bare, watched): &(Cost, Cost)| lost(middle(&bare.streams), middle(&watched.streams));
    let mut losses: Vec<_> = pairs.iter().map(loss).collect();
    let (low, high) = (quantile(&mut losses, 0.25), quantile(&mut losses, 0.75));
    let beside = format!("middle half of the pairs {low:+.1} to {high:+.1} %; {captured}");
    let loss = median(&mut losses);
    if high - low > STEADY {
        report.unclear(plan.what, loss, "%", LOSS, &beside);
    } else {
        report.row(plan.what, loss, "%", LOSS, &beside);
    }
    let pooled = |of: fn(&(Cost, Cost)) -> &Cost| {
        let mut streams: Vec<_> = pairs
            .iter()
            .flat_map(|pair| of(pair).streams.clone())
            .collect();
        let mut cpu: Vec<_> = pairs.iter().map(|pair| of(pair).cpu).collect();
        (
            quantile(&mut streams, UNDISTURBED),
            quantile(&mut cpu, UNDISTURBED),
        )
    };
    let (bare, bare_cpu) = pooled(|(bare, _)| bare);
    let (watched, watched_cpu) = pooled(|(_, watched)| watched);
    let beside = format!("{:.0} chunks/s bare", CHUNKS as f64 / bare);
    report.row(
        "  its undisturbed streams",
        lost(bare, watched),
        "%",
        Bar::None,
        &beside,
    );
    let beside = format!("{bare_cpu:.1} µs bare");
    report.row(
        "  CPU of the client, added a chunk",
        watched_cpu - bare_cpu,
        "µs",
        Bar::None,
        &beside,
    );
}

/// Percent of the throughput.
fn lost(bare: f64, watched: f64) -> f64 {
    (1.0 - bare / watched) * 100.0
}

fn run(setting: &Setting<'_>, plan: &Plan<'_>) -> anyhow::Result<Cost> {
    let before = process::children_cpu()?;
    let times = client::streams(setting.provider, plan.streams, &plan.prompt)?;
    let worked = process::children_cpu()?.saturating_sub(before);
    Ok(Cost {
        streams: times.into_iter().skip(1).collect(),
        cpu: worked.as_secs_f64() * 1e6 / (plan.streams * CHUNKS) as f64,
    })
}

fn middle(seconds: &[f64]) -> f64 {
    median(&mut seconds.to_vec())
}

/// Ends the sensor and counts what it saw of the provider.
fn whole_answers(provider: &Served, sensor: Running) -> anyhow::Result<usize> {
    let events = Tail::open(&sensor.stop()?)?.news()?;
    Ok(events
        .iter()
        .filter(|event| is_whole_answer(event, &provider.chat_url()))
        .count())
}
