//! Why a process is not captured: which TLS it seems to carry instead.

use std::collections::HashMap;
use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::Path;

use memchr::memmem;

use super::target::FileId;
use super::view::ProcessView;
use crate::process;

/// Libraries that carry TLS for which there is no probe point in this version.
const LIBRARIES: [(&str, &str); 7] = [
    ("libgnutls.so", "GnuTLS"),
    ("libssl3.so", "NSS"),
    ("libmbedtls.so", "Mbed TLS"),
    ("libwolfssl.so", "wolfSSL"),
    ("libjvm.so", "Java's own TLS"),
    ("libcoreclr.so", ".NET"),
    ("libs2n.so", "s2n"),
];

/// What a program that carries TLS inside holds somewhere in its bytes, in the
/// order in which the marks count.
const MARKS: [(&str, &str); 5] = [
    ("rustls", "rustls"),
    ("crypto/tls.(*Conn).Write", "Go's own TLS"),
    ("BoringSSL", "BoringSSL inside the program, without symbols"),
    ("OpenSSL 1.", "OpenSSL inside the program, without symbols"),
    ("OpenSSL 3.", "OpenSSL inside the program, without symbols"),
];

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
        if !seen.other_tls.is_empty() {
            let why = format!(
                "uses {}: no probe point in this version",
                seen.other_tls.join(" and ")
            );
            return Reason {
                why,
                remedy: Some(NOTHING_YET),
            };
        }
        match self.program(pid) {
            Some(kind) => Reason {
                why: format!("seems to carry {kind}: no probe point in this version"),
                remedy: Some(NOTHING_YET),
            },
            None => Reason {
                why: String::from("no TLS library mapped, and none known inside"),
                remedy: None,
            },
        }
    }

    fn program(&mut self, pid: u32) -> Option<&'static str> {
        let file = File::open(process::path(pid, "exe")).ok()?;
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
