//! Attributes: unique by name, in the order of their names, so that the same
//! event always gives the same bytes.

use std::collections::BTreeMap;

use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
use opentelemetry_proto::tonic::common::v1::{AnyValue, ArrayValue, KeyValue, KeyValueList};
use serde_json::Value;

/// Attributes of a record, a span, a data point or a resource.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Attributes(BTreeMap<String, AnyValue>);

impl Attributes {
    /// Sets one; null and nothing set none.
    pub fn set<'a>(&mut self, name: &str, value: impl Into<Option<&'a Value>>) {
        if let Some(value) = value.into().filter(|value| !value.is_null()) {
            self.0.insert(name.to_owned(), any(value));
        }
    }

    /// Sets a text, where there is one.
    pub fn text<'a>(&mut self, name: &str, text: impl Into<Option<&'a str>>) {
        if let Some(text) = text.into() {
            self.put(name, Any::StringValue(text.to_owned()));
        }
    }

    /// Sets a whole number, where there is one that fits.
    pub fn int(&mut self, name: &str, number: impl Into<Option<u64>>) {
        if let Some(number) = number.into().and_then(|number| i64::try_from(number).ok()) {
            self.put(name, Any::IntValue(number));
        }
    }

    /// Sets a number, where there is one.
    pub fn double(&mut self, name: &str, number: impl Into<Option<f64>>) {
        if let Some(number) = number.into() {
            self.put(name, Any::DoubleValue(number));
        }
    }

    /// Sets a truth.
    pub fn flag(&mut self, name: &str, is_so: bool) {
        self.put(name, Any::BoolValue(is_so));
    }

    fn put(&mut self, name: &str, value: Any) {
        self.0
            .insert(name.to_owned(), AnyValue { value: Some(value) });
    }

    /// Adds those of the other that are not set here.
    pub fn inherit(&mut self, other: &Self) {
        for (name, value) in &other.0 {
            if !self.0.contains_key(name) {
                self.0.insert(name.clone(), value.clone());
            }
        }
    }

    /// Those of these names.
    pub fn only(&self, names: &[&str]) -> Self {
        let kept = self.0.iter();
        let kept = kept.filter(|(name, _)| names.contains(&name.as_str()));
        Self(
            kept.map(|(name, value)| (name.clone(), value.clone()))
                .collect(),
        )
    }

    /// Gives some another name.
    pub fn rename(&mut self, new: impl Fn(&str) -> Option<String>) {
        let old = std::mem::take(&mut self.0);
        let named = old.into_iter();
        self.0 = named
            .map(|(name, value)| (new(&name).unwrap_or(name), value))
            .collect();
    }

    /// Makes a whole number one that need not be.
    pub fn as_double(&mut self, name: &str) {
        if let Some(AnyValue {
            value: Some(value @ Any::IntValue(_)),
        }) = self.0.get_mut(name)
            && let Any::IntValue(number) = *value
        {
            *value = Any::DoubleValue(number as f64);
        }
    }

    /// As OTLP writes them.
    pub fn into_proto(self) -> Vec<KeyValue> {
        let pairs = self.0.into_iter();
        pairs.map(|(key, value)| pair(key, value)).collect()
    }
}

fn pair(key: String, value: AnyValue) -> KeyValue {
    KeyValue {
        key,
        value: Some(value),
        ..KeyValue::default()
    }
}

/// A JSON value as OTLP writes it. It is no deeper than the JSON reader allows.
pub(crate) fn any(value: &Value) -> AnyValue {
    let value = match value {
        Value::Null => None,
        Value::Bool(is_so) => Some(Any::BoolValue(*is_so)),
        Value::Number(number) => Some(match number.as_i64() {
            Some(number) => Any::IntValue(number),
            None => Any::DoubleValue(number.as_f64().unwrap_or_default()),
        }),
        Value::String(text) => Some(Any::StringValue(text.clone())),
        Value::Array(items) => Some(Any::ArrayValue(ArrayValue {
            values: items.iter().map(any).collect(),
        })),
        Value::Object(object) => Some(Any::KvlistValue(KeyValueList {
            values: object
                .iter()
                .map(|(key, value)| pair(key.clone(), any(value)))
                .collect(),
        })),
    };
    AnyValue { value }
}
