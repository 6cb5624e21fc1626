//! The database's schema, its versions, and whether a file is sound.
//!
//! `user_version` is the number of migrations that were made. A new file starts
//! at 0 and takes them all.

use std::path::Path;

use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};

use super::index::Index;
use super::{Start, from_sql, to_sql};
use crate::error::is_damage;
use crate::sinks::Written;
use crate::text;

/// "OISP": what tells an event log from other databases.
const APPLICATION: i64 = 0x4f49_5350;

type Migration = fn(&Transaction<'_>) -> rusqlite::Result<()>;

const MIGRATIONS: [Migration; 2] = [log, search];

/// The newest schema.
pub(crate) const NEWEST: i64 = MIGRATIONS.len() as i64;

/// Up to this size a file is looked through each time it is opened; a larger one
/// only after the sensor was killed, and while it is in use already.
const CHECKED_AT_ONCE: u64 = 32 << 20;

/// Why a file cannot be taken as it is.
#[derive(Debug)]
pub(crate) enum Unfit {
    /// Its content makes no sense, for this reason.
    Damaged(String),
    /// It has a newer schema.
    Newer(i64),
    /// It is somebody else's.
    Foreign,
    /// It cannot be opened now.
    Failed(rusqlite::Error),
}

impl From<rusqlite::Error> for Unfit {
    fn from(error: rusqlite::Error) -> Self {
        if is_damage(&error) {
            return Self::Damaged(error.to_string());
        }
        Self::Failed(error)
    }
}

/// A database that is ready to be written.
pub(crate) struct Opened {
    pub connection: Connection,
    pub start: Start,
    /// It may be damaged and was not looked through yet.
    pub check_later: bool,
}

/// Opens the database for its one writer, and brings it up to date.
pub(crate) fn open(path: &Path) -> Result<Opened, Unfit> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(path, flags)?;
    connection.set_prepared_statement_cache_capacity(16);
    let version = recognise(&connection)?;
    if version == 0 {
        // Only a file without tables takes it.
        connection.execute_batch("PRAGMA auto_vacuum = INCREMENTAL")?;
    }
    connection.execute_batch(
        "PRAGMA busy_timeout = 2000;
         PRAGMA journal_mode = WAL;
         PRAGMA synchronous = FULL;
         PRAGMA cache_size = -1024;
         PRAGMA mmap_size = 0;
         PRAGMA temp_store = MEMORY;
         PRAGMA cell_size_check = ON;
         PRAGMA trusted_schema = OFF;
         PRAGMA journal_size_limit = 8388608;",
    )?;
    let is_small = std::fs::metadata(path).is_ok_and(|file| file.len() <= CHECKED_AT_ONCE);
    if version > 0 && is_small {
        check(&connection)?;
    }
    migrate(&mut connection, version)?;
    let was_closed = meta(&connection, "closed")? == Some(1);
    set_meta(&connection, "closed", 0)?;
    let start = start(&connection)?;
    Ok(Opened {
        connection,
        start,
        check_later: !is_small && !was_closed,
    })
}

/// Looks the whole file through.
pub(crate) fn check(connection: &Connection) -> Result<(), Unfit> {
    let verdict: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    if verdict == "ok" {
        return Ok(());
    }
    Err(Unfit::Damaged(verdict))
}

/// The version of a log's schema.
pub(crate) fn recognise(connection: &Connection) -> Result<i64, Unfit> {
    let pragma = |name| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    let version = pragma("user_version")?;
    let tables: i64 =
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    if tables == 0 && version == 0 {
        return Ok(0);
    }
    if pragma("application_id")? != APPLICATION {
        return Err(Unfit::Foreign);
    }
    if version > NEWEST {
        return Err(Unfit::Newer(version));
    }
    Ok(version)
}

fn migrate(connection: &mut Connection, version: i64) -> rusqlite::Result<()> {
    let done = usize::try_from(version).unwrap_or(0);
    for (number, migration) in (1i64..).zip(MIGRATIONS).skip(done) {
        let step = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        migration(&step)?;
        step.pragma_update(None, "application_id", APPLICATION)?;
        step.pragma_update(None, "user_version", number)?;
        step.commit()?;
    }
    Ok(())
}

/// Version 1: events in order, and where the sinks stand. The JSON comes last in
/// its table: what stands before it is read without it.
fn log(step: &Transaction<'_>) -> rusqlite::Result<()> {
    step.execute_batch(
        "CREATE TABLE events (
           seq INTEGER PRIMARY KEY,
           event_id TEXT UNIQUE,
           event_type TEXT NOT NULL,
           request_id TEXT,
           captured INTEGER NOT NULL,
           stored INTEGER NOT NULL,
           json TEXT NOT NULL
         );
         CREATE INDEX events_by_type ON events (event_type);
         CREATE INDEX events_by_request ON events (request_id) WHERE request_id IS NOT NULL;
         CREATE INDEX events_by_time ON events (captured);
         CREATE TABLE sinks (
           name TEXT PRIMARY KEY,
           next INTEGER NOT NULL,
           missed INTEGER NOT NULL
         ) WITHOUT ROWID;
         CREATE TABLE meta (key TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;",
    )
}

/// Version 2: full-text search.
fn search(step: &Transaction<'_>) -> rusqlite::Result<()> {
    step.execute_batch("CREATE TABLE parts (first INTEGER PRIMARY KEY, bytes INTEGER NOT NULL)")?;
    let mut index = Index::new(step, u64::MAX)?;
    let mut events = step.prepare("SELECT seq, json FROM events ORDER BY seq")?;
    let mut rows = events.query([])?;
    while let Some(row) = rows.next()? {
        let content = text::content(row.get_ref(1)?.as_str()?);
        index.add(from_sql(row.get(0)?), &content.text)?;
    }
    index.close()
}

/// A number of the log's own account.
fn meta(connection: &Connection, key: &str) -> rusqlite::Result<Option<i64>> {
    let mut statement = connection.prepare_cached("SELECT value FROM meta WHERE key = ?1")?;
    let mut rows = statement.query([key])?;
    rows.next()?.map(|row| row.get(0)).transpose()
}

/// Sets a number of the log's own account.
pub(crate) fn set_meta(connection: &Connection, key: &str, value: i64) -> rusqlite::Result<()> {
    let sql = "INSERT INTO meta (key, value) VALUES (?1, ?2)
               ON CONFLICT (key) DO UPDATE SET value = excluded.value";
    connection.prepare_cached(sql)?.execute((key, value))?;
    Ok(())
}

/// Where a log goes on.
fn start(connection: &Connection) -> rusqlite::Result<Start> {
    let seq = |sql| connection.query_row(sql, [], |row| row.get::<_, Option<i64>>(0));
    let newest = seq("SELECT max(seq) FROM events")?.map_or(0, from_sql);
    let oldest = seq("SELECT min(seq) FROM events")?.map(from_sql);
    let given = meta(connection, "last_seq")?.map_or(0, from_sql);
    let last_seq = newest.max(given);
    let mut sinks = connection.prepare("SELECT name, next, missed FROM sinks")?;
    let places = sinks.query_map([], |row| {
        Ok(Written {
            name: row.get(0)?,
            next: from_sql(row.get(1)?),
            missed: from_sql(row.get(2)?),
        })
    })?;
    Ok(Start {
        last_seq,
        floor: oldest.unwrap_or(last_seq + 1),
        places: places.collect::<Result<_, _>>()?,
    })
}

/// The last position that was given away.
pub(crate) fn set_last_seq(connection: &Connection, seq: u64) -> rusqlite::Result<()> {
    set_meta(connection, "last_seq", to_sql(seq))
}
