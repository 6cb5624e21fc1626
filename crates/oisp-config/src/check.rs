//! Holds what was given against the keys that there are: unknown keys, wrong
//! types, numbers out of range, words that are none of the right ones.
//!
//! What is wrong is taken out of the tree, so that the rest can be looked at.

use std::fmt;
use std::net::IpAddr;

use serde_json::Value as Json;

use crate::keys::{Key, Kind, Type};
use crate::near::nearest;
use crate::path::{Path, Step};
use crate::tree::{Node, Value};
use crate::{Mistake, Origin};

/// Finds mistakes and takes them out.
pub(crate) fn check(tree: &mut Node, keys: &[Key]) -> Vec<Mistake> {
    let mut checker = Checker {
        root: keys,
        mistakes: Vec::new(),
        wrong: Vec::new(),
    };
    checker.section(tree, keys, &Path::default());
    for path in &checker.wrong {
        remove(tree, path);
    }
    checker.mistakes
}

/// Takes a value out; the list that holds it, where it is an entry of one.
pub(crate) fn remove(tree: &mut Node, path: &Path) -> bool {
    let mut path = path.clone();
    while !path.0.is_empty() {
        if tree.remove(&path) {
            return true;
        }
        path.0.pop();
    }
    false
}

struct Checker<'a> {
    root: &'a [Key],
    mistakes: Vec<Mistake>,
    wrong: Vec<Path>,
}

impl Checker<'_> {
    fn wrong(&mut self, origin: &Origin, path: &Path, what: impl fmt::Display) {
        self.mistakes.push(Mistake {
            origin: origin.clone(),
            key: path.to_string(),
            what: what.to_string(),
        });
        self.wrong.push(path.clone());
    }

    fn section(&mut self, node: &Node, keys: &[Key], path: &Path) {
        let Value::Table(fields) = &node.value else {
            let name = path.to_string();
            let what = format!("is a section: write [{name}], and its keys below it");
            return self.wrong(&node.origin, path, what);
        };
        for (name, field) in fields {
            let path = path.key(name);
            match keys.iter().find(|key| key.name == *name) {
                Some(key) => self.key(field, key, &path),
                None => {
                    let hint = self.hint(name, keys, &path);
                    self.wrong(&field.origin, &path, format_args!("unknown key; {hint}"));
                }
            }
        }
    }

    fn key(&mut self, node: &Node, key: &Key, path: &Path) {
        match (&key.kind, &node.value) {
            (Kind::Section(keys), _) => self.section(node, keys, path),
            (Kind::Sections(keys), Value::List(items)) => {
                for (index, item) in items.iter().enumerate() {
                    self.section(item, keys, &path.and(Step::Index(index)));
                }
            }
            (Kind::Sections(_), _) => {
                let what = format!("there may be several: write [[{path}]], with two brackets");
                self.wrong(&node.origin, path, what);
            }
            (Kind::Value(kind), _) => self.value(node, kind, path),
        }
    }

    fn value(&mut self, node: &Node, kind: &Type, path: &Path) {
        match (kind, &node.value) {
            (Type::List(kind), Value::List(items)) => {
                for (index, item) in items.iter().enumerate() {
                    self.value(item, kind, &path.and(Step::Index(index)));
                }
            }
            (Type::Map(kind), Value::Table(fields)) => {
                for (name, field) in fields {
                    self.value(field, kind, &path.key(name));
                }
            }
            (Type::Secret | Type::Other, _) => {}
            (kind, Value::Plain(json)) if kind.takes(json) => {}
            (kind, value) => {
                let what = kind.refusal(value, &node.origin);
                self.wrong(&node.origin, path, what);
            }
        }
    }

    /// What may have been meant.
    fn hint(&self, name: &str, keys: &[Key], path: &Path) -> String {
        let names: Vec<&str> = keys.iter().map(|key| key.name.as_str()).collect();
        let elsewhere = self.elsewhere(name, path);
        // Outside of all sections, a key most probably lost its own.
        if let Some(right) = elsewhere.as_ref().filter(|_| path.0.len() == 1) {
            return format!("did you mean {right}?");
        }
        if let Some(near) = nearest(name, names.iter().copied()) {
            let mut right = path.clone();
            right.0.pop();
            return format!("did you mean {}?", right.key(near));
        }
        match elsewhere {
            Some(right) => format!("did you mean {right}?"),
            None => format!("here may stand {}", names.join(", ")),
        }
    }

    /// The key of that name in another section. What lists hold is too special
    /// to be meant elsewhere.
    fn elsewhere(&self, name: &str, path: &Path) -> Option<Path> {
        let in_list = |path: &Path| path.0.iter().any(|step| !matches!(step, Step::Key(_)));
        let mut everywhere = Vec::new();
        paths(self.root, &Path::default(), &mut everywhere);
        let is_it =
            |other: &Path| other.0.last() == Some(&Step::Key(name.to_owned())) && !in_list(other);
        everywhere
            .into_iter()
            .find(|other| is_it(other) && !in_list(path))
    }
}

/// The name of every key; those of a list of tables with `[]`.
fn paths(keys: &[Key], above: &Path, found: &mut Vec<Path>) {
    for key in keys {
        let path = above.key(&key.name);
        found.push(path.clone());
        match &key.kind {
            Kind::Section(keys) => paths(keys, &path, found),
            Kind::Sections(keys) => paths(keys, &path.and(Step::Unnamed), found),
            Kind::Value(_) => {}
        }
    }
}

impl Type {
    /// True where the value can be of this type; its own reader may refuse it
    /// still.
    fn takes(&self, json: &Json) -> bool {
        match self {
            Self::Bool => json.is_boolean(),
            Self::Integer { least, most } => integer_of(json).is_some_and(|number| {
                least.is_none_or(|least| number >= least) && most.is_none_or(|most| number <= most)
            }),
            Self::Number { least, most } => json.as_f64().is_some_and(|number| {
                least.is_none_or(|least| number >= least) && most.is_none_or(|most| number <= most)
            }),
            Self::Text => json.is_string(),
            Self::Address => json
                .as_str()
                .is_some_and(|text| text.parse::<IpAddr>().is_ok()),
            Self::OneOf(choices) => choices.iter().any(|choice| json == choice.word.as_str()),
            // Their readers say what a number would mean.
            Self::Duration | Self::Size => json.is_string() || json.is_number(),
            Self::List(_) | Self::Map(_) => false,
            Self::Secret | Self::Other => true,
        }
    }

    /// Why the value is not taken. A text that stands in the wrong place may be
    /// a secret: it is not repeated.
    fn refusal(&self, value: &Value, origin: &Origin) -> String {
        let found = match value {
            Value::Plain(Json::Bool(truth)) => truth.to_string(),
            Value::Plain(Json::Number(number)) if number.as_f64() == Some(f64::MAX) => {
                "too large a number".into()
            }
            Value::Plain(Json::Number(number)) => number.to_string(),
            Value::Plain(Json::String(text)) => return self.refusal_of_text(text, origin),
            Value::Plain(_) => "no value".into(),
            Value::List(_) => "a list".into(),
            Value::Table(_) => "a table".into(),
        };
        format!("is {found}; expected {self}")
    }

    fn refusal_of_text(&self, text: &str, origin: &Origin) -> String {
        if let Self::OneOf(choices) = self {
            let words = choices.iter().map(|choice| choice.word.as_str());
            if let Some(near) = nearest(text, words) {
                return format!("is not {self}; did you mean {near:?}?");
            }
            return format!("is not {self}");
        }
        // In a variable, everything is text.
        let is_variable = matches!(origin, Origin::Variable { .. });
        if is_variable || matches!(self, Self::Address) {
            return format!("is not {self}");
        }
        format!("is a text; expected {self}")
    }
}

fn integer_of(json: &Json) -> Option<i128> {
    let signed = json.as_i64().map(i128::from);
    signed.or_else(|| json.as_u64().map(i128::from))
}

/// What is expected, for people.
impl fmt::Display for Type {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bool => to.write_str("true or false"),
            Self::Integer { least, most } => range(to, "a whole number", least, most),
            Self::Number { least, most } => range(to, "a number", least, most),
            Self::Text => to.write_str("a text in quotes"),
            Self::Address => to.write_str("an IP address such as \"127.0.0.1\""),
            Self::Duration => to.write_str("a time such as \"30s\""),
            Self::Size => to.write_str("a size such as \"10MiB\""),
            Self::Secret => to.write_str("a text, { env = \"NAME\" } or { file = \"PATH\" }"),
            Self::OneOf(choices) => {
                let words = choices.iter().map(|choice| format!("{:?}", choice.word));
                write!(to, "one of {}", words.collect::<Vec<_>>().join(", "))
            }
            Self::List(kind) => write!(to, "a list in [ ], each {kind}"),
            Self::Map(kind) => write!(to, "a table in {{ }}, each value {kind}"),
            Self::Other => to.write_str("another value"),
        }
    }
}

fn range<T: fmt::Display>(
    to: &mut fmt::Formatter<'_>,
    what: &str,
    least: &Option<T>,
    most: &Option<T>,
) -> fmt::Result {
    match (least, most) {
        (Some(least), Some(most)) => write!(to, "{what} from {least} to {most}"),
        (Some(least), None) => write!(to, "{what} from {least} on"),
        (None, Some(most)) => write!(to, "{what} up to {most}"),
        (None, None) => to.write_str(what),
    }
}
