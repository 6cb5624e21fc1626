//! An event, read back from its JSON.

use std::fmt::Write as _;

use oisp_store::Stored;
use serde_json::{Map, Value};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// An event of the log.
#[derive(Debug)]
pub(crate) struct Event {
    /// Its place in the log.
    pub seq: u64,
    json: Value,
}

impl Event {
    /// Reads an event. What is no JSON object gives an event that says nothing.
    pub fn read(stored: &Stored) -> Self {
        Self {
            seq: stored.seq,
            json: serde_json::from_str(stored.event.json()).unwrap_or_default(),
        }
    }

    /// The value at a JSON pointer, where it is one.
    pub fn at(&self, pointer: &str) -> Option<&Value> {
        self.json.pointer(pointer).filter(|value| !value.is_null())
    }

    /// The text at a JSON pointer, where it is one.
    pub fn text(&self, pointer: &str) -> Option<&str> {
        self.at(pointer)?.as_str()
    }

    /// The whole number at a JSON pointer, where it is one.
    pub fn number(&self, pointer: &str) -> Option<u64> {
        self.at(pointer)?.as_u64()
    }

    /// The list at a JSON pointer; an empty one where it is none.
    pub fn list(&self, pointer: &str) -> &[Value] {
        let list = self.at(pointer).and_then(Value::as_array);
        list.map_or(&[], Vec::as_slice)
    }

    /// The flat attributes.
    pub fn attrs(&self) -> impl Iterator<Item = (&String, &Value)> {
        let attrs = self.at("/attrs").and_then(Value::as_object);
        attrs.into_iter().flat_map(Map::iter)
    }

    /// A text among the flat attributes.
    pub fn attr(&self, name: &str) -> Option<&str> {
        self.json.get("attrs")?.get(name)?.as_str()
    }

    /// The event's id.
    pub fn id(&self) -> &str {
        self.text("/event_id").unwrap_or_default()
    }

    /// The event's type.
    pub fn kind(&self) -> &str {
        self.text("/event_type").unwrap_or_default()
    }

    /// Its time, nanoseconds since 1970; 0 where it has none.
    pub fn nanos(&self) -> u64 {
        self.text("/ts").and_then(nanos).unwrap_or_default()
    }

    /// The captured end is the one that answers.
    pub fn is_server_side(&self) -> bool {
        self.attr("oisp.side") == Some("server")
    }

    /// The first tie of that kind.
    pub fn related(&self, relationship: &str) -> Option<&str> {
        let ties = self.list("/related_events").iter();
        ties.filter(|tie| tie.get("relationship").and_then(Value::as_str) == Some(relationship))
            .find_map(|tie| tie.get("event_id")?.as_str())
    }

    /// A line for people that holds nothing of what was said.
    pub fn summary(&self) -> String {
        let mut line = self.kind().to_owned();
        let facts = [
            "/data/provider/name",
            "/data/model/id",
            "/data/tool/name",
            "/process/name",
        ];
        for fact in facts.iter().filter_map(|pointer| self.text(pointer)) {
            line.push(' ');
            line.push_str(fact);
        }
        if let Some(status) = self.number("/data/status_code") {
            // Writing to a string cannot fail.
            let _ = write!(line, " {status}");
        }
        line
    }
}

/// An RFC 3339 time as nanoseconds since 1970.
fn nanos(text: &str) -> Option<u64> {
    let time = OffsetDateTime::parse(text, &Rfc3339).ok()?;
    u64::try_from(time.unix_timestamp_nanos()).ok()
}
