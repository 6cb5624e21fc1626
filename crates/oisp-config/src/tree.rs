//! What was given, before it has types: each value with its origin.
//!
//! Values that nobody gave are not in it. It is not `Debug`: it holds secrets.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use crate::Origin;
use crate::path::{Path, Step};

/// A value that was given.
#[derive(Clone)]
pub(crate) struct Node {
    pub origin: Origin,
    pub value: Value,
}

/// What it is.
#[derive(Clone)]
pub(crate) enum Value {
    Plain(Json),
    List(Vec<Node>),
    Table(BTreeMap<String, Node>),
}

impl Node {
    /// Nothing was given.
    pub(crate) const fn empty() -> Self {
        Self {
            origin: Origin::Default,
            value: Value::Table(BTreeMap::new()),
        }
    }

    /// All of it from one place. What is null was not given.
    pub(crate) fn from_json(json: &Json, origin: &Origin) -> Self {
        let node = |json| Self::from_json(json, origin);
        let value = match json {
            Json::Array(items) => Value::List(items.iter().map(node).collect()),
            Json::Object(fields) => Value::Table(
                fields
                    .iter()
                    .filter(|(_, json)| !json.is_null())
                    .map(|(key, json)| (key.clone(), node(json)))
                    .collect(),
            ),
            plain => Value::Plain(plain.clone()),
        };
        Self {
            origin: origin.clone(),
            value,
        }
    }

    /// Without origins.
    pub(crate) fn to_json(&self) -> Json {
        match &self.value {
            Value::Plain(json) => json.clone(),
            Value::List(items) => items.iter().map(Self::to_json).collect(),
            Value::Table(fields) => fields
                .iter()
                .map(|(key, node)| (key.clone(), node.to_json()))
                .collect(),
        }
    }

    fn child(&self, step: &Step) -> Option<&Self> {
        match (&self.value, step) {
            (Value::Table(fields), Step::Key(name)) => fields.get(name),
            (Value::List(items), Step::Index(index)) => items.get(*index),
            (Value::List(items), Step::Unnamed) => items.iter().find(|item| item.is_unnamed()),
            _ => None,
        }
    }

    /// The value there.
    pub(crate) fn at(&self, path: &Path) -> Option<&Self> {
        path.0.iter().try_fold(self, |node, step| node.child(step))
    }

    /// The origin of the value there, or of the nearest that holds it.
    pub(crate) fn origin_near(&self, path: &Path) -> &Origin {
        let mut node = self;
        for step in &path.0 {
            match node.child(step) {
                Some(child) => node = child,
                None => break,
            }
        }
        &node.origin
    }

    /// Takes a value out. Entries of lists stay where they are, so that the
    /// names of the others still hold; true where something was taken out.
    pub(crate) fn remove(&mut self, path: &Path) -> bool {
        let Some((last, above)) = path.0.split_last() else {
            return false;
        };
        let mut node = self;
        for step in above {
            let child = match (&mut node.value, step) {
                (Value::Table(fields), Step::Key(name)) => fields.get_mut(name),
                (Value::List(items), Step::Index(index)) => items.get_mut(*index),
                _ => None,
            };
            match child {
                Some(child) => node = child,
                None => return false,
            }
        }
        match (&mut node.value, last) {
            (Value::Table(fields), Step::Key(name)) => fields.remove(name).is_some(),
            _ => false,
        }
    }

    /// Puts a value there. A list that was not given begins as `defaults` has
    /// it.
    pub(crate) fn set(&mut self, path: &Path, value: Self, defaults: &Json) {
        let Some((first, rest)) = path.0.split_first() else {
            *self = value;
            return;
        };
        let rest = Path(rest.to_vec());
        match first {
            Step::Key(name) => self.set_field(name, &rest, value, defaults),
            Step::Index(_) | Step::Unnamed => self.set_unnamed(&rest, value),
        }
    }

    /// Whatever else it was is forgotten.
    fn set_field(&mut self, name: &str, rest: &Path, value: Self, defaults: &Json) {
        let defaults = defaults.get(name).unwrap_or(&Json::Null);
        let mut fields = match self.take() {
            Value::Table(fields) => fields,
            _ => BTreeMap::new(),
        };
        let field = fields.entry(name.to_owned()).or_insert_with(|| Self {
            origin: value.origin.clone(),
            value: match defaults {
                Json::Array(_) => Self::from_json(defaults, &Origin::Default).value,
                _ => Value::Table(BTreeMap::new()),
            },
        });
        field.set(rest, value, defaults);
        self.value = Value::Table(fields);
    }

    /// The entry is made where there is none.
    fn set_unnamed(&mut self, rest: &Path, value: Self) {
        let mut items = match self.take() {
            Value::List(items) => items,
            _ => Vec::new(),
        };
        match items.iter_mut().find(|item| item.is_unnamed()) {
            Some(item) => item.set(rest, value, &Json::Null),
            None => {
                let mut item = Self {
                    origin: value.origin.clone(),
                    ..Self::empty()
                };
                item.set(rest, value, &Json::Null);
                items.push(item);
            }
        }
        self.value = Value::List(items);
    }

    fn take(&mut self) -> Value {
        std::mem::replace(&mut self.value, Value::Plain(Json::Null))
    }

    fn is_unnamed(&self) -> bool {
        let Value::Table(fields) = &self.value else {
            return false;
        };
        fields.get("name").is_none_or(
            |name| matches!(&name.value, Value::Plain(Json::String(name)) if name == UNNAMED),
        )
    }
}

/// The name of an entry that has none.
pub(crate) const UNNAMED: &str = "default";

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn node(json: &Json) -> Node {
        Node::from_json(json, &Origin::Default)
    }

    #[test]
    fn an_unnamed_entry_is_found_or_made() {
        let mut tree = node(&json!({"sinks": [{"name": "a"}, {"path": "x"}]}));
        let path = Path::parse("sinks[].path");
        tree.set(&path, node(&json!("y")), &Json::Null);
        assert_eq!(
            tree.to_json(),
            json!({"sinks": [{"name": "a"}, {"path": "y"}]})
        );
        let mut tree = node(&json!({"sinks": [{"name": "a"}]}));
        tree.set(&path, node(&json!("y")), &Json::Null);
        assert_eq!(
            tree.to_json(),
            json!({"sinks": [{"name": "a"}, {"path": "y"}]})
        );
    }

    #[test]
    fn a_list_that_was_not_given_begins_as_the_default() {
        let mut tree = Node::empty();
        let defaults = json!({"sinks": [{"path": "x", "on": true}]});
        tree.set(&Path::parse("sinks[].path"), node(&json!("y")), &defaults);
        assert_eq!(
            tree.to_json(),
            json!({"sinks": [{"path": "y", "on": true}]})
        );
    }
}
