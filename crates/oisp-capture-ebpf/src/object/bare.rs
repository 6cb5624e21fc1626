//! Probes that do nothing: the least that a probed call can cost, for
//! benchmarks to hold the capture against.

use std::ffi::CString;
use std::fs::File;
use std::io;
use std::os::fd::{AsFd as _, OwnedFd};
use std::path::Path;

use super::sys::{self, Kind, Scope};
use crate::signature::Signatures;
use crate::tls::{self, Carries, Hook};

/// Probes that do nothing, at the entry and the return of a file's TLS
/// functions, as the capture would place them. Taken away when dropped.
#[derive(Debug)]
pub struct BareProbes {
    _held: Vec<OwnedFd>,
}

impl BareProbes {
    /// Puts them in place. Needs the privileges of the capture, and a kernel with
    /// links to many probes (6.6).
    ///
    /// # Errors
    /// When the file carries no TLS that is found by its symbols, or the kernel
    /// refuses.
    pub fn on(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        let Carries::Tls(stacks) = tls::look_into(&Signatures::default(), &file, true) else {
            return Err(io::Error::other("no TLS functions in it"));
        };
        let name = CString::new(path.as_os_str().as_encoded_bytes()).map_err(io::Error::other)?;
        let kind = Kind::MultiProbe { sleepable: false };
        let program = sys::load("bare", kind, &sys::nothing(), c"GPL")?;
        let mut held = Vec::new();
        for hook in [Hook::TlsReturn, Hook::TlsEntry] {
            let places = stacks.iter().flat_map(|stack| &stack.places);
            let offsets: Vec<u64> = places
                .filter(|place| place.hook == hook)
                .map(|place| place.offset)
                .collect();
            let (fd, cookies) = (program.as_fd(), vec![0; offsets.len()]);
            let scope = Scope::AllProcesses;
            held.push(sys::link(
                fd,
                &name,
                &offsets,
                &cookies,
                hook.is_return(),
                scope,
            )?);
        }
        held.push(program);
        Ok(Self { _held: held })
    }
}
