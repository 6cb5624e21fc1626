//! Files that are probed before any program uses them.
//!
//! A program that sends its first request within milliseconds of its start is
//! faster than anyone who looks for its libraries. Probes belong to files, not
//! to processes, so the usual files are probed ahead.

use std::path::{Path, PathBuf};

/// Directories in which libraries are looked for, below a root; `*` stands for
/// any characters of a name.
const LIBRARY_DIRECTORIES: [&str; 22] = [
    "lib",
    "lib64",
    "lib/*-linux-gnu",
    "usr/lib",
    "usr/lib64",
    "usr/lib/*-linux-gnu",
    "usr/lib/firefox*",
    "usr/lib64/firefox*",
    "usr/local/lib",
    "usr/local/lib64",
    "usr/local/ssl/lib",
    "usr/local/openssl/lib",
    "usr/local/lib/python3*/*-packages/*.libs",
    "opt/*/lib",
    "opt/*/lib64",
    "opt/*/envs/*/lib",
    "opt/firefox*",
    "home/linuxbrew/.linuxbrew/lib",
    "home/linuxbrew/.linuxbrew/opt/*/lib",
    "snap/*/current/lib/*-linux-gnu",
    "snap/*/current/usr/lib/*-linux-gnu",
    "snap/firefox/current/usr/lib/firefox",
];

/// The same below a home directory.
const HOME_LIBRARY_DIRECTORIES: [&str; 16] = [
    ".pyenv/versions/*/lib",
    ".pyenv/versions/*/lib/python3*/site-packages/*.libs",
    ".local/lib/python3*/site-packages/*.libs",
    ".conda/envs/*/lib",
    "miniconda3/lib",
    "miniconda3/envs/*/lib",
    "anaconda3/lib",
    "anaconda3/envs/*/lib",
    "miniforge3/lib",
    "miniforge3/envs/*/lib",
    "mambaforge/lib",
    "mambaforge/envs/*/lib",
    "micromamba/envs/*/lib",
    ".local/share/mamba/envs/*/lib",
    ".local/share/uv/python/*/lib",
    ".local/share/mise/installs/python/*/lib",
];

/// Programs that carry TLS inside: runtimes, agents, and curl where it was built
/// as one file.
const PROGRAMS: &[&str] = &[
    "opt/*/bin/ollama",
    "usr/bin/ollama",
    "usr/local/bin/ollama",
    "usr/bin/node",
    "usr/bin/nodejs",
    "usr/local/bin/node",
    "usr/local/bin/curl",
    "opt/*/bin/node",
    "opt/*/bin/curl",
    "opt/*/envs/*/bin/node",
    "snap/node/current/bin/node",
    "home/linuxbrew/.linuxbrew/bin/node",
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
    ".local/bin/curl",
    ".local/bin/node",
    ".asdf/installs/nodejs/*/bin/node",
    ".local/share/mise/installs/node/*/bin/node",
    ".nodenv/versions/*/bin/node",
    "miniconda3/bin/node",
    "miniconda3/envs/*/bin/node",
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

/// Names with which libraries begin that are TLS, serve it or have it inside. A
/// wheel that brings its own puts a number behind the name.
const LIBRARIES: [&str; 8] = [
    "libssl.so",
    "libssl-",
    "libgnutls.so",
    "libgnutls-",
    "libssl3.so",
    "libnspr4.so",
    "libnode.so",
    "libpython3.",
];

/// A library that a file name promises to be TLS or to carry it.
fn is_library(name: &str) -> bool {
    LIBRARIES.iter().any(|prefix| name.starts_with(prefix)) && name.contains(".so")
}

/// Whether a known file is a program, whose symbols need not be exported.
pub(crate) fn is_program(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str());
    !name.is_some_and(is_library)
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
    files.extend(directories.flat_map(libraries));
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

/// Where an environment of Python or conda keeps its libraries, below its folder.
const PREFIX_LIBRARY_DIRECTORIES: [&str; 2] = ["lib", "lib/python3*/site-packages/*.libs"];

/// Libraries below the folder of such an environment that may carry TLS.
pub(crate) fn files_of_prefix(prefix: &Path) -> Vec<PathBuf> {
    expand_all(prefix, &PREFIX_LIBRARY_DIRECTORIES)
        .flat_map(libraries)
        .collect()
}

fn libraries(directory: PathBuf) -> Vec<PathBuf> {
    names(&directory)
        .filter(|name| is_library(name))
        .map(|name| directory.join(name))
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
    match part.split_once('*') {
        Some((begin, end)) => names(directory)
            .filter(|name| is_between(name, begin, end))
            .map(|name| directory.join(name))
            .collect(),
        None => vec![directory.join(part)],
    }
}

fn is_between(name: &str, begin: &str, end: &str) -> bool {
    name.strip_prefix(begin)
        .is_some_and(|rest| rest.ends_with(end))
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
        assert!(is_between("python3.12", "python3", ""));
        assert!(is_between("psycopg2_binary.libs", "", ".libs"));
        assert!(!is_between("aba", "ab", "ba"));
    }

    #[test]
    fn what_wheels_bring_is_found_below_an_environment() {
        let environment = std::env::temp_dir().join(format!("oisp-env-{}", std::process::id()));
        let folder = environment.join("lib/python3.12/site-packages/psycopg2_binary.libs");
        std::fs::create_dir_all(&folder).unwrap();
        for name in ["libssl-3a1b.so.3", "libpq-77.so.5"] {
            std::fs::write(folder.join(name), "").unwrap();
        }
        let found = files_of_prefix(&environment);
        std::fs::remove_dir_all(&environment).unwrap();
        assert_eq!(found, [folder.join("libssl-3a1b.so.3")]);
    }

    #[test]
    fn names_promise_tls_or_do_not() {
        for name in [
            "libssl.so.3",
            "libssl.so.1.1",
            "libssl-9ac2.so.1.1",
            "libnode.so.108",
            "libpython3.12.so.1.0",
            "libgnutls.so.30",
            "libgnutls-1cb6f2a1.so.30.40.0",
            "libssl3.so",
            "libnspr4.so",
        ] {
            assert!(is_library(name), "{name}");
        }
        for name in ["libcrypto.so.3", "libssl.a", "libnss3.so", "libssl-doc"] {
            assert!(!is_library(name), "{name}");
        }
    }
}
