//! The environment: a variable for every key.
//!
//! The name is made of the key: `web.port` is `OISP_WEB_PORT`; the keys of a
//! list of tables leave out what is above it, and speak of the entry that has no
//! name: `export.jsonl[].path` is `OISP_JSONL_PATH`. An empty variable is not
//! set. Lists are separated by commas.

use std::ffi::OsString;

use serde_json::Value as Json;

use crate::keys::{Key, Kind, Type};
use crate::near::nearest;
use crate::path::{Path, Step};
use crate::tree::Node;
use crate::{Mistake, Origin};

/// Another name for the variable of a key.
#[derive(Clone, Copy, Debug)]
pub struct Alias {
    /// The variable: `OISP_NO_FILE`.
    pub name: &'static str,
    /// The key: `capture.file`.
    pub key: &'static str,
    /// It says the opposite.
    pub negated: bool,
}

/// A key that a variable can set.
pub(crate) struct Variable<'a> {
    pub name: String,
    pub path: Path,
    pub kind: &'a Type,
    negated: bool,
}

/// The variables of all keys, and the other names of some.
pub(crate) fn variables<'a>(keys: &'a [Key], aliases: &[Alias]) -> Vec<Variable<'a>> {
    let mut found = Vec::new();
    collect(keys, "OISP", &Path::default(), &mut found);
    for alias in aliases {
        let path = Path::parse(alias.key);
        if let Some(kind) = found.iter().find(|known| known.path == path) {
            found.push(Variable {
                name: alias.name.to_owned(),
                kind: kind.kind,
                path,
                negated: alias.negated,
            });
        }
    }
    found
}

fn collect<'a>(keys: &'a [Key], prefix: &str, above: &Path, found: &mut Vec<Variable<'a>>) {
    // A variable speaks of the entry that has no name.
    let in_list = above.0.last() == Some(&Step::Unnamed);
    for key in keys.iter().filter(|key| !in_list || key.name != "name") {
        let path = above.key(&key.name);
        let upper = key.name.to_uppercase();
        let name = format!("{prefix}_{upper}");
        match &key.kind {
            Kind::Section(keys) => collect(keys, &name, &path, found),
            Kind::Sections(keys) => {
                collect(
                    keys,
                    &format!("OISP_{upper}"),
                    &path.and(Step::Unnamed),
                    found,
                );
            }
            Kind::Value(kind) => found.push(Variable {
                name,
                path,
                kind,
                negated: false,
            }),
        }
    }
}

/// Puts what the environment sets into the tree.
pub(crate) fn lay_over(
    tree: &mut Node,
    known: &[Variable<'_>],
    set: &[(String, OsString)],
    defaults: &Json,
) -> Vec<Mistake> {
    let mut mistakes = Vec::new();
    let mut done: Vec<(&Path, &str)> = Vec::new();
    for variable in known {
        let Some((name, text)) = set.iter().find(|(name, _)| *name == variable.name) else {
            continue;
        };
        let origin = Origin::Variable { name: name.clone() };
        let mut wrong = |what: String| {
            mistakes.push(Mistake {
                origin: origin.clone(),
                key: variable.path.to_string(),
                what,
            });
        };
        if let Some((_, other)) = done.iter().find(|(path, _)| **path == variable.path) {
            wrong(format!("{other} sets it, too: unset one of both"));
            continue;
        }
        done.push((&variable.path, name));
        match text.to_str() {
            Some("") => {}
            Some(text) => {
                let json = variable.read(text);
                tree.set(&variable.path, Node::from_json(&json, &origin), defaults);
            }
            None => wrong("is not UTF-8".into()),
        }
    }
    mistakes
}

/// Variables that look like ours and are none: probably slips.
pub(crate) fn slips(known: &[Variable<'_>], set: &[(String, OsString)]) -> Vec<String> {
    let names = || known.iter().map(|variable| variable.name.as_str());
    let is_known = |name: &str| names().any(|known| known == name);
    set.iter()
        .filter(|(name, _)| !is_known(name))
        .filter_map(|(name, _)| Some((name, nearest_of(name, names())?)))
        .map(|(name, near)| format!("the variable {name} sets nothing; did you mean {near}?"))
        .collect()
}

/// All begin alike: what follows must be near.
fn nearest_of<'a>(name: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let own = name.strip_prefix("OISP_")?;
    let candidates: Vec<&str> = names.collect();
    let rest = candidates
        .iter()
        .filter_map(|name| name.strip_prefix("OISP_"));
    let near = nearest(own, rest)?;
    let is_close = strsim::damerau_levenshtein(own, near) <= 2;
    candidates
        .into_iter()
        .find(|name| is_close && name.strip_prefix("OISP_") == Some(near))
}

impl Variable<'_> {
    /// What cannot be read stays a text, which the type then refuses.
    fn read(&self, text: &str) -> Json {
        match (read(self.kind, text), self.negated) {
            (Json::Bool(truth), true) => Json::Bool(!truth),
            (json, _) => json,
        }
    }
}

fn read(kind: &Type, text: &str) -> Json {
    let as_text = || Json::String(text.to_owned());
    match kind {
        Type::Bool => match text.to_lowercase().as_str() {
            "1" | "true" | "yes" | "on" | "y" | "t" => Json::Bool(true),
            "0" | "false" | "no" | "off" | "n" | "f" => Json::Bool(false),
            _ => as_text(),
        },
        Type::Integer { .. } => {
            let signed = text.trim().parse::<i64>().map(Json::from);
            signed.unwrap_or_else(|_| {
                text.trim()
                    .parse::<u64>()
                    .map_or_else(|_| as_text(), Json::from)
            })
        }
        Type::Number { .. } => {
            let number = text.trim().parse::<f64>().ok();
            let number = number.and_then(serde_json::Number::from_f64);
            number.map_or_else(as_text, Json::Number)
        }
        Type::List(kind) => parts(text).map(|part| read(kind, part)).collect(),
        Type::Map(kind) => parts(text)
            .filter_map(|part| part.split_once('='))
            .map(|(name, value)| (name.trim().to_owned(), read(kind, value.trim())))
            .collect(),
        _ => as_text(),
    }
}

fn parts(text: &str) -> impl Iterator<Item = &str> {
    text.split(',')
        .map(str::trim)
        .filter(|part| !part.is_empty())
}
