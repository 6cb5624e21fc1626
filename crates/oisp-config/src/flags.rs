//! What the command line sets.

use serde::Serialize;
use serde_json::Value as Json;

use crate::path::Path;
use crate::tree::Node;
use crate::{Mistake, Origin};

/// Values from flags. They win over all others.
#[derive(Clone, Default)]
pub struct Flags(Vec<(&'static str, &'static str, Result<Json, String>)>);

impl Flags {
    /// No flags.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// `flag` gives `key` that value; no value, no flag. `[]` in a key is the
    /// entry of a list that has no name of its own.
    pub fn set<T: Serialize>(&mut self, key: &'static str, flag: &'static str, value: Option<T>) {
        let json = value.map(|value| serde_json::to_value(value));
        if let Some(json) = json {
            // Such as a file name that is not UTF-8.
            let json = json.map_err(|error| error.to_string());
            self.0.push((key, flag, json));
        }
    }

    /// `flag` gives `key` those values; none where it was not given.
    pub fn set_list<T: Serialize>(&mut self, key: &'static str, flag: &'static str, values: &[T]) {
        self.set(key, flag, (!values.is_empty()).then_some(values));
    }

    /// Every key that was set, with its flag.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        self.0.iter().map(|(key, flag, _)| (*key, *flag))
    }

    /// Puts them into the tree.
    pub(crate) fn lay_over(&self, tree: &mut Node, defaults: &Json) -> Vec<Mistake> {
        let mut mistakes = Vec::new();
        for (key, flag, json) in &self.0 {
            let name = (*flag).to_owned();
            let origin = Origin::Flag { name };
            match json {
                Ok(json) => {
                    let node = Node::from_json(json, &origin);
                    tree.set(&Path::parse(key), node, defaults);
                }
                Err(what) => mistakes.push(Mistake {
                    origin,
                    key: (*key).to_owned(),
                    what: what.clone(),
                }),
            }
        }
        mistakes
    }
}
