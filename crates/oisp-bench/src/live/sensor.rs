//! The sensor as a whole: how fast it is attached, how large it is, how much it
//! works while nothing happens, how late events are in the file.

use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};

use super::file::{Tail, is_whole_answer};
use super::process::{self, Owned};
use super::provider::Served;
use super::running::Running;
use super::{client, http, latency};
use crate::report::{Bar, Report};
use crate::stats::{median, quantile};

const STARTS: usize = 7;
const WINDOW: Duration = Duration::from_secs(10);
/// After the start, until it is looked at as idle.
const SETTLE: Duration = Duration::from_secs(2);
/// Clients, and how long the provider lets each wait: together about 100
/// requests a second.
const CLIENTS: usize = 4;
const WAIT_MILLIS: usize = 36;
/// Requests of each client: more than it can make in the window.
const REQUESTS: usize = 400;
/// How long the last events may take.
const DRAIN: Duration = Duration::from_secs(1);

/// Prints the rows of the sensor.
pub(super) fn measure(binary: &Path, report: &mut Report) -> anyhow::Result<()> {
    report.section("sensor: record with the dashboard, events to a file");
    let dir = tempfile::tempdir()?;
    start(binary, dir.path(), report)?;
    let sensor = Running::start(binary, dir.path())?;
    idle(&sensor, report)?;
    load(&sensor, dir.path(), report)?;
    sensor.stop()?;
    Ok(())
}

fn start(binary: &Path, dir: &Path, report: &mut Report) -> anyhow::Result<()> {
    let (mut times, mut worked) = (Vec::new(), Vec::new());
    for _ in 0..STARTS {
        let sensor = Running::start(binary, dir)?;
        times.push(sensor.ready_after.as_secs_f64() * 1000.0);
        worked.push(process::cpu(sensor.id())?.as_secs_f64() * 1000.0);
        sensor.stop()?;
    }
    let slowest = quantile(&mut times, 1.0);
    report.row(
        "start to attached",
        median(&mut times),
        "ms",
        Bar::AtMost(500.0),
        &format!("slowest of {STARTS}: {slowest:.0} ms"),
    );
    // On a busy machine this tells more than the elapsed time.
    report.row(
        "  CPU until attached",
        median(&mut worked),
        "ms",
        Bar::None,
        "kernel included",
    );
    Ok(())
}

fn idle(sensor: &Running, report: &mut Report) -> anyhow::Result<()> {
    ensure!(
        http::status(sensor.port, "/") == Some(200),
        "the dashboard does not answer"
    );
    let mut tail = Tail::open(&sensor.events)?;
    std::thread::sleep(SETTLE);
    tail.news()?;
    let cpu = process::cpu(sensor.id())?;
    let began = Instant::now();
    std::thread::sleep(WINDOW);
    let worked = process::cpu(sensor.id())?.saturating_sub(cpu);
    let share = worked.as_secs_f64() / began.elapsed().as_secs_f64() * 100.0;
    let memory = process::memory(sensor.id())?;
    let others = tail.news()?.len();
    report.row(
        "resident, idle",
        memory.resident,
        "MiB",
        Bar::AtMost(30.0),
        &format!("{:.1} MiB of it not backed by files", memory.anonymous),
    );
    let beside = format!("of one core; others on the machine made {others} events meanwhile");
    report.row("CPU, idle", share, "%", Bar::AtMost(0.5), &beside);
    Ok(())
}

fn load(sensor: &Running, dir: &Path, report: &mut Report) -> anyhow::Result<()> {
    let provider = Served::start(dir)?;
    let mut tail = Tail::open(&sensor.events)?;
    tail.news()?;
    let clients = (0..CLIENTS)
        .map(|n| ask(&provider, n))
        .collect::<anyhow::Result<Vec<_>>>()?;
    let cpu = process::cpu(sensor.id())?;
    let mut seen = Seen::default();
    seen.watch(sensor, &provider, &mut tail, WINDOW)?;
    let worked = process::cpu(sensor.id())?.saturating_sub(cpu);
    let rate = seen.ages.len() as f64 / WINDOW.as_secs_f64();
    drop(clients);
    seen.watch(sensor, &provider, &mut tail, DRAIN)?;
    ensure!(
        rate >= 50.0,
        "{rate:.0} answers a second were captured: too few to tell"
    );
    let beside = format!(
        "{rate:.0} whole answers/s captured; {:.1} % CPU",
        worked.as_secs_f64() / WINDOW.as_secs_f64() * 100.0
    );
    report.row(
        "resident, about 100 requests/s",
        seen.most,
        "MiB",
        Bar::AtMost(50.0),
        &beside,
    );
    let (p50, p99) = (median(&mut seen.ages), quantile(&mut seen.ages, 0.99));
    let beside = format!(
        "of {} answers; slowest {:.0} ms",
        seen.ages.len(),
        quantile(&mut seen.ages, 1.0)
    );
    report.row(
        "capture to file, p50",
        p50,
        "ms",
        Bar::AtMost(100.0),
        &beside,
    );
    report.row("capture to file, p99", p99, "ms", Bar::AtMost(100.0), "");
    Ok(())
}

/// A client that asks again and again, every second one for a stream.
fn ask(provider: &Served, n: usize) -> anyhow::Result<Owned> {
    let prompt = format!("Tell me a story [[chunks=50 wait_ms={WAIT_MILLIS}]]");
    let mut curl = client::requests(provider, REQUESTS, &prompt, n.is_multiple_of(2));
    Owned::start(curl.stdout(Stdio::null())).context("no client")
}

/// What was seen under load.
#[derive(Default)]
struct Seen {
    /// Milliseconds from capture to the file.
    ages: Vec<f64>,
    /// Most resident memory, MiB.
    most: f64,
}

impl Seen {
    fn watch(
        &mut self,
        sensor: &Running,
        provider: &Served,
        tail: &mut Tail,
        time: Duration,
    ) -> anyhow::Result<()> {
        let endpoint = provider.chat_url();
        let until = Instant::now() + time;
        while Instant::now() < until {
            for event in tail
                .news()?
                .iter()
                .filter(|event| is_whole_answer(event, &endpoint))
            {
                self.ages.extend(latency::age(event));
            }
            self.most = self.most.max(process::memory(sensor.id())?.resident);
            std::thread::sleep(Duration::from_millis(1));
        }
        Ok(())
    }
}
