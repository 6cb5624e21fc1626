//! The kernel's tables that the sensor reads and writes.

use std::os::fd::AsFd as _;

use aya::Ebpf;
use aya::maps::{Array, HashMap, Map, MapData, MapError, PerCpuArray};
use oisp_ebpf_common::conn::{ConnKey, ConnState};
use oisp_ebpf_common::file::Written;
use oisp_ebpf_common::filter::{FilterState, RuleKey, Verdict};

use crate::error::EbpfError;
use crate::ring::Ring;

/// [`ConnKey`], as a key of a map.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub(crate) struct Key(pub(crate) ConnKey);

/// [`ConnState`], as a value of a map.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub(crate) struct State(pub(crate) ConnState);

/// [`RuleKey`], as a key of a map.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(transparent)]
pub(crate) struct Rule(pub(crate) RuleKey);

/// [`FilterState`], as a value of a map.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub(crate) struct Filtering(pub(crate) FilterState);

/// [`Verdict`], as a value of a map.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub(crate) struct Judged(pub(crate) Verdict);

/// [`Written`], as a value of a map.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub(crate) struct OpenFile(pub(crate) Written);

// SAFETY: all are `repr(C)` without padding, and any bytes are a valid value.
unsafe impl aya::Pod for Key {}
// SAFETY: as above.
unsafe impl aya::Pod for Rule {}
// SAFETY: as above.
unsafe impl aya::Pod for Filtering {}
// SAFETY: as above.
unsafe impl aya::Pod for Judged {}
// SAFETY: as above.
unsafe impl aya::Pod for OpenFile {}
// SAFETY: as above.
unsafe impl aya::Pod for State {}

/// The kernel's table of connections.
pub(crate) type Conns = HashMap<MapData, Key, State>;
/// The kernel's set of connections that are captured whatever is left out.
pub(crate) type Wanted = HashMap<MapData, Key, u32>;
/// The kernel's table of open files that were written to.
pub(crate) type OpenFiles = HashMap<MapData, u64, OpenFile>;
/// The kernel's counters.
pub(crate) type Counters = PerCpuArray<MapData, u64>;

/// The kernel's filter of processes.
pub(crate) struct FilterMaps {
    pub(crate) state: Array<MapData, Filtering>,
    pub(crate) rules: HashMap<MapData, Rule, u32>,
    pub(crate) verdicts: HashMap<MapData, u32, Judged>,
}

pub(super) fn map<T: TryFrom<Map, Error = MapError>>(
    ebpf: &mut Ebpf,
    name: &'static str,
) -> Result<T, EbpfError> {
    let map = ebpf
        .take_map(name)
        .ok_or_else(|| EbpfError::Missing(String::from(name)))?;
    T::try_from(map).map_err(|source| EbpfError::Map {
        map: name,
        source: Box::new(source),
    })
}

/// A second handle on a table.
pub(super) fn again(ebpf: &Ebpf, name: &'static str) -> Result<Conns, EbpfError> {
    let missing = || EbpfError::Missing(String::from(name));
    let Some(Map::LruHashMap(data)) = ebpf.map(name) else {
        return Err(missing());
    };
    let fd = data.fd().as_fd().try_clone_to_owned();
    let data = fd
        .ok()
        .and_then(|fd| MapData::from_fd(fd).ok())
        .ok_or_else(missing)?;
    Conns::try_from(Map::LruHashMap(data)).map_err(|source| EbpfError::Map {
        map: name,
        source: Box::new(source),
    })
}

/// The ring, mapped.
pub(super) fn ring(ebpf: &mut Ebpf, bytes: u32) -> Result<Ring, EbpfError> {
    let missing = || EbpfError::Missing(String::from("RING"));
    let Some(Map::RingBuf(data)) = ebpf.take_map("RING") else {
        return Err(missing());
    };
    Ring::new(data, bytes).map_err(EbpfError::Ring)
}
