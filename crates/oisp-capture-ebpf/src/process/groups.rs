//! Control groups of the unified hierarchy by the id that the kernel's programs
//! tell: so a process that is gone before `/proc` is read still has its group and
//! its container. The group is known from another process, or opened by its id
//! (open_by_handle_at(2)), which wants CAP_DAC_READ_SEARCH.

use std::collections::HashMap;
use std::fs::File;
use std::os::fd::{AsRawFd as _, FromRawFd as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::sync::Arc;

use oisp_core::raw::Container;

/// Groups that are remembered.
const REMEMBERED: usize = 4096;

/// Where the hierarchy is: alone, or beside those of version 1.
const MOUNTS: [&str; 2] = ["/sys/fs/cgroup", "/sys/fs/cgroup/unified"];

/// `FILEID_KERNFS`: a handle that is the id.
const HANDLE_TYPE: libc::c_int = 0xfe;

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
        let known = self.ids.get(&group.path).copied();
        if let Some(id) = known.or_else(|| id_of(&group.path)) {
            self.keep(id, group);
        }
    }

    /// Notes the group of that id.
    pub(crate) fn keep(&mut self, id: u64, group: &Group) {
        if self.ids.len() >= REMEMBERED || self.by_id.len() >= REMEMBERED {
            *self = Self::default();
        }
        self.ids.insert(group.path.clone(), id);
        self.by_id.insert(id, group.clone());
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

/// The path of the group of that id; `None` where it is the root, or gone, or
/// this kernel or user cannot tell.
pub(crate) fn path_of(id: u64) -> Option<String> {
    let mount = MOUNTS
        .into_iter()
        .find(|mount| Path::new(mount).join("cgroup.controllers").exists())?;
    let folder = open(&File::open(mount).ok()?, id)?;
    let path = std::fs::read_link(format!("/proc/self/fd/{}", folder.as_raw_fd())).ok()?;
    let path = path.strip_prefix(mount).ok()?.to_str()?;
    (!path.is_empty() && !path.ends_with(" (deleted)")).then(|| format!("/{path}"))
}

/// `struct file_handle`
#[repr(C)]
struct Handle {
    bytes: libc::c_uint,
    kind: libc::c_int,
    id: [u8; 8],
}

fn open(mount: &File, id: u64) -> Option<File> {
    let mut handle = Handle {
        bytes: 8,
        kind: HANDLE_TYPE,
        id: id.to_ne_bytes(),
    };
    let flags = libc::O_PATH | libc::O_DIRECTORY | libc::O_CLOEXEC;
    // SAFETY: the handle has as many bytes as it says, and lives for the call.
    let opened =
        unsafe { libc::open_by_handle_at(mount.as_raw_fd(), (&raw mut handle).cast(), flags) };
    if opened < 0 {
        return None;
    }
    // SAFETY: the call has just opened it, and nobody else knows it.
    Some(unsafe { File::from_raw_fd(opened) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;

    #[test]
    fn an_id_that_is_no_groups_has_no_path() {
        assert_eq!(path_of(u64::MAX), None);
        assert_eq!(path_of(0), None);
    }

    #[test]
    fn a_group_is_found_by_its_id() {
        let path = format!("/oisp-test-{}", std::process::id());
        let made = MOUNTS.into_iter().find_map(|mount| {
            let folder = format!("{mount}{path}");
            let is_unified = Path::new(mount).join("cgroup.controllers").exists();
            (is_unified && std::fs::create_dir(&folder).is_ok()).then_some(folder)
        });
        let Some(made) = made else {
            let why = "skipped: groups: no control groups of version 2 to write to";
            let _ = writeln!(std::io::stderr(), "{why}");
            return;
        };
        let id = id_of(&path).unwrap();
        assert_eq!(path_of(id), Some(path));
        std::fs::remove_dir(&made).unwrap();
        assert_eq!(path_of(id), None);
    }

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
