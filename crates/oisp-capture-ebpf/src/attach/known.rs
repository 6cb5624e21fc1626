//! Files that are probed before any program uses them.
//!
//! A program that sends its first request within milliseconds of its start is
//! faster than anyone who looks for its libraries. Probes belong to files, not
//! to processes, so the usual files are probed ahead.

use std::path::{Path, PathBuf};

/// Directories in which libraries are looked for, below a root; `*` stands for
/// any one name.
const LIBRARY_DIRECTORIES: [&str; 15] = [
    "lib",
    "lib64",
    "lib/*-linux-gnu",
    "usr/lib",
    "usr/lib64",
    "usr/lib/*-linux-gnu",
    "usr/local/lib",
    "usr/local/lib64",
    "usr/local/ssl/lib",
    "usr/local/openssl/lib",
    "opt/*/lib",
    "opt/*/lib64",
    "home/linuxbrew/.linuxbrew/lib",
    "home/linuxbrew/.linuxbrew/opt/*/lib",
    "snap/*/current/usr/lib/*-linux-gnu",
];

/// The same below a home directory.
const HOME_LIBRARY_DIRECTORIES: [&str; 8] = [
    ".pyenv/versions/*/lib",
    "miniconda3/lib",
    "miniconda3/envs/*/lib",
    "anaconda3/lib",
    "anaconda3/envs/*/lib",
    "miniforge3/lib",
    "miniforge3/envs/*/lib",
    ".local/share/uv/python/*/lib",
];

/// Programs that carry TLS inside.
const PROGRAMS: &[&str] = &[
    "opt/*/bin/ollama",
    "usr/bin/ollama",
    "usr/local/bin/ollama",
    "usr/bin/node",
    "usr/bin/nodejs",
    "usr/local/bin/node",
    "opt/*/bin/node",
    "snap/bin/node",
    "usr/bin/bun",
    "usr/local/bin/bun",
    "usr/local/lib/node_modules/bun/bin/bun.exe",
    "usr/bin/claude",
    "usr/local/bin/claude",
];

/// The same below a home directory.
const HOME_PROGRAMS: &[&str] = &[
    ".nvm/versions/node/*/bin/node",
    ".volta/tools/image/node/*/bin/node",
    ".local/share/fnm/node-versions/*/installation/bin/node",
    ".asdf/installs/nodejs/*/bin/node",
    ".local/share/mise/installs/node/*/bin/node",
    ".nodenv/versions/*/bin/node",
    "n/bin/node",
    ".bun/bin/bun",
    ".local/bin/claude",
    ".local/share/claude/versions/*",
    ".opencode/bin/opencode",
    // What `go install` made.
    "go/bin/*",
    ".local/bin/ollama",
];

/// Names on the path under which the same programs are found.
const ON_PATH: [&str; 7] = [
    "node", "bun", "claude", "opencode", "ollama", "crush", "mods",
];

/// Whether a file that is probed ahead is a program: those are looked into more
/// deeply than libraries, which export what they offer.
pub(super) fn is_program(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str());
    !name.is_some_and(is_library)
}

/// A library that a file name promises to be TLS or to carry it.
fn is_library(name: &str) -> bool {
    ["libssl.so", "libssl-", "libnode.so", "libpython3."]
        .iter()
        .any(|prefix| name.starts_with(prefix))
        && name.contains(".so")
}

/// Files below that root that may carry TLS, each under one of its names.
pub(crate) fn files(root: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let homes = homes(root);
    let directories = expand_all(root, &LIBRARY_DIRECTORIES).chain(
        homes
            .iter()
            .flat_map(|home| expand_all(home, &HOME_LIBRARY_DIRECTORIES)),
    );
    for directory in directories {
        files.extend(
            names(&directory)
                .filter(|name| is_library(name))
                .map(|name| directory.join(name)),
        );
    }
    files.extend(programs(root, &homes));
    files
}

fn programs(root: &Path, homes: &[PathBuf]) -> Vec<PathBuf> {
    let at_home = homes
        .iter()
        .flat_map(|home| expand_all(home, HOME_PROGRAMS));
    expand_all(root, PROGRAMS).chain(at_home).collect()
}

/// The programs among them, which bring new versions of themselves that start
/// later.
pub(crate) fn programs_of_this_machine() -> Vec<PathBuf> {
    let root = Path::new("/");
    let mut files = programs(root, &homes(root));
    files.extend(on_path());
    files.retain(|file| file.is_file());
    files
}

fn on_path() -> Vec<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .flat_map(|directory| ON_PATH.map(|name| directory.join(name)))
        .collect()
}

/// What this machine's own configuration names besides: the loader's cache, and
/// the programs on the path.
pub(crate) fn files_of_this_machine() -> Vec<PathBuf> {
    let mut files = files(Path::new("/"));
    files.extend(loader_cache(
        &std::fs::read("/etc/ld.so.cache").unwrap_or_default(),
    ));
    files.extend(on_path());
    files.retain(|file| file.is_file());
    files
}

/// The cache (glibc `dl-cache.h`) is a table of offsets into strings that end in
/// zeros; the paths among them are all that is wanted.
fn loader_cache(bytes: &[u8]) -> Vec<PathBuf> {
    bytes
        .split(|byte| *byte == 0)
        .filter(|text| text.starts_with(b"/"))
        .filter_map(|text| std::str::from_utf8(text).ok().map(PathBuf::from))
        .filter(|path| {
            path.file_name()
                .and_then(|name| name.to_str())
                .is_some_and(is_library)
        })
        .collect()
}

fn homes(root: &Path) -> Vec<PathBuf> {
    let mut homes = vec![root.join("root")];
    let all = root.join("home");
    homes.extend(names(&all).map(|name| all.join(name)));
    homes
}

fn expand_all<'a>(
    root: &'a Path,
    patterns: &'a [&'static str],
) -> impl Iterator<Item = PathBuf> + 'a {
    patterns
        .iter()
        .flat_map(move |pattern| expand(root, pattern))
}

/// The existing paths that a pattern stands for.
fn expand(root: &Path, pattern: &str) -> Vec<PathBuf> {
    let mut paths = vec![root.to_path_buf()];
    for part in pattern.split('/') {
        paths = paths
            .into_iter()
            .flat_map(|path| step(&path, part))
            .collect();
    }
    paths.retain(|path| path.exists());
    paths
}

fn step(directory: &Path, part: &str) -> Vec<PathBuf> {
    match part.strip_prefix('*') {
        Some(end) => names(directory)
            .filter(|name| name.ends_with(end))
            .map(|name| directory.join(name))
            .collect(),
        None => vec![directory.join(part)],
    }
}

fn names(directory: &Path) -> impl Iterator<Item = String> {
    let entries = std::fs::read_dir(directory).ok();
    entries
        .into_iter()
        .flatten()
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_loader_s_cache_names_libraries_by_path() {
        let cache = b"glibc-ld.so.cache1.1\0\x01\x02libssl.so.3\0/usr/lib/libssl.so.3\0libc.so.6\0/lib/libc.so.6\0";
        assert_eq!(loader_cache(cache), [PathBuf::from("/usr/lib/libssl.so.3")]);
    }

    #[test]
    fn a_star_stands_for_one_name() {
        let paths = expand(Path::new(env!("CARGO_MANIFEST_DIR")), "*/attach/mod.rs");
        assert_eq!(
            paths,
            [Path::new(env!("CARGO_MANIFEST_DIR")).join("src/attach/mod.rs")]
        );
        assert!(expand(Path::new("/"), "nowhere/*/x").is_empty());
    }

    #[test]
    fn names_promise_tls_or_do_not() {
        for name in [
            "libssl.so.3",
            "libssl.so.1.1",
            "libssl-9ac2.so.1.1",
            "libnode.so.108",
            "libpython3.12.so.1.0",
        ] {
            assert!(is_library(name), "{name}");
        }
        for name in ["libcrypto.so.3", "libssl.a", "libssl3.so", "libssl-doc"] {
            assert!(!is_library(name), "{name}");
        }
    }
}
