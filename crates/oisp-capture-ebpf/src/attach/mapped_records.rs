//! `PERF_RECORD_MMAP2` (perf_event_open(2)): the records of one processor.

use std::ffi::OsString;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStringExt as _;
use std::sync::atomic::Ordering;

use rustix::mm::ProtFlags;

use crate::object::perf;
use crate::shared_memory::SharedMemory;

/// `struct perf_event_mmap_page`: how far the kernel wrote, and how far was read.
const WRITTEN_AT: usize = 1024;
const READ_AT: usize = 1032;
/// `struct perf_event_header`
const HEAD: usize = 8;
/// The type of the records.
const MMAP2: u32 = 10;
/// Pages of records: of all processors together not more than some hundreds.
const PAGES: usize = 8;
const PAGES_OF_MANY: usize = 2;
const MANY: usize = 64;

/// A file that is mapped to be run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mapped {
    pub(crate) pid: u32,
    /// Device and inode, as `/proc/PID/maps` gives them.
    pub(crate) file: (u64, u64),
    /// An inode number may come again; then this is another one.
    pub(crate) generation: u64,
    pub(super) range: (u64, u64),
    /// In the process's own mount namespace.
    pub(super) path: OsString,
}

/// The kernel's records of one processor.
pub(super) struct Records {
    fd: OwnedFd,
    memory: SharedMemory,
    page: usize,
    size: usize,
}

impl Records {
    /// Those of one of so many processors.
    pub(super) fn of(processor: u32, processors: usize) -> io::Result<Self> {
        let fd = perf::mappings_of(processor)?;
        let page = rustix::param::page_size();
        let pages = if processors < MANY {
            PAGES
        } else {
            PAGES_OF_MANY
        };
        let size = pages * page;
        let access = ProtFlags::READ | ProtFlags::WRITE;
        let memory = SharedMemory::of(fd.as_fd(), 0, page + size, access)?;
        Ok(Self {
            fd,
            memory,
            page,
            size,
        })
    }

    /// Takes what is there.
    pub(super) fn take(&mut self) -> Vec<Mapped> {
        let mut all = Vec::new();
        let end = self.memory.position(WRITTEN_AT).load(Ordering::Acquire);
        let mut at = self.memory.position(READ_AT).load(Ordering::Relaxed);
        while at != end {
            let head = self.bytes(at, HEAD);
            let len = usize::from(number::<2>(&head, 6).map_or(0, u16::from_ne_bytes));
            if len < HEAD || len > end.wrapping_sub(at) {
                // No record of this kernel: what follows cannot be found.
                at = end;
                break;
            }
            if number::<4>(&head, 0).map(u32::from_ne_bytes) == Some(MMAP2) {
                all.extend(parse(&self.bytes(at, len)));
            }
            at = at.wrapping_add(len);
        }
        self.memory.position(READ_AT).store(at, Ordering::Release);
        all
    }

    /// A copy of bytes that may go over the end.
    fn bytes(&self, at: usize, len: usize) -> Vec<u8> {
        let at = at % self.size;
        let first = len.min(self.size - at);
        let part = |at, len| self.memory.bytes(self.page + at, len).unwrap_or_default();
        [part(at, first), part(0, len - first)].concat()
    }
}

impl AsFd for Records {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

fn number<const LEN: usize>(bytes: &[u8], at: usize) -> Option<[u8; LEN]> {
    bytes.get(at..)?.first_chunk().copied()
}

/// A record of a file: not of memory that has none, or a name of the kernel's.
fn parse(record: &[u8]) -> Option<Mapped> {
    let word = |at| number::<4>(record, at).map(u32::from_ne_bytes);
    let long = |at| number::<8>(record, at).map(u64::from_ne_bytes);
    let path = record.get(72..)?.split(|byte| *byte == 0).next()?;
    let inode = long(48)?;
    if inode == 0 || !path.starts_with(b"/") || path.starts_with(b"//") {
        return None;
    }
    let start = long(16)?;
    Some(Mapped {
        pid: word(8)?,
        file: ((u64::from(word(40)?) << 32) | u64::from(word(44)?), inode),
        generation: long(56)?,
        range: (start, start.saturating_add(long(24)?)),
        path: OsString::from_vec(path.to_vec()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(path: &[u8]) -> Vec<u8> {
        let mut record = Vec::new();
        record.extend(MMAP2.to_ne_bytes());
        record.extend([2, 0, 0, 0]);
        record.extend([7_u32, 8].map(u32::to_ne_bytes).concat());
        record.extend([0x1000_u64, 0x200, 0].map(u64::to_ne_bytes).concat());
        record.extend([0xfe_u32, 2].map(u32::to_ne_bytes).concat());
        record.extend([99_u64, 5].map(u64::to_ne_bytes).concat());
        record.extend([5_u32, 2].map(u32::to_ne_bytes).concat());
        record.extend(path);
        record.resize(record.len().next_multiple_of(8), 0);
        record
    }

    #[test]
    fn a_record_is_read() {
        let mapped = parse(&record(b"/opt/a b/libssl.so\0")).unwrap();
        assert_eq!(
            mapped,
            Mapped {
                pid: 7,
                file: ((0xfe << 32) | 2, 99),
                generation: 5,
                range: (0x1000, 0x1200),
                path: "/opt/a b/libssl.so".into(),
            }
        );
    }

    #[test]
    fn what_is_no_file_is_passed_over() {
        for path in [&b"//anon\0"[..], b"[vdso]\0", b""] {
            assert_eq!(parse(&record(path)), None);
        }
        for len in 0..72 {
            assert_eq!(parse(&record(b"/x\0")[..len]), None);
        }
    }
}
