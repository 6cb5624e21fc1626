//! Reads: connections that never write, and what is asked of them. Each question
//! is a short transaction of its own: a long one would keep the write-ahead log
//! from being emptied.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use oisp_core::SafeEvent;
use rusqlite::{Connection, OpenFlags, Row, params_from_iter, types::Value};

use super::{from_sql, index, to_sql};
use crate::filter::Filter;
use crate::tail::Stored;
use crate::words::Words;

/// Connections that are kept for the next question.
const KEPT: usize = 2;
/// Most bytes of one answer, as far as one event does not have more.
const ANSWER: usize = 16 << 20;

/// Connections for reading.
#[derive(Debug)]
pub(crate) struct Readers {
    path: PathBuf,
    idle: Mutex<Vec<(u64, Connection)>>,
    /// Grows when another file takes the database's place.
    file: AtomicU64,
}

impl Readers {
    /// Connections to the database at `path`, opened when they are needed.
    pub fn new(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            idle: Mutex::default(),
            file: AtomicU64::new(0),
        }
    }

    /// Asks.
    pub fn ask<T>(
        &self,
        question: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<T> {
        let file = self.file.load(Ordering::Acquire);
        let kept = self.idle().pop();
        let connection = match kept {
            Some((of, connection)) if of == file => connection,
            _ => open(&self.path)?,
        };
        let answer = question(&connection)?;
        let mut idle = self.idle();
        if idle.len() < KEPT && self.file.load(Ordering::Acquire) == file {
            idle.push((file, connection));
        }
        Ok(answer)
    }

    /// Closes the connections that are kept.
    pub fn forget(&self) {
        self.file.fetch_add(1, Ordering::AcqRel);
        self.idle().clear();
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<(u64, Connection)>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Opens a database for reading.
pub(crate) fn open(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.execute_batch(
        "PRAGMA busy_timeout = 2000;
         PRAGMA cache_size = -512;
         PRAGMA mmap_size = 0;
         PRAGMA cell_size_check = ON;
         PRAGMA trusted_schema = OFF;",
    )?;
    Ok(connection)
}

/// Which events are asked for.
pub(crate) struct Wanted<'a> {
    /// Only those before this position.
    pub before: u64,
    /// Only those of this kind.
    pub filter: &'a Filter,
    /// Only those with this text.
    pub words: Option<&'a Words>,
}

/// The positions of the newest of what is wanted, newest first.
pub(crate) fn newest_positions(
    connection: &Connection,
    wanted: &Wanted<'_>,
    limit: usize,
) -> rusqlite::Result<Vec<u64>> {
    let connection = connection.unchecked_transaction()?;
    let seqs = newest_seqs(&connection, wanted, limit)?;
    Ok(seqs.into_iter().map(from_sql).collect())
}

fn newest_seqs(
    connection: &Connection,
    wanted: &Wanted<'_>,
    limit: usize,
) -> rusqlite::Result<Vec<i64>> {
    let mut seqs = Vec::new();
    match wanted.words {
        None => {
            for types in type_sets(wanted) {
                seqs.extend(positions(connection, wanted, types, limit)?);
            }
        }
        Some(words) => {
            for part in index::parts(connection, wanted.before)? {
                if seqs.len() >= limit {
                    break;
                }
                let room = limit - seqs.len();
                seqs.extend(found(connection, wanted, words, part, room)?);
            }
        }
    }
    seqs.sort_unstable_by(|a, b| b.cmp(a));
    seqs.truncate(limit);
    Ok(seqs)
}

/// The newest of what is wanted, newest first.
pub(crate) fn newest(
    connection: &Connection,
    wanted: &Wanted<'_>,
    limit: usize,
) -> rusqlite::Result<Vec<Arc<Stored>>> {
    // One view of the log, whatever is written and deleted meanwhile.
    let connection = connection.unchecked_transaction()?;
    let seqs = newest_seqs(&connection, wanted, limit)?;
    let mut events = Vec::new();
    let mut bytes = 0;
    let mut statement = connection.prepare_cached(&format!("{EVENT} WHERE seq = ?1"))?;
    for seq in seqs {
        let mut rows = statement.query([seq])?;
        let Some(row) = rows.next()? else { continue };
        let event = stored(row)?;
        bytes += event.event.json().len();
        if bytes > ANSWER && !events.is_empty() {
            break;
        }
        events.push(event);
    }
    Ok(events)
}

/// Each set of types that is asked for at once. One type alone is read from its
/// index in order, and several are merged: together they would be sorted.
fn type_sets<'a>(wanted: &Wanted<'a>) -> Vec<&'a [String]> {
    let types = wanted.filter.event_types.as_slice();
    if types.is_empty() || wanted.filter.request_id.is_some() {
        return vec![types];
    }
    let mut each: Vec<_> = types.chunks(1).collect();
    each.sort_unstable();
    each.dedup();
    each
}

fn positions(
    connection: &Connection,
    wanted: &Wanted<'_>,
    types: &[String],
    limit: usize,
) -> rusqlite::Result<Vec<i64>> {
    let mut question = Question::new(wanted.filter, types);
    question.add("e.seq < ?", Value::Integer(to_sql(wanted.before)));
    question.ask(connection, "e.seq", "events e", limit)
}

/// The newest events of a part of the index that have the words.
fn found(
    connection: &Connection,
    wanted: &Wanted<'_>,
    words: &Words,
    part: i64,
    limit: usize,
) -> rusqlite::Result<Vec<i64>> {
    let mut question = Question::new(wanted.filter, &wanted.filter.event_types);
    question.add(&format!("texts_{part} MATCH ?"), Value::Text(words.fts()));
    question.add("t.rowid < ?", Value::Integer(to_sql(wanted.before)));
    let from = format!("texts_{part} t CROSS JOIN events e ON e.seq = t.rowid");
    question.ask(connection, "t.rowid", &from, limit)
}

/// Conditions, and the values in them.
struct Question {
    conditions: Vec<String>,
    values: Vec<Value>,
}

impl Question {
    fn new(filter: &Filter, types: &[String]) -> Self {
        let mut question = Self {
            conditions: Vec::new(),
            values: Vec::new(),
        };
        if !types.is_empty() {
            let marks = vec!["?"; types.len()].join(", ");
            let conditions = &mut question.conditions;
            conditions.push(format!("e.event_type IN ({marks})"));
            question
                .values
                .extend(types.iter().cloned().map(Value::Text));
        }
        if let Some(request) = &filter.request_id {
            question.add("e.request_id = ?", Value::Text(request.clone()));
        }
        let (since, until) = filter.range();
        if since > i64::MIN {
            question.add("e.captured >= ?", Value::Integer(since));
        }
        if until < i64::MAX {
            question.add("e.captured < ?", Value::Integer(until));
        }
        question
    }

    fn add(&mut self, condition: &str, value: Value) {
        self.conditions.push(condition.to_owned());
        self.values.push(value);
    }

    /// The newest positions for which it holds.
    fn ask(
        mut self,
        connection: &Connection,
        position: &str,
        from: &str,
        limit: usize,
    ) -> rusqlite::Result<Vec<i64>> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        self.values.push(Value::Integer(limit));
        let conditions = self.conditions.join(" AND ");
        let mut statement = connection.prepare_cached(&format!(
            "SELECT {position} FROM {from} WHERE {conditions} ORDER BY {position} DESC LIMIT ?"
        ))?;
        let rows = statement.query_map(params_from_iter(self.values), |row| row.get(0))?;
        rows.collect()
    }
}

/// A run of events in order.
pub(crate) struct Run {
    pub events: Vec<Arc<Stored>>,
    /// There are no others up to where it was asked for.
    pub is_whole: bool,
}

/// The events from `next` to before `end`, in order.
pub(crate) fn run(
    connection: &Connection,
    next: u64,
    end: u64,
    limit: usize,
) -> rusqlite::Result<Run> {
    let sql = format!("{EVENT} WHERE seq >= ?1 AND seq < ?2 ORDER BY seq");
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query((to_sql(next), to_sql(end)))?;
    let mut run = Run {
        events: Vec::new(),
        is_whole: true,
    };
    let mut bytes = 0;
    while let Some(row) = rows.next()? {
        if run.events.len() >= limit || bytes > ANSWER / 4 {
            run.is_whole = false;
            break;
        }
        let event = stored(row)?;
        bytes += event.event.json().len();
        run.events.push(event);
    }
    Ok(run)
}

/// The event of that id.
pub(crate) fn get(
    connection: &Connection,
    event_id: &str,
) -> rusqlite::Result<Option<Arc<Stored>>> {
    let mut statement = connection.prepare_cached(&format!("{EVENT} WHERE event_id = ?1"))?;
    let mut rows = statement.query([event_id])?;
    rows.next()?.map(stored).transpose()
}

const EVENT: &str = "SELECT seq, event_id, event_type, request_id, json FROM events";

fn stored(row: &Row<'_>) -> rusqlite::Result<Arc<Stored>> {
    let id: Option<String> = row.get(1)?;
    let event = SafeEvent::from_log(
        id.unwrap_or_default(),
        row.get(2)?,
        row.get(3)?,
        row.get(4)?,
    );
    Ok(Arc::new(Stored {
        seq: from_sql(row.get(0)?),
        event,
    }))
}
