//! Where a value comes from.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use serde::Serialize;

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Origin {
    /// Nobody set it.
    Default,
    /// A line of the configuration file.
    File {
        /// Which file.
        path: Arc<PathBuf>,
        /// Counted from 1; 0 where the file as a whole is meant.
        line: usize,
        /// In characters, counted from 1.
        column: usize,
    },
    /// An environment variable.
    Variable {
        /// Its name.
        name: String,
    },
    /// A flag of the command line.
    Flag {
        /// As it is written: `--port`.
        name: String,
    },
}

impl Origin {
    /// A file as a whole.
    pub(crate) fn file(path: PathBuf) -> Self {
        Self::File {
            path: Arc::new(path),
            line: 0,
            column: 0,
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => to.write_str("default"),
            Self::File { path, line: 0, .. } => path.display().fmt(to),
            Self::File { path, line, column } => {
                write!(to, "{}:{line}:{column}", path.display())
            }
            Self::Variable { name } | Self::Flag { name } => to.write_str(name),
        }
    }
}
