//! A webhook through bad weather: whatever the receiver does, it has every
//! event once the weather is calm, in order, and nothing piles up meanwhile.
//!
//! A few seconds each; `OISP_CHAOS_SECONDS` makes it minutes, `OISP_CHAOS_SEED`
//! another weather.
#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test states its assumptions by panicking"
)]

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use oisp_config::HumanDuration;
use oisp_core::SafeEvent;
use oisp_export::webhook::{WebhookConfig, WebhookSink};
use oisp_export::{Batch, Retry, RunSettings, RunningSink, SinkStatus, TlsConfig, run_with};
use oisp_store::{Bounds, EventLog};
use oisp_testkit::chaos::{Chaos, Fault, Request};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

const BATCH: usize = 20;
/// Most events that wait in the log, which would drop more than it can hold.
const WAITING: u64 = 3000;
/// Most that the process may grow once it is warm.
const GROWTH: u64 = 32 << 20;

fn from_env(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().unwrap())
}

fn event(n: u64) -> SafeEvent {
    let event = json!({
        "event_id": n.to_string(), "event_type": "ai.request",
        "data": {"n": n, "text": "x".repeat(500)},
    });
    SafeEvent::from_redacted(event.as_object().unwrap())
}

/// What arrived, checked as it arrives.
#[derive(Default)]
struct Arrivals {
    last: u64,
    again: u64,
}

impl Arrivals {
    /// Every request goes on where the last ended, or begins with what an
    /// earlier one brought already because its answer was lost.
    fn check(&mut self, request: &Request) {
        let events: Vec<Value> = serde_json::from_slice(&request.body).unwrap();
        let number = |event: &Value| event["data"]["n"].as_u64().unwrap();
        let numbers: Vec<u64> = events.iter().map(number).collect();
        let (first, last) = (numbers[0], *numbers.last().unwrap());
        assert!(numbers.len() <= BATCH && numbers.iter().copied().eq(first..=last));
        assert!(first <= self.last + 1, "{first} came after {}", self.last);
        let oldest = (self.last + 1).saturating_sub(BATCH as u64);
        assert!(first >= oldest, "{first} came again after {}", self.last);
        self.again += self.last.min(last) + 1 - first;
        self.last = self.last.max(last);
    }
}

/// Resident bytes of this process, where the system says so.
fn resident() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
    let kib: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kib << 10)
}

fn start(chaos: &Chaos, log: &EventLog, runtime: &Runtime, ca: &Path) -> RunningSink {
    let ca_file = chaos.ca_pem().map(|pem| {
        std::fs::write(ca, pem).unwrap();
        ca.to_owned()
    });
    let config = WebhookConfig {
        url: chaos.url(),
        timeout: HumanDuration::from_millis(300),
        connect_timeout: HumanDuration::from_millis(300),
        tls: TlsConfig {
            ca_file,
            ..TlsConfig::default()
        },
        ..WebhookConfig::default()
    };
    let settings = RunSettings {
        retry: Retry {
            initial: HumanDuration::from_millis(5),
            max: HumanDuration::from_millis(100),
        },
        batch: Batch {
            events: BATCH,
            ..Batch::default()
        },
        stop_within: Duration::from_secs(120),
        ..RunSettings::default()
    };
    let handle = runtime.handle();
    let sink = WebhookSink::open(&config, handle.clone()).unwrap();
    run_with(Box::new(sink), log.cursor(), handle.clone(), settings).unwrap()
}

/// Appends events, as many as the sink and the log can bear.
fn append(log: &EventLog, status: &SinkStatus, is_over: &AtomicBool) {
    while !is_over.load(Ordering::Acquire) {
        if log.last_seq() - status.report().delivered < WAITING {
            (0..10).for_each(|_| {
                log.append(event(log.last_seq() + 1));
            });
        }
        std::thread::sleep(Duration::from_millis(2));
    }
}

fn weather(with_tls: bool) {
    let span = Duration::from_secs(from_env("OISP_CHAOS_SECONDS", 6));
    let seed = from_env("OISP_CHAOS_SEED", 20_261_122);
    let runtime = Runtime::new().unwrap();
    let chaos = runtime.block_on(Chaos::start(seed, with_tls)).unwrap();
    let log = EventLog::new(Bounds {
        events: 2 * usize::try_from(WAITING).unwrap(),
        ..Bounds::default()
    });
    let ca = tempfile::NamedTempFile::new().unwrap();
    let running = start(&chaos, &log, &runtime, ca.path());
    let status = Arc::clone(running.status());
    let is_over = AtomicBool::new(false);
    let mut arrivals = Arrivals::default();
    let check = |arrivals: &mut Arrivals| {
        let taken = chaos.taken();
        taken.iter().for_each(|request| arrivals.check(request));
    };
    let (mut warm, began) = (None, Instant::now());
    std::thread::scope(|scope| {
        scope.spawn(|| append(&log, &status, &is_over));
        while began.elapsed() < span {
            std::thread::sleep(Duration::from_millis(50));
            check(&mut arrivals);
            if began.elapsed() > span / 2 {
                warm = warm.or_else(resident);
            }
        }
        is_over.store(true, Ordering::Release);
    });
    let at_end = resident();
    chaos.calm();
    running.stop();
    check(&mut arrivals);

    let (report, faults) = (status.report(), chaos.faults());
    let kinds: HashSet<Fault> = faults.iter().copied().collect();
    eprintln!(
        "seed {seed}, {span:?}: {} events, {} again, {} faults of {} kinds, {} tries again, \
         resident {warm:?} to {at_end:?}",
        arrivals.last,
        arrivals.again,
        faults.len(),
        kinds.len(),
        report.retried,
    );
    assert_eq!(arrivals.last, log.last_seq(), "everything arrived");
    assert_eq!(report.delivered, log.last_seq());
    assert_eq!((report.lag, report.dropped, report.refused), (0, 0, 0));
    let was_bad = report.retried > 0 && kinds.len() >= 6;
    assert!(was_bad, "the weather was not bad: {kinds:?}");
    if let (Some(warm), Some(at_end)) = (warm, at_end) {
        assert!(at_end < warm + GROWTH, "grew from {warm} to {at_end} bytes");
    }
}

#[test]
fn everything_arrives_in_order_through_bad_weather() {
    weather(false);
}

#[test]
fn everything_arrives_in_order_through_bad_weather_over_tls() {
    weather(true);
}
