//! Control groups of the unified hierarchy by the id that the kernel's programs
//! tell: so a process that is gone before `/proc` is read still has its group and
//! its container, where another process of the group was seen.

use std::collections::HashMap;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::sync::Arc;

use oisp_core::raw::Container;

/// Groups that are remembered.
const REMEMBERED: usize = 4096;

/// Where the hierarchy is: alone, or beside those of version 1.
const MOUNTS: [&str; 2] = ["/sys/fs/cgroup", "/sys/fs/cgroup/unified"];

/// What a group tells of its processes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Group {
    /// Its path.
    pub(crate) path: String,
    /// The container that it belongs to.
    pub(crate) container: Option<Arc<Container>>,
}

/// Groups by id.
#[derive(Debug, Default)]
pub(crate) struct Groups {
    by_id: HashMap<u64, Group>,
    ids: HashMap<String, u64>,
}

impl Groups {
    /// Notes the group of a process, where its path in the unified hierarchy is
    /// what tells it; `cgroups` is the text of `/proc/PID/cgroup`.
    pub(crate) fn learn(&mut self, cgroups: &str, group: &Group) {
        let unified = cgroups.lines().find_map(|line| line.strip_prefix("0::"));
        if unified != Some(group.path.as_str()) || group.path == "/" {
            return;
        }
        if !self.ids.contains_key(&group.path) {
            let Some(id) = id_of(&group.path) else {
                return;
            };
            if self.ids.len() >= REMEMBERED {
                *self = Self::default();
            }
            self.ids.insert(group.path.clone(), id);
        }
        if let Some(id) = self.ids.get(&group.path) {
            self.by_id.insert(*id, group.clone());
        }
    }

    /// The group of that id.
    pub(crate) fn get(&self, id: u64) -> Option<&Group> {
        self.by_id.get(&id)
    }
}

/// The id of a group is the inode of its folder.
fn id_of(path: &str) -> Option<u64> {
    if path.split('/').any(|part| part == "..") {
        return None;
    }
    MOUNTS.iter().find_map(|mount| {
        // A folder of version 1 has no such file.
        let folder = Path::new(mount).join(path.trim_start_matches('/'));
        folder.join("cgroup.controllers").exists().then_some(())?;
        Some(std::fs::metadata(folder).ok()?.ino())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_the_unified_path_tells_is_noted() {
        let mut groups = Groups::default();
        let group = |path: &str| Group {
            path: String::from(path),
            container: None,
        };
        groups.learn("3:pids:/a\n0::/b\n", &group("/a"));
        groups.learn("0::/\n", &group("/"));
        groups.learn("0::/nowhere/at/all\n", &group("/nowhere/at/all"));
        groups.learn("0::/../x\n", &group("/../x"));
        assert!(groups.by_id.is_empty() && groups.ids.is_empty());
        assert_eq!(groups.get(0), None);
    }
}
