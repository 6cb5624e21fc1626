//! Where each sink stands in the log, and what it missed.

use std::collections::BTreeMap;

/// A sink's place.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Place {
    /// The first event that is not delivered for sure.
    pub next: u64,
    /// The first event that was not read.
    pub read: u64,
    /// Events that went before they were delivered.
    missed: u64,
    /// Those of them that had been read: they count only if they come to be
    /// undelivered.
    in_hand: u64,
    /// Events from `next` on are kept for it.
    pub holds: bool,
    /// It moved since its place was written to disk.
    dirty: bool,
}

/// A place as it is written to disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Written {
    pub name: String,
    pub next: u64,
    pub missed: u64,
}

/// The places of all sinks.
#[derive(Debug, Default)]
pub(crate) struct Sinks(BTreeMap<String, Place>);

impl Sinks {
    /// The places that were on disk. All of them hold the log until it is said
    /// which sinks live.
    pub fn from_disk(written: Vec<Written>) -> Self {
        let places = written.into_iter().map(|written| {
            let place = Place {
                next: written.next,
                read: written.next,
                missed: written.missed,
                holds: true,
                ..Place::default()
            };
            (written.name, place)
        });
        Self(places.collect())
    }

    /// The place of a sink that begins to read: where it was committed, or
    /// `start` for a new one.
    pub fn begin(&mut self, name: &str, start: u64) {
        let place = self.0.entry(name.to_owned()).or_insert_with(|| Place {
            next: start,
            dirty: true,
            ..Place::default()
        });
        place.holds = true;
        place.rewind();
    }

    /// The place of that sink.
    pub fn get_mut(&mut self, name: &str) -> Option<&mut Place> {
        self.0.get_mut(name)
    }

    /// The place of that sink.
    pub fn get(&self, name: &str) -> Option<&Place> {
        self.0.get(name)
    }

    /// Only these sinks hold the log.
    pub fn live(&mut self, names: &[&str]) {
        for (name, place) in &mut self.0 {
            place.holds = names.contains(&name.as_str());
        }
    }

    /// The first event that a sink still needs.
    pub fn hold(&self) -> u64 {
        let held = self.0.values().filter(|place| place.holds);
        held.map(|place| place.next).min().unwrap_or(u64::MAX)
    }

    /// Events from `first` to before `end`, `count` of them, are no longer
    /// there.
    pub fn gone(&mut self, seqs: impl Iterator<Item = u64> + Clone) {
        for place in self.0.values_mut() {
            place.gone(seqs.clone());
        }
    }

    /// Some place is to be written.
    pub fn are_dirty(&self) -> bool {
        self.0.values().any(|place| place.dirty)
    }

    /// The places that are to be written, which then count as written. None is
    /// beyond `end`: what is not on disk must not count as delivered after a
    /// crash.
    pub fn take_dirty(&mut self, end: u64) -> Vec<Written> {
        let dirty = self.0.iter_mut().filter(|(_, place)| place.dirty);
        let written = dirty.map(|(name, place)| {
            place.dirty = place.next > end;
            Written {
                name: name.clone(),
                next: place.next.min(end),
                missed: place.missed,
            }
        });
        written.collect()
    }

    /// These were not written after all.
    pub fn not_written(&mut self, written: &[Written]) {
        for written in written {
            if let Some(place) = self.0.get_mut(&written.name) {
                place.dirty = true;
            }
        }
    }

    /// Every place is to be written, such as to a new file.
    pub fn all_dirty(&mut self) {
        self.0.values_mut().for_each(|place| place.dirty = true);
    }
}

impl Place {
    /// Everything that was read is delivered. True where that is new.
    pub fn commit(&mut self) -> bool {
        if self.next == self.read {
            return false;
        }
        self.next = self.read;
        self.missed -= self.in_hand;
        self.in_hand = 0;
        self.dirty = true;
        true
    }

    /// Back to what is not delivered for sure.
    pub fn rewind(&mut self) {
        self.read = self.next;
        self.in_hand = 0;
    }

    /// Events that went before they were delivered.
    pub fn missed(&self) -> u64 {
        self.missed - self.in_hand
    }

    fn gone(&mut self, seqs: impl Iterator<Item = u64>) {
        for seq in seqs.filter(|seq| *seq >= self.next) {
            self.missed += 1;
            self.in_hand += u64::from(seq < self.read);
            self.dirty = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(next: u64, read: u64) -> Sinks {
        let mut sinks = Sinks::default();
        sinks.begin("a", next);
        sinks.get_mut("a").unwrap().read = read;
        sinks
    }

    #[test]
    fn what_went_while_in_hand_counts_only_if_it_is_not_delivered() {
        let mut delivered = at(3, 6);
        delivered.gone(1..8);
        let place = delivered.get_mut("a").unwrap();
        assert_eq!(place.missed(), 2);
        place.commit();
        assert_eq!(place.missed(), 2);

        let mut undelivered = at(3, 6);
        undelivered.gone(1..8);
        let place = undelivered.get_mut("a").unwrap();
        place.rewind();
        assert_eq!(place.missed(), 5);
    }

    #[test]
    fn a_place_is_not_written_beyond_what_is_on_disk() {
        let mut sinks = at(3, 6);
        sinks.get_mut("a").unwrap().commit();
        assert_eq!(sinks.take_dirty(5).first().unwrap().next, 5);
        assert!(sinks.are_dirty(), "the rest follows");
        assert_eq!(sinks.take_dirty(9).first().unwrap().next, 6);
        assert!(!sinks.are_dirty());
    }

    #[test]
    fn only_live_sinks_hold_the_log() {
        let mut sinks = at(3, 3);
        sinks.begin("b", 9);
        assert_eq!(sinks.hold(), 3);
        sinks.live(&["b"]);
        assert_eq!(sinks.hold(), 9);
        sinks.live(&[]);
        assert_eq!(sinks.hold(), u64::MAX);
    }
}
