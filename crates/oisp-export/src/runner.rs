//! Runs a sink: gathers a batch from its cursor, delivers it until it is
//! delivered or refused, and only then lets the log know.

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use oisp_config::EventFilter;
use oisp_store::{Cursor, Stored};
use tokio::runtime::Handle;
use tokio::time::Instant;

use crate::filter::Wanted;
use crate::retry::Backoff;
use crate::sink::Stopper;
use crate::{DeadLetters, DeliverError, Delivered, Refused, Retry, Sink, SinkStatus, Stopping};

/// Events that are read at once. A batch is bounded by its bytes, too, and
/// passes that bound by no more than what is read at once.
const READ: usize = 16;

/// How a sink is run.
#[derive(Clone, Debug)]
pub struct RunSettings {
    /// Which events it gets.
    pub filter: EventFilter,
    /// How many at once.
    pub batch: Batch,
    /// When it tries again.
    pub retry: Retry,
    /// Where refused events go. Without it they are only counted.
    pub dead_letters: Option<DeadLetters>,
    /// How long a stopping sink goes on trying to deliver what is left.
    pub stop_within: Duration,
}

impl Default for RunSettings {
    fn default() -> Self {
        Self {
            filter: EventFilter::default(),
            batch: Batch::default(),
            retry: Retry::default(),
            dead_letters: None,
            stop_within: Duration::from_secs(5),
        }
    }
}

/// How many events are delivered at once.
#[derive(Clone, Copy, Debug)]
pub struct Batch {
    /// Most events.
    pub events: usize,
    /// Bytes from which on a batch is full.
    pub bytes: usize,
    /// How long an event waits for others to come with it.
    pub wait: Duration,
}

impl Default for Batch {
    fn default() -> Self {
        Self {
            events: 512,
            bytes: 4 << 20,
            wait: Duration::ZERO,
        }
    }
}

/// A sink that runs in a thread of its own.
#[derive(Debug)]
pub struct RunningSink {
    stopper: Stopper,
    thread: JoinHandle<()>,
    status: Arc<SinkStatus>,
}

impl RunningSink {
    /// How the sink is doing.
    pub fn status(&self) -> &Arc<SinkStatus> {
        &self.status
    }

    /// True once the sink has ended by itself: its reader is gone.
    pub fn is_finished(&self) -> bool {
        self.status.is_reader_gone() && self.thread.is_finished()
    }

    /// Asks the sink to deliver what the log still holds and to end, without
    /// waiting for it: several sinks then end side by side.
    pub fn ask_to_stop(&self) {
        self.stopper.stop();
    }

    /// Delivers what the log still holds, closes the sink and waits for it.
    pub fn stop(self) {
        self.ask_to_stop();
        if self.thread.join().is_err() {
            tracing::error!(sink = self.status.name(), "sink thread panicked");
        }
    }
}

/// Starts a sink that takes all events, as they come.
///
/// # Errors
/// When the system has no thread for it.
pub fn run(sink: Box<dyn Sink>, cursor: Cursor, runtime: Handle) -> std::io::Result<RunningSink> {
    run_with(sink, cursor, runtime, RunSettings::default())
}

/// Starts a sink.
///
/// # Errors
/// When the system has no thread for it.
pub fn run_with(
    mut sink: Box<dyn Sink>,
    cursor: Cursor,
    runtime: Handle,
    settings: RunSettings,
) -> std::io::Result<RunningSink> {
    let status = Arc::new(SinkStatus::new(sink.name()));
    let (stopper, stopping) = Stopper::new(settings.stop_within);
    sink.watch(stopping.clone());
    let runner = Runner {
        sink,
        cursor,
        stopping,
        status: status.clone(),
        runtime,
        backoff: Backoff::new(settings.retry),
        wanted: Wanted::new(&settings.filter),
        settings,
    };
    let thread = std::thread::Builder::new()
        .name(format!("oisp-sink-{}", status.name()))
        .spawn(|| {
            let _ends = Ends(runner.status.clone());
            runner.run();
        })?;
    Ok(RunningSink {
        stopper,
        thread,
        status,
    })
}

/// However the thread ends, the status says so.
struct Ends(Arc<SinkStatus>);

impl Drop for Ends {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let error = DeliverError::retry("the sink broke: this is a fault of the sensor");
            self.0.failed(&error);
        }
        self.0.stopped();
    }
}

struct Runner {
    sink: Box<dyn Sink>,
    cursor: Cursor,
    stopping: Stopping,
    status: Arc<SinkStatus>,
    runtime: Handle,
    backoff: Backoff,
    wanted: Wanted,
    settings: RunSettings,
}

/// The sink is to end: its reader is gone, or the time to stop is over.
struct Over;

impl Runner {
    fn run(mut self) {
        while self.turn().is_ok() {}
        if let Err(error) = self.sink.close() {
            tracing::error!(sink = self.status.name(), %error, "sink not closed cleanly");
        }
    }

    fn turn(&mut self) -> Result<(), Over> {
        let (batch, read) = self.gather();
        if read == 0 {
            if self.stopping.is_asked() {
                return Err(Over);
            }
            self.idle();
            return Ok(());
        }
        self.deliver_all(batch)?;
        self.cursor.commit();
        Ok(())
    }

    /// Waits for the next event, and lets the sink do what must be done
    /// meanwhile.
    fn idle(&mut self) {
        let until = self.sink.idle_after().map(|wait| Instant::now() + wait);
        if self.wait_for_events(until) || until.is_none_or(|until| Instant::now() < until) {
            return;
        }
        if let Err(error) = self.sink.idle()
            && self.status.failed(&error)
        {
            tracing::warn!(sink = self.status.name(), %error, "sink failed while idle");
        }
    }

    /// The events of the next batch, and how many were read for it.
    fn gather(&mut self) -> (Vec<Arc<Stored>>, usize) {
        let mut batch = Gathered::default();
        let until = Instant::now() + self.settings.batch.wait;
        loop {
            let room = self.settings.batch.events.max(1) - batch.events.len();
            let events = self.cursor.read(room.min(READ));
            let is_end = events.is_empty();
            let filtered = batch.take(events, &self.wanted);
            self.status.filtered.add(filtered);
            self.status.missed.set(self.cursor.missed());
            self.tell_lag(batch.events.len());
            let is_full = batch.is_full(self.settings.batch);
            if is_full || (is_end && !(batch.read > 0 && self.wait_for_events(Some(until)))) {
                return (batch.events, batch.read);
            }
        }
    }

    fn tell_lag(&self, batch: usize) {
        self.status.lag.set(self.cursor.lag() + batch as u64);
    }

    /// Delivers a batch, however often it takes.
    fn deliver_all(&mut self, mut batch: Vec<Arc<Stored>>) -> Result<(), Over> {
        while !batch.is_empty() {
            let error = match self.sink.deliver(&batch) {
                Ok(Delivered { refused }) => {
                    self.settle(&mut batch, usize::MAX, refused)?;
                    self.succeeded();
                    None
                }
                Err(DeliverError::Partly {
                    settled,
                    refused,
                    error,
                }) => {
                    self.settle(&mut batch, settled, refused)?;
                    self.backoff.reset();
                    Some(*error)
                }
                Err(error) => Some(error),
            };
            if let Some(error) = error {
                self.failed(&error, batch.len())?;
            }
        }
        Ok(())
    }

    /// The first `settled` events are delivered or refused: they leave the
    /// batch once those that were refused are kept.
    fn settle(
        &mut self,
        batch: &mut Vec<Arc<Stored>>,
        settled: usize,
        refused: Vec<Refused>,
    ) -> Result<(), Over> {
        if !refused.is_empty() {
            self.keep(batch, &refused)?;
        }
        let settled = settled.min(batch.len());
        batch.drain(..settled);
        let refused = refused.len() as u64;
        self.status.refused.add(refused);
        self.status
            .delivered
            .add((settled as u64).saturating_sub(refused));
        self.tell_lag(batch.len());
        Ok(())
    }

    fn keep(&mut self, batch: &[Arc<Stored>], refused: &[Refused]) -> Result<(), Over> {
        let Some(dead_letters) = self.settings.dead_letters.clone() else {
            return Ok(());
        };
        tracing::warn!(
            sink = self.status.name(),
            count = refused.len(),
            path = %dead_letters.path().display(),
            "events refused for good"
        );
        while let Err(error) = dead_letters.keep(batch, refused) {
            self.failed(&DeliverError::retry(error), batch.len())?;
        }
        Ok(())
    }

    fn succeeded(&mut self) {
        self.backoff.reset();
        self.status.succeeded();
    }

    /// Notes a failure and waits before the next try.
    fn failed(&mut self, error: &DeliverError, queued: usize) -> Result<(), Over> {
        if matches!(error, DeliverError::ReaderGone) {
            self.status.reader_gone();
            return Err(Over);
        }
        self.status.retried.add(1);
        if self.status.failed(error) {
            tracing::warn!(sink = self.status.name(), %error, "sink failed; it is tried again");
        }
        self.tell_lag(queued);
        if self.stopping.is_over() {
            return Err(Over);
        }
        let wait = match error {
            DeliverError::Misconfigured(_) => self.backoff.slow(),
            DeliverError::Retry { after, .. } => self.backoff.next(*after),
            _ => self.backoff.next(None),
        };
        self.pause(wait);
        Ok(())
    }

    /// Waits for an event; false where the time is over or the sensor stops.
    fn wait_for_events(&mut self, until: Option<Instant>) -> bool {
        if self.stopping.is_asked() {
            return false;
        }
        let (cursor, stopping) = (&mut self.cursor, &mut self.stopping);
        self.runtime.block_on(async {
            let time_is_up = async {
                match until {
                    Some(until) => tokio::time::sleep_until(until).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                () = stopping.asked() => false,
                () = time_is_up => false,
                () = cursor.wait() => true,
            }
        })
    }

    /// Waits before another try; a sensor that stops does not wait long.
    fn pause(&mut self, wait: Duration) {
        const STOPPING: Duration = Duration::from_millis(200);
        let stopping = &mut self.stopping;
        self.runtime.block_on(async {
            if stopping.is_asked() {
                return tokio::time::sleep(wait.min(STOPPING)).await;
            }
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                () = stopping.asked() => {}
            }
        });
    }
}

#[derive(Default)]
struct Gathered {
    events: Vec<Arc<Stored>>,
    bytes: usize,
    read: usize,
}

impl Gathered {
    /// Takes those that the filter admits and returns the number of the others.
    fn take(&mut self, events: Vec<Arc<Stored>>, wanted: &Wanted) -> u64 {
        let before = self.events.len();
        let read = events.len();
        self.read += read;
        let admitted = events
            .into_iter()
            .filter(|stored| wanted.admits(&stored.event));
        for stored in admitted {
            self.bytes += stored.event.json().len();
            self.events.push(stored);
        }
        (read + before - self.events.len()) as u64
    }

    /// A batch that only skips events ends now and then, too, so that the
    /// cursor is committed.
    fn is_full(&self, batch: Batch) -> bool {
        self.events.len() >= batch.events.max(1)
            || self.bytes >= batch.bytes
            || self.read >= batch.events.max(1).saturating_mul(8).max(4096)
    }
}

#[cfg(test)]
mod tests;
