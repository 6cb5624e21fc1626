//! What is wrong with a configuration, and where.

use std::fmt;

use crate::Origin;
use crate::path::Path;
use crate::tree::Node;

/// One mistake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// Where it was made.
    pub origin: Origin,
    /// The key; nothing where the file as a whole is meant.
    pub key: String,
    /// What is wrong, and what to do.
    pub what: String,
}

impl Mistake {
    /// Its line and column; what comes from no file is last.
    pub(crate) const fn place(&self) -> (usize, usize) {
        match &self.origin {
            Origin::File { line, column, .. } => (*line, *column),
            _ => (usize::MAX, 0),
        }
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(to, "{}: ", self.origin)?;
        if !self.key.is_empty() {
            write!(to, "{}: ", self.key)?;
        }
        to.write_str(&self.what)
    }
}

/// Why a configuration is not used: every mistake that was found.
#[derive(Debug, thiserror::Error)]
pub struct Refused {
    /// At least one.
    pub mistakes: Vec<Mistake>,
}

/// Nobody reads more of them.
const SHOWN: usize = 20;

impl fmt::Display for Refused {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str("the configuration cannot be used:")?;
        for mistake in self.mistakes.iter().take(SHOWN) {
            write!(to, "\n  {mistake}")?;
        }
        match self.mistakes.len().saturating_sub(SHOWN) {
            0 => Ok(()),
            more => write!(to, "\n  and {more} more"),
        }
    }
}

/// Collects what [`crate::Settings::check`] finds.
pub struct Findings<'a> {
    given: &'a Node,
    mistakes: Vec<Mistake>,
}

impl<'a> Findings<'a> {
    pub(crate) const fn new(given: &'a Node) -> Self {
        Self {
            given,
            mistakes: Vec::new(),
        }
    }

    /// Something is wrong with the value of that key, such as
    /// `export.jsonl[1].name`.
    pub fn mistake(&mut self, key: &str, what: impl fmt::Display) {
        self.mistakes.push(Mistake {
            origin: self.given.origin_near(&Path::parse(key)).clone(),
            key: key.to_owned(),
            what: what.to_string(),
        });
    }

    /// True where somebody set that key: it is not the default.
    #[must_use]
    pub fn is_given(&self, key: &str) -> bool {
        self.given.at(&Path::parse(key)).is_some()
    }

    pub(crate) fn into_mistakes(self) -> Vec<Mistake> {
        self.mistakes
    }
}
