//! The in-memory log and its cursors.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use oisp_core::SafeEvent;
use tokio::sync::{broadcast, watch};

/// How much the log keeps.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Most events.
    pub events: usize,
    /// Most bytes of JSON.
    pub bytes: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            events: 20_000,
            bytes: 24 << 20,
        }
    }
}

/// An event in the log.
#[derive(Debug)]
pub struct Stored {
    /// Position in the log: 1 for the first event ever, then one by one.
    pub seq: u64,
    /// The event.
    pub event: SafeEvent,
}

/// Which events a reader wants.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Only these event types; all where empty.
    pub event_types: Vec<String>,
    /// Only the events of this call.
    pub request_id: Option<String>,
}

impl Filter {
    fn admits(&self, event: &SafeEvent) -> bool {
        (self.event_types.is_empty()
            || self
                .event_types
                .iter()
                .any(|wanted| wanted == event.event_type()))
            && self
                .request_id
                .as_deref()
                .is_none_or(|wanted| event.request_id() == Some(wanted))
    }
}

/// The log. Clones share it.
#[derive(Clone, Debug)]
pub struct EventLog {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    inner: Mutex<Inner>,
    tail: watch::Sender<u64>,
    /// What is told to who looks on, and not kept.
    passing: broadcast::Sender<Arc<SafeEvent>>,
    bounds: Bounds,
}

/// Most passing events that wait for an onlooker; a slower one misses some.
const PASSING: usize = 1024;

#[derive(Debug, Default)]
struct Inner {
    events: VecDeque<Arc<Stored>>,
    by_id: HashMap<String, u64>,
    bytes: usize,
    last_seq: u64,
}

impl Inner {
    fn first_seq(&self) -> u64 {
        self.events
            .front()
            .map_or(self.last_seq + 1, |event| event.seq)
    }

    fn get(&self, seq: u64) -> Option<&Arc<Stored>> {
        let index = usize::try_from(seq.checked_sub(self.first_seq())?).ok()?;
        self.events.get(index)
    }

    fn evict_to(&mut self, bounds: Bounds) {
        // The newest event stays even where it alone is over the limit: a
        // reader that keeps up sees every event.
        while self.events.len() > 1
            && (self.events.len() > bounds.events || self.bytes > bounds.bytes)
        {
            let Some(oldest) = self.events.pop_front() else {
                return;
            };
            self.bytes -= oldest.event.json().len();
            if self.by_id.get(oldest.event.id()) == Some(&oldest.seq) {
                self.by_id.remove(oldest.event.id());
            }
        }
    }
}

impl EventLog {
    /// An empty log.
    pub fn new(bounds: Bounds) -> Self {
        let (tail, _) = watch::channel(0);
        let (passing, _) = broadcast::channel(PASSING);
        Self {
            shared: Arc::new(Shared {
                inner: Mutex::default(),
                tail,
                passing,
                bounds,
            }),
        }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        // A panic elsewhere cannot leave the log half changed in a way that
        // matters to readers, and the sensor must go on.
        self.shared
            .inner
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Appends an event and returns its position.
    pub fn append(&self, event: SafeEvent) -> u64 {
        let seq = {
            let mut inner = self.inner();
            inner.last_seq += 1;
            let seq = inner.last_seq;
            inner.bytes += event.json().len();
            inner.by_id.insert(event.id().to_owned(), seq);
            inner.events.push_back(Arc::new(Stored { seq, event }));
            inner.evict_to(self.shared.bounds);
            seq
        };
        self.shared.tail.send_replace(seq);
        seq
    }

    /// Somebody looks on: [`EventLog::tell`] reaches one.
    pub fn has_onlookers(&self) -> bool {
        self.shared.passing.receiver_count() > 0
    }

    /// Tells an event to those who look on now. The log does not keep it.
    pub fn tell(&self, event: SafeEvent) {
        // Without onlookers there is nobody to tell.
        let _ = self.shared.passing.send(Arc::new(event));
    }

    /// Looks on from here.
    pub fn look_on(&self) -> Onlooker {
        Onlooker(self.shared.passing.subscribe())
    }

    /// Position of the newest event; 0 before the first.
    pub fn last_seq(&self) -> u64 {
        self.inner().last_seq
    }

    /// The event of that `event_id`.
    pub fn get(&self, event_id: &str) -> Option<Arc<Stored>> {
        let inner = self.inner();
        let seq = *inner.by_id.get(event_id)?;
        inner.get(seq).cloned()
    }

    /// Up to `limit` events before position `before` (or the end), newest
    /// first.
    pub fn newest(&self, before: Option<u64>, limit: usize, filter: &Filter) -> Vec<Arc<Stored>> {
        let inner = self.inner();
        let before = before.unwrap_or(u64::MAX);
        let older = inner
            .events
            .iter()
            .rev()
            .filter(|stored| stored.seq < before);
        older
            .filter(|stored| filter.admits(&stored.event))
            .take(limit)
            .cloned()
            .collect()
    }

    /// A cursor at the first event that the log still has.
    pub fn cursor(&self) -> Cursor {
        let next = self.inner().first_seq();
        self.cursor_at(next)
    }

    /// A cursor at position `next`; later than the end means: what comes.
    pub fn cursor_at(&self, next: u64) -> Cursor {
        let next = next.min(self.last_seq() + 1).max(1);
        Cursor {
            log: self.clone(),
            tail: self.shared.tail.subscribe(),
            next,
            committed: next,
            missed: 0,
        }
    }
}

/// Takes what is told in passing.
#[derive(Debug)]
pub struct Onlooker(broadcast::Receiver<Arc<SafeEvent>>);

impl Onlooker {
    /// The next event that is told; what came too fast is left out.
    pub async fn next(&mut self) -> Arc<SafeEvent> {
        loop {
            match self.0.recv().await {
                Ok(event) => return event,
                Err(broadcast::error::RecvError::Lagged(_)) => {}
                // The log holds the sender: nothing is told any more.
                Err(broadcast::error::RecvError::Closed) => std::future::pending().await,
            }
        }
    }
}

/// A reader's place in the log.
#[derive(Debug)]
pub struct Cursor {
    log: EventLog,
    tail: watch::Receiver<u64>,
    next: u64,
    committed: u64,
    missed: u64,
}

impl Cursor {
    /// Everything that was read so far is delivered.
    pub const fn commit(&mut self) {
        self.committed = self.next;
    }

    /// Back to what was committed last: what was read since then comes again.
    pub const fn rewind(&mut self) {
        self.next = self.committed;
    }

    /// Up to `limit` events from the cursor's place on, which moves past them.
    pub fn read(&mut self, limit: usize) -> Vec<Arc<Stored>> {
        let inner = self.log.inner();
        let first = inner.first_seq();
        if self.next < first {
            self.missed += first - self.next;
            self.next = first;
        }
        let start = usize::try_from(self.next - first).unwrap_or(usize::MAX);
        let batch: Vec<_> = inner
            .events
            .iter()
            .skip(start)
            .take(limit)
            .cloned()
            .collect();
        self.next += u64::try_from(batch.len()).unwrap_or(0);
        batch
    }

    /// Waits until there is something to read.
    pub async fn wait(&mut self) {
        let next = self.next;
        // The log holds the sender and this cursor holds the log: the wait
        // cannot end by the sender's death.
        let _ = self.tail.wait_for(|last| *last >= next).await;
    }

    /// Events that the log let go before this cursor read them.
    pub fn missed(&self) -> u64 {
        self.missed
    }

    /// Events that wait for this cursor.
    pub fn lag(&self) -> u64 {
        (self.log.last_seq() + 1).saturating_sub(self.next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn event(id: &str, kind: &str) -> SafeEvent {
        let value = json!({"event_id": id, "event_type": kind, "data": {"request_id": format!("req_{id}")}});
        SafeEvent::from_redacted(value.as_object().unwrap())
    }

    fn log_of(count: usize, bounds: Bounds) -> EventLog {
        let log = EventLog::new(bounds);
        for n in 1..=count {
            log.append(event(
                &n.to_string(),
                if n % 2 == 0 {
                    "ai.response"
                } else {
                    "ai.request"
                },
            ));
        }
        log
    }

    fn ids(events: &[Arc<Stored>]) -> Vec<&str> {
        events.iter().map(|stored| stored.event.id()).collect()
    }

    #[test]
    fn history_is_newest_first_filtered_and_paged() {
        let log = log_of(6, Bounds::default());
        let filter = Filter {
            event_types: vec!["ai.response".into()],
            ..Filter::default()
        };
        assert_eq!(ids(&log.newest(None, 2, &filter)), ["6", "4"]);
        assert_eq!(ids(&log.newest(Some(4), 2, &filter)), ["2"]);
        let one = Filter {
            request_id: Some("req_3".into()),
            ..Filter::default()
        };
        assert_eq!(ids(&log.newest(None, 9, &one)), ["3"]);
    }

    #[test]
    fn the_bound_lets_the_oldest_go_and_a_late_cursor_is_told() {
        let bounds = Bounds {
            events: 3,
            ..Bounds::default()
        };
        let log = log_of(2, bounds);
        let mut cursor = log.cursor();
        assert_eq!(ids(&cursor.read(1)), ["1"]);
        for n in 3..=6 {
            log.append(event(&n.to_string(), "ai.request"));
        }
        assert_eq!(cursor.lag(), 5);
        assert_eq!(ids(&cursor.read(9)), ["4", "5", "6"]);
        assert_eq!(cursor.missed(), 2);
        assert!(log.get("3").is_none());
        assert_eq!(log.get("5").unwrap().seq, 5);
    }

    #[test]
    fn an_event_over_the_byte_bound_is_still_readable() {
        let log = EventLog::new(Bounds {
            events: 10,
            bytes: 8,
        });
        log.append(event("1", "ai.request"));
        assert_eq!(ids(&log.cursor().read(9)), ["1"]);
    }

    #[test]
    fn what_is_not_committed_comes_again() {
        let log = log_of(4, Bounds::default());
        let mut cursor = log.cursor();
        assert_eq!(ids(&cursor.read(2)), ["1", "2"]);
        cursor.commit();
        assert_eq!(ids(&cursor.read(1)), ["3"]);
        cursor.rewind();
        assert_eq!(cursor.lag(), 2);
        assert_eq!(ids(&cursor.read(9)), ["3", "4"]);
    }

    #[tokio::test]
    async fn what_is_told_in_passing_reaches_onlookers_and_is_not_kept() {
        let log = log_of(1, Bounds::default());
        assert!(!log.has_onlookers());
        let mut onlooker = log.look_on();
        assert!(log.has_onlookers());
        log.tell(event("passing", "ai.streaming_chunk"));
        assert_eq!(onlooker.next().await.id(), "passing");
        assert!(log.get("passing").is_none());
        assert_eq!(log.last_seq(), 1);
    }

    #[tokio::test]
    async fn a_cursor_at_the_end_wakes_on_the_next_event() {
        let log = log_of(1, Bounds::default());
        let mut cursor = log.cursor_at(u64::MAX);
        assert!(cursor.read(9).is_empty());
        let writer = log.clone();
        tokio::join!(cursor.wait(), async move {
            writer.append(event("2", "ai.request"))
        });
        assert_eq!(ids(&cursor.read(9)), ["2"]);
    }
}
