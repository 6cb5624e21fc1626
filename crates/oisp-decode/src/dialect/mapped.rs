//! A dialect's stream inside another: each event is brought into the inner
//! dialect's form first.

use serde_json::Value;

use super::{Answer, AnswerStream};

/// A stream whose events are changed before another reader takes them.
pub(super) struct MappedStream {
    inner: Box<dyn AnswerStream + Send>,
    map: fn(Value) -> Value,
}

impl MappedStream {
    /// With the inner reader, and what makes its events.
    pub(super) fn new(inner: Box<dyn AnswerStream + Send>, map: fn(Value) -> Value) -> Self {
        Self { inner, map }
    }
}

impl AnswerStream for MappedStream {
    fn event(&mut self, name: Option<&str>, data: Value) -> bool {
        self.inner.event(name, (self.map)(data))
    }

    fn gap(&mut self) {
        self.inner.gap();
    }

    fn so_far(&self) -> &Answer {
        self.inner.so_far()
    }

    fn finish(self: Box<Self>) -> Answer {
        self.inner.finish()
    }
}

/// The object with a field under another name, where it has not that name yet.
pub(super) fn renamed(mut value: Value, from: &str, to: &str) -> Value {
    if let Value::Object(object) = &mut value
        && !object.contains_key(to)
        && let Some(inner) = object.remove(from)
    {
        object.insert(to.into(), inner);
    }
    value
}
