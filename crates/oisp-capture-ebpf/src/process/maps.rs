//! `/proc/PID/maps` (proc_pid_maps(5)): the files whose code a process runs.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt as _;
use std::path::PathBuf;

/// A file that is mapped executable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mapping {
    /// Device and inode as the line gives them. On some file systems the device
    /// is not the one that `stat` tells.
    pub(crate) id: (u64, u64),
    /// Its path in the process's own mount namespace, at the time of mapping.
    pub(crate) path: PathBuf,
    /// The path is gone since.
    pub(crate) deleted: bool,
    /// Name of the mapping in `/proc/PID/map_files`.
    pub(crate) range: String,
}

/// The files mapped executable in that process, each once.
pub(crate) fn executable_files(pid: u32) -> std::io::Result<Vec<Mapping>> {
    Ok(parse(&std::fs::read(super::path(pid, "maps"))?))
}

fn parse(text: &[u8]) -> Vec<Mapping> {
    let mut files = BTreeMap::new();
    for mapping in text.split(|byte| *byte == b'\n').filter_map(parse_line) {
        files.entry(mapping.id).or_insert(mapping);
    }
    files.into_values().collect()
}

/// `7f0d2c000000-7f0d2c021000 r-xp 00001000 08:01 1234   /usr/lib/libssl.so.3`
fn parse_line(line: &[u8]) -> Option<Mapping> {
    let path_at = line.iter().position(|byte| *byte == b'/')?;
    let (head, path) = line.split_at_checked(path_at)?;
    let mut fields = std::str::from_utf8(head).ok()?.split_ascii_whitespace();
    let (range, access, _offset, device, inode) = (
        fields.next()?,
        fields.next()?,
        fields.next()?,
        fields.next()?,
        fields.next()?,
    );
    // The fourth `x`; a path may also begin behind the words of a pseudo file.
    if access.as_bytes().get(2) != Some(&b'x') || fields.next().is_some() {
        return None;
    }
    let (major, minor) = device.split_once(':')?;
    let device =
        (u64::from_str_radix(major, 16).ok()? << 32) | u64::from_str_radix(minor, 16).ok()?;
    let (path, deleted) = match path.strip_suffix(b" (deleted)") {
        Some(path) => (path, true),
        None => (path, false),
    };
    Some(Mapping {
        id: (device, inode.parse().ok()?),
        path: PathBuf::from(OsString::from_vec(unescape(path))),
        deleted,
        range: String::from(range),
    })
}

/// The kernel writes a newline in a path as `\012`.
fn unescape(path: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(path.len());
    let mut rest = path;
    while let Some((first, tail)) = rest.split_first() {
        if let Some(tail) = rest.strip_prefix(b"\\012") {
            out.push(b'\n');
            rest = tail;
        } else {
            out.push(*first);
            rest = tail;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn executable_files_are_found_once_each() {
        let text = b"\
55f0c0000000-55f0c0001000 r--p 00000000 08:01 10 /usr/bin/curl\n\
55f0c0001000-55f0c0002000 r-xp 00001000 08:01 10 /usr/bin/curl\n\
7f0000000000-7f0000001000 r-xp 00000000 fe:02 11 /opt/my libs/libssl.so.3 (deleted)\n\
7f0000002000-7f0000003000 r-xp 00000000 fe:02 11 /opt/my libs/libssl.so.3 (deleted)\n\
7f0000004000-7f0000005000 r-xp 00000000 00:01 12 /tmp/a\\012b\n\
7fff00000000-7fff00001000 r-xp 00000000 00:00 0 [vdso]\n\
7f0000006000-7f0000007000 rw-p 00000000 00:00 0 \n";
        let files = parse(text);
        let seen: Vec<(&str, bool)> = files
            .iter()
            .map(|file| (file.path.to_str().unwrap(), file.deleted))
            .collect();
        assert_eq!(
            seen,
            [
                ("/tmp/a\nb", false),
                ("/usr/bin/curl", false),
                ("/opt/my libs/libssl.so.3", true)
            ]
        );
        assert_eq!(files[2].id, ((0xfe << 32) | 2, 11));
        assert_eq!(files[2].range, "7f0000000000-7f0000001000");
    }

    #[test]
    fn this_program_maps_itself() {
        let exe = std::env::current_exe().unwrap();
        let files = executable_files(std::process::id()).unwrap();
        assert!(files.iter().any(|file| file.path == exe), "{files:?}");
    }

    #[test]
    fn broken_lines_are_passed_over() {
        assert!(parse(b"/x\nzz r-xp\n1-2 r-xp 0 q:1 5 /x\n\xff\xff /y").is_empty());
    }
}
