//! The dynamic table (RFC 7541, section 2.3.2), as far as it was seen.
//!
//! Indices count from the newest entry. So the entries inserted since we joined
//! are at their right place whatever was in the table before, and an index
//! beyond them is an entry we have not seen: unknown, never a wrong one. The
//! encoder may evict earlier or later than we do, because its size was set
//! before we joined; it refers to no entry it has evicted, and what we have
//! evicted is unknown. Either way no entry moves.

use std::borrow::Cow;
use std::collections::VecDeque;

/// What each entry counts beyond its bytes.
const ENTRY_OVERHEAD: usize = 32;
/// Size of a table that nobody has changed.
pub(super) const DEFAULT_SIZE: usize = 4096;

/// The newest entries of an encoder's table.
#[derive(Debug)]
pub(super) struct Table {
    entries: VecDeque<Entry>,
    size: usize,
    max_size: usize,
    /// Bound of `max_size`, whatever the peers agree on.
    limit: usize,
}

/// A header field; the name is absent where it referred to an unknown entry.
pub(super) struct Entry {
    pub(super) name: Option<Cow<'static, str>>,
    pub(super) value: Box<[u8]>,
}

impl Table {
    pub(super) fn new(limit: usize) -> Self {
        Self {
            entries: VecDeque::new(),
            size: 0,
            max_size: DEFAULT_SIZE.min(limit),
            limit,
        }
    }

    /// Memory, about.
    pub(super) fn held(&self) -> usize {
        self.size + self.entries.capacity() * size_of::<Entry>()
    }

    /// The entry `age` insertions ago, 0 for the newest.
    pub(super) fn get(&self, age: usize) -> Option<&Entry> {
        self.entries.get(age)
    }

    pub(super) fn insert(&mut self, entry: Entry) {
        let size = entry.size();
        self.evict(self.max_size.saturating_sub(size));
        if size <= self.max_size {
            self.size += size;
            self.entries.push_front(entry);
        }
    }

    /// The encoder says what its table holds from now on.
    pub(super) fn resize(&mut self, max_size: usize) {
        self.max_size = max_size.min(self.limit);
        self.evict(self.max_size);
    }

    /// The decoder's side allows the encoder a table of this size.
    pub(super) fn allow(&mut self, max_size: usize) {
        // To lower it, the encoder must say so in its next block.
        self.max_size = self.max_size.max(max_size.min(self.limit));
    }

    /// Insertions were missed: no entry is where it was.
    pub(super) fn forget(&mut self) {
        self.entries.clear();
        self.size = 0;
    }

    fn evict(&mut self, until: usize) {
        while self.size > until {
            let Some(oldest) = self.entries.pop_back() else {
                break;
            };
            self.size -= oldest.size();
        }
    }
}

impl Entry {
    fn size(&self) -> usize {
        ENTRY_OVERHEAD + self.name.as_ref().map_or(0, |name| name.len()) + self.value.len()
    }
}

/// Values may be credentials.
impl std::fmt::Debug for Entry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Entry").field(&self.name).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(name: &'static str, len: usize) -> Entry {
        Entry {
            name: Some(Cow::Borrowed(name)),
            value: vec![b'x'; len].into(),
        }
    }

    fn name(table: &Table, age: usize) -> Option<&str> {
        table.get(age).and_then(|entry| entry.name.as_deref())
    }

    #[test]
    fn the_oldest_entries_make_room() {
        let mut table = Table::new(1 << 16);
        table.resize(100);
        table.insert(entry("a", 17)); // 50
        table.insert(entry("b", 17)); // 100
        assert_eq!((name(&table, 0), name(&table, 1)), (Some("b"), Some("a")));
        table.insert(entry("c", 18)); // 51 more
        assert_eq!((name(&table, 0), name(&table, 1)), (Some("c"), None));
    }

    #[test]
    fn an_entry_larger_than_the_table_empties_it() {
        let mut table = Table::new(1 << 16);
        table.insert(entry("a", 10));
        table.insert(entry("b", 5000));
        assert_eq!(name(&table, 0), None);
        table.insert(entry("c", 10));
        assert_eq!((name(&table, 0), name(&table, 1)), (Some("c"), None));
    }

    #[test]
    fn no_peer_makes_it_larger_than_the_limit() {
        let mut table = Table::new(8192);
        table.resize(1 << 27);
        table.allow(1 << 27);
        for _ in 0..1000 {
            table.insert(entry("name", 100));
        }
        assert!(
            table.size <= 8192 && table.entries.len() <= 8192 / 136,
            "{}",
            table.size
        );
    }
}
