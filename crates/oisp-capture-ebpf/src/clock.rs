//! The kernel stamps records with time since boot; events carry wall-clock time.

use oisp_core::Timestamp;
use rustix::time::{ClockId, Timespec, clock_gettime};

/// The distance between the two clocks. It moves when the wall clock is set, so
/// it is measured anew now and then.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WallClock {
    boot_at: i128,
}

impl WallClock {
    /// Measures the distance.
    pub(crate) fn measure() -> Self {
        // Between two readings of one clock, so that being interrupted in the
        // middle costs accuracy only once in a while.
        let before = boot_ns();
        let wall = nanos(clock_gettime(ClockId::Realtime));
        let after = boot_ns();
        Self {
            boot_at: wall - i128::from(before.midpoint(after)),
        }
    }

    /// The wall-clock time of a time since boot.
    pub(crate) fn at(self, boot_ns: u64) -> Timestamp {
        Timestamp::from_nanos(u64::try_from(self.boot_at + i128::from(boot_ns)).unwrap_or(0))
    }
}

/// Nanoseconds since boot, now.
pub(crate) fn boot_ns() -> u64 {
    u64::try_from(nanos(clock_gettime(ClockId::Boottime))).unwrap_or(0)
}

fn nanos(time: Timespec) -> i128 {
    i128::from(time.tv_sec) * 1_000_000_000 + i128::from(time.tv_nsec)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn now_since_boot_is_now_on_the_wall() {
        let wall = std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .unwrap();
        let ours = WallClock::measure().at(boot_ns()).as_millis();
        let theirs = u64::try_from(wall.as_millis()).unwrap();
        assert!(ours.abs_diff(theirs) < 1000, "{ours} {theirs}");
    }
}
