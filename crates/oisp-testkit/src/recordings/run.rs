//! Replays a file's recordings on a few threads.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use serde_json::Value;

use super::file::Recording;
use super::report::Report;
use super::variants::{self, Findings, Whole};

/// Streams on one connection of HTTP/2.
const STREAMS: usize = 100;
/// Exchanges on one kept connection of HTTP/1.1.
const KEPT: usize = 50;

/// How much is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effort {
    /// The whole exchange only.
    Whole,
    /// Every variant too.
    Variants,
}

/// How a run is done.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// How much is tried.
    pub effort: Effort,
    /// Threads.
    pub jobs: usize,
}

/// What one thread takes at a time.
enum Work<'a> {
    One(usize, &'a Recording),
    Multiplexed(Vec<&'a Recording>),
    Kept(Vec<&'a Recording>),
}

/// What one recording gave, by its place in the file.
type Outcome = (usize, Result<Vec<Value>, String>);

/// Replays the recordings.
pub fn run(recordings: &[Recording], options: &Options) -> Report {
    let work = work(recordings, options.effort);
    let next = AtomicUsize::new(0);
    let done: Mutex<(Vec<Outcome>, Findings)> = Mutex::default();
    std::thread::scope(|scope| {
        for _ in 0..options.jobs.max(1) {
            scope.spawn(|| {
                let mut outcomes = Vec::new();
                let mut findings = Findings::default();
                while let Some(work) = work.get(next.fetch_add(1, Ordering::Relaxed)) {
                    outcomes.extend(work.run(options.effort, &mut findings));
                }
                let mut done = done.lock().unwrap_or_else(PoisonError::into_inner);
                done.0.extend(outcomes);
                done.1.merge(findings);
            });
        }
    });
    let (mut outcomes, findings) = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    outcomes.sort_by_key(|(at, _)| *at);
    let mut report = Report::default();
    for (recording, (_, outcome)) in recordings.iter().zip(outcomes) {
        report.add(recording, outcome);
    }
    report.take(findings);
    report
}

fn work(recordings: &[Recording], effort: Effort) -> Vec<Work<'_>> {
    let mut work: Vec<Work<'_>> = Vec::new();
    if effort == Effort::Variants {
        for group in recordings.chunks(STREAMS) {
            work.push(Work::Multiplexed(group.iter().collect()));
        }
        let mut hosts: BTreeMap<&str, Vec<&Recording>> = BTreeMap::new();
        for recording in recordings {
            hosts
                .entry(&recording.authority)
                .or_default()
                .push(recording);
        }
        for host in hosts.values() {
            work.extend(host.chunks(KEPT).map(|group| Work::Kept(group.to_vec())));
        }
    }
    // The largest first, so that no thread is left alone with one at the end.
    let mut ones: Vec<_> = recordings.iter().enumerate().collect();
    ones.sort_by_key(|(_, one)| std::cmp::Reverse(one.response.plain.len()));
    work.extend(ones.into_iter().map(|(at, one)| Work::One(at, one)));
    work
}

impl Work<'_> {
    fn run(&self, effort: Effort, findings: &mut Findings) -> Option<Outcome> {
        match self {
            Self::One(at, recording) => {
                let whole = match Whole::of(recording) {
                    Ok(whole) => whole,
                    Err(panic) => return Some((*at, Err(panic))),
                };
                if effort == Effort::Variants {
                    variants::of_one(&whole, findings);
                }
                Some((*at, Ok(whole.json)))
            }
            Self::Multiplexed(group) => {
                variants::multiplexed(group, findings);
                None
            }
            Self::Kept(group) => {
                variants::keep_alive(group, findings);
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::indexing_slicing,
        reason = "a test states its assumptions by panicking"
    )]
    use super::super::report::Kind;
    use super::super::sample;
    use super::*;

    const EVERYTHING: Options = Options {
        effort: Effort::Variants,
        jobs: 2,
    };

    #[test]
    fn made_up_recordings_come_out_the_same_in_every_variant() {
        let mut recordings: Vec<_> = (0..7).map(sample::numbered_chat).collect();
        recordings.extend([sample::stream(), sample::telemetry()]);
        let report = run(&recordings, &EVERYTHING);
        assert!(report.is_good(), "{}", report.to_text());
        let openai = &report.hosts["api.openai.com"];
        assert_eq!((openai.exchanges, openai.decoded, openai.ok), (8, 8, 8));
        assert_eq!((openai.text, openai.tool_calls, openai.usage), (8, 1, 7));
        assert_eq!(report.hosts["telemetry.example.test"].decoded, 0);
        assert_eq!(report.exceptions.len(), 1);
        assert_eq!(report.exceptions[0].kind, Kind::Unexplained);
        assert_eq!(report.replays.len(), 22, "{:?}", report.replays);
        assert!(report.replays["split at every byte"] > 1000);
        let order: Vec<_> = report.events.iter().map(|(id, _)| id.as_str()).collect();
        assert_eq!(order[..2], ["chat#0", "chat#1"]);
    }

    #[test]
    fn the_text_names_hosts_variants_and_exceptions() {
        let report = run(&[sample::chat(), sample::telemetry()], &EVERYTHING);
        let text = report.to_text();
        for part in ["api.openai.com", "http/2, many streams", "telemetry#0"] {
            assert!(text.contains(part), "{part} in {text}");
        }
    }
}
