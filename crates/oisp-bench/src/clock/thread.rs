//! CPU time of the thread.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// CPU time that the thread has used.
pub fn now() -> Duration {
    let at = clock_gettime(ClockId::ThreadCPUTime);
    let seconds = u64::try_from(at.tv_sec).unwrap_or(0);
    Duration::new(seconds, u32::try_from(at.tv_nsec).unwrap_or(0))
}
