//! The deltas of `delta_encoding: v1`: patches of a document, `{p, o, v}`. A
//! patch without a path or an operation has those of the one before.

use serde_json::{Map, Value};

use crate::dialect::json::Fields;

/// The document under way.
#[derive(Default)]
pub(super) struct Document {
    /// What it is by now.
    pub(super) value: Value,
    path: String,
    operation: String,
}

impl Document {
    /// Applies a patch. False where there is nothing that it could change.
    pub(super) fn apply(&mut self, mut patch: Map<String, Value>) -> bool {
        if let Some(path) = patch.get("p").and_then(Value::as_str) {
            path.clone_into(&mut self.path);
        }
        if let Some(operation) = patch.take_text("o") {
            self.operation = operation;
        }
        let value = patch.remove("v").unwrap_or_default();
        match (self.operation.as_str(), value) {
            ("patch", Value::Array(patches)) => {
                let base = self.path.clone();
                let mut fits = true;
                for patch in patches {
                    fits &= change(&mut self.value, &base, patch);
                }
                fits
            }
            (operation, value) => change_at(&mut self.value, &self.path, operation, value),
        }
    }
}

/// One of several patches, its path below that of the whole.
fn change(document: &mut Value, base: &str, patch: Value) -> bool {
    let Value::Object(mut patch) = patch else {
        return false;
    };
    let path = patch.get("p").and_then(Value::as_str).unwrap_or_default();
    let path = format!("{base}{path}");
    let operation = patch.take_text("o").unwrap_or_default();
    let value = patch.remove("v").unwrap_or_default();
    change_at(document, &path, &operation, value)
}

fn change_at(document: &mut Value, path: &str, operation: &str, value: Value) -> bool {
    match operation {
        "append" => document
            .pointer_mut(path)
            .is_some_and(|target| append(target, value)),
        "add" | "replace" => put(document, path, value),
        _ => false,
    }
}

fn append(target: &mut Value, more: Value) -> bool {
    match (target, more) {
        (Value::String(text), Value::String(more)) => text.push_str(&more),
        (Value::Array(items), Value::Array(more)) => items.extend(more),
        (Value::Array(items), one) => items.push(one),
        (Value::Object(fields), Value::Object(more)) => fields.extend(more),
        _ => return false,
    }
    true
}

/// Sets a value that is there, or a new one in an object or at a list's end.
fn put(document: &mut Value, path: &str, value: Value) -> bool {
    if let Some(target) = document.pointer_mut(path) {
        *target = value;
        return true;
    }
    let Some((parent, last)) = path.rsplit_once('/') else {
        return false;
    };
    match document.pointer_mut(parent) {
        Some(Value::Object(fields)) => {
            fields.insert(last.replace("~1", "/").replace("~0", "~"), value);
            true
        }
        Some(Value::Array(items)) if last.parse() == Ok(items.len()) => {
            items.push(value);
            true
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        reason = "a test states its assumptions by panicking"
    )]

    use super::*;
    use serde_json::json;

    fn after(patches: &[Value]) -> (Value, bool) {
        let mut document = Document::default();
        let all = patches
            .iter()
            .all(|patch| document.apply(patch.as_object().unwrap().clone()));
        (document.value, all)
    }

    #[test]
    fn a_patch_goes_on_where_the_last_one_was() {
        let (document, all) = after(&[
            json!({"p": "", "o": "add", "v": {"m": {"parts": ["a"], "status": "going"}}}),
            json!({"p": "/m/parts/0", "o": "append", "v": "b"}),
            json!({"v": "c"}),
            json!({"p": "", "o": "patch", "v": [
                {"p": "/m/parts/0", "o": "append", "v": "d"},
                {"p": "/m/status", "o": "replace", "v": "done"},
                {"p": "/m/end", "o": "add", "v": true}]}),
        ]);
        assert!(all);
        assert_eq!(
            document,
            json!({"m": {"parts": ["abcd"], "status": "done", "end": true}})
        );
    }

    #[test]
    fn a_patch_of_what_is_not_there_changes_nothing() {
        let (document, all) = after(&[
            json!({"p": "", "o": "add", "v": {"a": "x"}}),
            json!({"p": "/b/c", "o": "append", "v": "y"}),
        ]);
        assert_eq!((document, all), (json!({"a": "x"}), false));
        assert!(!after(&[json!({"p": "/a/9", "o": "jump", "v": 1})]).1);
    }
}
