//! Draining the ring: the thread `oisp-ebpf-ring`, from records to events.

mod bucket;
mod buffer;
mod conns;
mod files;
mod lives;
mod names;
mod net;
mod parse;
mod paths;
mod reader;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

pub(crate) use buffer::Ring;
pub(crate) use reader::Reader;

/// The receiver of the events is gone: there is nobody to capture for.
#[derive(Debug)]
pub(crate) struct ReceiverGone;

/// How often losses are looked for, and the clock measured.
const TICK: Duration = Duration::from_millis(500);
/// After so many looks at an empty ring the next ones are further apart: the
/// start of a program and a ring that fills up wake the reader by themselves.
const QUIET_LOOKS: usize = 20;
const QUIET_FACTOR: u32 = 4;
/// How often processes whose end was missed are looked for.
const PRUNE: Duration = Duration::from_secs(60);

/// Drains until `stop` is set and the ring is empty, or the receiver is gone.
pub(crate) fn run(mut ring: Ring, mut reader: Reader, stop: &Arc<AtomicBool>, wait: Duration) {
    if drain_until(&mut ring, &mut reader, stop, wait).is_err() {
        tracing::debug!("the receiver of the capture is gone");
    }
}

fn drain_until(
    ring: &mut Ring,
    reader: &mut Reader,
    stop: &Arc<AtomicBool>,
    wait: Duration,
) -> Result<(), ReceiverGone> {
    let (mut next_tick, mut next_prune) = (Instant::now() + TICK, Instant::now() + PRUNE);
    let mut quiet = 0;
    loop {
        // Read before draining: what was written before the stop is drained.
        let last = stop.load(Ordering::Acquire);
        quiet = if drain(ring, reader)? == 0 {
            quiet + 1
        } else {
            0
        };
        let now = Instant::now();
        if last || now >= next_tick {
            find_losses(ring, reader)?;
            reader.tick_files()?;
            next_tick = now + TICK;
        }
        if last {
            return Ok(());
        }
        if now >= next_prune {
            reader.prune()?;
            next_prune = now + PRUNE;
        }
        // An error, such as a signal, is as good as a time-out.
        let wait = timespec(wait * if quiet > QUIET_LOOKS { QUIET_FACTOR } else { 1 });
        let _ = poll(&mut [PollFd::new(&*ring, PollFlags::IN)], Some(&wait));
    }
}

fn timespec(wait: Duration) -> Timespec {
    Timespec::try_from(wait).unwrap_or(Timespec {
        tv_sec: 0,
        tv_nsec: 10_000_000,
    })
}

/// Takes what is in the ring; returns how many records that were.
fn drain(ring: &mut Ring, reader: &mut Reader) -> Result<usize, ReceiverGone> {
    ring.drain(|record| reader.take(record))
}

/// Looks where the kernel's offsets are ahead of what arrived. The offsets are
/// read first and the ring is drained then: what an offset counts is in the ring
/// before the offset moves, so what is missing after that is lost.
fn find_losses(ring: &mut Ring, reader: &mut Reader) -> Result<(), ReceiverGone> {
    reader.measure_clock();
    let Some(states) = reader.states_after_losses() else {
        return Ok(());
    };
    drain(ring, reader)?;
    reader.account_for(&states)
}
