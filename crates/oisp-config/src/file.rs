//! The configuration file: TOML, with the place of every value.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::{Number, Value as Json};
use toml::Spanned;
use toml::de::{DeArray, DeFloat, DeInteger, DeTable, DeValue};

use crate::tree::{Node, Value};
use crate::{Mistake, Origin, places};

/// Nobody writes a longer one by hand.
const MAX_BYTES: u64 = 1 << 20;
/// Mistakes of notation that are told: one makes others.
const MAX_TOLD: usize = 5;

/// Reads a file.
pub(crate) fn read(path: &Path) -> Result<Node, Vec<Mistake>> {
    let whole = |what: String| {
        vec![Mistake {
            origin: Origin::file(path.to_owned()),
            key: String::new(),
            what,
        }]
    };
    let bytes = bytes_of(path).map_err(whole)?;
    let place = Place::new(path, &bytes);
    match std::str::from_utf8(&bytes) {
        Ok(text) => parse(text, &place),
        Err(error) => Err(vec![Mistake {
            origin: place.origin(error.valid_up_to()),
            key: String::new(),
            what: "is not UTF-8 from here on: save the file as UTF-8".into(),
        }]),
    }
}

fn bytes_of(path: &Path) -> Result<Vec<u8>, String> {
    let file = File::open(path).map_err(|error| cannot_read(&error))?;
    let facts = file.metadata().map_err(|error| cannot_read(&error))?;
    if facts.is_dir() {
        return Err("is a folder: name the file in it".into());
    }
    places::check_owner(&facts)?;
    let mut bytes = Vec::new();
    file.take(MAX_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| cannot_read(&error))?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err("has more than 1 MiB: this is no configuration of the sensor".into());
    }
    Ok(bytes)
}

fn cannot_read(error: &io::Error) -> String {
    let remedy = match error.kind() {
        io::ErrorKind::NotFound => "; `oisp-sensor config example` prints one to begin with",
        io::ErrorKind::PermissionDenied => "; make it readable for the user that runs the sensor",
        _ => "",
    };
    format!("cannot be read: {error}{remedy}")
}

/// Where in a file a byte is.
struct Place {
    path: Arc<PathBuf>,
    lines: Vec<usize>,
    bytes: Vec<u8>,
}

impl Place {
    fn new(path: &Path, bytes: &[u8]) -> Self {
        let after = |(at, byte): (usize, &u8)| (*byte == b'\n').then_some(at + 1);
        let starts = bytes.iter().enumerate().filter_map(after);
        Self {
            path: Arc::new(path.to_owned()),
            lines: std::iter::once(0).chain(starts).collect(),
            bytes: bytes.to_owned(),
        }
    }

    fn origin(&self, offset: usize) -> Origin {
        let line = self.lines.partition_point(|start| *start <= offset);
        let start = self.lines.get(line.saturating_sub(1)).copied().unwrap_or(0);
        let before = self.bytes.get(start..offset).unwrap_or_default();
        Origin::File {
            path: Arc::clone(&self.path),
            line,
            column: String::from_utf8_lossy(before).chars().count() + 1,
        }
    }
}

fn parse(text: &str, place: &Place) -> Result<Node, Vec<Mistake>> {
    // Windows' editors put a mark in front; its bytes count in the positions.
    let shift = text.len() - text.trim_start_matches('\u{feff}').len();
    let (table, errors) = DeTable::parse_recoverable(text.get(shift..).unwrap_or_default());
    if errors.is_empty() {
        let origin = place.origin(0);
        return Ok(table_node(table.get_ref(), origin, &|offset| {
            place.origin(offset + shift)
        }));
    }
    let mistake = |error: &toml::de::Error| Mistake {
        origin: place.origin(error.span().map_or(0, |span| span.start) + shift),
        key: String::new(),
        what: notation(error.message()),
    };
    let mut mistakes: Vec<_> = errors.iter().map(mistake).collect();
    mistakes.sort_by_key(Mistake::place);
    mistakes.dedup_by_key(|mistake| mistake.place().0);
    mistakes.truncate(MAX_TOLD);
    Err(mistakes)
}

fn notation(message: &str) -> String {
    let words = message.split_whitespace().collect::<Vec<_>>().join(" ");
    match REMEDIES.iter().find(|(start, _)| words.starts_with(start)) {
        Some((_, remedy)) => format!("this is no TOML: {remedy}"),
        None => format!("this is no TOML: {words}"),
    }
}

/// What the parser's words mean to somebody who does not know TOML.
const REMEDIES: [(&str, &str); 8] = [
    (
        "string values must be quoted",
        "here must be one value; a text stands in quotes",
    ),
    (
        "invalid float",
        "this is no number; a text stands in quotes",
    ),
    (
        "invalid basic string",
        "a text is not closed: its last \" is missing on this line",
    ),
    (
        "too few unicode value digits",
        "\\ has a meaning in \"…\": put paths into '…'",
    ),
    (
        "missing escaped value",
        "\\ has a meaning in \"…\": put paths into '…'",
    ),
    (
        "duplicate key",
        "this key or section stands further up already: keep one of both",
    ),
    (
        "invalid key-value pair",
        "settings are written as key = value, sections as [name]",
    ),
    (
        "invalid unquoted key",
        "settings are written as key = value, sections as [name]",
    ),
];

type Locate<'a> = &'a dyn Fn(usize) -> Origin;

fn table_node(table: &DeTable<'_>, origin: Origin, locate: Locate<'_>) -> Node {
    let field = |(key, value): (&Spanned<_>, &Spanned<DeValue<'_>>)| {
        let name: &std::borrow::Cow<'_, str> = key.get_ref();
        let node = value_node(value.get_ref(), locate(key.span().start), locate);
        (name.clone().into_owned(), node)
    };
    Node {
        origin,
        value: Value::Table(table.iter().map(field).collect()),
    }
}

fn list_node(items: &DeArray<'_>, origin: Origin, locate: Locate<'_>) -> Node {
    let item =
        |item: &Spanned<DeValue<'_>>| value_node(item.get_ref(), locate(item.span().start), locate);
    Node {
        origin,
        value: Value::List(items.iter().map(item).collect()),
    }
}

fn value_node(value: &DeValue<'_>, origin: Origin, locate: Locate<'_>) -> Node {
    let json = match value {
        DeValue::Table(table) => return table_node(table, origin, locate),
        DeValue::Array(items) => return list_node(items, origin, locate),
        DeValue::String(text) => Json::String(text.clone().into_owned()),
        DeValue::Boolean(truth) => Json::Bool(*truth),
        DeValue::Integer(number) => integer(number),
        DeValue::Float(number) => float(number),
        DeValue::Datetime(time) => Json::String(time.to_string()),
    };
    Node {
        origin,
        value: Value::Plain(json),
    }
}

/// A number that is too large for its type is one that no key takes.
fn integer(number: &DeInteger<'_>) -> Json {
    let (digits, radix) = (number.as_str(), number.radix());
    let small = i64::from_str_radix(digits, radix).map(Json::from);
    let number = small.or_else(|_| u64::from_str_radix(digits, radix).map(Json::from));
    number.unwrap_or_else(|_| Json::from(f64::MAX))
}

fn float(number: &DeFloat<'_>) -> Json {
    let number = number.as_str().parse().ok().and_then(Number::from_f64);
    number.map_or(Json::Null, Json::Number)
}
