//! Which keys there are, from the JSON Schema of the type: name, text, default,
//! and what may stand there.

use schemars::Schema;
use serde_json::Value as Json;

/// A key.
pub(crate) struct Key {
    pub name: String,
    /// Its documentation; paragraphs are separated by an empty line.
    pub doc: String,
    pub kind: Kind,
    /// Null where there is none.
    pub default: Json,
    /// What may stand there, where there is no default.
    pub sample: Option<Json>,
}

/// What stands under a key.
pub(crate) enum Kind {
    /// A table.
    Section(Vec<Key>),
    /// Several tables of a kind: `[[export.jsonl]]`.
    Sections(Vec<Key>),
    Value(Type),
}

/// What a value may be.
pub(crate) enum Type {
    Bool,
    Integer {
        least: Option<i128>,
        most: Option<i128>,
    },
    Number {
        least: Option<f64>,
        most: Option<f64>,
    },
    Text,
    Address,
    Duration,
    Size,
    Secret,
    OneOf(Vec<Choice>),
    List(Box<Type>),
    Map(Box<Type>),
    /// What only its own reader knows.
    Other,
}

/// A word out of several.
pub(crate) struct Choice {
    pub word: String,
    pub doc: String,
}

/// The keys of a type. `defaults` is its default, as JSON.
pub(crate) fn keys(schema: &Schema, defaults: &Json) -> Vec<Key> {
    let root = schema.as_value();
    Reader { root }.keys(root, defaults)
}

struct Reader<'a> {
    root: &'a Json,
}

impl Reader<'_> {
    fn keys(&self, schema: &Json, defaults: &Json) -> Vec<Key> {
        let properties = schema.get("properties").and_then(Json::as_object);
        let all = properties.into_iter().flatten();
        all.map(|(name, schema)| self.key(name, schema, defaults.get(name)))
            .collect()
    }

    fn key(&self, name: &str, own: &Json, default: Option<&Json>) -> Key {
        let resolved = self.resolve(own);
        let default = default.or_else(|| own.get("default")).cloned();
        let default = default.unwrap_or(Json::Null);
        let doc = own
            .get("description")
            .or_else(|| resolved.get("description"));
        Key {
            name: name.to_owned(),
            doc: doc
                .and_then(Json::as_str)
                .map(paragraphs)
                .unwrap_or_default(),
            kind: self.kind(resolved, &default),
            default,
            sample: own.pointer("/examples/0").cloned(),
        }
    }

    fn kind(&self, schema: &Json, default: &Json) -> Kind {
        if schema.get("properties").is_some() {
            return Kind::Section(self.keys(schema, default));
        }
        let items = schema.get("items").map(|items| self.resolve(items));
        match items.filter(|items| items.get("properties").is_some()) {
            Some(items) => Kind::Sections(self.keys(items, &Json::Null)),
            None => Kind::Value(self.type_of(schema)),
        }
    }

    /// Follows references, and passes over what may be missing.
    fn resolve<'b>(&'b self, mut schema: &'b Json) -> &'b Json {
        for _ in 0..DEEPEST {
            let named = schema.get("$ref").and_then(Json::as_str);
            let target = named.and_then(|name| self.root.pointer(name.trim_start_matches('#')));
            match target.or_else(|| only_choice(schema)) {
                Some(next) => schema = next,
                None => break,
            }
        }
        schema
    }

    fn type_of(&self, schema: &Json) -> Type {
        let schema = self.resolve(schema);
        if let Some(choices) = choices(schema) {
            return Type::OneOf(choices);
        }
        match (text_of(schema, "format"), names_of_type(schema)) {
            (Some("duration"), _) => Type::Duration,
            (Some("size"), _) => Type::Size,
            (Some("secret"), _) => Type::Secret,
            (Some("ip"), _) => Type::Address,
            (_, Some("boolean")) => Type::Bool,
            (_, Some("string")) => Type::Text,
            (_, Some("integer")) => Type::Integer {
                least: schema.get("minimum").and_then(whole),
                most: schema
                    .get("maximum")
                    .and_then(whole)
                    .or_else(|| largest(schema)),
            },
            (_, Some("number")) => Type::Number {
                least: schema.get("minimum").and_then(Json::as_f64),
                most: schema.get("maximum").and_then(Json::as_f64),
            },
            (_, Some("array")) => match schema.get("items") {
                Some(items) => Type::List(Box::new(self.type_of(items))),
                None => Type::Other,
            },
            (_, Some("object")) => match schema.get("additionalProperties") {
                Some(values @ Json::Object(_)) => Type::Map(Box::new(self.type_of(values))),
                _ => Type::Other,
            },
            _ => Type::Other,
        }
    }
}

/// References in references end somewhere.
const DEEPEST: usize = 8;

/// What is left of `anyOf` when null is taken out, if that is one.
fn only_choice(schema: &Json) -> Option<&Json> {
    let choices = schema.get("anyOf")?.as_array()?;
    let mut others = choices
        .iter()
        .filter(|choice| choice.get("type").and_then(Json::as_str) != Some("null"));
    let only = others.next()?;
    (others.next().is_none() && choices.len() == 2).then_some(only)
}

fn choices(schema: &Json) -> Option<Vec<Choice>> {
    let word = |word: &Json, doc: &str| {
        Some(Choice {
            word: word.as_str()?.to_owned(),
            doc: paragraphs(doc),
        })
    };
    let plain = schema.get("enum").and_then(Json::as_array);
    if let Some(words) = plain {
        return words.iter().map(|name| word(name, "")).collect();
    }
    let described = schema.get("oneOf")?.as_array()?.iter();
    let mut found = Vec::new();
    for choice in described {
        match choice.get("enum").and_then(Json::as_array) {
            Some(words) => found.extend(words.iter().filter_map(|name| word(name, ""))),
            None => {
                let doc = text_of(choice, "description").unwrap_or_default();
                found.push(word(choice.get("const")?, doc)?);
            }
        }
    }
    Some(found)
}

/// The type; of several, the one that is not null.
fn names_of_type(schema: &Json) -> Option<&str> {
    match schema.get("type")? {
        Json::Array(names) => names
            .iter()
            .filter_map(Json::as_str)
            .find(|name| *name != "null"),
        name => name.as_str(),
    }
}

fn text_of<'a>(schema: &'a Json, name: &str) -> Option<&'a str> {
    schema.get(name)?.as_str()
}

fn whole(number: &Json) -> Option<i128> {
    let number = number.as_f64()?;
    format!("{number:.0}").parse().ok()
}

/// What the format holds, where the schema does not say it.
fn largest(schema: &Json) -> Option<i128> {
    match text_of(schema, "format")? {
        "uint32" => Some(u32::MAX.into()),
        "int32" => Some(i32::MAX.into()),
        _ => None,
    }
}

/// Lines joined to paragraphs.
fn paragraphs(doc: &str) -> String {
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    doc.split("\n\n")
        .map(words)
        .collect::<Vec<_>>()
        .join("\n\n")
}
