//! The messages of a session so far, which each of its calls refers to.
//!
//! Limits: [`MAX_MESSAGES`], and [`MAX_TEXT`] bytes of text; beyond them the
//! oldest are left out, counted.

use std::collections::VecDeque;

use crate::dialect::{Call, SpokenMessage};

const MAX_MESSAGES: usize = 512;
const MAX_TEXT: usize = 1 << 20;

/// The messages so far.
#[derive(Debug, Default)]
pub struct History {
    entries: VecDeque<Entry>,
    text: usize,
    left_out: u64,
}

#[derive(Debug)]
struct Entry {
    /// The server's id, once it is known.
    id: Option<String>,
    spoken: SpokenMessage,
}

impl Entry {
    fn size(&self) -> usize {
        let parts = self.spoken.parts.iter();
        let parts: usize = parts.map(|part| part.to_string().len()).sum();
        self.spoken.message.content.as_deref().map_or(0, str::len) + parts
    }
}

impl History {
    /// Adds a message at the end.
    pub fn push(&mut self, id: Option<String>, spoken: SpokenMessage) {
        let entry = Entry { id, spoken };
        self.text += entry.size();
        self.entries.push_back(entry);
        while self.entries.len() > MAX_MESSAGES || self.text > MAX_TEXT && self.entries.len() > 1 {
            if let Some(oldest) = self.entries.pop_front() {
                self.text = self.text.saturating_sub(oldest.size());
                self.left_out += 1;
            }
        }
    }

    /// True where a message has that id.
    pub fn has(&self, id: &str) -> bool {
        self.entries.iter().any(|entry| entry.is(id))
    }

    /// Gives the oldest message of that role which has no id yet its id. False
    /// where there is none.
    pub fn name(&mut self, role: &str, id: &str) -> bool {
        let mut entries = self.entries.iter_mut();
        let unnamed = entries.find(|entry| entry.id.is_none() && entry.spoken.message.role == role);
        match unnamed {
            Some(entry) => entry.id = Some(id.to_owned()),
            None => return false,
        }
        true
    }

    /// Changes a message.
    pub fn change(&mut self, id: &str, change: impl FnOnce(&mut SpokenMessage)) {
        if let Some(entry) = self.entries.iter_mut().find(|entry| entry.is(id)) {
            let before = entry.size();
            change(&mut entry.spoken);
            self.text = self.text.saturating_sub(before) + entry.size();
        }
    }

    /// Removes a message.
    pub fn remove(&mut self, id: &str) {
        if let Some(at) = self.entries.iter().position(|entry| entry.is(id))
            && let Some(entry) = self.entries.remove(at)
        {
            self.text = self.text.saturating_sub(entry.size());
        }
    }

    /// Adds the messages to a call, after those that it has.
    pub fn add_to(&self, call: &mut Call) {
        let spoken = self.entries.iter().map(|entry| entry.spoken.clone());
        call.messages.extend(spoken);
        if self.left_out > 0 {
            let name = "oisp.session.messages_left_out".to_owned();
            call.attrs.insert(name, self.left_out.into());
        }
    }
}

impl Entry {
    fn is(&self, id: &str) -> bool {
        self.id.as_deref() == Some(id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spoken(text: String) -> SpokenMessage {
        let mut spoken = SpokenMessage::default();
        spoken.message.role = "user";
        spoken.message.content = Some(text);
        spoken
    }

    #[test]
    fn the_oldest_are_left_out_and_counted() {
        let mut history = History::default();
        for n in 0..MAX_MESSAGES + 3 {
            history.push(None, spoken(n.to_string()));
        }
        let mut call = Call::default();
        history.add_to(&mut call);
        assert_eq!(call.messages.len(), MAX_MESSAGES);
        assert_eq!(call.messages[0].message.content.as_deref(), Some("3"));
        assert_eq!(call.attrs["oisp.session.messages_left_out"], 3);
        history.push(None, spoken("x".repeat(MAX_TEXT)));
        assert_eq!(history.entries.len(), 1);
    }

    #[test]
    fn messages_are_named_changed_and_removed() {
        let mut history = History::default();
        history.push(None, spoken("one".into()));
        assert!(!history.name("assistant", "a"));
        assert!(history.name("user", "a"));
        assert!(!history.name("user", "b"));
        history.change("a", |spoken| {
            spoken.message.content = Some("changed".into())
        });
        assert_eq!(history.text, 7);
        assert!(history.has("a"));
        history.remove("a");
        assert_eq!((history.entries.len(), history.text), (0, 0));
    }
}
