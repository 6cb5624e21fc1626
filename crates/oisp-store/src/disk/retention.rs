//! Deletes old events in small steps, each a short transaction of its own, so
//! that writing never waits for more than one.

use std::time::{Duration, SystemTime};

use rusqlite::{Connection, TransactionBehavior};

use super::{from_sql, index, to_sql, write};
use crate::filter::micros;
use crate::settings::LogSettings;
use crate::sinks::Written;

/// Most events of a step, and most bytes of their JSON.
const EVENTS: i64 = 256;
const BYTES: i64 = 4 << 20;
/// What is freed beyond the excess, as a share of the most that is kept.
const ROOM: u64 = 64;
/// Free pages beyond this share of the file are given back to the system.
const FREE: u64 = 8;
/// Pages given back in a step.
const VACUUM: u64 = 256;

/// What a step deletes.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Step {
    /// The events' positions, oldest first.
    pub seqs: Vec<u64>,
    /// How many of them go by age, not by size.
    pub aged: u64,
}

/// Sizes of the database in bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Size {
    /// Of the whole file.
    pub file: u64,
    /// Of what is in use.
    pub used: u64,
    page: u64,
}

/// How large the database is.
pub(crate) fn size(connection: &Connection) -> rusqlite::Result<Size> {
    let pragma =
        |name| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0).map(from_sql));
    let (page, pages, free) = (
        pragma("page_size")?,
        pragma("page_count")?,
        pragma("freelist_count")?,
    );
    Ok(Size {
        file: pages * page,
        used: pages.saturating_sub(free) * page,
        page,
    })
}

/// The oldest events that are to go: those over age that every sink passed
/// (`hold` is the first that one still needs), and beyond the size whichever is
/// oldest.
pub(crate) fn plan(
    connection: &Connection,
    settings: &LogSettings,
    used: u64,
    hold: u64,
) -> rusqlite::Result<Step> {
    let oldest = settings
        .max_age
        .map_or(i64::MIN, |age| micros(before(SystemTime::now(), age)));
    let excess = used.saturating_sub(settings.max_bytes);
    // A little more than needed: the next write is not to need a step again.
    let room = (excess > 0).then(|| to_sql(excess + settings.max_bytes / ROOM));
    let mut step = Step::default();
    let mut bytes = 0;
    let sql = "SELECT seq, stored, octet_length(json) FROM events ORDER BY seq LIMIT ?1";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query([EVENTS])?;
    while let Some(row) = rows.next()? {
        let (seq, stored) = (from_sql(row.get(0)?), row.get::<_, i64>(1)?);
        let is_aged = stored < oldest && seq < hold;
        let is_over = room.is_some_and(|room| bytes < room);
        if !(is_aged || is_over) || bytes >= BYTES {
            break;
        }
        bytes += row.get::<_, i64>(2)?;
        step.seqs.push(seq);
        step.aged += u64::from(is_aged);
    }
    Ok(step)
}

fn before(now: SystemTime, age: Duration) -> SystemTime {
    now.checked_sub(age).unwrap_or(SystemTime::UNIX_EPOCH)
}

/// Deletes the events of a step, and writes what sinks missed by it.
pub(crate) fn delete(
    connection: &mut Connection,
    step: &Step,
    places: &[Written],
) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    for seq in &step.seqs {
        transaction
            .prepare_cached("DELETE FROM events WHERE seq = ?1")?
            .execute([to_sql(*seq)])?;
    }
    let oldest = transaction.query_row("SELECT min(seq) FROM events", [], |row| row.get(0))?;
    index::drop_before(&transaction, oldest)?;
    write::places(&transaction, places)?;
    transaction.commit()
}

/// Gives free pages back to the system, where they are many. True where there is
/// more to give.
pub(crate) fn shrink(connection: &Connection, size: Size) -> rusqlite::Result<bool> {
    let free = size.file - size.used;
    if free <= (size.file / FREE).max(VACUUM * size.page) {
        return Ok(false);
    }
    connection.execute_batch(&format!("PRAGMA incremental_vacuum({VACUUM})"))?;
    Ok(true)
}
