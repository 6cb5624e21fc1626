//! Events as they stand in a file.

use std::path::Path;

use serde_json::Value;

/// Events in the order of the file.
#[derive(Clone, Debug, Default)]
pub struct Events(pub Vec<Value>);

/// The whole lines of a file as events. What comes after the last line end is
/// being written.
pub fn read(path: &Path) -> Events {
    let Ok(bytes) = std::fs::read(path) else {
        return Events::default();
    };
    let end = bytes
        .iter()
        .rposition(|byte| *byte == b'\n')
        .map_or(0, |at| at + 1);
    parse(std::str::from_utf8(&bytes[..end]).unwrap())
}

/// Lines of JSON.
pub fn parse(text: &str) -> Events {
    let event = |line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
    Events(text.lines().map(event).collect())
}

impl Events {
    /// Events of that type.
    pub fn of_type(&self, kind: &str) -> Self {
        self.only(|event| event["event_type"] == kind)
    }

    /// Events of that process.
    pub fn of_pid(&self, pid: u32) -> Self {
        self.only(|event| event["process"]["pid"] == pid)
    }

    /// Events of any of the `ai.*` and `agent.*` types.
    pub fn of_ai(&self) -> Self {
        self.only(|event| {
            let kind = event["event_type"].as_str().unwrap();
            kind.starts_with("ai.") || kind.starts_with("agent.")
        })
    }

    /// How many calls of a process are answered.
    pub fn answers(&self, pid: u32) -> usize {
        self.of_pid(pid).of_type("ai.response").0.len()
    }

    fn only(&self, wanted: impl Fn(&Value) -> bool) -> Self {
        Self(
            self.0
                .iter()
                .filter(|event| wanted(event))
                .cloned()
                .collect(),
        )
    }
}

/// The text of the first choice.
pub fn text_of(response: &Value) -> &str {
    response["data"]["choices"][0]["message"]["content"]
        .as_str()
        .unwrap_or_default()
}
