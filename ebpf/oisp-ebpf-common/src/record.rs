//! Records of the ring buffer. The first byte tells the kind.

/// A [`TlsHead`] with `len` bytes of plaintext behind it.
pub const DATA: u8 = 1;
/// A [`TlsHead`]: `len` bytes at `offset` were not captured.
pub const GAP: u8 = 2;
/// A [`TlsHead`]: the connection is over.
pub const CLOSED: u8 = 3;
/// A [`ProcessHead`] with a file name, a script and arguments behind it.
pub const EXEC: u8 = 4;
/// A [`ProcessHead`]: `code` is the child's process id.
pub const FORK: u8 = 5;
/// A [`ProcessHead`], `code` is the wait status; behind it a [`Spent`].
pub const EXIT: u8 = 6;

/// Index of the written direction.
pub const WRITTEN: u8 = 0;
/// Index of the read direction.
pub const READ: u8 = 1;

/// Nothing was lost.
pub const CAUSE_NONE: u32 = 0;
/// The ring was full.
pub const CAUSE_RING_FULL: u32 = 1;
/// The memory of the process could not be read.
pub const CAUSE_READ_FAULT: u32 = 2;
/// The call carried more than is taken from one call.
pub const CAUSE_TOO_LARGE: u32 = 3;
/// The call's arguments could not be kept, or its length not be read.
pub const CAUSE_SCRATCH: u32 = 4;
/// They went another way than through the calls that are watched.
pub const CAUSE_UNSEEN: u32 = 32;

/// Left out to save time.
pub const CAUSE_SHED: u32 = 5;

/// Head of a record about a TLS connection.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct TlsHead {
    /// [`DATA`], [`GAP`] or [`CLOSED`].
    pub kind: u8,
    /// [`WRITTEN`] or [`READ`].
    pub direction: u8,
    /// `CONN_*` flags of the connection.
    pub flags: u16,
    /// Number of bytes: taken, or missing where the kind is [`GAP`]. A gap of
    /// length 0 says that an unknown number of bytes is missing.
    pub len: u32,
    /// Process (thread group) id.
    pub tgid: u32,
    /// Thread id.
    pub tid: u32,
    /// When: nanoseconds since boot.
    pub at_ns: u64,
    /// The TLS library's handle.
    pub handle: u64,
    /// [`crate::conn::ConnState::epoch`].
    pub epoch: u64,
    /// [`crate::conn::ConnState::start_ns`].
    pub start_ns: u64,
    /// Position of the first byte in its direction; for [`CLOSED`], of the end
    /// of the written direction.
    pub offset: u64,
    /// For [`CLOSED`], the end of the read direction.
    pub offset_read: u64,
    /// `CAUSE_*` of what was lost since the last record: for data and gaps in
    /// their own direction; for [`CLOSED`], of the written direction.
    pub cause: u32,
    /// For [`CLOSED`], of the read direction.
    pub cause_read: u32,
}

/// Head of a record about a process.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct ProcessHead {
    /// [`EXEC`], [`FORK`] or [`EXIT`].
    pub kind: u8,
    /// [`ARGS_CUT`] or 0.
    pub flags: u8,
    /// Bytes of file name behind the head, within [`FILE_NAME_LEN`].
    pub file_name_len: u16,
    /// Bytes of arguments behind the fields of the file name and the script.
    pub args_len: u32,
    /// Process (thread group) id.
    pub tgid: u32,
    /// Thread id.
    pub tid: u32,
    /// When: nanoseconds since boot.
    pub at_ns: u64,
    /// When the process started, nanoseconds since boot; 0 where unknown.
    pub start_ns: u64,
    /// Parent process id; 0 where unknown.
    pub ppid: u32,
    /// User id.
    pub uid: u32,
    /// Group id.
    pub gid: u32,
    /// Child's id, or wait status.
    pub code: u32,
    /// 1 where `code` is known.
    pub code_known: u32,
    /// Bytes of the script's path behind the file name's field, within
    /// [`FILE_NAME_LEN`]; 0 where the program is no script's interpreter.
    pub script_len: u32,
    /// Short name, padded with zeros.
    pub comm: [u8; 16],
    /// Id of the control group in the unified hierarchy.
    pub cgroup: u64,
}

/// What a process used, as the kernel had accounted for it at the end of its
/// last thread.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub struct Spent {
    /// `SPENT_*` flags: which fields below are known.
    pub known: u64,
    /// Nanoseconds in the program, by samples.
    pub user_ns: u64,
    /// Nanoseconds in the kernel, by samples.
    pub system_ns: u64,
    /// Nanoseconds on a processor, measured.
    pub run_ns: u64,
    /// Most pages that were resident at a time.
    pub max_rss_pages: u64,
}

/// The times of [`Spent`] are known.
pub const SPENT_TIMES: u64 = 1;
/// The pages of [`Spent`] are known.
pub const SPENT_RSS: u64 = 2;

/// There were more arguments than the record holds.
pub const ARGS_CUT: u8 = 1;
/// Room for the file name, and for the script, behind a [`ProcessHead`] of an
/// [`EXEC`].
pub const FILE_NAME_LEN: usize = 256;

/// Bytes that one bulk data record carries.
pub const BULK: u32 = 32768;
/// Bulk records that one call may make: 16 MiB.
pub const BULK_RECORDS: u32 = 512;
