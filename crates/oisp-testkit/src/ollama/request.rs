//! Reads a chat request.

use serde_json::Value;

use crate::answer::Call;
use crate::turns::{Turn, flag, items, model};

/// The call that the body asks for, or what is wrong with it.
pub(super) fn read(body: &Value) -> Result<Call, String> {
    let turns: Vec<Turn> = items(body, "messages").iter().map(Turn::of).collect();
    let stream = body.get("stream").and_then(Value::as_bool).unwrap_or(true);
    let mut call = Call::of_turns(model(body)?, &turns, stream)?;
    call.directive.thinking |= flag(body, "think");
    Ok(call)
}
