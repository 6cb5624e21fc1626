//! Files that are probed ahead because a process runs where they are: in a root of
//! its own, as containers and chroots have, or from an environment of its own.

use std::collections::HashSet;
use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;

use super::{known, prefix};
use crate::process;

/// Places are forgotten beyond this many.
const PLACES: usize = 4096;

/// A mount namespace, and the directory in it that a process has as its root.
type Root = (PathBuf, u64, u64);

/// The places where files were probed ahead.
#[derive(Debug, Default)]
pub(super) struct Ahead {
    roots: HashSet<Root>,
    prefixes: HashSet<PathBuf>,
}

impl Ahead {
    /// The sensor's own root is done.
    pub(super) fn add_own_root(&mut self) {
        self.roots.extend(root_of(std::process::id()));
    }

    /// No root is done any more.
    pub(super) fn clear_roots(&mut self) {
        self.roots.clear();
    }

    /// The usual files in the root of that process, if it is new.
    pub(super) fn files_in_root_of(&mut self, pid: u32) -> Vec<PathBuf> {
        if self.roots.len() >= PLACES {
            self.roots.clear();
            self.add_own_root();
        }
        if root_of(pid).is_some_and(|root| self.roots.insert(root)) {
            known::files(&process::path(pid, "root"))
        } else {
            Vec::new()
        }
    }

    /// What its program may load from beside itself, if that place is new.
    pub(super) fn files_beside(&mut self, pid: u32) -> Vec<PathBuf> {
        let Some(prefix) = prefix::of(pid) else {
            return Vec::new();
        };
        if self.prefixes.len() >= PLACES {
            self.prefixes.clear();
        }
        if !self.prefixes.insert(prefix.clone()) {
            return Vec::new();
        }
        known::files_of_prefix(&prefix)
    }
}

fn root_of(pid: u32) -> Option<Root> {
    let namespace = std::fs::read_link(process::path(pid, "ns/mnt")).ok()?;
    let root = std::fs::metadata(process::path(pid, "root")).ok()?;
    Some((namespace, root.dev(), root.ino()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_root_that_is_done_is_not_looked_at_again() {
        let mut ahead = Ahead::default();
        ahead.add_own_root();
        assert!(ahead.files_in_root_of(std::process::id()).is_empty());
        assert_eq!(ahead.roots.len(), 1);
    }
}
