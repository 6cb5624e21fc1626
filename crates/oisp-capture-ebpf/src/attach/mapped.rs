//! Files that a process begins to run code of, told by the kernel at the moment
//! they are mapped: the thread `oisp-ebpf-mapped`.
//!
//! A library that is loaded long after its program's start shows in no other
//! notice. The kernel tells by records of its profiler (`PERF_RECORD_MMAP2`): that
//! needs no program in the kernel, works since Linux 3.12, and also where a kernel
//! lets nobody at its functions. Each file is told to the attach thread once.
//!
//! Where the kernel refuses, such libraries are found by the rounds over all
//! processes.

use std::collections::HashSet;
use std::io;
use std::os::fd::{AsFd as _, OwnedFd};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{SyncSender, TrySendError};

use rustix::event::{EventfdFlags, PollFd, PollFlags, eventfd, poll};

use super::Notice;
use super::mapped_records::{Mapped, Records};
use crate::kernel;

/// Files that were told are forgotten beyond this many.
const TOLD: usize = 65_536;

/// What the thread is to tell.
#[derive(Debug)]
pub(crate) struct Interest {
    /// Each file once; else once for each process.
    everyone: AtomicBool,
}

impl Interest {
    /// Each file once.
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            everyone: AtomicBool::new(true),
        })
    }

    /// Files are probed for all processes, or for some.
    pub(crate) fn set_everyone(&self, everyone: bool) {
        self.everyone.store(everyone, Ordering::Relaxed);
    }
}

/// Records of all processors.
pub(crate) struct Mappings {
    records: Vec<Records>,
    stopped: OwnedFd,
}

/// Ends the thread.
pub(crate) struct Stopper(OwnedFd);

impl Mappings {
    /// Lets the kernel tell from now on.
    ///
    /// # Errors
    /// When it does not.
    pub(crate) fn open() -> io::Result<Self> {
        let processors = kernel::online()?;
        let records = processors
            .iter()
            .map(|processor| Records::of(*processor, processors.len()));
        Ok(Self {
            records: records.collect::<io::Result<_>>()?,
            stopped: eventfd(0, EventfdFlags::CLOEXEC)?,
        })
    }

    /// What ends [`Self::run`].
    ///
    /// # Errors
    /// When there are no descriptors left.
    pub(crate) fn stopper(&self) -> io::Result<Stopper> {
        self.stopped.try_clone().map(Stopper)
    }

    /// Tells until it is stopped, or nobody listens.
    pub(crate) fn run(mut self, notices: &SyncSender<Notice>, interest: &Interest) {
        let mut told = Told::default();
        loop {
            let mut fds: Vec<PollFd<'_>> = vec![PollFd::new(&self.stopped, PollFlags::IN)];
            let records = self.records.iter();
            fds.extend(
                records.map(|records| PollFd::from_borrowed_fd(records.as_fd(), PollFlags::IN)),
            );
            // An interrupted wait is as good as an ended one.
            let _ = poll(&mut fds, None);
            let stopped = fds.first().is_some_and(|fd| !fd.revents().is_empty());
            drop(fds);
            if stopped {
                return;
            }
            let everyone = interest.everyone.load(Ordering::Relaxed);
            for records in &mut self.records {
                for mapped in records.take() {
                    if told.is_new(&mapped, everyone)
                        && let Err(TrySendError::Disconnected(_)) =
                            notices.try_send(Notice::Mapped(mapped))
                    {
                        return;
                    }
                }
            }
        }
    }
}

impl Stopper {
    /// Ends it.
    pub(crate) fn stop(&self) {
        // It cannot be full: it is written to once.
        let _ = rustix::io::write(self.0.as_fd(), &1_u64.to_ne_bytes());
    }
}

/// The files that were told.
#[derive(Default)]
struct Told {
    everyone: bool,
    files: HashSet<(u64, u64, u64, u32)>,
}

impl Told {
    fn is_new(&mut self, mapped: &Mapped, everyone: bool) -> bool {
        if self.everyone != everyone || self.files.len() >= TOLD {
            self.files.clear();
        }
        self.everyone = everyone;
        let process = if everyone { 0 } else { mapped.pid };
        let (device, inode) = mapped.file;
        self.files
            .insert((device, inode, mapped.generation, process))
    }
}

/// A file whose code a process begins to run.
impl From<Mapped> for crate::process::maps::Mapping {
    fn from(mapped: Mapped) -> Self {
        let (start, end) = mapped.range;
        Self {
            id: mapped.file,
            path: PathBuf::from(mapped.path),
            deleted: false,
            range: format!("{start:x}-{end:x}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mapped(pid: u32, inode: u64) -> Mapped {
        Mapped {
            pid,
            file: (1, inode),
            generation: 0,
            range: (0x7f00_0000_1000, 0x7f00_0000_2000),
            path: "/a/libssl.so.3".into(),
        }
    }

    #[test]
    fn each_file_is_told_once_or_once_for_each_process() {
        let mut told = Told::default();
        assert!(told.is_new(&mapped(7, 1), true));
        assert!(!told.is_new(&mapped(8, 1), true));
        assert!(told.is_new(&mapped(8, 2), true));
        assert!(told.is_new(&mapped(7, 1), false));
        assert!(told.is_new(&mapped(8, 1), false));
        assert!(!told.is_new(&mapped(8, 1), false));
        assert!(told.is_new(&mapped(9, 1), true));
    }

    #[test]
    fn what_was_told_does_not_fill_the_memory() {
        let mut told = Told::default();
        for inode in 0..200_000 {
            told.is_new(&mapped(7, inode), true);
        }
        assert!(told.files.len() <= TOLD);
    }

    #[test]
    fn the_range_is_named_as_proc_names_it() {
        let mapping = crate::process::maps::Mapping::from(mapped(7, 1));
        assert_eq!(mapping.range, "7f0000001000-7f0000002000");
    }
}
