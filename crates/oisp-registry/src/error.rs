//! What can be wrong with a registry file. Every message names the entry and
//! says what to do.

/// A registry file that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// Larger than any registry is.
    #[error("the file has {len} bytes; a registry may have at most {max}")]
    TooLarge {
        /// What it has.
        len: usize,
        /// What it may have.
        max: usize,
    },
    /// Not TOML, or with a key that the format does not have. The text points
    /// at the line.
    #[error("{0}")]
    Syntax(#[from] toml::de::Error),
    /// No `schema = 1` at the top.
    #[error("the file does not say which format it is in; begin it with `schema = 1`")]
    NoSchema,
    /// Another format than this version reads.
    #[error("the file is in format {found}; this version reads format 1 (`schema = 1`)")]
    Schema {
        /// What the file says.
        found: i64,
    },
    /// A version that cannot stand in an event.
    #[error("`version = {0:?}`: write 1 to 64 of the characters A-Z a-z 0-9 . _ -")]
    Version(String),
    /// A field with a fixed set of values holds another.
    #[error("{entry}: `{field}` is {given:?}; write one of {}", .allowed.join(", "))]
    UnknownWord {
        /// The entry, `provider "acme"`.
        entry: String,
        /// The field.
        field: &'static str,
        /// What it holds.
        given: String,
        /// What it may hold.
        allowed: &'static [&'static str],
    },
    /// A pattern that can match nothing or too much.
    #[error("{entry}: pattern {pattern:?}: {problem}")]
    Pattern {
        /// The entry.
        entry: String,
        /// The pattern.
        pattern: String,
        /// What is wrong with it.
        problem: String,
    },
    /// Two entries of one file with one id.
    #[error("{entry} stands twice; give one of them another id, or remove it")]
    Duplicate {
        /// The entry.
        entry: String,
    },
    /// Two providers of one file claim the same hosts.
    #[error("host {pattern:?} belongs to both {first:?} and {second:?}; remove it from one")]
    HostTwice {
        /// The pattern.
        pattern: String,
        /// A provider.
        first: String,
        /// Another.
        second: String,
    },
    /// A field without which the entry says nothing.
    #[error("{entry}: {problem}")]
    Incomplete {
        /// The entry.
        entry: String,
        /// What is missing.
        problem: &'static str,
    },
}
