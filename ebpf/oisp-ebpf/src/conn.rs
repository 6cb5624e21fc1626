//! The table of connections: (process, handle) to epoch and offsets.

use aya_ebpf::helpers::generated::bpf_ktime_get_boot_ns;
use aya_ebpf::macros::map;
use aya_ebpf::maps::LruHashMap;
use oisp_ebpf_common::conn::{CONN_LATE, ConnKey, ConnState};
use oisp_ebpf_common::counter::CONNS_UNTRACKED;

use crate::counter;
use crate::task::Kernel;

/// Least recently used first out: what a lost exit left behind goes by itself.
#[map]
static CONNS: LruHashMap<ConnKey, ConnState> = LruHashMap::with_max_entries(32768, 0);

/// Connections that are known to carry AI calls. Filled by the loader.
#[map]
static WANTED: LruHashMap<ConnKey, u32> = LruHashMap::with_max_entries(8192, 0);

/// The connection is known to carry AI calls.
#[inline(always)]
pub fn is_wanted(key: &ConnKey) -> bool {
    WANTED.get_ptr(key).is_some()
}

/// The key of a handle of a process.
#[inline(always)]
pub fn key(tgid: u32, handle: u64) -> ConnKey {
    ConnKey {
        handle,
        tgid,
        zero: 0,
    }
}

/// The state of a connection, if there is one.
#[inline(always)]
pub fn find(key: &ConnKey) -> Option<*mut ConnState> {
    CONNS.get_ptr_mut(key)
}

/// The state of a connection; a new one, marked late, where there is none.
#[inline(always)]
pub fn find_or_make(key: &ConnKey) -> Option<*mut ConnState> {
    if let Some(state) = find(key) {
        return Some(state);
    }
    open(key, CONN_LATE);
    let state = find(key);
    if state.is_none() {
        counter::add(CONNS_UNTRACKED, 1);
    }
    state
}

/// Starts a connection anew, whatever the handle was before.
#[inline(always)]
pub fn open(key: &ConnKey, flags: u32) {
    let state = ConnState {
        // SAFETY: the helper has no precondition.
        epoch: unsafe { bpf_ktime_get_boot_ns() },
        start_ns: Kernel::current().map_or(0, Kernel::start_ns),
        offset: [0; 2],
        lost: [0; 2],
        flags,
        zero: 0,
        sock: 0,
    };
    let _ = CONNS.insert(key, state, 0);
}

/// Takes a connection out of the table.
#[inline(always)]
pub fn remove(key: &ConnKey) {
    let _ = CONNS.remove(key);
    let _ = WANTED.remove(key);
}
