//! `multipart/form-data` bodies (RFC 7578), as uploads of pictures and audio
//! are written.
//!
//! In: a whole body and its content type. Out: a JSON object: text fields as
//! strings, fields that repeat or are named `name[]` as arrays, files as
//! `{"$file": {"filename", "content_type", "length", "sha256"}}`; the bytes of
//! a file are not kept. At most [`MAX_PARTS`] parts with heads of [`MAX_HEAD`]
//! bytes each; what is above, or broken, is no form.

use memchr::memmem;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use crate::dialect::hex;

/// Most parts of one form.
pub const MAX_PARTS: usize = 512;
/// Longest head of a part, bytes.
pub const MAX_HEAD: usize = 16 << 10;
/// Longest boundary. RFC 2046 allows 70 bytes.
const MAX_BOUNDARY: usize = 256;

/// True for the content type of a form.
pub fn is_form(content_type: &str) -> bool {
    content_type
        .trim_start()
        .get(..19)
        .is_some_and(|kind| kind.eq_ignore_ascii_case("multipart/form-data"))
}

/// A whole form as JSON; `None` where it is broken.
pub fn json(content_type: &str, body: &[u8]) -> Option<Value> {
    let boundary = parameter(content_type, "boundary")?;
    if boundary.is_empty() || boundary.len() > MAX_BOUNDARY {
        return None;
    }
    let first = format!("--{boundary}");
    let begin = memmem::find(body, first.as_bytes())?.checked_add(first.len())?;
    let mut rest = body.get(begin..)?;
    let delimiter = format!("\r\n--{boundary}");
    let finder = memmem::Finder::new(&delimiter);
    let mut fields = Map::new();
    for _ in 0..MAX_PARTS {
        if rest.starts_with(b"--") {
            return Some(Value::Object(fields));
        }
        let part = rest.strip_prefix(b"\r\n")?;
        let end = finder.find(part)?;
        add(part.get(..end)?, &mut fields)?;
        rest = part.get(end.checked_add(delimiter.len())?..)?;
    }
    None
}

/// Adds a part: its head, an empty line, its content.
fn add(part: &[u8], fields: &mut Map<String, Value>) -> Option<()> {
    let head_end = match part.starts_with(b"\r\n") {
        true => 0,
        false => memmem::find(part, b"\r\n\r\n")?.checked_add(2)?,
    };
    if head_end > MAX_HEAD {
        return None;
    }
    let head = String::from_utf8_lossy(part.get(..head_end)?);
    let content = part.get(head_end.checked_add(2)?..)?;
    let field = |name: &str| {
        head.lines().find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.trim()
                .eq_ignore_ascii_case(name)
                .then_some(value.trim())
        })
    };
    let disposition = field("content-disposition")?;
    let name = parameter(disposition, "name")?;
    let file_name = parameter(disposition, "filename");
    let value = match (std::str::from_utf8(content), &file_name) {
        (Ok(text), None) => Value::from(text),
        _ => file(file_name, field("content-type"), content),
    };
    insert(fields, &name, value);
    Some(())
}

fn file(name: Option<String>, content_type: Option<&str>, content: &[u8]) -> Value {
    json!({"$file": {
        "filename": name,
        "content_type": content_type,
        "length": content.len(),
        "sha256": hex(&Sha256::digest(content)),
    }})
}

fn insert(fields: &mut Map<String, Value>, name: &str, value: Value) {
    let (name, is_list) = match name.strip_suffix("[]") {
        Some(name) => (name, true),
        None => (name, false),
    };
    match fields.get_mut(name) {
        Some(Value::Array(values)) => values.push(value),
        Some(other) => {
            let first = other.take();
            *other = Value::Array(vec![first, value]);
        }
        None if is_list => {
            fields.insert(name.to_owned(), Value::Array(vec![value]));
        }
        None => {
            fields.insert(name.to_owned(), value);
        }
    }
}

/// A parameter of a header field, such as `name` in `form-data; name="file"`.
fn parameter(field: &str, name: &str) -> Option<String> {
    let mut rest = field;
    while let Some((_, after)) = rest.split_once(';') {
        let (key, value) = after.split_once('=')?;
        let value = value.trim_start();
        let is_it = key.trim().eq_ignore_ascii_case(name);
        let (text, after) = match value.strip_prefix('"') {
            Some(quoted) => quoted_text(quoted),
            None => {
                let end = value.find(';').unwrap_or(value.len());
                let (text, after) = value.split_at_checked(end)?;
                (text.trim_end().to_owned(), after)
            }
        };
        if is_it {
            return Some(text);
        }
        rest = after;
    }
    None
}

/// Text up to its closing quote, and what follows. A backslash escapes a quote
/// only: browsers write paths with backslashes as they are.
fn quoted_text(quoted: &str) -> (String, &str) {
    let mut text = String::new();
    let mut chars = quoted.char_indices().peekable();
    while let Some((at, char)) = chars.next() {
        match char {
            '"' => return (text, quoted.get(at + 1..).unwrap_or_default()),
            '\\' if chars.peek().is_some_and(|(_, next)| *next == '"') => {
                text.push('"');
                chars.next();
            }
            char => text.push(char),
        }
    }
    (text, "")
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::indexing_slicing,
        clippy::unwrap_used,
        reason = "a test states its assumptions by panicking"
    )]

    use super::*;

    const KIND: &str = "multipart/form-data; boundary=\"x-y\"";

    fn form(parts: &[&str]) -> Vec<u8> {
        let mut body = String::new();
        for part in parts {
            body.push_str(&format!("--x-y\r\n{part}\r\n"));
        }
        body.push_str("--x-y--\r\n");
        body.into_bytes()
    }

    #[test]
    fn fields_files_and_lists_are_told_apart() {
        let body = form(&[
            "Content-Disposition: form-data; name=\"model\"\r\n\r\nwhisper-1",
            "content-disposition: form-data; name=\"file\"; filename=\"a \\\"b\\\".wav\"\r\nContent-Type: audio/wav\r\n\r\nRI\r\nFF",
            "Content-Disposition: form-data; name=\"include[]\"\r\n\r\nlogprobs",
            "Content-Disposition: form-data; name=tag\r\n\r\none",
            "Content-Disposition: form-data; name=tag\r\n\r\n",
        ]);
        let value = json(KIND, &body).unwrap();
        assert_eq!(value["model"], "whisper-1");
        assert_eq!(value["include"], json!(["logprobs"]));
        assert_eq!(value["tag"], json!(["one", ""]));
        let file = &value["file"]["$file"];
        assert_eq!(file["filename"], "a \"b\".wav");
        assert_eq!(file["content_type"], "audio/wav");
        assert_eq!(file["length"], 6);
        assert_eq!(file["sha256"], hex(&Sha256::digest(b"RI\r\nFF")));
    }

    #[test]
    fn bytes_that_are_no_text_are_a_file_without_a_name() {
        let mut body = b"--x-y\r\nContent-Disposition: form-data; name=\"raw\"\r\n\r\n".to_vec();
        body.extend_from_slice(&[0xff, 0xfe]);
        body.extend_from_slice(b"\r\n--x-y--");
        let value = json(KIND, &body).unwrap();
        assert_eq!(value["raw"]["$file"]["length"], 2);
    }

    #[test]
    fn a_form_that_is_cut_anywhere_is_none() {
        let body = form(&["Content-Disposition: form-data; name=\"a\"\r\n\r\none"]);
        assert!(json(KIND, &body).is_some());
        for end in 0..body.len() - 4 {
            assert_eq!(json(KIND, &body[..end]), None, "cut at {end}");
        }
    }

    #[test]
    fn too_many_parts_or_too_long_heads_are_refused() {
        let part = "Content-Disposition: form-data; name=\"a\"\r\n\r\n1";
        assert!(json(KIND, &form(&vec![part; MAX_PARTS - 1])).is_some());
        assert!(json(KIND, &form(&vec![part; MAX_PARTS + 1])).is_none());
        let long = format!("X: {}\r\n{part}", "x".repeat(MAX_HEAD));
        assert!(json(KIND, &form(&[&long])).is_none());
        assert!(json("multipart/form-data", &form(&[part])).is_none());
    }

    #[test]
    fn only_forms_are_forms() {
        assert!(is_form("Multipart/Form-Data; boundary=1"));
        assert!(!is_form("multipart/mixed; boundary=1"));
        assert!(!is_form("é"));
    }
}
