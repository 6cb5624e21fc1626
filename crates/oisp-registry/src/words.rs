//! The words that the event schema knows, and how a file's word becomes one.
//!
//! Fields with a fixed set of values are kept as the schema's own words, so
//! that what an event says is what the schema lists.

/// `provider.name`.
pub const PROVIDERS: &[&str] = &[
    "openai",
    "anthropic",
    "google",
    "azure_openai",
    "aws_bedrock",
    "cohere",
    "mistral",
    "groq",
    "together",
    "fireworks",
    "replicate",
    "huggingface",
    "ollama",
    "lmstudio",
    "vllm",
    "other",
];

/// `app.category`.
pub const CATEGORIES: &[&str] = &[
    "dev_tools",
    "chat",
    "productivity",
    "creative",
    "browser",
    "cli",
    "server",
    "other",
];

/// `app.type`.
pub const TYPES: &[&str] = &["native", "web", "extension", "cli", "server"];

/// `agent_type` of the agent events.
pub const AGENT_TYPES: &[&str] = &[
    "ide",
    "cli",
    "browser",
    "server",
    "autonomous",
    "workflow",
    "other",
];

/// The listed word that `given` is.
pub(crate) fn known(words: &'static [&'static str], given: &str) -> Option<&'static str> {
    words.iter().copied().find(|word| *word == given)
}
