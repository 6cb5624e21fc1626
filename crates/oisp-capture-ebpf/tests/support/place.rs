//! Where the processes of a test are: folders and control groups.

#![allow(
    clippy::unwrap_used,
    reason = "a test states its assumptions by panicking"
)]

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

/// A folder of the test, removed at its end.
pub struct Folder(PathBuf);

impl Folder {
    pub fn new(test: &str) -> Self {
        let path = std::env::temp_dir().join(format!("oisp-{test}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub fn path(&self) -> &Path {
        &self.0
    }

    pub fn script(&self, name: &str, text: &str) {
        let path = self.0.join(name);
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A group of the test in the unified hierarchy, removed at its end.
pub struct Group(PathBuf);

impl Group {
    pub fn new(path: &str) -> Option<Self> {
        let mount = ["/sys/fs/cgroup", "/sys/fs/cgroup/unified"]
            .into_iter()
            .find(|mount| Path::new(mount).join("cgroup.controllers").exists())?;
        let path = Path::new(mount).join(path);
        std::fs::create_dir_all(&path).ok()?;
        Some(Self(path))
    }

    /// A shell that goes into the group before it does anything else.
    pub fn shell(&self, script: &str) -> Command {
        let mut command = Command::new("/bin/sh");
        let enter = format!("echo $$ > {}/cgroup.procs; {script}", self.0.display());
        command.args(["-c", &enter]);
        command
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        let deadline = Instant::now() + super::DEADLINE;
        // A process that has ended is in its group for a moment more.
        while std::fs::remove_dir(&self.0).is_err() && self.0.exists() {
            assert!(Instant::now() < deadline, "{:?}", self.0);
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        if let Some(parent) = self.0.parent() {
            // Others may be in it.
            let _ = std::fs::remove_dir(parent);
        }
    }
}
