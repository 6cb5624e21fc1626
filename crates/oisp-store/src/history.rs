//! Reads a log that a sensor may be writing: for commands, in another process.

use std::borrow::Borrow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rusqlite::Connection;

use crate::disk::read::{self, Wanted};
use crate::disk::schema;
use crate::error::{OpenError, ReadError};
use crate::filter::Filter;
use crate::open::refusal;
use crate::tail::Stored;
use crate::words::Words;

/// Events that are read at once.
const PAGE: usize = 256;

/// A log, for reading only.
#[derive(Debug)]
pub struct History {
    path: PathBuf,
    connection: Connection,
}

impl History {
    /// Opens the log in that file. It is not changed, whatever its state.
    ///
    /// # Errors
    /// When there is none, it cannot be read, or it is of another version or
    /// program.
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        let file = |source: std::io::Error| match source.kind() {
            std::io::ErrorKind::NotFound => OpenError::Missing {
                path: path.to_owned(),
            },
            _ => OpenError::Unreadable {
                path: path.to_owned(),
                source,
            },
        };
        // SQLite says no more than that it cannot.
        std::fs::metadata(path).map_err(file)?;
        let refused = |unfit| refusal(path, unfit);
        let connection = read::open(path).map_err(|error| refused(error.into()))?;
        let version = schema::recognise(&connection).map_err(refused)?;
        if version < schema::NEWEST {
            return Err(OpenError::Older {
                path: path.to_owned(),
            });
        }
        Ok(Self {
            path: path.to_owned(),
            connection,
        })
    }

    /// The database.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Up to `limit` events before position `before` (or the end), newest first.
    ///
    /// # Errors
    /// When the database does not answer.
    pub fn newest(
        &self,
        before: Option<u64>,
        limit: usize,
        filter: &Filter,
    ) -> Result<Vec<Arc<Stored>>, ReadError> {
        let wanted = Wanted {
            before: before.unwrap_or(u64::MAX),
            filter,
            words: None,
        };
        self.ask(|db| read::newest(db, &wanted, limit))
    }

    /// Up to `limit` events before position `before` (or the end) with all words
    /// of `query`, newest first.
    ///
    /// # Errors
    /// When the database does not answer.
    pub fn search(
        &self,
        query: &str,
        before: Option<u64>,
        limit: usize,
        filter: &Filter,
    ) -> Result<Vec<Arc<Stored>>, ReadError> {
        let Some(words) = Words::parse(query) else {
            return Ok(Vec::new());
        };
        let wanted = Wanted {
            before: before.unwrap_or(u64::MAX),
            filter,
            words: Some(&words),
        };
        self.ask(|db| read::newest(db, &wanted, limit))
    }

    /// The event of that `event_id`.
    ///
    /// # Errors
    /// When the database does not answer.
    pub fn get(&self, event_id: &str) -> Result<Option<Arc<Stored>>, ReadError> {
        self.ask(|db| read::get(db, event_id))
    }

    /// All events from position `next` on that are wanted and there now, oldest
    /// first. They are read page by page: what is appended meanwhile may come,
    /// too.
    pub fn events(&self, next: u64, filter: Filter) -> Events<&Self> {
        Events::new(self, next, filter)
    }

    /// Like [`History::events`], for who needs the history for nothing else.
    pub fn into_events(self, next: u64, filter: Filter) -> Events<Self> {
        Events::new(self, next, filter)
    }

    /// The position of the `n`th newest wanted event, or of the oldest where
    /// there are fewer; `None` where there is none.
    ///
    /// # Errors
    /// When the database does not answer.
    pub fn position(&self, filter: &Filter, n: usize) -> Result<Option<u64>, ReadError> {
        let wanted = Wanted {
            before: u64::MAX,
            filter,
            words: None,
        };
        let newest = self.ask(|db| read::newest_positions(db, &wanted, n))?;
        Ok(newest.last().copied())
    }

    fn ask<T>(
        &self,
        question: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, ReadError> {
        question(&self.connection).map_err(|source| ReadError {
            path: self.path.clone(),
            source,
        })
    }
}

/// Events of a log, oldest first.
pub struct Events<H> {
    history: H,
    filter: Filter,
    next: u64,
    page: std::vec::IntoIter<Arc<Stored>>,
    is_over: bool,
}

impl<H: Borrow<History>> Events<H> {
    fn new(history: H, next: u64, filter: Filter) -> Self {
        Self {
            history,
            filter,
            next,
            page: Vec::new().into_iter(),
            is_over: false,
        }
    }
}

impl<H: Borrow<History>> Iterator for Events<H> {
    type Item = Result<Arc<Stored>, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let wanted = self
                .page
                .by_ref()
                .find(|stored| self.filter.admits(&stored.event));
            if let Some(stored) = wanted {
                return Some(Ok(stored));
            }
            if self.is_over {
                return None;
            }
            let page = self
                .history
                .borrow()
                .ask(|db| read::run(db, self.next, u64::MAX, PAGE));
            match page {
                Ok(run) => {
                    self.next = run.events.last().map_or(self.next, |last| last.seq + 1);
                    self.is_over = run.is_whole;
                    self.page = run.events.into_iter();
                }
                Err(error) => {
                    self.is_over = true;
                    return Some(Err(error));
                }
            }
        }
    }
}
