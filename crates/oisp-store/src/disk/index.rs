//! The full-text index, in parts: each is a table of its own for a run of
//! events. SQLite's FTS5 gives the space of deleted rows back only by rewriting
//! what is left; a part whose events are all gone is dropped whole instead, and
//! none is ever large enough to be slow to merge. A search takes the parts from
//! the newest on, and stops when it has enough.
//!
//! The parts hold no copy of the text, and no row is deleted from one: what is
//! found in it and is no longer there is passed over.

use rusqlite::{Connection, Transaction};

use super::to_sql;

/// Most bytes of text in a part, and the fewest that are worth one.
const PART: (u64, u64) = (256 << 10, 64 << 20);
/// A log of the largest size is to have about this many parts.
const PARTS: u64 = 24;

/// Writes to the newest part, or begins another.
pub(crate) struct Index<'a> {
    step: &'a Transaction<'a>,
    newest: Option<(i64, i64)>,
    most: i64,
}

impl<'a> Index<'a> {
    /// The index of a log that is to be at most `max_bytes` large.
    pub fn new(step: &'a Transaction<'a>, max_bytes: u64) -> rusqlite::Result<Self> {
        let sql = "SELECT first, bytes FROM parts ORDER BY first DESC LIMIT 1";
        let mut statement = step.prepare_cached(sql)?;
        let mut rows = statement.query([])?;
        let newest = rows
            .next()?
            .map(|row| Ok::<_, rusqlite::Error>((row.get(0)?, row.get(1)?)));
        Ok(Self {
            step,
            newest: newest.transpose()?,
            most: to_sql((max_bytes / PARTS).clamp(PART.0, PART.1)),
        })
    }

    /// Adds the text of the event at `seq`, which is newer than all before.
    pub fn add(&mut self, seq: u64, text: &str) -> rusqlite::Result<()> {
        if text.is_empty() {
            return Ok(());
        }
        let (first, bytes) = match self.newest {
            Some((first, bytes)) if bytes < self.most => (first, bytes),
            _ => (self.begin(to_sql(seq))?, 0),
        };
        let sql = format!("INSERT INTO texts_{first} (rowid, text) VALUES (?1, ?2)");
        self.step
            .prepare_cached(&sql)?
            .execute((to_sql(seq), text))?;
        self.newest = Some((first, bytes + i64::try_from(text.len()).unwrap_or(0)));
        Ok(())
    }

    fn begin(&self, first: i64) -> rusqlite::Result<i64> {
        self.close()?;
        self.step.execute_batch(&format!(
            "CREATE VIRTUAL TABLE texts_{first} USING fts5 (
               text, content = '', columnsize = 0, detail = full,
               tokenize = 'unicode61 remove_diacritics 2'
             );
             INSERT INTO parts (first, bytes) VALUES ({first}, 0);"
        ))?;
        Ok(first)
    }

    /// Notes how large the newest part is.
    pub fn close(&self) -> rusqlite::Result<()> {
        if let Some((first, bytes)) = self.newest {
            let sql = "UPDATE parts SET bytes = ?2 WHERE first = ?1";
            self.step.prepare_cached(sql)?.execute((first, bytes))?;
        }
        Ok(())
    }
}

/// The parts with events before `before`, newest first.
pub(crate) fn parts(connection: &Connection, before: u64) -> rusqlite::Result<Vec<i64>> {
    let sql = "SELECT first FROM parts WHERE first < ?1 ORDER BY first DESC";
    let mut statement = connection.prepare_cached(sql)?;
    let rows = statement.query_map([to_sql(before)], |row| row.get(0))?;
    rows.collect()
}

/// Drops the parts all of whose events are gone: those before the one that holds
/// `oldest`, the oldest event that is left, and all where none is.
pub(crate) fn drop_before(step: &Transaction<'_>, oldest: Option<i64>) -> rusqlite::Result<()> {
    let parts = parts(step, u64::MAX)?;
    let kept = parts
        .iter()
        .position(|first| oldest.is_some_and(|oldest| *first <= oldest));
    let dropped = match (kept, oldest) {
        (Some(kept), _) => parts.get(kept + 1..),
        // Events that no part knows have no text.
        (None, Some(_)) => None,
        (None, None) => Some(parts.as_slice()),
    };
    for first in dropped.unwrap_or_default() {
        step.execute_batch(&format!(
            "DROP TABLE texts_{first}; DELETE FROM parts WHERE first = {first};"
        ))?;
    }
    Ok(())
}
