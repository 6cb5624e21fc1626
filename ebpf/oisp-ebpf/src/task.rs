//! Fields of kernel structures, at offsets that the loader read from BTF.

use aya_ebpf::helpers::bpf_probe_read_kernel;
use aya_ebpf::helpers::generated::bpf_get_current_task;
use oisp_ebpf_common::setting::{AT_GROUP_LEADER, AT_START};

use crate::setting;

/// The address of a kernel structure.
#[derive(Clone, Copy)]
pub struct Kernel(u64);

impl Kernel {
    /// The structure at that address.
    #[inline(always)]
    pub fn at(address: u64) -> Option<Self> {
        (address != 0).then_some(Self(address))
    }

    /// Where it is.
    #[inline(always)]
    pub fn address(self) -> u64 {
        self.0
    }

    /// The task that runs.
    #[inline(always)]
    pub fn current() -> Option<Self> {
        // SAFETY: the helper has no precondition.
        Self::at(unsafe { bpf_get_current_task() })
    }

    /// The value of the field whose offset is that setting.
    #[inline(always)]
    pub fn field<T>(self, offset: u32) -> Option<T> {
        let offset = setting::offset(offset)?;
        // SAFETY: the helper checks the address.
        unsafe { bpf_probe_read_kernel((self.0 as usize + offset) as *const T) }.ok()
    }

    /// The same structure.
    #[inline(always)]
    pub fn is(self, other: Self) -> bool {
        self.0 == other.0
    }

    /// The structure that is a part of this one.
    #[inline(always)]
    pub fn inner(self, offset: u32) -> Option<Self> {
        Some(Self(self.0 + setting::offset(offset)? as u64))
    }

    /// The structure of which this is a part, that far behind its beginning.
    #[inline(always)]
    pub fn before(self, offset: usize) -> Option<Self> {
        Self::at(self.0 - offset as u64)
    }

    /// The word that stands so far behind the beginning.
    #[inline(always)]
    pub fn word(self, offset: u64) -> Option<u64> {
        // SAFETY: the helper checks the address.
        unsafe { bpf_probe_read_kernel((self.0 + offset) as *const u64) }.ok()
    }

    /// What stands at the address itself.
    #[inline(always)]
    pub fn read<T>(self) -> Option<T> {
        // SAFETY: the helper checks the address.
        unsafe { bpf_probe_read_kernel(self.0 as *const T) }.ok()
    }

    /// The structure inside this one, at that offset.
    #[inline(always)]
    pub fn part(self, offset: u32) -> Option<Self> {
        Self::at(self.0 + setting::offset(offset)? as u64)
    }

    /// The structure that the field points to.
    #[inline(always)]
    pub fn follow(self, offset: u32) -> Option<Self> {
        Self::at(self.field::<u64>(offset)?)
    }

    /// For a task: the first thread of its process.
    #[inline(always)]
    pub fn leader(self) -> Option<Self> {
        self.follow(AT_GROUP_LEADER)
    }

    /// For a task: when its process started, in nanoseconds since boot; 0 where
    /// unknown.
    #[inline(always)]
    pub fn start_ns(self) -> u64 {
        self.leader()
            .and_then(|leader| leader.field(AT_START))
            .unwrap_or(0)
    }
}
