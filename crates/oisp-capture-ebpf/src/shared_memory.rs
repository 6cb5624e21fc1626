//! Memory that is shared with the kernel: rings of records, with the positions of
//! both sides.

use std::io;
use std::os::fd::BorrowedFd;
use std::ptr::{NonNull, null_mut};
use std::sync::atomic::{AtomicU32, AtomicUsize};

use rustix::mm::{MapFlags, ProtFlags, mmap, munmap};

/// Memory that is shared with the kernel. Unmapped when dropped.
pub(crate) struct SharedMemory {
    at: NonNull<u8>,
    len: usize,
}

// SAFETY: the memory belongs to the process, not to a thread.
unsafe impl Send for SharedMemory {}

impl SharedMemory {
    /// Maps so many bytes of `fd`, from that one on.
    pub(crate) fn of(
        fd: BorrowedFd<'_>,
        from: usize,
        len: usize,
        access: ProtFlags,
    ) -> io::Result<Self> {
        let from = u64::try_from(from).map_err(io::Error::other)?;
        // SAFETY: the kernel chooses where, so nothing else is there.
        let at = unsafe { mmap(null_mut(), len, access, MapFlags::SHARED, fd, from) }?;
        let at = NonNull::new(at.cast()).ok_or_else(|| io::Error::other("mapped at 0"))?;
        Ok(Self { at, len })
    }

    /// A position, which one side writes and the other reads; the first word where
    /// it would be outside.
    pub(crate) fn position(&self, at: usize) -> &AtomicUsize {
        // SAFETY: it is inside, aligned, and used as an atomic word by both sides.
        unsafe { self.inside(at).cast::<AtomicUsize>().as_ref() }
    }

    /// The word there; the first one where it would be outside.
    pub(crate) fn word(&self, at: usize) -> &AtomicU32 {
        // SAFETY: as above.
        unsafe { self.inside(at).cast::<AtomicU32>().as_ref() }
    }

    /// The address so far behind the beginning, with room for a word; a page is
    /// there at least.
    fn inside(&self, at: usize) -> NonNull<u8> {
        let end = at.checked_add(size_of::<usize>());
        let inside = end.is_some_and(|end| end <= self.len);
        let at = if inside && at.is_multiple_of(size_of::<usize>()) {
            at
        } else {
            0
        };
        // SAFETY: it is inside the mapping.
        unsafe { self.at.add(at) }
    }

    /// Bytes that the kernel does not write any more, if they are inside.
    pub(crate) fn bytes(&self, at: usize, len: usize) -> Option<&[u8]> {
        at.checked_add(len).filter(|end| *end <= self.len)?;
        // SAFETY: they are inside, and the caller's protocol with the kernel says
        // whose they are.
        Some(unsafe { std::slice::from_raw_parts(self.at.add(at).as_ptr(), len) })
    }
}

impl Drop for SharedMemory {
    fn drop(&mut self) {
        // SAFETY: it was mapped there, and nothing borrows it any more.
        let unmapped = unsafe { munmap(self.at.as_ptr().cast(), self.len) };
        if let Err(error) = unmapped {
            tracing::debug!(%error, "the ring stays mapped");
        }
    }
}
