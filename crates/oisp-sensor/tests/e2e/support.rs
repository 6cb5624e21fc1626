//! What the tests share: the world (provider and sensor), clients, and the
//! comparison with the provider's log.

pub mod clients;
pub mod curl;
pub mod events;
pub mod sensor;
pub mod truth;
pub mod world;

use std::io::Write as _;
use std::time::{Duration, Instant};

/// How long anything may take before a test fails.
pub const LIMIT: Duration = Duration::from_secs(60);

/// Looks until `look` finds something; fails after [`LIMIT`].
pub fn eventually<T>(what: &str, look: impl FnMut() -> Option<T>) -> T {
    within(LIMIT, look).unwrap_or_else(|| panic!("{what}: not within {LIMIT:?}"))
}

/// Looks until `look` finds something, or until the time is over.
pub fn within<T>(limit: Duration, mut look: impl FnMut() -> Option<T>) -> Option<T> {
    let deadline = Instant::now() + limit;
    loop {
        if let Some(found) = look() {
            return Some(found);
        }
        if Instant::now() >= deadline {
            return None;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Says aloud that a test is skipped: past the test harness, which keeps what
/// passing tests print to itself.
pub fn skipped(test: &str, why: &str) {
    let _ = writeln!(std::io::stderr(), "skipped: {test}: {why}");
}

/// Under CI nothing may be missing.
pub fn in_ci() -> bool {
    std::env::var_os("CI").is_some_and(|ci| ci == "true")
}

/// True for root, which capture needs; says aloud that `test` is skipped where
/// it is somebody else.
pub fn is_root(test: &str) -> bool {
    let root = rustix::process::geteuid().is_root();
    if !root {
        skipped(test, "needs root to capture other processes");
    }
    root
}
