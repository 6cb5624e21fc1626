//! Why a process is not captured, or not all of it: which TLS it seems to carry
//! besides what is probed.
//!
//! Libraries are known by their names, what is inside a program by words that
//! only such a library has in it. The words are searched only when someone asks,
//! and once per file.

use std::collections::HashMap;
use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::Path;

use memchr::memmem;

use super::target::{FileId, within_root};
use super::view::ProcessView;
use crate::process;

/// Libraries that carry TLS. Those that are probed are here for the case that one
/// of them cannot be: it is not asked about others.
const LIBRARIES: [(&str, &str); 10] = [
    ("libgnutls.so", "GnuTLS"),
    ("libssl.so", "OpenSSL"),
    ("libssl3.so", "NSS"),
    ("libmbedtls.so", "Mbed TLS"),
    ("libwolfssl.so", "wolfSSL"),
    ("libjvm.so", "Java's own TLS"),
    ("libcoreclr.so", ".NET"),
    ("libs2n.so", "s2n"),
    ("librustls.so", "rustls"),
    ("_rust.abi3.so", "OpenSSL inside Python's cryptography"),
];

/// What a program that carries TLS inside holds somewhere in its bytes, in the
/// order in which the marks count: paths and names of functions, which no text
/// about that library has.
const MARKS: [(&str, &str); 6] = [
    ("rustls-0.", "rustls"),
    ("rustls/src/", "rustls"),
    ("rustls::client", "rustls"),
    ("crypto/tls.(*Conn).Write", "Go's own TLS"),
    ("BoringSSL", "BoringSSL inside the program, without symbols"),
    (
        "ssl3_read_bytes",
        "OpenSSL inside the program, without symbols",
    ),
];

/// A part of a program that often has TLS of its own inside: extension modules
/// that are compiled from Rust or carry a network stack.
pub(super) fn may_carry(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str());
    name.is_some_and(|name| name.ends_with(".abi3.so") || name.ends_with(".node"))
}

/// The kind of TLS that a library of that name carries.
pub(super) fn library(path: &Path) -> Option<&'static str> {
    let name = path.file_name()?.to_str()?;
    LIBRARIES
        .into_iter()
        .find(|(prefix, _)| name.starts_with(prefix))
        .map(|(_, kind)| kind)
}

/// Finds reasons, and remembers what it found in each program.
#[derive(Debug, Default)]
pub(crate) struct Hints {
    programs: HashMap<FileId, Option<&'static str>>,
}

/// Why a process is not captured, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reason {
    pub(crate) why: String,
    pub(crate) remedy: Option<&'static str>,
}

const NOTHING_YET: &str = "nothing in this version; where the program lets you choose, run it on OpenSSL (node, Python, curl)";

impl Hints {
    /// Why this process is not captured.
    pub(crate) fn reason(&mut self, pid: u32, seen: &ProcessView) -> Reason {
        if seen.left_out {
            return Reason {
                why: String::from("left out by the rules for processes"),
                remedy: Some("change them: --process, --pid, --exclude"),
            };
        }
        if let Some(error) = &seen.error {
            let remedy = Some("run the sensor as root or grant it CAP_SYS_PTRACE");
            return Reason {
                why: error.clone(),
                remedy,
            };
        }
        if let Some(why) = &seen.unprobed {
            return Reason {
                why: format!("carries TLS that is not probed: {why}"),
                remedy: Some(NOTHING_YET),
            };
        }
        let carried = self.carried(pid, seen);
        match carried.as_slice() {
            [] => Reason {
                why: String::from("no TLS library mapped, and none known inside"),
                remedy: None,
            },
            kinds => Reason {
                why: format!("{}: no probe point in this version", kinds.join(", ")),
                remedy: Some(NOTHING_YET),
            },
        }
    }

    /// The TLS that a process seems to carry and that is not probed, in words.
    pub(crate) fn carried(&mut self, pid: u32, seen: &ProcessView) -> Vec<String> {
        let mut kinds: Vec<String> = Vec::new();
        if !seen.other_tls.is_empty() {
            kinds.push(format!("uses {}", seen.other_tls.join(" and ")));
        }
        if !seen.is_target {
            let program = self.inside(&process::path(pid, "exe"));
            kinds.extend(program.map(|kind| format!("seems to carry {kind}")));
        }
        for path in &seen.may_carry {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let kind = self.inside(&within_root(pid, path));
            kinds.extend(kind.map(|kind| format!("{name} seems to carry {kind}")));
        }
        kinds
    }

    fn inside(&mut self, path: &Path) -> Option<&'static str> {
        let file = File::open(path).ok()?;
        let id = FileId::of(&file.metadata().ok()?);
        if let Some(known) = self.programs.get(&id) {
            return *known;
        }
        let found = search(file);
        self.programs.insert(id, found);
        found
    }
}

/// A program larger than this is searched only so far.
const SEARCH_LIMIT: u64 = 128 << 20;
const BLOCK: usize = 1 << 20;

/// The first of the marks that the file holds.
fn search(mut file: File) -> Option<&'static str> {
    file.seek(SeekFrom::Start(0)).ok()?;
    let longest = MARKS.iter().map(|(mark, _)| mark.len()).max()?;
    let mut reader = file.take(SEARCH_LIMIT);
    let mut window = Vec::with_capacity(BLOCK + longest);
    let mut found = [false; MARKS.len()];
    loop {
        let read = reader
            .by_ref()
            .take(u64::try_from(BLOCK).ok()?)
            .read_to_end(&mut window)
            .ok()?;
        if read == 0 {
            break;
        }
        for (seen, (mark, _)) in found.iter_mut().zip(MARKS) {
            *seen = *seen || memmem::find(&window, mark.as_bytes()).is_some();
        }
        // A mark may stand across two blocks.
        let keep = window.len().saturating_sub(longest);
        window.drain(..keep);
    }
    found
        .iter()
        .zip(MARKS)
        .find(|(seen, _)| **seen)
        .map(|(_, (_, kind))| kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn libraries_are_known_by_name() {
        assert_eq!(
            library(Path::new("/usr/lib/libgnutls.so.30")),
            Some("GnuTLS")
        );
        assert_eq!(library(Path::new("/usr/lib/libc.so.6")), None);
        assert_eq!(library(Path::new("/usr/lib/libssl3.so")), Some("NSS"));
    }

    #[test]
    fn what_a_text_says_about_a_library_is_no_mark() {
        let text = b"built with rustls, OpenSSL 3.0.19 or GnuTLS";
        for (mark, kind) in MARKS {
            assert!(memmem::find(text, mark.as_bytes()).is_none(), "{kind}");
        }
    }

    #[test]
    fn only_parts_that_often_carry_tls_are_searched() {
        assert!(may_carry(Path::new("/x/hf_xet.abi3.so")));
        assert!(may_carry(Path::new("/x/client.linux-x64-gnu.node")));
        assert!(!may_carry(Path::new(
            "/x/_json.cpython-312-x86_64-linux-gnu.so"
        )));
    }

    #[test]
    fn a_mark_is_found_wherever_it_stands() {
        // This program holds the marks themselves: the first one counts.
        assert_eq!(
            search(File::open("/proc/self/exe").unwrap()),
            Some("rustls")
        );
    }
}
