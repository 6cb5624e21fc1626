//! Whether a file has changed.

use std::fs;
use std::path::Path;
use std::time::SystemTime;

/// What tells a file from what it was: time of the last change and length. No
/// file has a stamp, too. Looked at from time to time, it also sees a file that
/// is replaced by renaming, reached by a link, or on a network: notifications of
/// the system miss some of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp(Option<(SystemTime, u64)>);

impl Stamp {
    /// As the file is now.
    #[must_use]
    pub fn of(path: &Path) -> Self {
        let facts = fs::metadata(path).ok();
        Self(facts.and_then(|facts| Some((facts.modified().ok()?, facts.len()))))
    }

    /// Looks again; true where the file has changed since.
    pub fn has_changed(&mut self, path: &Path) -> bool {
        let now = Self::of(path);
        std::mem::replace(self, now) != now
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_comes_changes_and_goes_is_noticed_once_each() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("config.toml");
        let mut stamp = Stamp::of(&path);
        assert!(!stamp.has_changed(&path));
        for text in ["a", "ab"] {
            fs::write(&path, text).unwrap();
            assert!(stamp.has_changed(&path));
            assert!(!stamp.has_changed(&path));
        }
        fs::remove_file(&path).unwrap();
        assert!(stamp.has_changed(&path));
    }
}
