//! The thread that the stages run in.

use std::io;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use oisp_core::capture::RawSender;
use oisp_core::counters::Snapshot;
use oisp_core::{RawEvent, Timestamp};

use crate::Stages;

/// Most raw events between a backend and the stages: while one large event is
/// decoded and redacted, the kernel's ring must go on being drained. Records
/// carry up to 32 KiB, so this bounds the memory at 128 MiB; it is taken only
/// while the stages are behind.
const QUEUE: usize = 4096;
/// How often figures are published and the saved capture is flushed while
/// nothing comes.
const IDLE: Duration = Duration::from_millis(200);
/// How many records at most between two publications of the figures.
const PUBLISH_EVERY: usize = 256;

/// The receiving end of the queue of raw events.
pub type RawQueue = Receiver<RawEvent>;

/// The queue between a backend and the stages.
pub fn raw_queue() -> (RawSender, RawQueue) {
    let (sender, receiver): (SyncSender<RawEvent>, _) = sync_channel(QUEUE);
    (sender, receiver)
}

/// The stages at work.
pub struct Worker {
    thread: JoinHandle<()>,
    counters: Arc<Mutex<Snapshot>>,
}

impl Worker {
    /// The figures, a fraction of a second old.
    pub fn counters(&self) -> Arc<Mutex<Snapshot>> {
        self.counters.clone()
    }

    /// Waits until every record that was sent has gone through. The backend
    /// must have dropped its sender.
    pub fn join(self) {
        if self.thread.join().is_err() {
            tracing::error!("pipeline thread panicked");
        }
    }
}

/// The clock of this machine, by which live captures stamp their records.
fn now() -> Timestamp {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH);
    let nanos = since_epoch.map_or(0, |elapsed| elapsed.as_nanos());
    Timestamp::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
}

/// Starts the stages. They end when every sender of the queue is gone.
///
/// # Errors
/// When the system has no thread for them.
pub fn start(mut stages: Stages, queue: RawQueue) -> io::Result<Worker> {
    let counters = Arc::new(Mutex::new(stages.counters()));
    let published = counters.clone();
    let thread = std::thread::Builder::new()
        .name("oisp-pipeline".into())
        .spawn(move || {
            let publish = |stages: &Stages| {
                *published.lock().unwrap_or_else(PoisonError::into_inner) = stages.counters()
            };
            let mut since_published = 0;
            loop {
                match queue.recv_timeout(IDLE) {
                    Ok(raw) => {
                        stages.take(&raw);
                        since_published += 1;
                        if since_published == PUBLISH_EVERY {
                            since_published = 0;
                            publish(&stages);
                        }
                    }
                    Err(RecvTimeoutError::Timeout) => {
                        stages.flush();
                        stages.tick(now());
                        publish(&stages);
                    }
                    Err(RecvTimeoutError::Disconnected) => break,
                }
            }
            stages.finish();
            publish(&stages);
        })?;
    Ok(Worker { thread, counters })
}
