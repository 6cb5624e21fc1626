//! Unix: homes, `sudo`, and who may write what root reads.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

const NAME: &str = "oisp-sensor/config.toml";

/// Where a file may be, in the order in which they are tried.
#[must_use]
pub fn places() -> Vec<PathBuf> {
    let folder = asker().map_or_else(own_folder, |uid| Some(home_of(uid)?.join(".config")));
    folder
        .into_iter()
        .chain([PathBuf::from("/etc")])
        .map(|folder| folder.join(NAME))
        .collect()
}

fn own_folder() -> Option<PathBuf> {
    let from_env = |name| {
        std::env::var_os(name)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
    };
    from_env("XDG_CONFIG_HOME").or_else(|| Some(from_env("HOME")?.join(".config")))
}

/// Who ran `sudo`.
fn asker() -> Option<u32> {
    let uid = std::env::var("SUDO_UID").ok()?.parse().ok()?;
    (is_root() && uid != 0).then_some(uid)
}

fn home_of(uid: u32) -> Option<PathBuf> {
    home_in(&std::fs::read_to_string("/etc/passwd").ok()?, uid)
}

fn home_in(users: &str, uid: u32) -> Option<PathBuf> {
    let uid = uid.to_string();
    let mut lines = users.lines().map(|line| line.split(':'));
    let mut user = lines.find(|user| user.clone().nth(2) == Some(uid.as_str()))?;
    let home = user.nth(5)?;
    Path::new(home).is_absolute().then(|| PathBuf::from(home))
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// What root does must not be for others to say: the file names commands'
/// outputs and where events go.
pub(crate) fn check_owner(facts: &Metadata) -> Result<(), String> {
    let owner = facts.uid();
    let writable = facts.mode() & 0o002 != 0;
    if !is_root() || !facts.is_file() {
        return Ok(());
    }
    if owner != 0 && Some(owner) != asker() {
        return Err(format!(
            "belongs to user {owner}, and the sensor runs as root: chown it to root"
        ));
    }
    if writable {
        return Err(
            "can be written by everybody, and the sensor runs as root: chmod o-w it".into(),
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn homes_are_found_by_user_id() {
        let users = "root:x:0:0:root:/root:/bin/sh\nada:x:1000:1000::/home/ada:/bin/sh\nbad\n";
        assert_eq!(home_in(users, 1000), Some("/home/ada".into()));
        assert_eq!(home_in(users, 100), None);
    }
}
