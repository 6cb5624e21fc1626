//! The sensor under load for as long as asked: its memory, descriptors and table
//! entries must stay flat, and every byte and event must be accounted for.

use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use serde_json::Value;

use super::process::{self, Owned};
use super::provider::Served;
use super::running::Running;
use super::{client, http};
use crate::report::{Bar, Report};
use crate::stats::median;

/// Clients that keep their connection, and how long the provider lets each wait:
/// together about 200 calls a second.
const KEPT: usize = 10;
const WAIT_MILLIS: usize = 46;
/// Calls after which such a client ends and another takes its place.
const CALLS: usize = 500;
/// Calls a second from programs that make one and end.
const SHORT_LIVED: Duration = Duration::from_millis(250);
const LOOK: Duration = Duration::from_secs(10);
/// Until then caches and pools fill.
const WARM: Duration = Duration::from_secs(60);

/// What was seen of the sensor at one moment.
#[derive(Clone, Copy, Default)]
struct Sample {
    resident: f64,
    descriptors: f64,
    connections: f64,
}

/// Runs for that long and prints how the sensor did.
pub(super) fn measure(binary: &Path, minutes: u32, report: &mut Report) -> anyhow::Result<()> {
    report.section(&format!(
        "soak: {minutes} minutes at about 200 calls a second"
    ));
    let dir = tempfile::tempdir()?;
    let provider = Served::start(dir.path())?;
    let sensor = Running::start(binary, dir.path())?;
    let mut load = Load::start(&provider)?;
    let began = Instant::now();
    let whole = Duration::from_secs(u64::from(minutes) * 60);
    let mut samples = Vec::new();
    let mut next = began + WARM.min(whole / 4);
    while began.elapsed() < whole {
        load.keep(&provider)?;
        if Instant::now() >= next {
            next += LOOK;
            samples.push(sample(&sensor)?);
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    drop(load);
    // What is on its way arrives, and the connections of ended clients go.
    std::thread::sleep(Duration::from_secs(3));
    let last = sample(&sensor)?;
    let health = health(&sensor)?;
    flat(&samples, last, report)?;
    conserved(&health, began.elapsed(), report)?;
    sensor.stop()?;
    Ok(())
}

/// The clients.
struct Load {
    kept: Vec<Owned>,
    short: Vec<Owned>,
    next_short: Instant,
}

impl Load {
    fn start(provider: &Served) -> anyhow::Result<Self> {
        let kept = (0..KEPT)
            .map(|n| ask(provider, n, CALLS))
            .collect::<anyhow::Result<_>>()?;
        Ok(Self {
            kept,
            short: Vec::new(),
            next_short: Instant::now(),
        })
    }

    /// Puts others in the place of those that ended.
    fn keep(&mut self, provider: &Served) -> anyhow::Result<()> {
        for (n, client) in self.kept.iter_mut().enumerate() {
            if client.has_ended() {
                *client = ask(provider, n, CALLS)?;
            }
        }
        self.short.retain_mut(|client| !client.has_ended());
        if Instant::now() >= self.next_short && self.short.len() < 16 {
            self.next_short = Instant::now() + SHORT_LIVED;
            self.short.push(ask(provider, 0, 1)?);
        }
        Ok(())
    }
}

/// Every second client asks for streams.
fn ask(provider: &Served, n: usize, calls: usize) -> anyhow::Result<Owned> {
    let prompt = format!("Tell me a story [[chunks=20 wait_ms={WAIT_MILLIS}]]");
    let mut curl = client::requests(provider, calls, &prompt, n.is_multiple_of(2));
    Owned::start(curl.stdout(Stdio::null()).stderr(Stdio::null()))
}

fn sample(sensor: &Running) -> anyhow::Result<Sample> {
    let descriptors = std::fs::read_dir(format!("/proc/{}/fd", sensor.id()))?.count();
    let doctor = http::json(sensor.port, "/api/doctor").context("/api/doctor")?;
    let connections = doctor.get("kernel_connections").and_then(Value::as_f64);
    Ok(Sample {
        resident: process::memory(sensor.id())?.resident,
        descriptors: descriptors as f64,
        connections: connections.context("no kernel_connections")?,
    })
}

fn health(sensor: &Running) -> anyhow::Result<Value> {
    http::json(sensor.port, "/api/health").context("/api/health")
}

/// The second half of the time is like the first.
fn flat(samples: &[Sample], last: Sample, report: &mut Report) -> anyhow::Result<()> {
    ensure!(
        samples.len() >= 4,
        "too short to tell: {} looks",
        samples.len()
    );
    let (first, second) = samples.split_at(samples.len() / 2);
    let of = |samples: &[Sample], field: fn(&Sample) -> f64| {
        median(&mut samples.iter().map(field).collect::<Vec<_>>())
    };
    let mut grown = |what: &str, unit: &str, field: fn(&Sample) -> f64, bar: f64| {
        let (before, after) = (of(first, field), of(second, field));
        let beside = format!("{before:.1} in the first half, {after:.1} in the second");
        report.row(what, after - before, unit, Bar::AtMost(bar), &beside);
    };
    // The log in memory fills up to its bound.
    grown(
        "resident memory, grown",
        "MiB",
        |sample| sample.resident,
        4.0,
    );
    grown("descriptors, grown", "", |sample| sample.descriptors, 1.0);
    grown(
        "connections in the kernel's table, grown",
        "",
        |sample| sample.connections,
        4.0,
    );
    report.row(
        "connections in the table, after the last client",
        last.connections,
        "",
        Bar::AtMost(4.0),
        "",
    );
    Ok(())
}

/// Nothing is missing that is not counted.
fn conserved(health: &Value, took: Duration, report: &mut Report) -> anyhow::Result<()> {
    let counters = health
        .get("counters")
        .and_then(Value::as_object)
        .context("no counters")?;
    let count = |name: &str| counters.get(name).and_then(Value::as_u64).unwrap_or(0);
    let sum = |start: &str| -> u64 {
        let of = counters.iter().filter(|(name, _)| name.starts_with(start));
        of.filter_map(|(_, count)| count.as_u64()).sum()
    };
    let seen = count("capture.kernel_bytes_captured");
    let sent = count("capture.kernel_bytes_sent");
    let lost = sum("capture.kernel_bytes_dropped_");
    let delivered = count("capture.bytes_delivered");
    let missing = sum("capture.bytes_dropped_");
    let rows = [
        ("bytes: kernel saw - sent - dropped", seen, sent + lost),
        ("bytes: kernel sent - delivered", sent, delivered),
        ("bytes: kernel dropped - told as gaps", lost, missing),
        (
            "bytes: delivered - decoded",
            delivered,
            count("decode.bytes"),
        ),
        (
            "events: decoded - stored - dropped",
            count("decode.events"),
            count("pipeline.stored") + sum("pipeline.dropped."),
        ),
    ];
    for (what, one, other) in rows {
        let off = one.abs_diff(other) as f64;
        let beside = format!("{one} and {other}");
        report.row(what, off, "", Bar::AtMost(0.0), &beside);
    }
    let rate = seen as f64 / took.as_secs_f64() / 1e6;
    report.row(
        "plaintext captured",
        rate,
        "MB/s",
        Bar::None,
        &format!("{lost} bytes lost"),
    );
    Ok(())
}
