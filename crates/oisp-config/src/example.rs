//! The reference as a file to begin with: every key commented out, with its
//! text and its default.

use std::fmt::Write as _;

use serde_json::Value as Json;

use crate::keys::{Key, Kind, Type};
use crate::load::{Settings, defaults_of, keys_of};
use crate::path::{Path, Step};
use crate::variables::{Variable, variables};

/// Characters in a line of text.
const WIDTH: usize = 76;

/// The commented reference. A line that begins with `#` and no space is a
/// setting: without the `#` it is in force.
#[must_use]
pub fn example<T: Settings>() -> String {
    let keys = keys_of::<T>(&defaults_of::<T>());
    let mut writer = Writer {
        out: String::new(),
        variables: variables(&keys, &[]),
    };
    writer.keys(&keys, &Path::default());
    writer.out
}

struct Writer<'a> {
    out: String,
    variables: Vec<Variable<'a>>,
}

impl Writer<'_> {
    /// Values first: behind the heading of a section they would belong to it.
    fn keys(&mut self, keys: &[Key], above: &Path) {
        let is_value = |key: &&Key| matches!(key.kind, Kind::Value(_));
        for key in keys.iter().filter(is_value) {
            self.value(key, &above.key(&key.name));
        }
        for key in keys.iter().filter(|key| !is_value(key)) {
            let path = above.key(&key.name);
            match &key.kind {
                Kind::Section(keys) => {
                    // What belongs to an entry that is commented out is so, too.
                    let mark = if path.0.contains(&Step::Unnamed) {
                        "#"
                    } else {
                        ""
                    };
                    self.heading(key, &format!("{mark}[{}]", plain(&path)));
                    self.keys(keys, &path);
                }
                Kind::Sections(keys) => {
                    self.heading(key, &format!("#[[{}]]", plain(&path)));
                    self.keys(keys, &path.and(Step::Unnamed));
                }
                Kind::Value(_) => {}
            }
        }
    }

    fn heading(&mut self, key: &Key, line: &str) {
        self.out.push('\n');
        self.text(&key.doc);
        let _ = writeln!(self.out, "{line}");
    }

    fn value(&mut self, key: &Key, path: &Path) {
        let Kind::Value(kind) = &key.kind else { return };
        self.out.push('\n');
        self.text(&key.doc);
        if let Type::OneOf(choices) = kind {
            for choice in choices {
                self.text(&format!("{:?}: {}", choice.word, choice.doc));
            }
        }
        let variable = self.variables.iter().find(|known| known.path == *path);
        if let Some(name) = variable.map(|variable| variable.name.clone()) {
            self.text(&format!("Variable: {name}"));
        }
        let sample = match &key.default {
            Json::Null => key.sample.as_ref().map_or_else(|| kind.sample(), toml_of),
            default => toml_of(default),
        };
        let _ = writeln!(self.out, "#{} = {sample}", key.name);
    }

    fn text(&mut self, text: &str) {
        for (position, paragraph) in text.split("\n\n").enumerate() {
            if position > 0 {
                self.out.push_str("#\n");
            }
            for line in wrapped(paragraph) {
                let _ = writeln!(self.out, "# {line}");
            }
        }
    }
}

/// Without the marks of lists: as headings have it.
fn plain(path: &Path) -> String {
    path.to_string().replace("[]", "")
}

fn wrapped(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + word.chars().count() < WIDTH => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

/// A value as TOML has it.
pub(crate) fn toml_of(json: &Json) -> String {
    match json {
        Json::Array(items) => {
            let items: Vec<_> = items.iter().map(toml_of).collect();
            format!("[{}]", items.join(", "))
        }
        Json::Object(fields) => {
            let fields: Vec<_> = fields
                .iter()
                .map(|(key, value)| format!("{key} = {}", toml_of(value)))
                .collect();
            match fields.is_empty() {
                true => "{}".into(),
                false => format!("{{ {} }}", fields.join(", ")),
            }
        }
        // What JSON escapes in a text, TOML escapes alike.
        plain => plain.to_string(),
    }
}

impl Type {
    /// What may stand there, where there is no default.
    fn sample(&self) -> String {
        match self {
            Self::Bool => "true".into(),
            Self::Integer { least, .. } => least.unwrap_or(0).max(1).to_string(),
            Self::Number { least, .. } => format!("{:?}", least.unwrap_or(1.0)),
            Self::Address => "\"127.0.0.1\"".into(),
            Self::Duration => "\"30s\"".into(),
            Self::Size => "\"10MiB\"".into(),
            Self::Secret => "{ file = \"PATH\" }".into(),
            Self::OneOf(choices) => {
                let first = choices.first().map(|choice| choice.word.as_str());
                format!("{:?}", first.unwrap_or_default())
            }
            Self::List(_) => "[]".into(),
            Self::Map(_) => "{}".into(),
            Self::Text | Self::Other => "\"\"".into(),
        }
    }
}
