//! Conversations as the dialects share them: from turns to a [`Call`].

use serde_json::Value;

use crate::answer::Call;
use crate::directive::Directive;

/// A turn of a conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Turn {
    pub(crate) speaker: Speaker,
    pub(crate) text: String,
}

/// Who has the turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Speaker {
    User,
    /// A tool, with its result.
    Tool,
    /// The system or the model.
    Other,
}

impl Turn {
    /// The turn of a message with a `role` and a `content`.
    pub(crate) fn of(message: &Value) -> Self {
        let speaker = match message.get("role").and_then(Value::as_str) {
            Some("user") => Speaker::User,
            Some("tool") => Speaker::Tool,
            _ => Speaker::Other,
        };
        Self::new(speaker, text(message.get("content")))
    }

    pub(crate) const fn new(speaker: Speaker, text: String) -> Self {
        Self { speaker, text }
    }
}

impl Call {
    /// The call of `model` with these turns, or which word of a directive in
    /// them is unknown.
    pub(crate) fn of_turns(model: &str, turns: &[Turn], stream: bool) -> Result<Self, String> {
        let prompt = turns
            .iter()
            .rev()
            .find(|turn| turn.speaker == Speaker::User)
            .map(|turn| turn.text.clone())
            .unwrap_or_default();
        let directive = Directive::read(model, &prompt).map_err(|error| error.to_string())?;
        Ok(Self {
            model: model.to_owned(),
            after_tool: turns
                .last()
                .is_some_and(|turn| turn.speaker == Speaker::Tool),
            stream,
            stream_usage: true,
            choices: 1,
            input_chars: turns.iter().map(|turn| turn.text.chars().count()).sum(),
            prompt,
            directive,
        })
    }
}

/// The text of a content: a string, or the text parts of a list.
pub(crate) fn text(content: Option<&Value>) -> String {
    match content {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(parts)) => parts
            .iter()
            .filter_map(|part| part.get("text")?.as_str())
            .collect::<Vec<_>>()
            .join("\n"),
        _ => String::new(),
    }
}

/// The items of a list, none where it is no list.
pub(crate) fn items<'a>(value: &'a Value, name: &str) -> &'a [Value] {
    value
        .get(name)
        .and_then(Value::as_array)
        .map_or(&[], Vec::as_slice)
}

/// A text field.
pub(crate) fn field<'a>(value: &'a Value, name: &str) -> Option<&'a str> {
    value.get(name)?.as_str()
}

/// A flag, false where it is absent.
pub(crate) fn flag(value: &Value, name: &str) -> bool {
    value.get(name).and_then(Value::as_bool).unwrap_or_default()
}

/// The model that the body names, or what is wrong with it.
pub(crate) fn model(body: &Value) -> Result<&str, String> {
    field(body, "model").ok_or_else(|| "missing field `model`".to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_last_user_turn_asks_and_a_last_tool_turn_answers() {
        let turns = [
            json!({"role": "system", "content": "Be brief."}),
            json!({"role": "user", "content": [{"type": "text", "text": "Hi [[chunks=3]]"}, {"type": "image"}]}),
            json!({"role": "assistant", "content": null}),
            json!({"role": "tool", "content": "17"}),
        ];
        let turns: Vec<Turn> = turns.iter().map(Turn::of).collect();
        let call = Call::of_turns("m", &turns, true).unwrap();
        assert_eq!(call.prompt, "Hi [[chunks=3]]");
        assert_eq!(call.directive.chunks, Some(3));
        assert!(call.after_tool);
        assert_eq!(call.input_chars, 9 + 15 + 2);
        assert!(!Call::of_turns("m", &turns[..2], true).unwrap().after_tool);
    }

    #[test]
    fn an_unknown_word_is_told() {
        let turns = [Turn::new(Speaker::User, "Hi [[nonsense]]".into())];
        assert!(
            Call::of_turns("m", &turns, false)
                .unwrap_err()
                .contains("nonsense")
        );
    }
}
