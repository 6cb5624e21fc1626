//! Reads a Converse request.

use serde_json::Value;

use crate::answer::Call;
use crate::turns::{Speaker, Turn, items, text};

/// The call that the body asks for, or what is wrong with it.
pub(super) fn read(body: &Value, model: &str, stream: bool) -> Result<Call, String> {
    let mut turns = Vec::new();
    if !items(body, "system").is_empty() {
        turns.push(Turn::new(Speaker::Other, text(body.get("system"))));
    }
    turns.extend(items(body, "messages").iter().map(turn));
    Call::of_turns(model, &turns, stream)
}

/// The results of tools stand in turns of the user.
fn turn(message: &Value) -> Turn {
    let is_result = items(message, "content")
        .iter()
        .any(|block| block.get("toolResult").is_some());
    let mut turn = Turn::of(message);
    if is_result {
        turn.speaker = Speaker::Tool;
    }
    turn
}
