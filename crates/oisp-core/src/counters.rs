//! Counters of the sensor itself: what was captured, dropped and why.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

/// A number that only grows.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// Adds `n`.
    pub fn add(&self, n: u64) {
        self.0.fetch_add(n, Ordering::Relaxed);
    }

    /// The number now.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    /// Replaces the number with one that is counted elsewhere, such as in the
    /// kernel.
    pub fn set(&self, n: u64) {
        self.0.store(n, Ordering::Relaxed);
    }
}

/// Named figures at one moment, as shown by `/api/health` and at shutdown.
pub type Snapshot = BTreeMap<String, u64>;
