//! The object's programs as instructions, with the maps that aya made filled in:
//! what is loaded by calls of our own ([`super::sys`]).

use std::collections::HashSet;
use std::ffi::CStr;
use std::io;
use std::os::fd::{AsFd as _, AsRawFd as _, RawFd};

use aya::Ebpf;
use aya::maps::Map;
use aya_obj::generated::bpf_insn;

/// `bpf_get_attach_cookie`
const GET_COOKIE: i32 = 174;
/// `call`
const CALL: u8 = 0x85;
/// `r0 = imm`
const MOVE_TO_R0: u8 = 0xb7;

/// The programs.
pub(super) struct Parsed(aya_obj::Object);

impl Parsed {
    /// The programs of an object whose maps `ebpf` made.
    pub(super) fn new(ebpf: &Ebpf, object: &[u8]) -> io::Result<Self> {
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
        Ok(Self(object))
    }

    /// The instructions and the license of a program.
    pub(super) fn program(&self, name: &str) -> io::Result<(&[bpf_insn], &CStr)> {
        let missing = || io::Error::new(io::ErrorKind::NotFound, String::from(name));
        let program = self.0.programs.get(name).ok_or_else(missing)?;
        let function = self
            .0
            .functions
            .get(&program.function_key())
            .ok_or_else(missing)?;
        Ok((&function.instructions, &program.license))
    }

    /// The instructions of a program that has that cookie, for kernels that give
    /// probes none: the call that asks for it is replaced by the number.
    pub(super) fn with_cookie(
        &self,
        name: &str,
        cookie: u64,
    ) -> io::Result<(Vec<bpf_insn>, &CStr)> {
        let (instructions, license) = self.program(name)?;
        let number = i32::try_from(cookie).map_err(io::Error::other)?;
        let mut instructions = instructions.to_vec();
        for instruction in &mut instructions {
            // A call of a helper has no source register.
            if instruction.code == CALL
                && instruction.src_reg() == 0
                && instruction.imm == GET_COOKIE
            {
                instruction.code = MOVE_TO_R0;
                instruction.imm = number;
            }
        }
        Ok((instructions, license))
    }
}

fn fd(map: &Map) -> Option<RawFd> {
    match map {
        Map::Array(data)
        | Map::HashMap(data)
        | Map::LruHashMap(data)
        | Map::PerCpuArray(data)
        | Map::PerCpuHashMap(data)
        | Map::RingBuf(data) => Some(data.fd().as_fd().as_raw_fd()),
        _ => None,
    }
}
