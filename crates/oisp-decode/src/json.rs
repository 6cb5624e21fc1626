//! JSON of unknown size into a tree of bounded size.
//!
//! A tree takes many times the memory of its text where it is made of small
//! values, so their number is bounded. The vectors of embeddings are counted
//! instead of kept: see [`numbers`].

use std::fmt;

use serde::de::{self, DeserializeSeed, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// Most values of one tree. A value takes 32 bytes in a list and up to 80 in an
/// object, which bounds the tree at about 160 MiB beside its text.
const MAX_VALUES: usize = 2 << 20;

/// An object keeps its fields in nodes of 632 bytes, each of which counts as so
/// many values and may hold no more than so many fields.
const NODE: usize = 8;
const FIELDS_OF_NODE: usize = 5;

/// A list that begins with so many numbers is a vector.
const VECTOR: usize = 32;

/// The name under which the length of a vector stands in its place.
const NUMBERS: &str = "$numbers";

/// Reads a whole document; `None` where it is none, or one too large.
pub fn parse(bytes: &[u8]) -> Option<Value> {
    read(bytes, false)
}

/// Reads a whole document that holds vectors, which are only counted.
pub fn parse_vectors(bytes: &[u8]) -> Option<Value> {
    read(bytes, true)
}

fn read(bytes: &[u8], counts_vectors: bool) -> Option<Value> {
    // Once for all of it, not for each string: that costs half as much.
    let text = std::str::from_utf8(bytes).ok()?;
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let mut left = MAX_VALUES;
    let tree = Tree {
        left: &mut left,
        counts_vectors,
    };
    let value = tree.deserialize(&mut deserializer).ok()?;
    deserializer.end().ok()?;
    Some(value)
}

/// How many items a list of numbers has, be it kept or only counted.
pub fn numbers(value: &Value) -> Option<usize> {
    match value {
        Value::Array(items) => items.iter().all(Value::is_number).then_some(items.len()),
        Value::Object(object) if object.len() == 1 => {
            usize::try_from(object.get(NUMBERS)?.as_u64()?).ok()
        }
        _ => None,
    }
}

/// Builds a tree of at most `left` more values.
struct Tree<'a> {
    left: &'a mut usize,
    counts_vectors: bool,
}

impl Tree<'_> {
    fn next(&mut self) -> Tree<'_> {
        Tree {
            left: self.left,
            counts_vectors: self.counts_vectors,
        }
    }

    /// So many values more.
    fn take<E: de::Error>(&mut self, values: usize) -> Result<(), E> {
        *self.left = self
            .left
            .checked_sub(values)
            .ok_or_else(|| E::custom("too many values"))?;
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for Tree<'_> {
    type Value = Value;

    fn deserialize<D: de::Deserializer<'de>>(mut self, deserializer: D) -> Result<Value, D::Error> {
        self.take(1)?;
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Tree<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut list: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        let mut is_vector = self.counts_vectors;
        while let Some(item) = list.next_element_seed(self.next())? {
            is_vector &= item.is_number();
            items.push(item);
            if is_vector && items.len() == VECTOR {
                return self.vector(items, list);
            }
        }
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut fields: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(name) = fields.next_key::<String>()? {
            if object.len().is_multiple_of(FIELDS_OF_NODE) {
                self.take(NODE)?;
            }
            object.insert(name, fields.next_value_seed(self.next())?);
        }
        Ok(Value::Object(object))
    }
}

impl Tree<'_> {
    /// Goes on with a list whose first items are numbers: counts as long as
    /// numbers follow.
    fn vector<'de, A: SeqAccess<'de>>(
        mut self,
        mut items: Vec<Value>,
        mut list: A,
    ) -> Result<Value, A::Error> {
        let mut count = items.len();
        *self.left += 1;
        while let Some(item) = list.next_element_seed(self.next())? {
            if !item.is_number() {
                // No vector after all: what was counted cannot be had again.
                if count > items.len() {
                    return Err(de::Error::custom("a list of numbers holds something else"));
                }
                items.push(item);
                while let Some(item) = list.next_element_seed(self.next())? {
                    items.push(item);
                }
                return Ok(Value::Array(items));
            }
            *self.left += 1;
            count += 1;
        }
        let mut object = Map::new();
        object.insert(NUMBERS.into(), count.into());
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_tree_is_as_the_library_reads_it() {
        let text = r#"{"a":[1,-2,0.5,"x",null,true,{"b":[]}],"c":{"d":"\u00e9\n"},"n":[1,2,3]}"#;
        let expected: Value = serde_json::from_str(text).unwrap();
        assert_eq!(parse(text.as_bytes()), Some(expected));
        assert_eq!(parse(b"{} x"), None);
        assert_eq!(parse(b"{\"a\":"), None);
        assert_eq!(parse(&b"[".repeat(100_000)), None);
    }

    #[test]
    fn vectors_are_counted() {
        let vector: Vec<f64> = (0..1536).map(f64::from).collect();
        let body = json!({"data": [{"embedding": vector}, {"embedding": [1, 2]}]});
        let tree = parse_vectors(body.to_string().as_bytes()).unwrap();
        let kept = parse(body.to_string().as_bytes()).unwrap();
        assert_eq!(kept, body);
        assert_eq!(numbers(&tree["data"][0]["embedding"]), Some(1536));
        assert_eq!(numbers(&tree["data"][1]["embedding"]), Some(2));
        assert_eq!(numbers(&json!(["x"])), None);
        assert_eq!(numbers(&json!({"$numbers": "x"})), None);
    }

    #[test]
    fn a_list_of_32_numbers_and_then_text_stays_a_list() {
        let mut items: Vec<Value> = (0..32).map(Value::from).collect();
        items.extend([json!("x"), json!(1)]);
        let text = json!(items).to_string();
        assert_eq!(parse_vectors(text.as_bytes()), Some(json!(items)));
    }

    #[test]
    fn more_values_than_the_limit_are_refused_and_long_vectors_are_not() {
        let flat = |item: &str| format!("[{}0]", format!("{item},").repeat(MAX_VALUES));
        assert!(parse(flat("\"\"").as_bytes()).is_none());
        let objects = format!("[{}0]", "{\"\":0},".repeat(MAX_VALUES / NODE));
        assert!(parse(objects.as_bytes()).is_none());
        assert_eq!(
            parse_vectors(flat("1").as_bytes())
                .as_ref()
                .and_then(numbers),
            Some(MAX_VALUES + 1)
        );
    }
}
