//! The share of a processor that the sensor may use, and what it leaves out above
//! it.
//!
//! Looked at once a second: the time that all threads of the sensor used. Above
//! the share for some seconds it leaves out one thing more; well below it for
//! longer, one thing less.

use std::time::{Duration, Instant};

use oisp_ebpf_common::filter::{SHED_FILES, SHED_NOTHING, SHED_UNKNOWN};
use rustix::time::{ClockId, clock_gettime};

const LOOK: Duration = Duration::from_secs(1);
/// So many seconds in a row above the share are too much.
const OVER: u32 = 3;
/// And so many well below it are enough to take up again what was left out.
const UNDER: u32 = 10;
/// Well below: what is taken up again needs room.
const WELL_BELOW: f64 = 0.7;

/// Keeps the sensor within its share.
#[derive(Debug)]
pub(crate) struct Budget {
    /// Of one processor; none where there is no limit.
    share: Option<f64>,
    level: u32,
    over: u32,
    under: u32,
    used: Duration,
    at: Instant,
}

impl Budget {
    /// A budget of that share of one processor.
    pub(crate) fn new(share: Option<f64>) -> Self {
        Self {
            share,
            level: SHED_NOTHING,
            over: 0,
            under: 0,
            used: used(),
            at: Instant::now(),
        }
    }

    /// When it wants to be looked at next. Seldom where there is no limit.
    pub(crate) fn next_look(&self) -> Instant {
        let wait = if self.share.is_some() {
            LOOK
        } else {
            LOOK * 3600
        };
        self.at + wait
    }

    /// Looks, if it is time; what is to be left out from now on, where that
    /// changes.
    pub(crate) fn look(&mut self, now: Instant) -> Option<u32> {
        if now < self.next_look() {
            return None;
        }
        let used = used();
        let share = (used.saturating_sub(self.used)).as_secs_f64()
            / (now - self.at).as_secs_f64().max(f64::EPSILON);
        (self.used, self.at) = (used, now);
        let before = self.level;
        let level = self.take(share)?;
        tell(before, level, share, self.share.unwrap_or_default());
        Some(level)
    }

    /// Takes the share that was used in the last second.
    fn take(&mut self, used: f64) -> Option<u32> {
        let share = self.share?;
        self.over = if used > share { self.over + 1 } else { 0 };
        self.under = if used < share * WELL_BELOW {
            self.under + 1
        } else {
            0
        };
        if self.over >= OVER && self.level < SHED_UNKNOWN {
            self.over = 0;
            self.level += 1;
            return Some(self.level);
        }
        if self.under >= UNDER && self.level > SHED_NOTHING {
            self.under = 0;
            self.level -= 1;
            return Some(self.level);
        }
        None
    }
}

/// The level in words.
pub(crate) const fn describe(level: u32) -> &'static str {
    match level {
        SHED_NOTHING => "nothing",
        SHED_FILES => "file events",
        _ => "file events, and connections that are not known to carry AI calls",
    }
}

fn tell(before: u32, level: u32, used: f64, share: f64) {
    let (used_percent, share_percent) = (used * 100.0, share * 100.0);
    let left_out = describe(level);
    if level > before {
        tracing::warn!(
            used_percent,
            share_percent,
            left_out,
            "above its share of the processor: leaving out more; raise --cpu-budget or exclude processes"
        );
    } else {
        tracing::warn!(
            used_percent,
            share_percent,
            left_out,
            "below its share of the processor again"
        );
    }
}

/// Processor time of all threads of this process.
fn used() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(
        u64::try_from(time.tv_sec).unwrap_or(0),
        u32::try_from(time.tv_nsec).unwrap_or(0),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONE: [u32; 0] = [];

    fn levels(budget: &mut Budget, used: f64, seconds: u32) -> Vec<u32> {
        (0..seconds).filter_map(|_| budget.take(used)).collect()
    }

    #[test]
    fn more_is_left_out_step_by_step_and_taken_up_again() {
        let mut budget = Budget::new(Some(0.5));
        assert_eq!(levels(&mut budget, 0.6, 2), NONE);
        assert_eq!(levels(&mut budget, 0.4, 1), NONE);
        assert_eq!(levels(&mut budget, 0.6, 20), [SHED_FILES, SHED_UNKNOWN]);
        // Below the share, but too little to take anything up again.
        assert_eq!(levels(&mut budget, 0.45, 60), NONE);
        assert_eq!(levels(&mut budget, 0.1, 60), [SHED_FILES, SHED_NOTHING]);
    }

    #[test]
    fn without_a_limit_nothing_is_left_out() {
        assert_eq!(levels(&mut Budget::new(None), 64.0, 100), NONE);
    }

    #[test]
    fn the_time_used_grows() {
        let before = used();
        let end = Instant::now() + Duration::from_millis(30);
        while Instant::now() < end {}
        assert!(used() > before);
    }
}
