//! What a sink is, and what it says of a batch.

use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use oisp_store::Stored;
use tokio::sync::watch;

/// A place that events are delivered to. It runs in a thread of its own, so it
/// may block; a sink that waits for a network gives up when [`Stopping`] says
/// so.
pub trait Sink: Send {
    /// The name in figures and messages, such as `webhook.audit`.
    fn name(&self) -> &str;

    /// Told once, before the first batch: what a long delivery should watch.
    fn watch(&mut self, _stopping: Stopping) {}

    /// Delivers a batch in its order. What is delivered is as durable as the
    /// receiver makes it: the same events do not come again.
    ///
    /// # Errors
    /// When the batch was not delivered, or only its beginning
    /// ([`DeliverError::Partly`]): the rest comes again.
    fn deliver(&mut self, batch: &[Arc<Stored>]) -> Result<Delivered, DeliverError>;

    /// When [`Sink::idle`] should be called where no event comes before.
    fn idle_after(&self) -> Option<Duration> {
        None
    }

    /// What is to be done while nothing comes.
    ///
    /// # Errors
    /// When delivered events may not be durable.
    fn idle(&mut self) -> Result<(), DeliverError> {
        Ok(())
    }

    /// Called once after the last batch.
    ///
    /// # Errors
    /// When delivered events may not be durable.
    fn close(&mut self) -> Result<(), DeliverError>;
}

/// What became of a batch. What is not refused is delivered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Delivered {
    /// Events that the receiver will never take.
    pub refused: Vec<Refused>,
}

/// An event that the receiver will never take. It goes to the dead letters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// Its place in the log.
    pub seq: u64,
    /// What the receiver said.
    pub reason: String,
}

/// Why a batch was not delivered.
#[derive(Debug, thiserror::Error)]
pub enum DeliverError {
    /// The reader of the output went away: there is nobody to deliver to.
    #[error("the reader of the output is gone")]
    ReaderGone,
    /// The output could not be written.
    #[error("cannot write {target}: {source}")]
    Write {
        /// What was written to.
        target: String,
        /// The operating system's answer.
        source: std::io::Error,
    },
    /// It may go better later: the receiver is away, busy or in trouble.
    #[error("{reason}")]
    Retry {
        /// What went wrong.
        reason: String,
        /// When the receiver asked to come again.
        after: Option<Duration>,
    },
    /// It will go better once somebody changes something: a wrong token, an
    /// address that leads elsewhere. Tried again slowly; nothing is given up.
    #[error("{0}")]
    Misconfigured(String),
    /// The beginning of the batch is settled, the rest is not.
    #[error("{error}")]
    Partly {
        /// How many events from the beginning are delivered or refused.
        settled: usize,
        /// Those of them that are refused.
        refused: Vec<Refused>,
        /// What happened to the rest.
        error: Box<DeliverError>,
    },
}

impl DeliverError {
    /// That it may go better later.
    pub fn retry(reason: impl ToString) -> Self {
        Self::Retry {
            reason: reason.to_string(),
            after: None,
        }
    }

    /// This error, after the first `settled` events of the batch went through.
    #[must_use]
    pub fn after(self, settled: usize, refused: Vec<Refused>) -> Self {
        if settled == 0 {
            return self;
        }
        Self::Partly {
            settled,
            refused,
            error: Box::new(self),
        }
    }
}

/// Tells a sink when to give up because the sensor stops. Clones share it.
#[derive(Clone, Debug)]
pub struct Stopping(watch::Receiver<Option<Instant>>);

/// The other end of [`Stopping`].
#[derive(Debug)]
pub(crate) struct Stopper {
    deadline: watch::Sender<Option<Instant>>,
    within: Duration,
}

impl Stopper {
    /// A sink that is told to stop has so long to deliver what is left.
    pub(crate) fn new(within: Duration) -> (Self, Stopping) {
        let (deadline, receiver) = watch::channel(None);
        (Self { deadline, within }, Stopping(receiver))
    }

    /// Asks to stop; asked again, the deadline stays.
    pub(crate) fn stop(&self) {
        self.deadline.send_if_modified(|deadline| {
            let is_first = deadline.is_none();
            deadline.get_or_insert_with(|| Instant::now() + self.within);
            is_first
        });
    }
}

impl Stopping {
    /// A sensor that runs for ever: for a sink that is used by itself.
    pub fn never() -> Self {
        let (stopper, stopping) = Stopper::new(Duration::ZERO);
        // Without its sender the channel ends, which counts as no wish.
        drop(stopper);
        stopping
    }

    /// True once the sensor stops: what is left is still to be delivered.
    pub fn is_asked(&self) -> bool {
        self.0.borrow().is_some()
    }

    /// True once the time for that is over, too.
    pub fn is_over(&self) -> bool {
        self.0.borrow().is_some_and(|end| Instant::now() >= end)
    }

    /// Waits until the sensor stops.
    pub async fn asked(&mut self) {
        if self.0.wait_for(Option::is_some).await.is_err() {
            std::future::pending().await
        }
    }

    /// Waits until the time after that is over.
    pub async fn over(&mut self) {
        self.asked().await;
        let end = *self.0.borrow();
        if let Some(end) = end {
            tokio::time::sleep_until(end.into()).await;
        }
    }

    /// Does something unless the time is over before it is done.
    ///
    /// # Errors
    /// When it is over.
    pub async fn unless_over<T>(
        &mut self,
        task: impl Future<Output = T>,
    ) -> Result<T, DeliverError> {
        tokio::select! {
            done = task => Ok(done),
            () = self.over() => Err(DeliverError::retry("the sensor stops")),
        }
    }
}
