//! Paths as the kernel's programs tell them, and which of them nobody asks about.

/// A path from its names, the last first, each ended by a zero. One that was cut
/// begins with an ellipsis.
pub(crate) fn from_names(names: &[u8], cut: bool) -> String {
    let mut parts: Vec<_> = names
        .split(|byte| *byte == 0)
        .filter(|name| !name.is_empty())
        .map(String::from_utf8_lossy)
        .collect();
    parts.reverse();
    let start = if cut { "…/" } else { "/" };
    format!("{start}{}", parts.join("/"))
}

/// What a program asked for in a directory. Links are not followed.
pub(crate) fn join(directory: &str, name: &[u8]) -> String {
    let end = name
        .iter()
        .position(|byte| *byte == 0)
        .unwrap_or(name.len());
    let name = String::from_utf8_lossy(name.get(..end).unwrap_or_default());
    let whole = if name.starts_with('/') {
        name.into_owned()
    } else {
        format!("{directory}/{name}")
    };
    let mut parts: Vec<&str> = Vec::new();
    for part in whole.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    let start = if whole.starts_with('/') { "/" } else { "" };
    format!("{start}{}", parts.join("/"))
}

/// Below these are the system's own files.
const SYSTEM: [&str; 10] = [
    "/proc/",
    "/sys/",
    "/dev/",
    "/usr/lib",
    "/usr/share/",
    "/lib/",
    "/lib64/",
    "/run/",
    "/var/cache/",
    "/etc/ssl/",
];
/// Single files that every program reads.
const EVERYBODYS: &[&str] = &[
    "/etc/locale.alias",
    "/etc/ld.so.cache",
    "/etc/localtime",
    "/etc/passwd",
    "/etc/group",
    "/etc/nsswitch.conf",
    "/etc/resolv.conf",
    "/etc/hosts",
    "/etc/host.conf",
];
/// Folders of installed packages and caches, wherever they are.
const INSTALLED: [&str; 6] = [
    "/node_modules/",
    "/site-packages/",
    "/dist-packages/",
    "/__pycache__/",
    "/.git/objects/",
    "/lib/python3",
];

/// A file of the system or of an installed package: reading it says nothing of
/// what a program works on.
pub(crate) fn is_noise(path: &str) -> bool {
    SYSTEM.iter().any(|start| path.starts_with(start))
        || EVERYBODYS.contains(&path)
        || INSTALLED.iter().any(|part| path.contains(part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_told_from_the_last_to_the_first() {
        assert_eq!(from_names(b"c\0b\0a\0", false), "/a/b/c");
        assert_eq!(from_names(b"c\0b\0", true), "…/b/c");
        assert_eq!(from_names(b"", false), "/");
    }

    #[test]
    fn a_name_is_joined_to_its_directory() {
        assert_eq!(join("/a/b", b"c\0rest"), "/a/b/c");
        assert_eq!(join("/a/b", b"./../c"), "/a/c");
        assert_eq!(join("/a/b", b"/x//y/"), "/x/y");
        assert_eq!(join("/", b"../../c"), "/c");
    }

    #[test]
    fn what_is_installed_is_noise_and_what_is_worked_on_is_not() {
        for noise in [
            "/usr/lib/x.so",
            "/w/node_modules/a/b.js",
            "/etc/localtime",
            "/proc/1/stat",
        ] {
            assert!(is_noise(noise), "{noise}");
        }
        for told in [
            "/home/me/.ssh/id_rsa",
            "/etc/shadow",
            "/project/src/main.rs",
            "/root/.env",
        ] {
            assert!(!is_noise(told), "{told}");
        }
    }
}
