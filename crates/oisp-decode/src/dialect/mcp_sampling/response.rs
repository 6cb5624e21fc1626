//! The result of `sampling/createMessage`.

use oisp_core::event::ai::FinishReason;
use serde_json::{Map, Value};

use crate::dialect::answer::{Answer, ChoiceDraft, ToolDraft};
use crate::dialect::json::{Fields, object};
use crate::dialect::mcp_content::Content;

pub(super) fn answer(result: Value) -> Answer {
    let mut result = object(result);
    let mut answer = Answer {
        model: result.take_text("model"),
        ..Answer::default()
    };
    let Some(content) = result.remove("content") else {
        return answer;
    };
    let draft = answer.choice(0);
    let blocks = match content {
        Value::Array(blocks) => blocks,
        block => vec![block],
    };
    for (index, block) in blocks.into_iter().enumerate() {
        if block.get("type").is_some_and(|kind| kind == "tool_use") {
            draft.tools.push(tool(index as u64, object(block)));
        } else {
            let content = Content::of(Some(block));
            draft.text.push_str(&content.texts.concat());
            draft.parts.extend(content.parts);
        }
    }
    finish(draft, result.take_text("stopReason"));
    answer
}

fn tool(index: u64, mut block: Map<String, Value>) -> ToolDraft {
    ToolDraft {
        index,
        id: block.take_text("id"),
        name: block.take_text("name").unwrap_or_default(),
        kind: "function".into(),
        arguments: block
            .remove("input")
            .map(|input| input.to_string())
            .unwrap_or_default(),
    }
}

fn finish(draft: &mut ChoiceDraft, reason: Option<String>) {
    draft.finish = reason.as_deref().map(|reason| match reason {
        "endTurn" | "stopSequence" => FinishReason::Stop,
        "maxTokens" => FinishReason::Length,
        "toolUse" => FinishReason::ToolCalls,
        _ => FinishReason::Other,
    });
    draft.finish_raw = reason;
}
