//! The envelope of events of the machine: what a process did beside talking to
//! a model. Who the process is, the enrich stage adds.

use oisp_core::event::{Confidence, Data, Process, Source};
use oisp_core::{Event, EventId, RawEvent, event};
use serde_json::Map;

/// The event that `raw` makes. `parts` tell it from others of its kind, process
/// and time.
pub fn event(raw: &RawEvent, source: Source, data: Data, parts: &[&[u8]]) -> Event {
    let (pid, at) = (raw.pid.to_le_bytes(), raw.at.as_nanos().to_le_bytes());
    let mut all: Vec<&[u8]> = vec![data.event_type().as_bytes(), &pid];
    all.extend_from_slice(parts);
    all.push(&at);
    Event {
        oisp_version: event::OISP_VERSION,
        event_id: EventId::derive(raw.at, &all),
        ts: raw.at,
        host: None,
        actor: None,
        process: Some(Process {
            pid: raw.pid,
            ..Process::default()
        }),
        source,
        confidence: Confidence::full(),
        data,
        attrs: Map::new(),
        ext: Map::new(),
        related_events: Vec::new(),
        trace_context: None,
        app: None,
    }
}
