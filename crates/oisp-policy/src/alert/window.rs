//! A sum over the last so much time, in parts: the oldest part goes as a whole,
//! so that the sum is of between 59 and 60 of them.

use std::time::Duration;

use oisp_core::Timestamp;

/// Parts of the time.
pub(crate) const SLOTS: usize = 60;

/// What is in the time.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Seen {
    pub(crate) sum: f64,
    /// Of it.
    pub(crate) part: f64,
}

#[derive(Debug)]
pub(crate) struct Window {
    slots: [Seen; SLOTS],
    slot_ms: u64,
    /// Number of the newest slot since the epoch.
    newest: u64,
}

impl Window {
    pub(crate) fn new(per: Duration) -> Self {
        let ms = u64::try_from(per.as_millis()).unwrap_or(u64::MAX);
        Self {
            slots: [Seen::default(); SLOTS],
            slot_ms: (ms / SLOTS as u64).max(1),
            newest: 0,
        }
    }

    /// Adds at a time, and tells what there is then. What is older than the time
    /// that is looked at adds nothing.
    pub(crate) fn add(&mut self, at: Timestamp, sum: f64, part: f64) -> Seen {
        let number = at.as_millis() / self.slot_ms;
        self.go_to(number);
        let age = self.newest - number.min(self.newest);
        if age < SLOTS as u64
            && let Some(slot) = self.slots.get_mut(index(number))
        {
            slot.sum += sum;
            slot.part += part;
        }
        self.slots.iter().fold(Seen::default(), |all, slot| Seen {
            sum: all.sum + slot.sum,
            part: all.part + slot.part,
        })
    }

    fn go_to(&mut self, number: u64) {
        let steps = number.saturating_sub(self.newest).min(SLOTS as u64);
        for step in 0..steps {
            if let Some(slot) = self.slots.get_mut(index(number - step)) {
                *slot = Seen::default();
            }
        }
        self.newest = self.newest.max(number);
    }
}

fn index(number: u64) -> usize {
    usize::try_from(number % SLOTS as u64).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_nanos(seconds * 1_000_000_000)
    }

    #[test]
    fn what_is_older_than_the_time_is_gone() {
        let mut window = Window::new(Duration::from_secs(3600));
        assert_eq!(window.add(at(1_000_000), 1.0, 0.0).sum, 1.0);
        assert_eq!(window.add(at(1_001_800), 2.0, 0.0).sum, 3.0);
        assert_eq!(window.add(at(1_003_700), 4.0, 0.0).sum, 6.0);
        assert_eq!(window.add(at(2_000_000), 8.0, 0.0).sum, 8.0);
    }

    #[test]
    fn what_comes_late_counts_where_it_still_is_in_time() {
        let mut window = Window::new(Duration::from_secs(60));
        window.add(at(1000), 1.0, 1.0);
        assert_eq!(
            window.add(at(990), 1.0, 0.0),
            Seen {
                sum: 2.0,
                part: 1.0
            }
        );
        assert_eq!(
            window.add(at(900), 1.0, 0.0),
            Seen {
                sum: 2.0,
                part: 1.0
            }
        );
    }
}
