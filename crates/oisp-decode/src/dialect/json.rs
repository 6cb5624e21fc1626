//! Taking fields out of JSON objects without copying what they hold.

use serde_json::{Map, Value};

/// Longest list that is read: each item becomes a message, a tool, a call.
const MAX_ITEMS: usize = 1 << 16;

/// Takes typed values out of an object. A value of another type stays.
pub(super) trait Fields {
    /// A string that is not empty.
    fn take_text(&mut self, key: &str) -> Option<String>;
    /// The items of an array; none where there is no array, or one that is
    /// longer than any honest one.
    fn take_items(&mut self, key: &str) -> Vec<Value>;
    /// An object.
    fn take_object(&mut self, key: &str) -> Option<Map<String, Value>>;
    /// A whole number that is not negative.
    fn number(&self, key: &str) -> Option<u64>;
    /// A whole number below another object.
    fn number_in(&self, object: &str, key: &str) -> Option<u64>;
}

impl Fields for Map<String, Value> {
    fn take_text(&mut self, key: &str) -> Option<String> {
        match self.get_mut(key)? {
            Value::String(text) => Some(std::mem::take(text)).filter(|text| !text.is_empty()),
            _ => None,
        }
    }

    fn take_items(&mut self, key: &str) -> Vec<Value> {
        match self.get_mut(key) {
            Some(Value::Array(items)) if items.len() <= MAX_ITEMS => std::mem::take(items),
            _ => Vec::new(),
        }
    }

    fn take_object(&mut self, key: &str) -> Option<Map<String, Value>> {
        match self.get_mut(key)? {
            Value::Object(object) => Some(std::mem::take(object)),
            _ => None,
        }
    }

    fn number(&self, key: &str) -> Option<u64> {
        self.get(key).and_then(whole)
    }

    fn number_in(&self, object: &str, key: &str) -> Option<u64> {
        self.get(object)
            .and_then(|inner| inner.get(key))
            .and_then(whole)
    }
}

/// A whole number that is not negative, also one written as `28.0`: some servers
/// count in floating point.
pub(super) fn whole(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| {
        let written = value.as_number().filter(|number| number.is_f64())?;
        written.to_string().strip_suffix(".0")?.parse().ok()
    })
}

/// The object that a value is; an empty one where it is none.
pub(super) fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(object) => object,
        _ => Map::new(),
    }
}
