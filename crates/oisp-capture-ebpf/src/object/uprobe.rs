//! Putting programs at places of a file, in the best way that the kernel has:
//! one link for all places (Linux 6.6), one probe each with a cookie (5.15), or
//! one probe each with a program of its own.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::ffi::CString;
use std::fs::File;
use std::io;
use std::os::fd::{AsFd as _, AsRawFd as _, BorrowedFd, OwnedFd};
use std::sync::Arc;

use super::parsed::Parsed;
use super::perf::{self, ProbeKind};
use super::sys::{self, Kind, Scope};
use crate::config::ProbeMethod as Method;
use crate::tls::{Hook, Place};

/// Keeps a file probed. Detaches when dropped.
#[derive(Debug)]
#[expect(dead_code, reason = "held for what dropping it does")]
pub(crate) struct Link(Vec<OwnedFd>);

/// The programs that run at places in user space.
pub(super) struct Uprobes {
    method: Method,
    may_sleep: bool,
    parsed: Arc<Parsed>,
    /// By name, and where there are no cookies, number of the function.
    loaded: HashMap<(&'static str, u64), OwnedFd>,
    kind: Option<ProbeKind>,
}

impl Uprobes {
    /// Loads the programs for the method asked for, or for the best that works.
    pub(super) fn load(
        parsed: Arc<Parsed>,
        asked: Option<Method>,
        may_sleep: bool,
    ) -> io::Result<Self> {
        let mut uprobes = Self {
            method: Method::Multi,
            may_sleep,
            parsed,
            loaded: HashMap::new(),
            kind: None,
        };
        let mut refused = io::Error::from(io::ErrorKind::Unsupported);
        for method in [Method::Multi, Method::Cookie, Method::Copies] {
            // A program that may sleep is loaded as one or not at all.
            let excluded = may_sleep && method != Method::Multi;
            if excluded || asked.is_some_and(|asked| asked != method) {
                continue;
            }
            uprobes.method = method;
            match uprobes.try_method() {
                Ok(()) => return Ok(uprobes),
                Err(error) => refused = error,
            }
            uprobes.loaded.clear();
        }
        Err(refused)
    }

    fn try_method(&mut self) -> io::Result<()> {
        if self.method != Method::Multi {
            self.kind = Some(ProbeKind::read()?);
        }
        // With copies, the first of them show that the kernel takes them. What few
        // files need is loaded with the first that does: it takes the verifier long.
        for hook in [Hook::TlsReturn, Hook::TlsEntry] {
            self.program(hook, 0)?;
        }
        let works = match self.method {
            Method::Multi => self.has_multi(),
            Method::Cookie => self.has_cookies(),
            Method::Copies => true,
        };
        if works {
            Ok(())
        } else {
            Err(io::Error::from(io::ErrorKind::Unsupported))
        }
    }

    /// How this kernel probes.
    pub(super) const fn method(&self) -> Method {
        self.method
    }

    /// The loaded program for a place.
    fn program(&mut self, hook: Hook, function: u64) -> io::Result<BorrowedFd<'_>> {
        let name = hook.program();
        let key = match self.method {
            Method::Multi | Method::Cookie => (name, 0),
            Method::Copies => (name, function),
        };
        let loaded: &OwnedFd = match self.loaded.entry(key) {
            Entry::Occupied(loaded) => loaded.into_mut(),
            Entry::Vacant(place) => {
                let program = match self.method {
                    Method::Copies => {
                        let (instructions, license) = self.parsed.with_cookie(name, function)?;
                        sys::load(name, Kind::Probe, &instructions, license)?
                    }
                    Method::Cookie => {
                        let (instructions, license) = self.parsed.program(name)?;
                        sys::load(name, Kind::Probe, instructions, license)?
                    }
                    Method::Multi => {
                        let (instructions, license) = self.parsed.program(name)?;
                        sys::load(
                            name,
                            Kind::MultiProbe {
                                sleepable: self.may_sleep,
                            },
                            instructions,
                            license,
                        )?
                    }
                };
                place.insert(program)
            }
        };
        Ok(loaded.as_fd())
    }

    /// A kernel that knows links to many probes finds that a directory is no
    /// file; another one does not get that far.
    fn has_multi(&mut self) -> bool {
        let Ok(program) = self.program(Hook::TlsEntry, 0) else {
            return false;
        };
        let refused = sys::link(program, c"/", &[0], &[0], false, Scope::AllProcesses);
        refused.is_err_and(|error| error.raw_os_error() == Some(libc::EBADF))
    }

    /// A kernel that knows links to probes finds that a program is none;
    /// another one does not know the request.
    fn has_cookies(&mut self) -> bool {
        let Ok(program) = self.program(Hook::TlsEntry, 0) else {
            return false;
        };
        let refused = sys::link_probe(program, program, 1);
        refused.is_err_and(|error| error.raw_os_error() == Some(libc::EBADF))
    }

    /// Puts programs at places of a file.
    pub(super) fn attach(
        &mut self,
        file: &File,
        places: &[Place],
        scope: Scope,
    ) -> io::Result<Link> {
        let path = CString::new(path_of(file)).map_err(io::Error::other)?;
        let mut links = Vec::new();
        for hook in Hook::ALL.iter().copied() {
            let there: Vec<&Place> = places.iter().filter(|place| place.hook == hook).collect();
            if there.is_empty() {
                continue;
            }
            if self.method == Method::Multi {
                let (offsets, cookies): (Vec<u64>, Vec<u64>) = there
                    .iter()
                    .map(|place| (place.offset, place.function))
                    .unzip();
                let program = self.program(hook, 0)?;
                let link = sys::link(program, &path, &offsets, &cookies, hook.is_return(), scope)?;
                links.push(link);
                continue;
            }
            for place in there {
                links.extend(self.attach_one(&path, *place, scope)?);
            }
        }
        Ok(Link(links))
    }

    fn attach_one(
        &mut self,
        path: &CString,
        place: Place,
        scope: Scope,
    ) -> io::Result<Vec<OwnedFd>> {
        let kind = self.kind.map_or_else(ProbeKind::read, Ok)?;
        let method = self.method;
        let program = self.program(place.hook, place.function)?;
        let probe = perf::probe(kind, path, place.offset, place.hook.is_return(), scope)?;
        if method == Method::Cookie {
            let link = sys::link_probe(program, probe.as_fd(), place.function)?;
            return Ok(vec![link, probe]);
        }
        perf::set_program(probe.as_fd(), program)?;
        Ok(vec![probe])
    }
}

/// Through the open file: whatever happens to its path meanwhile, this is the
/// file that was looked into.
fn path_of(file: &File) -> String {
    format!("/proc/self/fd/{}", file.as_fd().as_raw_fd())
}
