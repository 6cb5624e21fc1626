//! The containers that processes run in: which one by the control group
//! ([`cgroup`]), its name, image and pod from files ([`sources`],
//! [`inside`]).
//!
//! A container's files may be on a file system that its owner answers for, and
//! such an answer may never come. They are read on a thread of their own, which
//! is waited for a moment only; what it finds later describes the processes that
//! start later.

mod cgroup;
mod files;
mod inside;
mod sources;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, TryRecvError, sync_channel};
use std::time::{Duration, Instant};

use oisp_core::raw::Container;

use cgroup::Found;

/// How long the files of a container are waited for.
const WAIT: Duration = Duration::from_millis(20);
/// Threads that read files at a time. Above it no files are read.
const READERS: usize = 4;
/// Containers that are remembered.
const REMEMBERED: usize = 4096;
/// A runtime may write a file after the container's first process has started:
/// where something is missing, the files are read again so often, and so long
/// after the last time.
const LOOKS: u32 = 3;
const AGAIN: Duration = Duration::from_secs(2);
/// A name may be another container's after so long.
const NAMED: Duration = Duration::from_secs(60);

/// What is known of containers.
#[derive(Debug, Default)]
pub(crate) struct Containers {
    known: HashMap<Found, Known>,
}

#[derive(Debug)]
struct Known {
    container: Arc<Container>,
    answer: Option<Receiver<Container>>,
    looks: u32,
    looked: Instant,
}

impl Containers {
    /// The container of a process, and the path of the control group that tells
    /// it, by the text of `/proc/PID/cgroup`.
    pub(crate) fn of(&mut self, pid: u32, cgroups: &str) -> Option<(Arc<Container>, String)> {
        let (found, path) = cgroup::find(cgroups)?;
        Some((self.get(pid, found), String::from(path)))
    }

    fn get(&mut self, pid: u32, found: Found) -> Arc<Container> {
        if self.known.len() >= REMEMBERED && !self.known.contains_key(&found) {
            self.known.clear();
        }
        let is_due = self.known(&found).is_due();
        let may_look = is_due && self.readers() < READERS;
        let known = self.known(&found);
        if may_look {
            known.looks = known.looks.saturating_add(1);
            known.looked = Instant::now();
            known.answer = look(super::path(pid, ""), base(&found), machines);
            known.take_answer(WAIT);
        }
        Arc::clone(&known.container)
    }

    fn known(&mut self, found: &Found) -> &mut Known {
        let known = self.known.entry(found.clone()).or_insert_with(|| Known {
            container: Arc::new(base(found)),
            answer: None,
            looks: 0,
            looked: Instant::now(),
        });
        known.take_answer(Duration::ZERO);
        known
    }

    /// Threads that have not answered.
    fn readers(&mut self) -> usize {
        let all = self.known.values_mut();
        all.filter_map(|known| {
            known.take_answer(Duration::ZERO);
            known.answer.as_ref()
        })
        .count()
    }
}

impl Known {
    fn take_answer(&mut self, wait: Duration) {
        let Some(answer) = &self.answer else {
            return;
        };
        let taken = if wait.is_zero() {
            answer
                .try_recv()
                .map_err(|error| error == TryRecvError::Empty)
        } else {
            answer
                .recv_timeout(wait)
                .map_err(|error| error == RecvTimeoutError::Timeout)
        };
        match taken {
            Ok(container) => {
                self.container = Arc::new(container);
                self.answer = None;
            }
            Err(still_reading) if still_reading => {}
            Err(_) => self.answer = None,
        }
    }

    fn is_due(&self) -> bool {
        if self.answer.is_some() {
            return false;
        }
        let is_whole = self.container.name.is_some() && self.container.image.is_some();
        let by_name = self.container.name.as_ref() == Some(&self.container.id);
        let since = self.looked.elapsed();
        match self.looks {
            0 => true,
            _ if by_name => since > NAMED,
            looks => !is_whole && looks < LOOKS && since > AGAIN,
        }
    }
}

fn base(found: &Found) -> Container {
    Container {
        id: found.id.clone(),
        runtime: found.runtime.map(String::from),
        name: found.name.clone(),
        pod_uid: found.pod_uid.clone(),
        ..Container::default()
    }
}

/// Reads the files on a thread of their own.
fn look(
    process: PathBuf,
    container: Container,
    machines: impl FnOnce() -> Vec<PathBuf> + Send + 'static,
) -> Option<Receiver<Container>> {
    let (out, answer) = sync_channel(1);
    let reader = move || {
        let outside = of_machine(container, &machines());
        let inside = of_inside(outside.clone(), &process);
        // The pid may have become another process's meanwhile.
        let still = is_in(&process, &outside.id);
        // Nobody waits any more where the capture has ended.
        let _ = out.send(if still { inside } else { outside });
    };
    let thread = std::thread::Builder::new().name(String::from("oisp-ebpf-container"));
    thread.spawn(reader).ok().map(|_| answer)
}

fn of_machine(mut container: Container, machines: &[PathBuf]) -> Container {
    for machine in machines {
        if let Ok(root) = files::root(machine) {
            sources::add_from_machine(&mut container, &root);
        }
    }
    container
}

/// A process that a runtime has started still sees the machine's own files for a
/// moment.
fn of_inside(mut container: Container, process: &Path) -> Container {
    if !is_outside(process) {
        inside::add_from_inside(&mut container, process);
    }
    container
}

fn is_in(process: &Path, id: &str) -> bool {
    std::fs::read(process.join("cgroup")).is_ok_and(|lines| {
        cgroup::find(&String::from_utf8_lossy(&lines)).is_some_and(|(found, _)| found.id == id)
    })
}

/// The roots in which a runtime's files may be: this one, and that of the
/// machine where the sensor itself is in a container.
fn machines() -> Vec<PathBuf> {
    let mut roots = vec![PathBuf::from("/")];
    if !is_outside(Path::new("/proc/1")) {
        roots.push(PathBuf::from("/proc/1/root"));
    }
    roots
}

/// The process sees the same files as the sensor.
fn is_outside(process: &Path) -> bool {
    let namespace = |process: &Path| std::fs::read_link(process.join("ns/mnt")).ok();
    let root = |process: &Path| std::fs::read_link(process.join("root")).ok();
    let own = Path::new("/proc/self");
    namespace(process) == namespace(own) && root(process) == root(own)
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
