//! Where a secret of the configuration comes from: written out, from an
//! environment variable, or from a file. Only the place can be printed.

use std::borrow::Cow;
use std::fmt;
use std::path::PathBuf;

use oisp_core::Secret;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Error, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A secret, by value or by place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretSource {
    /// Written out.
    Value(Secret<String>),
    /// The value of an environment variable.
    Env(String),
    /// The content of a file, without the line break at its end.
    File(PathBuf),
}

/// Why there is no secret.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// The variable is not set, or not text.
    #[error("the environment variable {0} is not set")]
    Env(String),
    /// The file cannot be read.
    #[error("the secret in {} cannot be read: {source}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// The operating system's answer.
        source: std::io::Error,
    },
}

impl SecretSource {
    /// The secret itself.
    ///
    /// # Errors
    /// When there is no such variable, or the file cannot be read.
    pub fn resolve(&self) -> Result<Secret<String>, SecretError> {
        match self {
            Self::Value(secret) => Ok(secret.clone()),
            Self::Env(name) => std::env::var(name)
                .map(Secret::new)
                .map_err(|_| SecretError::Env(name.clone())),
            Self::File(path) => std::fs::read_to_string(path)
                .map(|text| Secret::new(text.trim_end_matches(['\r', '\n']).to_owned()))
                .map_err(|source| SecretError::File {
                    path: path.clone(),
                    source,
                }),
        }
    }
}

/// Only a text and a table of one key: whatever else stands there may be the
/// secret itself, which no message must repeat.
struct Written;

impl<'de> Visitor<'de> for Written {
    type Value = SecretSource;

    fn expecting(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str(EXPECTED)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<SecretSource, E> {
        Ok(SecretSource::Value(Secret::new(text.to_owned())))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<SecretSource, A::Error> {
        let Ok(Some((key, place))) = map.next_entry::<String, String>() else {
            return refuse();
        };
        let source = match key.as_str() {
            "env" => SecretSource::Env(place),
            "file" => SecretSource::File(place.into()),
            _ => return refuse(),
        };
        match map.next_key::<String>()? {
            None => Ok(source),
            Some(_) => refuse(),
        }
    }

    fn visit_seq<A: SeqAccess<'de>>(self, _: A) -> Result<SecretSource, A::Error> {
        refuse()
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<SecretSource, E> {
        refuse()
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<SecretSource, E> {
        refuse()
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<SecretSource, E> {
        refuse()
    }
}

const EXPECTED: &str = "a text, { env = \"NAME\" } or { file = \"PATH\" }";

fn refuse<T, E: Error>() -> Result<T, E> {
    Err(E::custom(format_args!("expected {EXPECTED}")))
}

impl<'de> Deserialize<'de> for SecretSource {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Written)
    }
}

/// The place; three asterisks for a value.
impl Serialize for SecretSource {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Value(_) => serializer.serialize_str("***"),
            Self::Env(name) => serializer.collect_map([("env", name)]),
            Self::File(path) => serializer.collect_map([("file", path)]),
        }
    }
}

impl JsonSchema for SecretSource {
    fn schema_name() -> Cow<'static, str> {
        "SecretSource".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let place = |key: &str| {
            json_schema!({
                "type": "object",
                "properties": { key: { "type": "string" } },
                "required": [key],
                "additionalProperties": false,
            })
        };
        json_schema!({ "format": "secret", "anyOf": [{ "type": "string" }, place("env"), place("file")] })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Result<SecretSource, serde_json::Error> {
        serde_json::from_str(json)
    }

    #[test]
    fn a_value_is_read_and_never_printed() {
        let source = read("\"made-up\"").unwrap();
        assert_eq!(source.resolve().unwrap().expose(), "made-up");
        assert_eq!(serde_json::to_string(&source).unwrap(), "\"***\"");
        assert!(!format!("{source:?}").contains("made-up"));
    }

    #[test]
    fn a_file_is_read_without_its_line_break() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("key");
        std::fs::write(&path, "made-up\n").unwrap();
        let source = SecretSource::File(path.clone());
        assert_eq!(source.resolve().unwrap().expose(), "made-up");
        let json = serde_json::to_string(&source).unwrap();
        assert_eq!(read(&json).unwrap(), source);
        std::fs::remove_file(&path).unwrap();
        let error = source.resolve().unwrap_err().to_string();
        assert!(error.contains(&path.display().to_string()), "{error}");
    }

    #[test]
    fn a_variable_that_is_not_set_is_named() {
        let source = read("{\"env\": \"OISP_NO_SUCH_SECRET\"}").unwrap();
        let error = source.resolve().unwrap_err().to_string();
        assert!(error.contains("OISP_NO_SUCH_SECRET"), "{error}");
    }

    #[test]
    fn what_is_neither_text_nor_place_is_refused_without_its_value() {
        for json in [
            "{\"path\": \"made-up\"}",
            "[\"made-up\"]",
            "{\"env\": \"a\", \"made-up\": \"b\"}",
            "{\"file\": [\"made-up\"]}",
            "{}",
        ] {
            let error = read(json).unwrap_err().to_string();
            assert!(error.contains("{ env = \"NAME\" }"), "{json}: {error}");
            assert!(!error.contains("made-up"), "{json}: {error}");
        }
    }
}
