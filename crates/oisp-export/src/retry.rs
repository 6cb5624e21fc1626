//! When a failed delivery is tried again: exponential backoff with full jitter,
//! not before the time that the receiver named.

use std::time::Duration;

use oisp_config::HumanDuration;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The longest wait that a receiver may ask for.
const MAX_ASKED: Duration = Duration::from_secs(3600);

/// How a failed delivery is tried again. It is tried for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Retry {
    /// Longest wait before the first new try; it doubles with each failure, and
    /// a random share of it is waited.
    pub initial: HumanDuration,
    /// Longest wait before any try.
    pub max: HumanDuration,
}

impl Default for Retry {
    fn default() -> Self {
        Self {
            initial: HumanDuration::from_millis(500),
            max: HumanDuration::from_secs(30),
        }
    }
}

/// The waits of one run of failures.
#[derive(Debug)]
pub(crate) struct Backoff {
    initial: Duration,
    max: Duration,
    bound: Duration,
}

impl Backoff {
    pub(crate) const fn new(retry: Retry) -> Self {
        Self {
            initial: retry.initial.get(),
            max: retry.max.get(),
            bound: retry.initial.get(),
        }
    }

    /// After a success.
    pub(crate) const fn reset(&mut self) {
        self.bound = self.initial;
    }

    /// A wait between nothing and the bound: many sensors that lost the same
    /// receiver do not come back at once. Where the receiver asked for a time,
    /// that time and a little of the jitter.
    pub(crate) fn next(&mut self, asked: Option<Duration>) -> Duration {
        let bound = self.bound.min(self.max);
        self.bound = self.bound.saturating_mul(2).min(self.max);
        match asked {
            Some(asked) => asked.min(MAX_ASKED) + share(self.initial),
            None => share(bound),
        }
    }

    /// The wait where somebody must change something first: between half and
    /// all of the longest.
    pub(crate) fn slow(&self) -> Duration {
        self.max / 2 + share(self.max / 2)
    }
}

/// A random share of a duration; half of it where the system has no randomness.
fn share(of: Duration) -> Duration {
    let random = getrandom::u32().unwrap_or(u32::MAX / 2);
    of.mul_f64(f64::from(random) / f64::from(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    const RETRY: Retry = Retry {
        initial: HumanDuration::from_secs(1),
        max: HumanDuration::from_secs(8),
    };

    #[test]
    fn waits_grow_to_the_longest_and_start_again_after_a_success() {
        for _ in 0..50 {
            let mut backoff = Backoff::new(RETRY);
            for bound in [1, 2, 4, 8, 8, 8] {
                assert!(backoff.next(None) <= Duration::from_secs(bound));
            }
            backoff.reset();
            assert!(backoff.next(None) <= RETRY.initial.get());
        }
    }

    #[test]
    fn waits_differ() {
        let waits: std::collections::HashSet<_> =
            (0..20).map(|_| Backoff::new(RETRY).next(None)).collect();
        assert!(waits.len() > 10, "{waits:?}");
    }

    #[test]
    fn nobody_comes_before_the_time_that_was_asked_for() {
        let mut backoff = Backoff::new(RETRY);
        let wait = backoff.next(Some(Duration::from_secs(60)));
        assert!((60..=61).contains(&wait.as_secs()), "{wait:?}");
        let wait = backoff.next(Some(Duration::MAX));
        assert!(wait <= MAX_ASKED + RETRY.initial.get(), "{wait:?}");
        assert!(backoff.slow() >= RETRY.max.get() / 2);
    }
}
