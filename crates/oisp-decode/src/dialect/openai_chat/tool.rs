//! Tool calls of an answer, whole and put together from deltas.

use serde_json::{Map, Value};

use crate::dialect::answer::{ChoiceDraft, ToolDraft};
use crate::dialect::json::{Fields, object};
use crate::dialect::openai;

/// A call that came whole.
pub(super) fn whole(index: u64, mut call: Map<String, Value>) -> ToolDraft {
    let mut tool = ToolDraft {
        index,
        id: call.take_text("id"),
        kind: "function".into(),
        ..ToolDraft::default()
    };
    add(&mut tool, call);
    tool
}

/// The one call of the API's first form, which has neither id nor position.
pub(super) fn legacy(function: Map<String, Value>) -> ToolDraft {
    let mut tool = ToolDraft {
        kind: "function".into(),
        ..ToolDraft::default()
    };
    add_function(&mut tool, function);
    tool
}

/// Adds a delta to the call that it belongs to.
pub(super) fn add_delta(draft: &mut ChoiceDraft, mut call: Map<String, Value>) {
    let id = call.take_text("id");
    let index = call
        .number("index")
        .or_else(|| index_of(draft, id.as_deref()));
    add(at(draft, index.unwrap_or(0), id), call);
}

/// Adds a delta of the API's first form.
pub(super) fn add_legacy_delta(draft: &mut ChoiceDraft, function: Map<String, Value>) {
    add_function(at(draft, 0, None), function);
}

/// Where a delta without a position belongs: compatible servers that leave it
/// out start a call by its id, and some repeat the id with every delta.
fn index_of(draft: &ChoiceDraft, id: Option<&str>) -> Option<u64> {
    let mut calls = draft.tools.iter().filter(|tool| tool.is_for_client());
    let last = calls.clone().map(|tool| tool.index).max();
    match id {
        Some(_) => calls
            .find(|tool| tool.id.as_deref() == id)
            .map(|tool| tool.index)
            .or_else(|| last.map(|last| last.saturating_add(1))),
        None => last,
    }
}

/// The call at a position. A new id at a position that has another one is a
/// new call: some servers give every call the index 0.
fn at(draft: &mut ChoiceDraft, index: u64, id: Option<String>) -> &mut ToolDraft {
    let is_it = |tool: &ToolDraft| tool.is_for_client() && tool.index == index;
    let same_id = |tool: &ToolDraft| match (&id, &tool.id) {
        (Some(new), Some(old)) => new == old,
        _ => true,
    };
    let known = draft.tools.iter().rposition(is_it);
    let same = known.filter(|at| draft.tools.get(*at).is_some_and(same_id));
    let at = same.unwrap_or_else(|| {
        draft.tools.push(ToolDraft {
            index,
            kind: "function".into(),
            ..ToolDraft::default()
        });
        draft.tools.len() - 1
    });
    #[expect(
        clippy::indexing_slicing,
        reason = "`at` was found in the list or just pushed to it"
    )]
    let tool = &mut draft.tools[at];
    if tool.id.is_none() {
        tool.id = id;
    }
    tool
}

fn add(tool: &mut ToolDraft, mut call: Map<String, Value>) {
    if let Some(function) = call.take_object("function") {
        add_function(tool, function);
    }
    if let Some(mut custom) = call.take_object("custom") {
        tool.name
            .push_str(&custom.take_text("name").unwrap_or_default());
        tool.arguments
            .push_str(&custom.take_text("input").unwrap_or_default());
    }
}

fn add_function(tool: &mut ToolDraft, mut function: Map<String, Value>) {
    if let Some(name) = function.take_text("name").filter(|name| *name != tool.name) {
        tool.name.push_str(&name);
    }
    match function.get_mut("arguments").map(Value::take) {
        Some(Value::String(more)) => tool.arguments.push_str(&more),
        Some(object @ Value::Object(_)) => tool.arguments = object.to_string(),
        _ => {}
    }
}

/// Adds the tools that the provider ran itself (Groq). A stream tells of each
/// twice: when it is called and when it is done.
pub(super) fn add_executed(draft: &mut ChoiceDraft, items: Vec<Value>) {
    for (position, item) in items.into_iter().enumerate() {
        let mut item = object(item);
        let Some(kind) = item.take_text("type").filter(|kind| kind != "function") else {
            continue;
        };
        let index = item.number("index").unwrap_or(position as u64);
        let is_known = draft
            .tools
            .iter()
            .any(|tool| tool.kind == kind && tool.index == index);
        if let Some(output) = item.take_text("output") {
            draft
                .parts
                .push(openai::server_tool_response(None, output.into()));
        }
        if !is_known {
            draft.tools.push(ToolDraft {
                index,
                id: item.take_text("id"),
                name: item.take_text("name").unwrap_or_else(|| kind.clone()),
                arguments: item.take_text("arguments").unwrap_or_default(),
                kind,
            });
        }
    }
}
