//! Runs a sink: reads from its cursor, delivers, tries again.

use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use oisp_core::counters::{Counter, Snapshot};
use oisp_store::{Cursor, Stored};
use tokio::sync::watch;

use crate::{DeliverError, Sink};

/// Most events of one batch.
const BATCH: usize = 512;
/// First and longest wait before a failed batch is tried again.
const RETRY: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(5));
/// How long a stopping sink goes on trying to deliver what is left.
const STOP_DEADLINE: Duration = Duration::from_secs(5);

/// A sink that runs in a thread of its own.
#[derive(Debug)]
pub struct RunningSink {
    stop: watch::Sender<bool>,
    thread: JoinHandle<()>,
    status: Arc<SinkStatus>,
}

/// How a sink is doing.
#[derive(Debug)]
pub struct SinkStatus {
    name: String,
    delivered: Counter,
    retried: Counter,
    missed: Counter,
    lag: Counter,
    last_error: Mutex<Option<String>>,
}

impl SinkStatus {
    /// Figures under `sink.NAME`. What the cursor was given to read is
    /// delivered + queued + dropped.
    pub fn counters(&self) -> Snapshot {
        let figures = [
            ("delivered", &self.delivered),
            ("retried", &self.retried),
            ("dropped.log_full", &self.missed),
            ("queued", &self.lag),
        ];
        figures
            .map(|(figure, counter)| (format!("sink.{}.{figure}", self.name), counter.get()))
            .into()
    }

    /// The last error since the last success.
    pub fn last_error(&self) -> Option<String> {
        self.last_error
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn set_error(&self, error: Option<String>) {
        *self
            .last_error
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = error;
    }
}

impl RunningSink {
    /// How the sink is doing.
    pub fn status(&self) -> &Arc<SinkStatus> {
        &self.status
    }

    /// True once the sink has ended by itself: its reader is gone.
    pub fn is_finished(&self) -> bool {
        self.thread.is_finished()
    }

    /// Delivers what the log still holds, closes the sink and waits for it.
    pub fn stop(self) {
        self.stop.send_replace(true);
        if self.thread.join().is_err() {
            tracing::error!(sink = self.status.name, "sink thread panicked");
        }
    }
}

/// Starts a sink.
///
/// # Errors
/// When the system has no thread for it.
pub fn run(
    sink: Box<dyn Sink>,
    cursor: Cursor,
    runtime: tokio::runtime::Handle,
) -> std::io::Result<RunningSink> {
    let status = Arc::new(SinkStatus {
        name: sink.name().to_owned(),
        delivered: Counter::default(),
        retried: Counter::default(),
        missed: Counter::default(),
        lag: Counter::default(),
        last_error: Mutex::default(),
    });
    let (stop, stopping) = watch::channel(false);
    let runner = Runner {
        sink,
        cursor,
        stopping,
        status: status.clone(),
        runtime,
        deadline: None,
    };
    let thread = std::thread::Builder::new()
        .name(format!("oisp-sink-{}", status.name))
        .spawn(|| runner.run())?;
    Ok(RunningSink {
        stop,
        thread,
        status,
    })
}

struct Runner {
    sink: Box<dyn Sink>,
    cursor: Cursor,
    stopping: watch::Receiver<bool>,
    status: Arc<SinkStatus>,
    runtime: tokio::runtime::Handle,
    /// Set when told to stop: what cannot be delivered by then stays behind.
    deadline: Option<Instant>,
}

impl Runner {
    fn run(mut self) {
        loop {
            let batch = self.cursor.read(BATCH);
            self.status.missed.set(self.cursor.missed());
            self.status.lag.set(self.cursor.lag() + batch.len() as u64);
            if batch.is_empty() {
                if self.is_stopping() {
                    break;
                }
                self.wait_for_events();
            } else if !self.deliver(&batch) {
                break;
            }
        }
        if let Err(error) = self.sink.close() {
            tracing::error!(sink = self.status.name, %error, "sink not closed cleanly");
        }
    }

    /// Delivers a batch, however often it takes. False where it cannot be.
    fn deliver(&mut self, batch: &[Arc<Stored>]) -> bool {
        let mut wait = RETRY.0;
        loop {
            match self.sink.deliver(batch) {
                Ok(()) => {
                    self.status.delivered.add(batch.len() as u64);
                    self.status.lag.set(self.cursor.lag());
                    self.status.set_error(None);
                    return true;
                }
                Err(DeliverError::ReaderGone) => {
                    self.status
                        .set_error(Some(DeliverError::ReaderGone.to_string()));
                    return false;
                }
                Err(error) => self.failed(&error),
            }
            self.status.lag.set(self.cursor.lag() + batch.len() as u64);
            if self.is_past_deadline() {
                return false;
            }
            self.pause(wait);
            wait = (wait * 2).min(RETRY.1);
        }
    }

    fn failed(&self, error: &DeliverError) {
        self.status.retried.add(1);
        let message = error.to_string();
        if self.status.last_error().as_ref() != Some(&message) {
            tracing::warn!(
                sink = self.status.name,
                error = message,
                "delivery failed, will be tried again"
            );
        }
        self.status.set_error(Some(message));
    }

    fn is_stopping(&self) -> bool {
        *self.stopping.borrow()
    }

    fn is_past_deadline(&mut self) -> bool {
        if !self.is_stopping() {
            return false;
        }
        let now = Instant::now();
        now >= *self.deadline.get_or_insert(now + STOP_DEADLINE)
    }

    fn wait_for_events(&mut self) {
        let (cursor, stopping) = (&mut self.cursor, &mut self.stopping);
        self.runtime.block_on(async {
            tokio::select! {
                () = cursor.wait() => {}
                _ = stopping.changed() => {}
            }
        });
    }

    fn pause(&mut self, wait: Duration) {
        let stopping = &mut self.stopping;
        let was_stopping = *stopping.borrow();
        self.runtime.block_on(async {
            if was_stopping {
                tokio::time::sleep(wait.min(RETRY.0)).await;
                return;
            }
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                _ = stopping.changed() => {}
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use oisp_core::SafeEvent;
    use oisp_store::{Bounds, EventLog};

    type Delivered = Arc<Mutex<Vec<u64>>>;

    struct Flaky {
        delivered: Delivered,
        failures: usize,
    }

    impl Sink for Flaky {
        fn name(&self) -> &'static str {
            "flaky"
        }

        fn deliver(&mut self, batch: &[Arc<Stored>]) -> Result<(), DeliverError> {
            if self.failures > 0 {
                self.failures -= 1;
                return Err(DeliverError::Write {
                    target: "test".into(),
                    source: std::io::ErrorKind::StorageFull.into(),
                });
            }
            self.delivered
                .lock()
                .unwrap()
                .extend(batch.iter().map(|stored| stored.seq));
            Ok(())
        }

        fn close(&mut self) -> Result<(), DeliverError> {
            Ok(())
        }
    }

    fn log_of(count: usize) -> EventLog {
        let log = EventLog::new(Bounds::default());
        for _ in 0..count {
            log.append(SafeEvent::from_redacted(&serde_json::Map::new()));
        }
        log
    }

    fn run_flaky(failures: usize, log: &EventLog) -> (Delivered, Arc<SinkStatus>) {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_time()
            .build()
            .unwrap();
        let delivered = Delivered::default();
        let sink = Flaky {
            delivered: delivered.clone(),
            failures,
        };
        let running = run(Box::new(sink), log.cursor(), runtime.handle().clone()).unwrap();
        let status = running.status().clone();
        running.stop();
        (delivered, status)
    }

    #[test]
    fn stopping_delivers_what_the_log_holds() {
        let log = log_of(1500);
        let (delivered, status) = run_flaky(0, &log);
        assert_eq!(*delivered.lock().unwrap(), (1..=1500).collect::<Vec<_>>());
        assert_eq!(status.counters()["sink.flaky.queued"], 0);
    }

    #[test]
    fn what_cannot_be_delivered_by_the_deadline_stays_queued() {
        let log = log_of(3);
        let (delivered, status) = run_flaky(usize::MAX, &log);
        assert!(delivered.lock().unwrap().is_empty());
        assert_eq!(status.counters()["sink.flaky.queued"], 3);
        assert!(status.last_error().is_some());
    }

    #[test]
    fn a_failed_batch_comes_again_and_the_order_holds() {
        let log = log_of(3);
        let (delivered, status) = run_flaky(2, &log);
        assert_eq!(*delivered.lock().unwrap(), [1, 2, 3]);
        assert_eq!(status.counters()["sink.flaky.retried"], 2);
        assert_eq!(status.last_error(), None);
    }
}
