//! Records about files.

/// A [`FileHead`] with a path behind it: a file was opened.
pub const FILE_OPEN: u8 = 20;
/// A [`FileHead`]: bytes were written to a file that was opened before.
pub const FILE_WRITE: u8 = 21;
/// A [`FileHead`] with a path behind it: a file is to be removed.
pub const FILE_UNLINK: u8 = 22;
/// A [`FileHead`] with a path behind it: a directory is to be removed.
pub const FILE_RMDIR: u8 = 23;
/// A [`FileHead`] with two paths behind it: a file is to be renamed.
pub const FILE_RENAME: u8 = 24;
/// A [`FileHead`] with two paths behind it: what a file was called that the next
/// [`FILE_RENAME`] of this thread renamed.
pub const FILE_RENAME_FROM: u8 = 26;
/// A [`FileHead`]: what the thread was to do last is done, or failed.
pub const FILE_DONE: u8 = 25;

/// Head of a record about a file.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileHead {
    /// `FILE_*`
    pub kind: u8,
    /// [`PATH_CUT`] or 0.
    pub flags: u8,
    /// Always 0.
    pub zero: u16,
    /// Process (thread group) id.
    pub tgid: u32,
    /// Thread id.
    pub tid: u32,
    /// `ACCESS_*` of the open that made it.
    pub access: u32,
    /// When: nanoseconds since boot.
    pub at_ns: u64,
    /// Tells open files apart while they are open.
    pub file: u64,
    /// Bytes written since the last record.
    pub bytes: u64,
    /// Size of the file.
    pub size: u64,
    /// Write calls since the last record.
    pub times: u32,
    /// For [`FILE_DONE`], 0 or a negative error number.
    pub result: i32,
    /// Bytes of the first path, in a field of [`PATH_ROOM`].
    pub path_len: u32,
    /// Bytes of the second.
    pub other_len: u32,
}

/// What was written to an open file since the last record of it.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Written {
    /// Bytes.
    pub bytes: u64,
    /// When the last record was, nanoseconds since boot.
    pub told_ns: u64,
    /// Write calls.
    pub times: u32,
    /// `ACCESS_*` of the open.
    pub access: u32,
    /// Process that opened it.
    pub tgid: u32,
    /// Always 0.
    pub zero: u32,
}

/// There were more directories than the record holds.
pub const PATH_CUT: u8 = 1;
/// It happened. The second path is what the program asked for, relative to the
/// first, and ended by a zero.
pub const ASKED: u8 = 2;

/// Opened for reading.
pub const ACCESS_READ: u32 = 1;
/// Opened for writing.
pub const ACCESS_WRITE: u32 = 2;
/// Opened for writing at the end.
pub const ACCESS_APPEND: u32 = 4;
/// Made by the open.
pub const ACCESS_CREATED: u32 = 8;
/// Emptied by the open.
pub const ACCESS_TRUNCATED: u32 = 16;

/// A path is its names, from the last to the first, each ended by a zero. They
/// begin within this many bytes.
pub const PATH_LEN: usize = 1024;
/// Room of a path in a record.
pub const PATH_ROOM: usize = PATH_LEN + 256;
