//! Elapsed time, where the thread's own is not at hand.

use std::sync::LazyLock;
use std::time::{Duration, Instant};

static BEGAN: LazyLock<Instant> = LazyLock::new(Instant::now);

/// Time since the first call.
pub fn now() -> Duration {
    BEGAN.elapsed()
}
