//! Answers written beforehand, for conversations that should read well.

use crate::Directive;

/// An answer for the prompts that contain a text.
#[derive(Clone, Debug, Default)]
pub struct Scenario {
    /// What the last user message must contain.
    pub when: &'static str,
    /// What the model's name must contain; empty for any.
    pub model: &'static str,
    /// Answers the turn that brings tool results, not the one before it.
    pub after_tool: bool,
    /// The text of the answer.
    pub text: &'static str,
    /// The thoughts before the answer; empty for none.
    pub thinking: &'static str,
    /// Tool calls: name and arguments as JSON.
    pub tools: &'static [(&'static str, &'static str)],
    /// How the answer is delivered.
    pub directive: Directive,
}

impl Scenario {
    pub(crate) fn fits(&self, model: &str, prompt: &str, after_tool: bool) -> bool {
        self.after_tool == after_tool && model.contains(self.model) && prompt.contains(self.when)
    }
}
