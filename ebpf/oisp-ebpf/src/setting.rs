//! Settings that the loader writes into the object before it loads it.

use oisp_ebpf_common::setting::{SETTINGS, UNKNOWN};

#[unsafe(no_mangle)]
static SETTING: [u32; SETTINGS] = [UNKNOWN; SETTINGS];

/// The setting of that number.
#[inline(always)]
pub fn get(number: u32) -> u32 {
    // SAFETY: numbers are constants below `SETTINGS`. Volatile, since the
    // compiler knows only the value that stands above.
    unsafe {
        (&raw const SETTING)
            .cast::<u32>()
            .add(number as usize)
            .read_volatile()
    }
}

/// The offset in a kernel structure of that number, if this kernel has it.
#[inline(always)]
pub fn offset(number: u32) -> Option<usize> {
    let offset = get(number);
    (offset != UNKNOWN).then_some(offset as usize)
}
