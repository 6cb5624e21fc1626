//! Protocol buffers without their schema (the wire format of
//! protobuf.dev/programming-guides/encoding): a message as JSON text.
//!
//! An object of field numbers, each with the array of its values in wire order.
//! Varints are numbers. Bytes that are text are strings, bytes that parse wholly
//! as a message are objects, other bytes are `{"$bytes": length}`. What fixed
//! fields hold cannot be told without a schema: `{"$fixed32": bits}`,
//! `{"$fixed64": bits}`.
//!
//! Limits: [`MAX_DEPTH`] messages inside each other, [`MAX_VALUES`] values.

use serde_json::{Map, Value, json};

/// Deepest message that is looked into.
const MAX_DEPTH: usize = 24;
/// Most values of a message, those inside it included.
const MAX_VALUES: usize = 1 << 17;
/// Field numbers end here.
const MAX_FIELD: u64 = (1 << 29) - 1;

/// A message as JSON text; `None` where the bytes are none, or have too many
/// values.
pub fn to_json(bytes: &[u8]) -> Option<String> {
    let mut left = MAX_VALUES;
    message(bytes, MAX_DEPTH, &mut left).map(|message| message.to_string())
}

fn message(mut bytes: &[u8], depth: usize, left: &mut usize) -> Option<Value> {
    let mut fields: Map<String, Value> = Map::new();
    while !bytes.is_empty() {
        *left = left.checked_sub(1)?;
        let tag = take_varint(&mut bytes)?;
        let number = tag >> 3;
        if !(1..=MAX_FIELD).contains(&number) {
            return None;
        }
        let value = match tag & 7 {
            0 => take_varint(&mut bytes)?.into(),
            1 => json!({"$fixed64": u64::from_le_bytes(*take_array(&mut bytes)?)}),
            5 => json!({"$fixed32": u32::from_le_bytes(*take_array(&mut bytes)?)}),
            2 => {
                let len = usize::try_from(take_varint(&mut bytes)?).ok()?;
                let (value, rest) = bytes.split_at_checked(len)?;
                bytes = rest;
                field(value, depth, left)
            }
            // Groups, which nothing writes any more, and what is no type.
            _ => return None,
        };
        let entry = fields
            .entry(number.to_string())
            .or_insert_with(|| json!([]));
        entry.as_array_mut()?.push(value);
    }
    Some(Value::Object(fields))
}

/// The value of a field that has a length.
fn field(bytes: &[u8], depth: usize, left: &mut usize) -> Value {
    let text = std::str::from_utf8(bytes).ok().filter(|text| is_text(text));
    // A message whose first field is text begins with a line feed, which text
    // hardly does and then parses as a message.
    if let Some(text) = text.filter(|text| !text.starts_with('\n')) {
        return text.into();
    }
    let inner = match depth.checked_sub(1) {
        Some(depth) => message(bytes, depth, left),
        None => None,
    };
    match (inner, text) {
        (Some(inner), _) => inner,
        (None, Some(text)) => text.into(),
        (None, None) => json!({"$bytes": bytes.len()}),
    }
}

fn is_text(text: &str) -> bool {
    text.chars()
        .all(|char| !char.is_control() || matches!(char, '\n' | '\r' | '\t'))
}

/// At most ten bytes, seven bits each, the lowest first.
fn take_varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0_u64;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        let bits = u64::from(byte & 0x7f);
        if shift == 63 && bits > 1 {
            return None;
        }
        value |= bits << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

fn take_array<'a, const N: usize>(bytes: &mut &'a [u8]) -> Option<&'a [u8; N]> {
    let (array, rest) = bytes.split_first_chunk()?;
    *bytes = rest;
    Some(array)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parsed(bytes: &[u8]) -> Value {
        serde_json::from_str(&to_json(bytes).unwrap()).unwrap()
    }

    fn with_len(tag: u8, bytes: &[u8]) -> Vec<u8> {
        let mut field = vec![tag, u8::try_from(bytes.len()).unwrap()];
        field.extend(bytes);
        field
    }

    #[test]
    fn every_type_of_field() {
        let bytes = [
            &[0x08, 0x96, 0x01][..],
            &[0x08, 0x02],
            &[0x11, 1, 0, 0, 0, 0, 0, 0, 0],
            &[0x1d, 2, 0, 0, 0],
            &with_len(0x22, "grüß dich".as_bytes()),
            &with_len(0x22, b"\xff\xfe"),
            &with_len(0x2a, &with_len(0x0a, b"ten chars!")),
            &with_len(0x32, b""),
        ];
        assert_eq!(
            parsed(&bytes.concat()),
            json!({
                "1": [150, 2], "2": [{"$fixed64": 1}], "3": [{"$fixed32": 2}],
                "4": ["grüß dich", {"$bytes": 2}], "5": [{"1": ["ten chars!"]}], "6": [""],
            })
        );
    }

    #[test]
    fn what_is_no_message_is_none() {
        for bytes in [
            &b"\x08"[..],
            b"\x0a\x05abc",
            b"\x00\x01",
            b"\x0b\x0c",
            &[0xff; 12],
            b"\x0d\0",
        ] {
            assert_eq!(to_json(bytes), None, "{bytes:?}");
        }
        assert_eq!(to_json(b"").as_deref(), Some("{}"));
    }

    #[test]
    fn text_that_begins_with_a_line_feed_stays_text() {
        assert_eq!(
            parsed(&with_len(0x0a, b"\nhello")),
            json!({"1": ["\nhello"]})
        );
    }

    #[test]
    fn depth_and_number_of_values_are_bounded() {
        let mut bytes = vec![8, 1];
        for _ in 0..40 {
            bytes = with_len(0x12, &bytes);
        }
        let mut inner = &parsed(&bytes);
        let mut depth = 0;
        while let Some(next) = inner.get("2").and_then(|values| values.get(0)) {
            inner = next;
            depth += 1;
        }
        assert_eq!((depth, inner), (MAX_DEPTH + 1, &json!({"$bytes": 32})));
        assert_eq!(to_json(&[8, 1].repeat(MAX_VALUES + 1)), None);
    }

    proptest! {
        #[test]
        fn any_bytes_give_json_or_nothing(bytes in prop::collection::vec(prop_oneof![any::<u8>(), 0u8..40], 0..200)) {
            if let Some(text) = to_json(&bytes) {
                prop_assert!(serde_json::from_str::<Value>(&text).is_ok());
            }
        }
    }
}
