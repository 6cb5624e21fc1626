//! Writes a batch: its events, their text, and the sinks' places, all or
//! nothing.

use oisp_core::SafeEvent;
use rusqlite::{Connection, ErrorCode, Transaction, TransactionBehavior};

use super::index::Index;
use super::{schema, to_sql};
use crate::filter::micros;
use crate::sinks::Written;
use crate::state::Batch;
use crate::tail::Stored;
use crate::text;

/// What was done with a batch.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    /// Events that were on disk already, by their id.
    pub again: Vec<u64>,
    /// Events that the database will never take.
    pub refused: u64,
}

enum Insert {
    Done,
    Again,
    Refused,
}

/// Writes a batch. After it returns, a loss of power does not undo it.
pub(crate) fn batch(
    connection: &mut Connection,
    batch: &Batch,
    max_bytes: u64,
) -> rusqlite::Result<Outcome> {
    let step = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let now = micros(std::time::SystemTime::now());
    let mut outcome = Outcome::default();
    let mut index = Index::new(&step, max_bytes)?;
    for stored in &batch.events {
        match insert(&step, &mut index, stored, now)? {
            Insert::Done => {}
            Insert::Again => outcome.again.push(stored.seq),
            Insert::Refused => outcome.refused += 1,
        }
    }
    index.close()?;
    places(&step, &batch.places)?;
    schema::set_last_seq(&step, batch.through)?;
    step.commit()?;
    Ok(outcome)
}

fn insert(
    step: &Transaction<'_>,
    index: &mut Index<'_>,
    stored: &Stored,
    now: i64,
) -> rusqlite::Result<Insert> {
    let event = &stored.event;
    let content = text::content(event.json());
    let captured = content.captured.unwrap_or(now);
    match row(step, stored.seq, event, captured, now) {
        Ok(0) => return Ok(Insert::Again),
        Ok(_) => {}
        Err(error) if is_refusal(&error) => {
            tracing::warn!(event_id = event.id(), %error, "event cannot be stored");
            return Ok(Insert::Refused);
        }
        Err(error) => return Err(error),
    }
    index.add(stored.seq, &content.text)?;
    Ok(Insert::Done)
}

/// How many rows were inserted.
fn row(
    step: &Transaction<'_>,
    seq: u64,
    event: &SafeEvent,
    captured: i64,
    now: i64,
) -> rusqlite::Result<usize> {
    let sql = "INSERT INTO events (seq, event_id, event_type, request_id, captured, stored, json)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (event_id) DO NOTHING";
    // Events without an id are all different.
    let id = Some(event.id()).filter(|id| !id.is_empty());
    step.prepare_cached(sql)?.execute((
        to_sql(seq),
        id,
        event.event_type(),
        event.request_id(),
        captured,
        now,
        event.json(),
    ))
}

/// The fault is the event's, not the disk's.
fn is_refusal(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(ErrorCode::TooBig | ErrorCode::ConstraintViolation)
    )
}

/// Writes where sinks stand.
pub(crate) fn places(step: &Transaction<'_>, places: &[Written]) -> rusqlite::Result<()> {
    let sql = "INSERT INTO sinks (name, next, missed) VALUES (?1, ?2, ?3)
               ON CONFLICT (name) DO UPDATE SET next = excluded.next, missed = excluded.missed";
    for place in places {
        step.prepare_cached(sql)?.execute((
            &place.name,
            to_sql(place.next),
            to_sql(place.missed),
        ))?;
    }
    Ok(())
}
