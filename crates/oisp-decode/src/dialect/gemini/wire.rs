//! Google's JSON: every name may stand in camel case or in snake case, and a
//! single item may stand for a list.

use serde_json::{Map, Value};

use crate::dialect::json::object;

/// The object that a value is, its names in camel case.
pub(in crate::dialect) fn camel(value: Value) -> Map<String, Value> {
    let object = object(value);
    if !object.keys().any(|key| key.contains('_')) {
        return object;
    }
    let renamed = object
        .into_iter()
        .map(|(key, inner)| (camel_case(&key), inner));
    renamed.collect()
}

fn camel_case(name: &str) -> String {
    let mut words = name.split('_');
    let mut camel = words.next().unwrap_or_default().to_owned();
    for word in words {
        let mut letters = word.chars();
        camel.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        camel.push_str(letters.as_str());
    }
    camel
}

/// The object that a value is, its names in snake case.
pub(in crate::dialect) fn snake(value: Value) -> Map<String, Value> {
    let object = object(value);
    let is_upper = |letter: u8| letter.is_ascii_uppercase();
    if !object.keys().any(|key| key.bytes().any(is_upper)) {
        return object;
    }
    let renamed = object
        .into_iter()
        .map(|(key, inner)| (snake_case(&key), inner));
    renamed.collect()
}

fn snake_case(name: &str) -> String {
    let mut snake = String::with_capacity(name.len() + 4);
    for letter in name.chars() {
        if letter.is_ascii_uppercase() {
            snake.push('_');
        }
        snake.push(letter.to_ascii_lowercase());
    }
    snake
}

/// Typed values out of an object, as Google's JSON has them.
pub(in crate::dialect) trait Lists {
    /// The items of a list; one item where it stands alone.
    fn take_list(&mut self, key: &str) -> Vec<Value>;
    /// An object, its names in camel case.
    fn take_camel(&mut self, key: &str) -> Option<Map<String, Value>>;
}

impl Lists for Map<String, Value> {
    fn take_list(&mut self, key: &str) -> Vec<Value> {
        match self.get_mut(key).map(Value::take) {
            Some(Value::Array(items)) => items,
            Some(one @ (Value::Object(_) | Value::String(_))) => vec![one],
            _ => Vec::new(),
        }
    }

    fn take_camel(&mut self, key: &str) -> Option<Map<String, Value>> {
        self.get_mut(key)
            .map(Value::take)
            .filter(Value::is_object)
            .map(camel)
    }
}
