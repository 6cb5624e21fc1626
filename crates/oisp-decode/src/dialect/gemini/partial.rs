//! Arguments of a function call that come in pieces (`partialArgs`), each a
//! value for a place of the arguments, named by a JSON path (RFC 9535, the
//! subset of names and positions).

use serde_json::{Map, Value};

use super::wire::camel;
use crate::dialect::json::Fields;

/// Deepest place that is followed.
const MAX_DEPTH: usize = 64;

/// The arguments of one call while they arrive.
#[derive(Debug, Default)]
pub(super) struct PartialArguments {
    root: Value,
    /// The place whose text goes on with the next piece.
    open: Option<String>,
    /// A piece could not be placed: what there is, is not the whole.
    broken: bool,
}

enum Step<'a> {
    Name(&'a str),
    Position(usize),
}

impl PartialArguments {
    /// Adds the pieces of one chunk.
    pub(super) fn add(&mut self, pieces: Vec<Value>) {
        for piece in pieces {
            if self.add_piece(camel(piece)).is_none() {
                self.broken = true;
            }
        }
    }

    /// JSON text of the arguments; none where a piece is missing.
    pub(super) fn text(&self) -> String {
        match &self.root {
            _ if self.broken => String::new(),
            Value::Null => "{}".to_owned(),
            root => root.to_string(),
        }
    }

    fn add_piece(&mut self, mut piece: Map<String, Value>) -> Option<()> {
        let path = piece.take_text("jsonPath")?;
        let goes_on = piece.get("willContinue").and_then(Value::as_bool) == Some(true);
        let value = value_of(&mut piece);
        let steps = steps(&path)?;
        let place = place(&mut self.root, &steps)?;
        let continues = self.open.as_deref() == Some(&path);
        match (place, value) {
            (Value::String(text), Some(Value::String(more))) if continues => text.push_str(&more),
            (place, Some(value)) => *place = value,
            // The end of a text, or the beginning of one that is empty so far.
            (Value::String(_), None) if continues => {}
            (place @ Value::Null, None) if goes_on => *place = Value::String(String::new()),
            (_, None) => return None,
        }
        self.open = goes_on.then_some(path);
        Some(())
    }
}

fn value_of(piece: &mut Map<String, Value>) -> Option<Value> {
    if piece.contains_key("nullValue") {
        return Some(Value::Null);
    }
    ["stringValue", "numberValue", "boolValue"]
        .into_iter()
        .find_map(|key| piece.remove(key))
}

/// `$.name['other name'][0]`.
fn steps(path: &str) -> Option<Vec<Step<'_>>> {
    let mut rest = path.strip_prefix('$')?;
    let mut steps = Vec::new();
    while !rest.is_empty() {
        if steps.len() == MAX_DEPTH {
            return None;
        }
        if let Some(name) = rest.strip_prefix('.') {
            let end = name.find(['.', '[']).unwrap_or(name.len());
            let (name, after) = name.split_at_checked(end)?;
            steps.push(Step::Name((!name.is_empty()).then_some(name)?));
            rest = after;
        } else if let Some(quote) = ["['", "[\""]
            .into_iter()
            .find(|quote| rest.starts_with(quote))
        {
            let close = quote.replace('[', "") + "]";
            let (name, after) = rest.get(2..)?.split_once(close.as_str())?;
            steps.push(Step::Name(name));
            rest = after;
        } else {
            let (position, after) = rest.strip_prefix('[')?.split_once(']')?;
            steps.push(Step::Position(position.parse().ok()?));
            rest = after;
        }
    }
    Some(steps)
}

/// The place of the path, made where it is new. A list grows by one item only:
/// a position further on would leave holes.
fn place<'a>(root: &'a mut Value, steps: &[Step<'_>]) -> Option<&'a mut Value> {
    let mut place = root;
    for step in steps {
        place = match step {
            Step::Name(name) => {
                if place.is_null() {
                    *place = Value::Object(Map::new());
                }
                place.as_object_mut()?.entry(*name).or_insert(Value::Null)
            }
            Step::Position(position) => {
                if place.is_null() {
                    *place = Value::Array(Vec::new());
                }
                let items = place.as_array_mut()?;
                if *position == items.len() {
                    items.push(Value::Null);
                }
                items.get_mut(*position)?
            }
        };
    }
    Some(place)
}
