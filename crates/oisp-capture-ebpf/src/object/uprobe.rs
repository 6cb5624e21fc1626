//! Putting the TLS programs on the functions of a file, in the best way that the
//! kernel has: one link for all functions (6.6 and later), or one each.

use std::collections::HashSet;
use std::ffi::CString;
use std::fs::File;
use std::io;
use std::os::fd::{AsFd as _, AsRawFd as _, OwnedFd, RawFd};

use aya::Ebpf;
use aya::maps::Map;
use aya::programs::uprobe::{UProbeAttachLocation, UProbeAttachPoint, UProbeLink, UProbeScope};
use aya::programs::{ProgramError, UProbe};
use oisp_ebpf_common::function::FUNCTIONS;

use super::sys::{self, End};
use crate::elf::Functions;

/// Where an entry and a return are handled.
const PROGRAMS: [(&str, End); 2] = [("tls_return", End::Return), ("tls_entry", End::Entry)];

/// Keeps a file probed. Detaches when dropped.
#[derive(Debug)]
#[expect(dead_code, reason = "held for what dropping it does")]
pub(crate) enum Link {
    Multi(OwnedFd),
    Single(UProbeLink),
}

/// Why a file could not be probed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AttachError {
    #[error("{0}")]
    Multi(#[from] io::Error),
    #[error(transparent)]
    Single(#[from] ProgramError),
}

/// The programs for links at many places.
pub(super) struct Multi {
    /// In the order of [`PROGRAMS`].
    programs: [OwnedFd; PROGRAMS.len()],
}

impl Multi {
    /// Loads the programs, which share the maps of `ebpf`. `None` where the
    /// kernel knows no such links.
    pub(super) fn load(ebpf: &Ebpf, object: &[u8]) -> Option<Self> {
        match Self::try_load(ebpf, object) {
            Ok(multi) => multi.is_supported().then_some(multi),
            Err(error) => {
                tracing::debug!(%error, "no links to many probes, one link each");
                None
            }
        }
    }

    fn try_load(ebpf: &Ebpf, object: &[u8]) -> io::Result<Self> {
        let mut object = aya_obj::Object::parse(object).map_err(io::Error::other)?;
        let text: HashSet<usize> = object
            .functions
            .keys()
            .map(|(section, _)| *section)
            .collect();
        let maps = std::mem::take(&mut object.maps);
        let with_fds = ebpf
            .maps()
            .filter_map(|(name, map)| Some((name, fd(map)?, maps.get(name)?)));
        object
            .relocate_maps(with_fds, &text)
            .map_err(io::Error::other)?;
        object.relocate_calls(&text).map_err(io::Error::other)?;
        let load = |(name, _): (&str, End)| {
            let missing = || io::Error::new(io::ErrorKind::NotFound, String::from(name));
            let program = object.programs.get(name).ok_or_else(missing)?;
            let function = object
                .functions
                .get(&program.function_key())
                .ok_or_else(missing)?;
            sys::load(name, &function.instructions, &program.license)
        };
        let [first, second] = PROGRAMS;
        Ok(Self {
            programs: [load(first)?, load(second)?],
        })
    }

    /// A kernel that knows these links finds that a directory is no file; another
    /// one does not get that far.
    fn is_supported(&self) -> bool {
        let [program, _] = &self.programs;
        let refused = sys::link(program.as_fd(), c"/", &[0], &[0], End::Return);
        refused.is_err_and(|error| error.raw_os_error() == Some(libc::EBADF))
    }

    /// Probes the functions of a file.
    pub(super) fn attach(
        &self,
        file: &File,
        functions: &Functions,
    ) -> Result<Vec<Link>, AttachError> {
        let path = CString::new(path_of(file)).map_err(io::Error::other)?;
        let mut links = Vec::new();
        for (program, (_, end)) in self.programs.iter().zip(PROGRAMS) {
            let (offsets, cookies): (Vec<u64>, Vec<u64>) = places(functions, end).unzip();
            links.push(Link::Multi(sys::link(
                program.as_fd(),
                &path,
                &offsets,
                &cookies,
                end,
            )?));
        }
        Ok(links)
    }
}

/// The same with one link for each end of each function.
pub(super) fn attach_singly(
    ebpf: &mut Ebpf,
    file: &File,
    functions: &Functions,
) -> Result<Vec<Link>, AttachError> {
    let path = path_of(file);
    let mut links = Vec::new();
    for (name, end) in PROGRAMS {
        let program = ebpf.program_mut(name).ok_or(ProgramError::NotLoaded)?;
        let program: &mut UProbe = program.try_into()?;
        for (offset, cookie) in places(functions, end) {
            let location = UProbeAttachLocation::AbsoluteOffset(offset);
            let point = UProbeAttachPoint {
                location,
                cookie: Some(cookie),
            };
            let link = program.attach(point, &path, UProbeScope::AllProcesses)?;
            links.push(Link::Single(program.take_link(link)?));
        }
    }
    Ok(links)
}

/// Offsets and numbers of the functions of which that end is probed.
fn places(functions: &Functions, end: End) -> impl Iterator<Item = (u64, u64)> {
    functions.at.iter().zip(FUNCTIONS).zip(0..).filter_map(
        move |((offset, (_, entry, exit)), number)| {
            let probed = if end == End::Entry { entry } else { exit };
            Some(((*offset).filter(|_| probed)?, number))
        },
    )
}

/// Through the open file: whatever happens to its path meanwhile, this is the
/// file whose symbols were read.
fn path_of(file: &File) -> String {
    format!("/proc/self/fd/{}", file.as_fd().as_raw_fd())
}

fn fd(map: &Map) -> Option<RawFd> {
    match map {
        Map::Array(data)
        | Map::HashMap(data)
        | Map::LruHashMap(data)
        | Map::PerCpuArray(data)
        | Map::RingBuf(data) => Some(data.fd().as_fd().as_raw_fd()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_end_is_probed_where_it_says_something() {
        let functions = Functions {
            at: [
                Some(10),
                Some(11),
                None,
                Some(13),
                None,
                Some(15),
                Some(16),
                Some(17),
            ],
        };
        let entries: Vec<(u64, u64)> = places(&functions, End::Entry).collect();
        let returns: Vec<(u64, u64)> = places(&functions, End::Return).collect();
        assert_eq!(entries, [(10, 0), (11, 1), (13, 3), (16, 6), (17, 7)]);
        assert_eq!(returns, [(10, 0), (11, 1), (13, 3), (15, 5)]);
    }
}
