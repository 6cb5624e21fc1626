//! What the planner shows: targets and processes, each with its state and why.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::hint;
use super::target::FileId;
use crate::tls::Stack;

/// A file that is probed, or was meant to be.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct TargetView {
    /// Path at which it was found.
    pub(crate) path: String,
    /// The TLS implementations found in it.
    pub(crate) stacks: Vec<StackView>,
    /// Probes in place.
    pub(crate) probes: usize,
    /// Those of them that cost the program most, because the kernel must let it
    /// step over the instruction; absent where that is not known.
    pub(crate) stepped: Option<usize>,
    /// Why there are none.
    pub(crate) error: Option<String>,
    /// Processes that have it mapped.
    pub(crate) users: Vec<u32>,
    /// Probed ahead, whether or not anyone uses it.
    pub(crate) known: bool,
    /// Milliseconds since the Unix epoch.
    pub(crate) since_ms: u64,
}

/// A TLS implementation in a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct StackView {
    /// Its name: `OpenSSL`.
    pub(crate) name: String,
    /// How it was found: `symbols`, `signature`.
    pub(crate) found_by: &'static str,
}

impl StackView {
    /// Of what was found.
    pub(crate) fn of(stack: &Stack) -> Self {
        Self {
            name: stack.name.clone(),
            found_by: stack.found_by,
        }
    }
}

/// A process and the files through which it is captured.
#[derive(Clone, Debug)]
pub(crate) struct ProcessView {
    /// Short name.
    pub(crate) name: String,
    /// Path of the executable.
    pub(crate) exe: Option<String>,
    /// When it was first looked at, in milliseconds since the Unix epoch.
    pub(crate) since_ms: u64,
    /// The targets that it has mapped.
    pub(crate) targets: Vec<FileId>,
    /// The program itself is one of them.
    pub(crate) is_target: bool,
    /// Kinds of TLS of mapped libraries that are not probed.
    pub(crate) other_tls: Vec<&'static str>,
    /// The rules leave it out.
    pub(crate) left_out: bool,
    /// Mapped files that may have TLS inside, and are not probed.
    pub(crate) may_carry: Vec<PathBuf>,
    /// Why it could not be looked at.
    pub(crate) error: Option<String>,
    /// Why a file that it has mapped and that carries TLS is not probed.
    pub(crate) unprobed: Option<String>,
}

impl ProcessView {
    /// A mapped file is probed, or is not.
    pub(crate) fn add(&mut self, path: &Path, is_exe: bool, target: Option<FileId>) {
        if let Some(id) = target {
            self.targets.push(id);
            self.is_target |= is_exe;
            return;
        }
        let kind = hint::library(path);
        if kind.is_none() && !is_exe && hint::may_carry(path) {
            self.may_carry.push(path.to_path_buf());
        }
        self.other_tls.extend(kind);
    }
}

/// A moment of the planner.
#[derive(Clone, Debug, Default)]
pub(crate) struct View {
    /// How functions are probed.
    pub(crate) method: &'static str,
    /// Processes that files are told of from a moment on, and of what descends from
    /// them.
    pub(crate) watched: BTreeSet<u32>,
    /// How files are told of.
    pub(crate) files_told: &'static str,
    /// What is left out to save time (`SHED_*`).
    pub(crate) shed: u32,
    /// Which processes files are probed for.
    pub(crate) reach: String,
    pub(crate) targets: BTreeMap<FileId, TargetView>,
    pub(crate) processes: BTreeMap<u32, ProcessView>,
    /// Files looked at.
    pub(crate) files: u64,
    /// Times that a probe could not be put in place.
    pub(crate) failures: u64,
    /// Targets given up because nobody uses them and their file is gone.
    pub(crate) detached: u64,
}
