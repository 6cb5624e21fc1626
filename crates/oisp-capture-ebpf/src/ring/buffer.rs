//! The kernel's ring buffer, mapped and read.
//!
//! The kernel maps the pages of the ring twice in a row, so that a record that
//! goes over the end is in one piece. Of the second time only as much is mapped
//! here as the largest record needs: each mapped page counts in the resident
//! memory of the process.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::atomic::Ordering;

use aya::maps::MapData;
use oisp_ebpf_common::record::{BULK, TlsHead};
use rustix::mm::ProtFlags;

use crate::shared_memory::SharedMemory;

/// What stands before each record: its length, and where it is.
const HEAD: usize = 8;
/// The record is not written yet.
const BUSY: u32 = 1 << 31;
/// The record is to be passed over.
const DISCARDED: u32 = 1 << 30;
/// How far a record may go over the end.
const OVER: usize = 64 << 10;
const _: () = assert!(HEAD + size_of::<TlsHead>() + BULK as usize <= OVER);

/// The ring. It has one reader.
pub(crate) struct Ring {
    /// Programs that are loaded later name the map by its descriptor: it stays open.
    map: MapData,
    /// A page with the reader's position, which the kernel reads.
    consumer: SharedMemory,
    /// A page with the kernel's position, and the records behind it.
    producer: SharedMemory,
    page: usize,
    mask: usize,
    position: usize,
}

impl Ring {
    /// Maps the ring, which has that many bytes: a power of two.
    ///
    /// # Errors
    /// When the kernel does not map it, or its size is none of a ring.
    pub(crate) fn new(map: MapData, bytes: u32) -> io::Result<Self> {
        let size = usize::try_from(bytes).map_err(io::Error::other)?;
        if !size.is_power_of_two() {
            return Err(io::Error::from(io::ErrorKind::InvalidInput));
        }
        let page = rustix::param::page_size();
        let consumer = SharedMemory::of(
            map.fd().as_fd(),
            0,
            page,
            ProtFlags::READ | ProtFlags::WRITE,
        )?;
        let len = page + size + size.min(OVER);
        let producer = SharedMemory::of(map.fd().as_fd(), page, len, ProtFlags::READ)?;
        let position = consumer.position(0).load(Ordering::Acquire);
        Ok(Self {
            map,
            consumer,
            producer,
            page,
            mask: size - 1,
            position,
        })
    }

    /// Gives all records that are there to `take`, in their order, until it
    /// fails; returns how many.
    pub(crate) fn drain<E>(
        &mut self,
        mut take: impl FnMut(&[u8]) -> Result<(), E>,
    ) -> Result<usize, E> {
        let mut taken = 0;
        while let Some((len, state)) = self.next() {
            let start = self.page + (self.position & self.mask) + HEAD;
            let given = match self.producer.bytes(start, len) {
                Some(record) if state & DISCARDED == 0 => {
                    taken += 1;
                    take(record)
                }
                _ => Ok(()),
            };
            self.advance(len);
            given?;
        }
        Ok(taken)
    }

    /// Length and state of the next record, if it is written.
    fn next(&self) -> Option<(usize, u32)> {
        if self.producer.position(0).load(Ordering::Acquire) == self.position {
            return None;
        }
        let head = self.producer.word(self.page + (self.position & self.mask));
        // The kernel makes a record visible by this word.
        let head = head.load(Ordering::Acquire);
        let len = usize::try_from(head & !(BUSY | DISCARDED)).ok()?;
        (head & BUSY == 0).then_some((len, head))
    }

    /// Gives the room of a record back to the kernel.
    fn advance(&mut self, len: usize) {
        self.position = self.position.wrapping_add((HEAD + len).next_multiple_of(8));
        self.consumer
            .position(0)
            .store(self.position, Ordering::Release);
    }
}

impl AsFd for Ring {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.map.fd().as_fd()
    }
}
