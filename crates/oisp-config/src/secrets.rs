//! Whether the secrets that are named are there. Better said at the start than
//! by a sink that is refused at night.

use serde::Deserialize as _;
use serde_json::Value as Json;

use crate::keys::{Key, Kind, Type};
use crate::path::{Path, Step};
use crate::tree::{Node, Value};
use crate::{Mistake, SecretSource};

/// What is wrong with the secrets that were given.
pub(crate) fn secrets(tree: &Node, keys: &[Key]) -> Vec<Mistake> {
    let mut mistakes = Vec::new();
    section(tree, keys, &Path::default(), &mut mistakes);
    mistakes
}

fn section(node: &Node, keys: &[Key], path: &Path, mistakes: &mut Vec<Mistake>) {
    let Value::Table(fields) = &node.value else {
        return;
    };
    let is_off = |node: &Node| matches!(node.value, Value::Plain(Json::Bool(false)));
    // What is switched off needs none.
    if fields.get("enabled").is_some_and(is_off) {
        return;
    }
    for key in keys {
        if let Some(field) = fields.get(&key.name) {
            field_of(field, &key.kind, &path.key(&key.name), mistakes);
        }
    }
}

fn field_of(node: &Node, kind: &Kind, path: &Path, mistakes: &mut Vec<Mistake>) {
    match (kind, &node.value) {
        (Kind::Section(keys), _) => section(node, keys, path, mistakes),
        (Kind::Sections(keys), Value::List(items)) => {
            for (index, item) in items.iter().enumerate() {
                section(item, keys, &path.and(Step::Index(index)), mistakes);
            }
        }
        (Kind::Value(kind), _) => value(node, kind, path, mistakes),
        _ => {}
    }
}

fn value(node: &Node, kind: &Type, path: &Path, mistakes: &mut Vec<Mistake>) {
    match (kind, &node.value) {
        (Type::Map(kind), Value::Table(fields)) => {
            for (name, field) in fields {
                value(field, kind, &path.key(name), mistakes);
            }
        }
        (Type::Secret, _) => {
            // Another shape is refused with the types.
            let resolved = SecretSource::deserialize(node.to_json()).map(|secret| secret.resolve());
            if let Ok(Err(error)) = resolved {
                mistakes.push(Mistake {
                    origin: node.origin.clone(),
                    key: path.to_string(),
                    what: error.to_string(),
                });
            }
        }
        _ => {}
    }
}
