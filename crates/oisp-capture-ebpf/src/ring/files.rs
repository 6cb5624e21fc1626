//! From records about files to events: paths put together, results waited for,
//! and what happens again and again told once.

use std::collections::HashMap;

use oisp_core::raw::{Access, FileEvent};
use oisp_ebpf_common::file::{
    ACCESS_APPEND, ACCESS_CREATED, ACCESS_READ, ACCESS_TRUNCATED, ACCESS_WRITE, ASKED, FILE_DONE,
    FILE_OPEN, FILE_RENAME, FILE_RENAME_FROM, FILE_RMDIR, FILE_UNLINK, FILE_WRITE, FileHead,
    PATH_CUT, Written,
};

use super::bucket::Buckets;
use super::paths;

/// An event and when it was: nanoseconds since boot, process, thread.
pub(crate) type Told = (u64, u32, u32, FileEvent);

/// An open of the same file by the same process within this time is told
/// together with the next ones.
const TOGETHER_NS: u64 = 10_000_000_000;
/// Files and opens that are remembered; the oldest give way.
const REMEMBERED: usize = 8192;

/// An open file: its path, and whether it is worth telling of.
#[derive(Debug)]
struct OpenFile {
    path: String,
    is_noise: bool,
    at_ns: u64,
}

/// Opens of one file by one process.
#[derive(Debug)]
struct Opens {
    tid: u32,
    told_ns: u64,
    last_ns: u64,
    access: Access,
    /// Not told yet.
    times: u32,
}

/// What a thread announced and has not done yet.
#[derive(Debug)]
enum Announced {
    Delete {
        path: String,
        is_directory: bool,
    },
    Rename {
        from: String,
        to: String,
    },
    /// The first half of a renaming that is done.
    From(String),
}

/// What is known of files.
#[derive(Debug, Default)]
pub(crate) struct Files {
    open: HashMap<u64, OpenFile>,
    opens: HashMap<(u32, String), Opens>,
    announced: HashMap<u32, Announced>,
    buckets: Buckets,
    /// Events that were left out: of files that nobody asks about.
    pub(crate) noise: u64,
}

impl Files {
    /// Takes a record.
    pub(crate) fn take(&mut self, head: &FileHead, path: &[u8], other: &[u8], out: &mut Vec<Told>) {
        let cut = head.flags & PATH_CUT != 0;
        match head.kind {
            FILE_OPEN => self.opened(head, paths::from_names(path, cut), out),
            FILE_WRITE => self.wrote(head, out),
            FILE_UNLINK | FILE_RMDIR => {
                let path = Self::path(head, path, other);
                let is_directory = head.kind == FILE_RMDIR;
                self.announce(head, Announced::Delete { path, is_directory }, out);
            }
            FILE_RENAME_FROM => {
                let from = Announced::From(Self::path(head, path, other));
                self.announced.insert(head.tid, from);
            }
            FILE_RENAME => self.renamed(head, path, other, out),
            FILE_DONE => {
                let announced = self.announced.remove(&head.tid);
                if let (Some(announced), 0) = (announced, head.result) {
                    self.happened(head, announced, out);
                }
            }
            _ => {}
        }
    }

    fn path(head: &FileHead, path: &[u8], other: &[u8]) -> String {
        let path = paths::from_names(path, head.flags & PATH_CUT != 0);
        if head.flags & ASKED == 0 {
            return path;
        }
        paths::join(&path, other)
    }

    fn renamed(&mut self, head: &FileHead, path: &[u8], other: &[u8], out: &mut Vec<Told>) {
        if head.flags & ASKED == 0 {
            let cut = head.flags & PATH_CUT != 0;
            let (from, to) = (paths::from_names(path, cut), paths::from_names(other, cut));
            self.announce(head, Announced::Rename { from, to }, out);
        } else if let Some(Announced::From(from)) = self.announced.remove(&head.tid) {
            let to = Self::path(head, path, other);
            self.happened(head, Announced::Rename { from, to }, out);
        }
    }

    /// What was asked for by name is told when it is done.
    fn announce(&mut self, head: &FileHead, what: Announced, out: &mut Vec<Told>) {
        if head.flags & ASKED != 0 {
            self.happened(head, what, out);
            return;
        }
        if self.announced.len() >= REMEMBERED {
            self.announced.clear();
        }
        self.announced.insert(head.tid, what);
    }

    fn happened(&mut self, head: &FileHead, what: Announced, out: &mut Vec<Told>) {
        let (path, event) = match what {
            Announced::Delete { path, is_directory } => {
                (path.clone(), FileEvent::Delete { path, is_directory })
            }
            Announced::Rename { from, to } => (to.clone(), FileEvent::Rename { from, to }),
            Announced::From(_) => return,
        };
        if paths::is_noise(&path) {
            self.noise += 1;
        } else {
            self.tell(head.at_ns, head.tgid, head.tid, event, out);
        }
    }

    fn opened(&mut self, head: &FileHead, path: String, out: &mut Vec<Told>) {
        let access = access_of(head.access);
        let is_noise = paths::is_noise(&path);
        if access.write {
            self.make_room();
            let open = OpenFile {
                path: path.clone(),
                is_noise,
                at_ns: head.at_ns,
            };
            self.open.insert(head.file, open);
        }
        if is_noise {
            self.noise += 1;
            return;
        }
        let key = (head.tgid, path);
        if let Some(opens) = self.opens.get_mut(&key)
            && opens.access == access
        {
            opens.times = opens.times.saturating_add(1);
            opens.last_ns = head.at_ns;
            return;
        }
        self.forget_opens(&key, out);
        let event = FileEvent::Open {
            path: key.1.clone(),
            access,
            times: 1,
        };
        self.tell(head.at_ns, head.tgid, head.tid, event, out);
        let opens = Opens {
            tid: head.tid,
            told_ns: head.at_ns,
            last_ns: head.at_ns,
            access,
            times: 0,
        };
        self.opens.insert(key, opens);
    }

    /// Tells of opens that were not told yet.
    fn forget_opens(&mut self, key: &(u32, String), out: &mut Vec<Told>) {
        if let Some(opens) = self.opens.remove(key).filter(|opens| opens.times > 0) {
            let event = FileEvent::Open {
                path: key.1.clone(),
                access: opens.access,
                times: opens.times,
            };
            self.tell(opens.last_ns, key.0, opens.tid, event, out);
        }
    }

    fn wrote(&mut self, head: &FileHead, out: &mut Vec<Told>) {
        let Some(open) = self.open.get(&head.file) else {
            return;
        };
        if open.is_noise {
            self.noise += 1;
            return;
        }
        let access = access_of(head.access);
        let event = FileEvent::Write {
            path: open.path.clone(),
            bytes: head.bytes,
            times: head.times,
            created: access.created,
            truncated: access.truncated,
            size: Some(head.size),
        };
        self.tell(head.at_ns, head.tgid, head.tid, event, out);
    }

    /// What a process that is over had written and nothing told: a file that it
    /// left to its end to close. What became of its size is not known.
    pub(crate) fn left_open(
        &mut self,
        file: u64,
        written: &Written,
        at_ns: u64,
        out: &mut Vec<Told>,
    ) {
        let Some(open) = self.open.remove(&file).filter(|open| !open.is_noise) else {
            return;
        };
        let access = access_of(written.access);
        if written.bytes == 0 {
            return;
        }
        let event = FileEvent::Write {
            path: open.path,
            bytes: written.bytes,
            times: written.times,
            created: access.created,
            truncated: access.truncated,
            size: None,
        };
        self.tell(at_ns, written.tgid, written.tgid, event, out);
    }

    /// Some files are open for writing, as far as is known.
    pub(crate) fn has_open(&self) -> bool {
        !self.open.is_empty()
    }

    /// Time went by.
    pub(crate) fn tick(&mut self, now_ns: u64, out: &mut Vec<Told>) {
        let over = |opens: &Opens| now_ns > opens.told_ns.saturating_add(TOGETHER_NS);
        let many = self.opens.len() > REMEMBERED;
        let old: Vec<_> = self
            .opens
            .iter()
            .filter(|(_, opens)| many || over(opens))
            .map(|(key, _)| key.clone())
            .collect();
        for key in old {
            self.forget_opens(&key, out);
        }
        self.buckets.tick(now_ns);
    }

    /// A process is over.
    pub(crate) fn exited(&mut self, pid: u32, out: &mut Vec<Told>) {
        let of: Vec<_> = self
            .opens
            .keys()
            .filter(|(of, _)| *of == pid)
            .cloned()
            .collect();
        for key in of {
            self.forget_opens(&key, out);
        }
    }

    /// Events that were left out because a process made too many.
    pub(crate) const fn too_many(&self) -> u64 {
        self.buckets.refused
    }

    fn tell(&mut self, at_ns: u64, pid: u32, tid: u32, event: FileEvent, out: &mut Vec<Told>) {
        if self.buckets.take(pid, at_ns) {
            out.push((at_ns, pid, tid, event));
        }
    }

    /// The oldest half goes: files whose closing was not told.
    fn make_room(&mut self) {
        if self.open.len() < REMEMBERED {
            return;
        }
        let mut times: Vec<u64> = self.open.values().map(|open| open.at_ns).collect();
        let middle = times.len() / 2;
        let (_, middle, _) = times.select_nth_unstable(middle);
        let middle = *middle;
        self.open.retain(|_, open| open.at_ns > middle);
    }
}

const fn access_of(bits: u32) -> Access {
    Access {
        read: bits & ACCESS_READ != 0,
        write: bits & ACCESS_WRITE != 0,
        append: bits & ACCESS_APPEND != 0,
        created: bits & ACCESS_CREATED != 0,
        truncated: bits & ACCESS_TRUNCATED != 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(kind: u8, at_ns: u64) -> FileHead {
        FileHead {
            kind,
            flags: 0,
            zero: 0,
            tgid: 7,
            tid: 8,
            access: ACCESS_WRITE | ACCESS_CREATED,
            at_ns,
            file: 99,
            bytes: 0,
            size: 0,
            times: 0,
            result: 0,
            path_len: 0,
            other_len: 0,
        }
    }

    fn events(told: Vec<Told>) -> Vec<FileEvent> {
        told.into_iter().map(|(.., event)| event).collect()
    }

    const CREATE: Access = Access {
        read: false,
        write: true,
        append: false,
        created: true,
        truncated: false,
    };

    #[test]
    fn a_write_has_the_path_of_its_open() {
        let (mut files, mut out) = (Files::default(), Vec::new());
        files.take(&head(FILE_OPEN, 1), b"notes.md\0project\0", &[], &mut out);
        let wrote = FileHead {
            bytes: 5,
            times: 1,
            size: 5,
            ..head(FILE_WRITE, 2)
        };
        files.take(&wrote, &[], &[], &mut out);
        let path = String::from("/project/notes.md");
        assert_eq!(
            events(out),
            [
                FileEvent::Open {
                    path: path.clone(),
                    access: CREATE,
                    times: 1
                },
                FileEvent::Write {
                    path,
                    bytes: 5,
                    times: 1,
                    created: true,
                    truncated: false,
                    size: Some(5)
                },
            ]
        );
    }

    #[test]
    fn opens_in_a_row_are_told_once_and_counted() {
        let (mut files, mut out) = (Files::default(), Vec::new());
        for at in 0..5 {
            files.take(&head(FILE_OPEN, at), b"a\0", &[], &mut out);
        }
        files.tick(TOGETHER_NS + 5, &mut out);
        let times: Vec<u32> = events(out)
            .into_iter()
            .map(|event| match event {
                FileEvent::Open { times, .. } => times,
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(times, [1, 4]);
    }

    #[test]
    fn a_removal_is_told_when_it_is_done_and_not_when_it_failed() {
        let (mut files, mut out) = (Files::default(), Vec::new());
        files.take(&head(FILE_UNLINK, 1), b"a\0", &[], &mut out);
        assert!(out.is_empty());
        let failed = FileHead {
            result: -13,
            ..head(FILE_DONE, 2)
        };
        files.take(&failed, &[], &[], &mut out);
        assert!(out.is_empty());
        files.take(&head(FILE_RMDIR, 3), b"d\0", &[], &mut out);
        files.take(&head(FILE_DONE, 4), &[], &[], &mut out);
        let path = String::from("/d");
        assert_eq!(
            events(out),
            [FileEvent::Delete {
                path,
                is_directory: true
            }]
        );
    }

    #[test]
    fn both_ways_of_renaming_are_told_alike() {
        let (mut files, mut out) = (Files::default(), Vec::new());
        files.take(&head(FILE_RENAME, 1), b"a\0w\0", b"b\0w\0", &mut out);
        files.take(&head(FILE_DONE, 2), &[], &[], &mut out);
        let asked = |kind| FileHead {
            flags: ASKED,
            ..head(kind, 3)
        };
        files.take(&asked(FILE_RENAME_FROM), b"w\0", b"a\0", &mut out);
        files.take(&asked(FILE_RENAME), b"w\0", b"./b\0", &mut out);
        let renamed = FileEvent::Rename {
            from: String::from("/w/a"),
            to: String::from("/w/b"),
        };
        assert_eq!(events(out), [renamed.clone(), renamed]);
    }

    #[test]
    fn a_storm_of_one_process_is_bounded_and_counted() {
        let (mut files, mut out) = (Files::default(), Vec::new());
        for at in 0..100_000_u64 {
            let name = format!("{at}\0");
            files.take(&head(FILE_OPEN, at), name.as_bytes(), &[], &mut out);
        }
        assert!(out.len() < 2000, "{}", out.len());
        assert_eq!(out.len() as u64 + files.too_many(), 100_000);
        files.tick(1, &mut out);
        assert!(files.opens.len() <= REMEMBERED);
        assert!(files.open.len() <= REMEMBERED);
    }
}
