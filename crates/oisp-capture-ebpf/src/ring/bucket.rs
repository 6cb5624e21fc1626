//! How many events a process may make: some at once, then so many a second. The
//! rest is counted.

use std::collections::HashMap;

/// Events that a process may make at once.
const BURST: f64 = 500.0;
/// And a second, for longer.
const RATE: f64 = 100.0;
/// A process that was silent for so long is forgotten: its bucket is full.
const SILENT_NS: u64 = 60_000_000_000;

/// A bucket for each process.
#[derive(Debug, Default)]
pub(crate) struct Buckets {
    of: HashMap<u32, Bucket>,
    /// Events that found an empty bucket.
    pub(crate) refused: u64,
}

#[derive(Debug)]
struct Bucket {
    left: f64,
    at_ns: u64,
}

impl Buckets {
    /// True where the process may make another event.
    pub(crate) fn take(&mut self, pid: u32, at_ns: u64) -> bool {
        let bucket = self.of.entry(pid).or_insert(Bucket { left: BURST, at_ns });
        let passed = at_ns.saturating_sub(bucket.at_ns);
        bucket.left =
            (bucket.left + RATE * std::time::Duration::from_nanos(passed).as_secs_f64()).min(BURST);
        bucket.at_ns = bucket.at_ns.max(at_ns);
        if bucket.left < 1.0 {
            self.refused += 1;
            return false;
        }
        bucket.left -= 1.0;
        true
    }

    /// Forgets who was silent for long.
    pub(crate) fn tick(&mut self, now_ns: u64) {
        self.of
            .retain(|_, bucket| now_ns < bucket.at_ns.saturating_add(SILENT_NS));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_empties_and_fills_again() {
        let mut buckets = Buckets::default();
        let taken = (0..1000).filter(|_| buckets.take(1, 0)).count();
        assert_eq!((taken, buckets.refused), (500, 500));
        assert!(buckets.take(2, 0), "another process has its own");
        assert!(!buckets.take(1, 5_000_000));
        assert!(buckets.take(1, 1_000_000_000));
        buckets.tick(SILENT_NS * 2);
        assert!(buckets.of.is_empty());
    }
}
