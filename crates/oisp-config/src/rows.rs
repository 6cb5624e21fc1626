//! Every value with its origin, for people; and what differs between two
//! configurations.

use serde::Serialize;
use serde_json::Value as Json;

use crate::Origin;
use crate::keys::{Key, Kind};
use crate::load::{Loaded, Settings, defaults_of, keys_of};
use crate::path::{Path, Step};

/// A value that is in force.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Row {
    /// `web.port`.
    pub key: String,
    /// The value; of a secret only its place.
    pub value: Json,
    /// Where it comes from.
    pub origin: Origin,
}

impl<T: Settings> Loaded<T> {
    /// Every value, in the order of the reference.
    #[must_use]
    pub fn rows(&self) -> Vec<Row> {
        let origin = |path: &Path| self.origin(&path.to_string());
        values(&self.settings)
            .into_iter()
            .map(|(path, value)| Row {
                key: path.to_string(),
                value: without_password(value),
                origin: origin(&path),
            })
            .collect()
    }
}

/// The names of the keys whose values differ.
#[must_use]
pub fn changed<T: Settings>(old: &T, new: &T) -> Vec<String> {
    let (old, new) = (values(old), values(new));
    let gone = old
        .iter()
        .filter(|(path, _)| !new.iter().any(|(other, _)| other == path));
    let differs = |(path, value): &&(Path, Json)| {
        !old.iter().any(|(other, was)| other == path && was == value)
    };
    let mut names: Vec<String> = new
        .iter()
        .filter(differs)
        .chain(gone)
        .map(|(path, _)| path.to_string())
        .collect();
    names.sort();
    names
}

fn values<T: Settings>(settings: &T) -> Vec<(Path, Json)> {
    let json = serde_json::to_value(settings).unwrap_or(Json::Null);
    let mut found = Vec::new();
    collect(
        &keys_of::<T>(&defaults_of::<T>()),
        &json,
        &Path::default(),
        &mut found,
    );
    found
}

fn collect(keys: &[Key], json: &Json, above: &Path, found: &mut Vec<(Path, Json)>) {
    for key in keys {
        let path = above.key(&key.name);
        let value = json.get(&key.name).unwrap_or(&Json::Null);
        match (&key.kind, value) {
            (Kind::Section(keys), _) => collect(keys, value, &path, found),
            (Kind::Sections(keys), Json::Array(items)) => {
                for (index, item) in items.iter().enumerate() {
                    collect(keys, item, &path.and(Step::Index(index)), found);
                }
            }
            _ => found.push((path, value.clone())),
        }
    }
}

/// A URL may carry one.
fn without_password(value: Json) -> Json {
    match value {
        Json::String(text) => Json::String(masked(&text)),
        Json::Array(items) => items.into_iter().map(without_password).collect(),
        other => other,
    }
}

fn masked(text: &str) -> String {
    let place = text.split_once("://").and_then(|(scheme, rest)| {
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (host, path) = rest.split_at(end);
        let (who, host) = host.rsplit_once('@')?;
        let (user, _) = who.split_once(':').unwrap_or((who, ""));
        Some(format!("{scheme}://{user}:***@{host}{path}"))
    });
    place.unwrap_or_else(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_in_urls_are_not_shown() {
        assert_eq!(
            masked("https://u:made-up@h.test/a@b"),
            "https://u:***@h.test/a@b"
        );
        assert_eq!(masked("https://h.test/a@b"), "https://h.test/a@b");
        assert_eq!(masked("a@b"), "a@b");
    }
}
