//! Unix: private files, the state directory, the user behind `sudo`, who waits
//! for the start.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// Creates or replaces a file that only its owner can read.
pub fn private_file(path: &Path) -> io::Result<File> {
    let file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)?;
    if file.metadata()?.is_file() {
        file.set_permissions(std::fs::Permissions::from_mode(0o600))?;
    }
    Ok(file)
}

/// Makes a folder that only its owner can enter. One that is there stays as it
/// is: it may be for others, too.
pub fn private_dir(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// Where a sensor of root keeps its state.
pub fn system_state_dir() -> Option<PathBuf> {
    Some(PathBuf::from("/var/lib/oisp-sensor"))
}

/// Opens a file to append to, made so that only its owner can read it.
pub fn private_appended(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.append(true).create(true).mode(0o600).open(path)
}

/// Only its owner can read it.
pub fn is_private(file: &File) -> io::Result<bool> {
    Ok(file.metadata()?.mode() & 0o077 == 0)
}

/// Where the sensor keeps what outlives a run: as `OISP_STATE_DIR` says, else
/// root's or the user's own folder.
pub fn state_dir() -> Option<PathBuf> {
    let from_env = |name| {
        std::env::var_os(name)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
    };
    if let Some(dir) = from_env("OISP_STATE_DIR") {
        return Some(dir);
    }
    if is_root() {
        return system_state_dir();
    }
    let state =
        from_env("XDG_STATE_HOME").or_else(|| Some(from_env("HOME")?.join(".local/state")))?;
    Some(state.join("oisp-sensor"))
}

/// Gives a file to the user who ran `sudo`: who asked for the events should be
/// able to read them.
pub fn to_invoking_user(path: &Path) {
    let id = |name: &str| std::env::var(name).ok()?.parse::<u32>().ok();
    if let (true, Some(uid), Some(gid)) = (is_root(), id("SUDO_UID"), id("SUDO_GID"))
        && std::fs::metadata(path).is_ok_and(|file| file.is_file() && file.uid() == 0)
        && let Err(error) = std::os::unix::fs::chown(path, Some(uid), Some(gid))
    {
        tracing::warn!(path = %path.display(), %error, "file stays owned by root");
    }
}

/// Standard error goes to systemd's journal (systemd.exec(5), `JOURNAL_STREAM`).
pub fn says_to_journal() -> bool {
    let Ok(stream) = std::env::var("JOURNAL_STREAM") else {
        return false;
    };
    std::fs::metadata("/dev/stderr")
        .is_ok_and(|stderr| stream == format!("{}:{}", stderr.dev(), stderr.ino()))
}

/// The owner of /proc/self is the effective user.
fn is_root() -> bool {
    std::fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0)
}

/// Tells systemd, or whoever else started the sensor and waits, that it captures.
pub fn tell_ready() {
    tell(&sd_notify::NotifyState::Ready);
}

/// Tells that it ends.
pub fn tell_stopping() {
    tell(&sd_notify::NotifyState::Stopping);
}

fn tell(state: &sd_notify::NotifyState<'_>) {
    if let Err(error) = sd_notify::notify(std::slice::from_ref(state)) {
        tracing::warn!(%error, "who started the sensor cannot be told of its state");
    }
}
