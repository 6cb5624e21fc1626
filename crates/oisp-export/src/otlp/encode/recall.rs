//! Events that later ones refer to: an answer to its request, a tool's result
//! to its call, what a tool did to that call.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::sync::Arc;

use oisp_store::Stored;

use super::event::Event;

/// Finds an event that is no longer at hand, by its id.
pub type Recall = Box<dyn Fn(&str) -> Option<Arc<Stored>> + Send>;

/// Most events at hand, and most bytes of them. Beyond, the log is asked.
const MAX_EVENTS: usize = 4096;
const MAX_BYTES: usize = 8 << 20;

/// The events at hand, and the way to the others.
pub(crate) struct Memory {
    known: HashMap<String, Arc<Stored>>,
    order: VecDeque<String>,
    bytes: usize,
    recall: Recall,
}

impl fmt::Debug for Memory {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.debug_struct("Memory")
            .field("events", &self.order.len())
            .field("bytes", &self.bytes)
            .finish_non_exhaustive()
    }
}

impl Memory {
    pub fn new(recall: Recall) -> Self {
        Self {
            known: HashMap::new(),
            order: VecDeque::new(),
            bytes: 0,
            recall,
        }
    }

    /// Keeps an event that others may refer to.
    pub fn keep(&mut self, stored: &Arc<Stored>) {
        let is_referred_to = matches!(
            stored.event.event_type(),
            "ai.request" | "ai.response" | "agent.tool_call"
        );
        let length = stored.event.json().len();
        if !is_referred_to || length > MAX_BYTES / 8 {
            return;
        }
        let id = stored.event.id().to_owned();
        if self.known.insert(id.clone(), stored.clone()).is_none() {
            self.order.push_back(id);
            self.bytes += length;
        }
        while self.order.len() > MAX_EVENTS || self.bytes > MAX_BYTES {
            let Some(oldest) = self.order.pop_front() else {
                break;
            };
            if let Some(gone) = self.known.remove(&oldest) {
                self.bytes = self.bytes.saturating_sub(gone.event.json().len());
            }
        }
    }

    /// The event of that id, where it is still there.
    pub fn find(&self, id: &str) -> Option<Event> {
        match self.known.get(id) {
            Some(stored) => Some(Event::read(stored)),
            None => (self.recall)(id).map(|stored| Event::read(&stored)),
        }
    }
}
