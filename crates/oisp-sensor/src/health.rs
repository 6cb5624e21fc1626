//! What is wrong with the sensor at the moment: reasons with what to do.
//!
//! Counters only grow, and a loss of last week is no news: what was lost counts
//! for [`WINDOW`], by samples of the counters.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use oisp_core::counters::Snapshot;
use oisp_web::Reason;

use crate::output;

/// How long a loss is told.
const WINDOW: Duration = Duration::from_secs(300);
/// How often the counters are sampled.
pub const EVERY: Duration = Duration::from_secs(5);

/// What was lost in the window.
#[derive(Debug)]
pub struct Losses {
    /// The oldest is the last one before the window.
    samples: Mutex<VecDeque<(Instant, Lost)>>,
}

/// What was lost since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Lost {
    /// Bytes that capture missed.
    bytes: u64,
    /// Bytes that were left out to save processor time.
    shed: u64,
    /// Events that were made and not kept or delivered.
    events: u64,
}

impl Losses {
    /// Nothing was lost yet.
    pub fn new() -> Self {
        Self {
            samples: Mutex::new([(Instant::now(), Lost::default())].into()),
        }
    }

    /// Remembers how much was lost by now.
    pub fn sample(&self, counters: &Snapshot, now: Instant) {
        let mut samples = self.samples.lock().unwrap_or_else(PoisonError::into_inner);
        samples.push_back((now, Lost::of(counters)));
        while samples
            .get(1)
            .is_some_and(|(at, _)| now.duration_since(*at) >= WINDOW)
        {
            samples.pop_front();
        }
    }

    /// What is worth saying about the window.
    pub fn reasons(&self, counters: &Snapshot) -> Vec<Reason> {
        let samples = self.samples.lock().unwrap_or_else(PoisonError::into_inner);
        let before = samples.front().map_or(Lost::default(), |(_, lost)| *lost);
        let now = Lost::of(counters);
        let since = |now: u64, before: u64| now.saturating_sub(before);
        let bytes = since(now.bytes, before.bytes);
        let shed = since(now.shed, before.shed);
        let events = since(now.events, before.events);
        [
            (bytes > 0).then(|| bytes_lost(bytes)),
            (shed > 0).then(|| load_shed(shed)),
            (events > 0).then(|| events_lost(events)),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

impl Lost {
    fn of(counters: &Snapshot) -> Self {
        let sum = |is_meant: fn(&str) -> bool| {
            let meant = counters.iter().filter(|(name, _)| is_meant(name));
            meant.map(|(_, count)| count).sum()
        };
        Self {
            bytes: sum(is_lost_bytes),
            shed: sum(is_shed),
            events: sum(is_lost_events),
        }
    }
}

/// What came before the attachment was never to be had.
fn is_lost_bytes(name: &str) -> bool {
    name.strip_prefix("capture.bytes_dropped_")
        .is_some_and(|cause| !matches!(cause, "shed" | "late_attach"))
}

fn is_shed(name: &str) -> bool {
    name == "capture.bytes_dropped_shed"
}

/// Those that the user does not want are not lost.
fn is_lost_events(name: &str) -> bool {
    let is_lost = |reason: &str| !matches!(reason, "filtered" | "switched_off" | "sampled");
    match name.split_once(".dropped.") {
        Some((_, reason)) => is_lost(reason),
        None => name == "capture.kernel_notes_dropped_ring_full",
    }
}

fn bytes_lost(count: u64) -> Reason {
    Reason {
        code: "bytes_lost",
        message: format!(
            "{} were not captured in the last minutes; the events they belong to say so. \
             /api/metrics tells by cause; against ring_full helps a larger `--ring-mib`",
            output::bytes(count)
        ),
    }
}

fn load_shed(count: u64) -> Reason {
    Reason {
        code: "load_shed",
        message: format!(
            "{} of connections that are not known to carry AI calls were left out in the last \
             minutes to stay within `--cpu-budget`; raise it, or name processes to exclude",
            output::bytes(count)
        ),
    }
}

fn events_lost(count: u64) -> Reason {
    Reason {
        code: "events_lost",
        message: format!(
            "{count} events were not kept or delivered in the last minutes; /api/metrics tells \
             which, /api/sinks how the sinks are"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counters(figures: &[(&str, u64)]) -> Snapshot {
        let figures = figures.iter();
        figures
            .map(|(name, figure)| ((*name).to_owned(), *figure))
            .collect()
    }

    fn codes(losses: &Losses, counters: &Snapshot) -> Vec<&'static str> {
        let reasons = losses.reasons(counters);
        reasons.iter().map(|reason| reason.code).collect()
    }

    #[test]
    fn a_loss_is_told_while_it_is_news() {
        let losses = Losses::new();
        let start = Instant::now();
        let lossy = counters(&[("capture.bytes_dropped_ring_full", 7)]);
        assert_eq!(codes(&losses, &lossy), ["bytes_lost"]);
        losses.sample(&lossy, start + EVERY);
        assert_eq!(codes(&losses, &lossy), ["bytes_lost"]);
        losses.sample(&lossy, start + WINDOW + EVERY);
        assert!(codes(&losses, &lossy).is_empty());
        let worse = counters(&[("capture.bytes_dropped_ring_full", 8)]);
        assert_eq!(codes(&losses, &worse), ["bytes_lost"]);
    }

    #[test]
    fn samples_do_not_pile_up() {
        let losses = Losses::new();
        let start = Instant::now();
        for turn in 0..1_000 {
            losses.sample(&Snapshot::new(), start + EVERY * turn);
        }
        assert!(losses.samples.lock().unwrap().len() < 70);
    }

    #[test]
    fn what_nobody_wanted_is_no_loss() {
        let losses = Losses::new();
        let unwanted = [
            ("pipeline.dropped.filtered", 5),
            ("pipeline.dropped.switched_off", 5),
            ("capture.bytes_dropped_late_attach", 5),
            ("capture.kernel_bytes_dropped_ring_full", 5),
            ("pipeline.stored", 5),
        ];
        assert!(codes(&losses, &counters(&unwanted)).is_empty());
        let lost = [
            ("sink.jsonl.dropped.log_full", 1),
            ("capture.bytes_dropped_shed", 1),
        ];
        assert_eq!(
            codes(&losses, &counters(&lost)),
            ["load_shed", "events_lost"]
        );
    }
}
