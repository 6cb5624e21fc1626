//! The reference as Markdown, for docs/.

use std::fmt::Write as _;

use serde_json::Value as Json;

use crate::example::toml_of;
use crate::keys::{Key, Kind, Type};
use crate::load::{Settings, defaults_of, keys_of};
use crate::path::{Path, Step};
use crate::variables::{Alias, Variable, variables};

/// A section for each section of the configuration, and its keys.
#[must_use]
pub fn document<T: Settings>() -> String {
    let keys = keys_of::<T>(&defaults_of::<T>());
    let mut writer = Writer {
        out: String::new(),
        variables: variables(&keys, &[]),
        aliases: T::ALIASES,
    };
    writer.keys(&keys, &Path::default());
    writer.out
}

struct Writer<'a> {
    out: String,
    variables: Vec<Variable<'a>>,
    aliases: &'static [Alias],
}

impl Writer<'_> {
    /// Values first: behind the heading of a section they would belong to it.
    fn keys(&mut self, keys: &[Key], above: &Path) {
        let is_value = |key: &&Key| matches!(key.kind, Kind::Value(_));
        let sections = keys.iter().filter(|key| !is_value(key));
        for key in keys.iter().filter(is_value).chain(sections) {
            let path = above.key(&key.name);
            match &key.kind {
                Kind::Value(kind) => self.value(key, kind, &path),
                Kind::Section(keys) => {
                    self.heading(&format!("[{path}]"), &key.doc);
                    self.keys(keys, &path);
                }
                Kind::Sections(keys) => {
                    self.heading(&format!("[[{path}]]"), &key.doc);
                    self.keys(keys, &path.and(Step::Unnamed));
                }
            }
        }
    }

    fn heading(&mut self, name: &str, doc: &str) {
        let _ = write!(self.out, "\n## `{}`\n\n{doc}\n", name.replace("[]", ""));
    }

    fn value(&mut self, key: &Key, kind: &Type, path: &Path) {
        let _ = write!(self.out, "\n### `{}`\n\n{}\n", key.name, key.doc);
        self.choices(kind);
        let default = match &key.default {
            Json::Null => "none".into(),
            default => format!("`{}`", toml_of(default)),
        };
        let _ = writeln!(self.out, "\n- Takes: {kind}\n- Default: {default}");
        let names = self.names_of(path);
        if !names.is_empty() {
            let _ = writeln!(self.out, "- Variable: {names}");
        }
    }

    fn choices(&mut self, kind: &Type) {
        let choices = match kind {
            Type::OneOf(choices) => choices,
            Type::List(kind) => match kind.as_ref() {
                Type::OneOf(choices) => choices,
                _ => return,
            },
            _ => return,
        };
        self.out.push('\n');
        for choice in choices.iter().filter(|choice| !choice.doc.is_empty()) {
            let _ = writeln!(self.out, "- `{:?}`: {}", choice.word, choice.doc);
        }
    }

    fn names_of(&self, path: &Path) -> String {
        let own = self.variables.iter().filter(|known| known.path == *path);
        let own = own.map(|variable| format!("`{}`", variable.name));
        let key = path.to_string();
        let others = self.aliases.iter().filter(|alias| alias.key == key);
        let others = others.map(|alias| match alias.negated {
            true => format!("`{}` (the opposite)", alias.name),
            false => format!("`{}`", alias.name),
        });
        own.chain(others).collect::<Vec<_>>().join(", ")
    }
}
