//! Opens a log on disk: lock, files, database, writer.

use std::fmt;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use rusqlite::InterruptHandle;

use crate::disk::files::Files;
use crate::disk::lock::{self, Refused};
use crate::disk::read::{self, Readers};
use crate::disk::schema::{self, NEWEST, Opened, Unfit};
use crate::error::OpenError;
use crate::log::Keeper;
use crate::settings::LogSettings;
use crate::shared::Shared;
use crate::state::State;
use crate::writer::Writer;

/// Opens the log and starts its writer.
pub(crate) fn open(path: &Path, settings: LogSettings) -> Result<Keeper, OpenError> {
    let files = Files::new(path);
    let failed = |source| OpenError::File {
        path: path.to_owned(),
        source,
    };
    files.make().map_err(failed)?;
    let lock = lock::take(&files.lock()).map_err(|refused| match refused {
        Refused::Failed(source) => failed(source),
        Refused::Held(pid) => OpenError::Locked {
            path: path.to_owned(),
            pid,
        },
    })?;
    let (opened, moved_aside) = open_or_replace(&files)?;
    let mut state = State::on_disk(&settings, opened.start);
    state.moved_aside = moved_aside;
    let shared = Arc::new(Shared::new(state, Some(Readers::new(path))));
    let check = opened.check_later.then(|| Check::start(path, &shared));
    let writer = Writer::new(shared.clone(), files, settings, opened.connection);
    let thread = std::thread::Builder::new()
        .name(String::from("oisp-log"))
        .spawn(|| writer.run())
        .map_err(OpenError::Thread)?;
    Ok(Keeper {
        path: path.to_owned(),
        shared,
        writer: Mutex::new(Some(thread)),
        check: check.flatten(),
        _lock: lock,
    })
}

/// Opens the database; a damaged one is moved aside first, and where to is told.
fn open_or_replace(files: &Files) -> Result<(Opened, Option<std::path::PathBuf>), OpenError> {
    let why = match schema::open(&files.path) {
        Ok(opened) => return Ok((opened, None)),
        Err(Unfit::Damaged(why)) => why,
        Err(unfit) => return Err(refusal(&files.path, unfit)),
    };
    let damaged = |source| OpenError::Damaged {
        path: files.path.clone(),
        source,
    };
    let aside = files.move_aside().map_err(damaged)?;
    tracing::warn!(path = %files.path.display(), error = why, aside = %aside.display(), "event log is damaged; it was moved aside and a new one begins");
    files.make().map_err(damaged)?;
    let opened = schema::open(&files.path).map_err(|unfit| refusal(&files.path, unfit))?;
    Ok((opened, Some(aside)))
}

/// Why a database is not taken.
pub(crate) fn refusal(path: &Path, unfit: Unfit) -> OpenError {
    let path = path.to_owned();
    match unfit {
        Unfit::Newer(found) => OpenError::Newer {
            path,
            found,
            known: NEWEST,
        },
        Unfit::Foreign => OpenError::Foreign { path },
        Unfit::Failed(source) => OpenError::Database { path, source },
        Unfit::Damaged(why) => OpenError::Damaged {
            path,
            source: std::io::Error::other(why),
        },
    }
}

/// Looks a large database through while it is in use.
pub(crate) struct Check {
    interrupt: Arc<InterruptHandle>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl fmt::Debug for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Check")
    }
}

impl Check {
    fn start(path: &Path, shared: &Arc<Shared>) -> Option<Self> {
        let connection = read::open(path).ok()?;
        let interrupt = Arc::new(connection.get_interrupt_handle());
        let shared = shared.clone();
        let look = move || {
            if let Err(Unfit::Damaged(_)) = schema::check(&connection) {
                shared.state().suspect = true;
                shared.wake.notify_one();
            }
        };
        let thread = std::thread::Builder::new().name(String::from("oisp-log-check"));
        Some(Self {
            interrupt,
            thread: Mutex::new(thread.spawn(look).ok()),
        })
    }

    /// Ends it.
    pub fn stop(&self) {
        self.interrupt.interrupt();
        let thread = self.thread.lock().ok().and_then(|mut thread| thread.take());
        if thread.is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the event log's check panicked");
        }
    }
}
