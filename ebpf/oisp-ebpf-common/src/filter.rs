//! Which processes are observed, as maps that the loader may change while the
//! programs run.
//!
//! A rule holds for a process and all that descend from it. A process that two
//! rules speak of is left out if either says so.

/// Key of a rule. A process has one of each kind.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RuleKey {
    /// `BY_*`
    pub kind: u32,
    /// [`FilterState::generation`] of the set that it belongs to.
    pub generation: u32,
    /// A number in the machine's byte order, or a name, padded with zeros.
    pub value: [u8; 16],
}

/// By process (thread group) id, `u32`.
pub const BY_PID: u32 = 1;
/// By the program's name: the first 15 bytes of its file's name.
pub const BY_NAME: u32 = 2;
/// By user id, `u32`.
pub const BY_USER: u32 = 3;
/// By control group id (version 2), `u64`.
pub const BY_CGROUP: u32 = 4;

/// Nothing was said of a process.
pub const UNNAMED: u32 = 0;
/// It is observed.
pub const INCLUDED: u32 = 1;
/// It is left out.
pub const EXCLUDED: u32 = 2;

/// Length of a name in a rule, without the zero that ends it.
pub const NAME_LEN: usize = 15;

/// What holds for all processes.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FilterState {
    /// Number of the set of rules. A verdict of another one is out of date.
    pub generation: u32,
    /// 0 where there are no rules: every process is observed.
    pub active: u32,
    /// What holds for a process that no rule speaks of: [`INCLUDED`] or
    /// [`EXCLUDED`].
    pub unnamed: u32,
    /// `SHED_*`: what is left out to save time.
    pub shed: u32,
}

/// All is taken.
pub const SHED_NOTHING: u32 = 0;
/// No file events.
pub const SHED_FILES: u32 = 1;
/// Nor the bytes of connections that are not known to carry AI calls.
pub const SHED_UNKNOWN: u32 = 2;

/// What was found for a process.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// [`FilterState::generation`] at that time.
    pub generation: u32,
    /// [`UNNAMED`], [`INCLUDED`] or [`EXCLUDED`].
    pub rule: u32,
}

/// Of two rules that speak of a process, what holds.
pub const fn both(one: u32, other: u32) -> u32 {
    if one > other { one } else { other }
}
