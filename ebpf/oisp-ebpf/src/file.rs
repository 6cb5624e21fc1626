//! What processes do with files, from functions of the kernel: opened, written,
//! removed, renamed. Only of processes that are watched: those that talk to AI
//! and what they start.
//!
//! The path is told once, when a file is opened; what follows names the open
//! file. A removal or renaming is told before it happens, while the names are
//! still there, and again when its result is known.

use aya_ebpf::helpers::bpf_get_current_pid_tgid;
use aya_ebpf::helpers::generated::{bpf_ktime_get_boot_ns, bpf_probe_read_user_str};
use aya_ebpf::macros::map;
use aya_ebpf::maps::LruHashMap;
use oisp_ebpf_common::counter::NOTES_RING_FULL;
use oisp_ebpf_common::file::{
    ACCESS_APPEND, ACCESS_CREATED, ACCESS_READ, ACCESS_TRUNCATED, ACCESS_WRITE, ASKED, FILE_DONE,
    FILE_OPEN, FILE_WRITE, FileHead, PATH_CUT, PATH_ROOM, Written,
};
use oisp_ebpf_common::filter::SHED_FILES;
use oisp_ebpf_common::setting::{
    AT_FILE_FLAGS, AT_FILE_INODE, AT_FILE_MODE, AT_FILE_PATH, AT_INODE_MODE, AT_INODE_SIZE,
    AT_PATH_DENTRY, AT_PATH_MNT,
};

use crate::path::{self, Place};
use crate::task::Kernel;
use crate::{counter, filter, ring};

/// Processes of which files are told. Filled by the loader, inherited by
/// children.
#[map]
static WATCHED: LruHashMap<u32, u32> = LruHashMap::with_max_entries(8192, 0);

/// By the address of the open file.
#[map]
static OPEN_FILES: LruHashMap<u64, Written> = LruHashMap::with_max_entries(8192, 0);

/// A file that stays open is told of this often.
const EVERY_NS: u64 = 5_000_000_000;

const S_IFMT: u16 = 0o170000;
const S_IFREG: u16 = 0o100000;
const FMODE_READ: u32 = 1;
const FMODE_WRITE: u32 = 2;
const FMODE_CREATED: u32 = 0x10_0000;
const O_TRUNC: u32 = 0o1000;
const O_APPEND: u32 = 0o2000;

#[repr(C)]
struct OnePath {
    head: FileHead,
    path: [u8; PATH_ROOM],
}

#[repr(C)]
struct TwoPaths {
    head: FileHead,
    path: [u8; PATH_ROOM],
    other: [u8; PATH_ROOM],
}

/// The thread that runs, if its files are told.
#[inline(always)]
pub fn watched() -> Option<u64> {
    let thread = bpf_get_current_pid_tgid();
    WATCHED.get_ptr((thread >> 32) as u32)?;
    filter::observed().filter(|_| filter::shed() < SHED_FILES)
}

/// A child is watched like its parent.
#[inline(always)]
pub fn inherit(parent: u32, child: u32) {
    if WATCHED.get_ptr(parent).is_some() {
        let _ = WATCHED.insert(child, 1, 0);
    }
}

/// A process is over.
#[inline(always)]
pub fn forget(tgid: u32) {
    let _ = WATCHED.remove(tgid);
}

#[inline(always)]
fn head_of(kind: u8, thread: u64) -> FileHead {
    FileHead {
        kind,
        flags: 0,
        zero: 0,
        tgid: (thread >> 32) as u32,
        tid: thread as u32,
        access: 0,
        // SAFETY: the helper has no precondition.
        at_ns: unsafe { bpf_ktime_get_boot_ns() },
        file: 0,
        bytes: 0,
        size: 0,
        times: 0,
        result: 0,
        path_len: 0,
        other_len: 0,
    }
}

/// `security_file_open(struct file *)`, or a call that returned a descriptor of
/// it. `more` is what is known beyond the file's own flags.
#[inline(always)]
pub fn opened(file: u64, more: u32) -> Option<()> {
    let thread = watched()?;
    let file = Kernel::at(file)?;
    let inode = file.follow(AT_FILE_INODE)?;
    if inode.field::<u16>(AT_INODE_MODE)? & S_IFMT != S_IFREG {
        return None;
    }
    let mut access = access_of(file)?;
    if access & ACCESS_CREATED == 0 {
        access |= more;
    }
    let mut head = head_of(FILE_OPEN, thread);
    head.file = file.address();
    head.access = access;
    head.size = inode.field(AT_INODE_SIZE)?;
    if access & ACCESS_WRITE != 0 {
        let written = Written {
            bytes: 0,
            told_ns: head.at_ns,
            times: 0,
            access,
            tgid: head.tgid,
            zero: 0,
        };
        let _ = OPEN_FILES.insert(head.file, written, 0);
    }
    put_one(head, place_of(file)?);
    Some(())
}

#[inline(always)]
fn access_of(file: Kernel) -> Option<u32> {
    let mode: u32 = file.field(AT_FILE_MODE)?;
    let flags: u32 = file.field(AT_FILE_FLAGS)?;
    let mut access = 0;
    if mode & FMODE_READ != 0 {
        access |= ACCESS_READ;
    }
    if mode & FMODE_WRITE != 0 {
        access |= ACCESS_WRITE;
    }
    if flags & O_APPEND != 0 {
        access |= ACCESS_APPEND;
    }
    if mode & FMODE_CREATED != 0 {
        access |= ACCESS_CREATED;
    } else if flags & O_TRUNC != 0 {
        access |= ACCESS_TRUNCATED;
    }
    Some(access)
}

#[inline(always)]
fn place_of(file: Kernel) -> Option<Place> {
    place(file.inner(AT_FILE_PATH)?)
}

/// Of a `struct path`.
#[inline(always)]
fn place(path: Kernel) -> Option<Place> {
    Some(Place {
        entry: path.follow(AT_PATH_DENTRY)?,
        mount: path.follow(AT_PATH_MNT)?,
    })
}

/// A write returned: how many bytes, or an error.
#[inline(always)]
pub fn wrote(file: u64, result: i64) -> Option<()> {
    if result <= 0 {
        return None;
    }
    let thread = watched()?;
    let state = OPEN_FILES.get_ptr_mut(file)?;
    // SAFETY: the pointer is an entry of the table.
    let state = unsafe { &mut *state };
    state.bytes += result as u64;
    state.times += 1;
    let head = head_of(FILE_WRITE, thread);
    if head.at_ns > state.told_ns + EVERY_NS {
        tell_written(head, Kernel::at(file)?, state);
    }
    Some(())
}

/// `filp_close(struct file *, …)` and what close(2) calls instead. Another
/// descriptor may still be there: what it writes is told with it.
#[inline(always)]
pub fn closed(file: u64) -> Option<()> {
    let thread = watched()?;
    let state = OPEN_FILES.get_ptr_mut(file)?;
    // SAFETY: the pointer is an entry of the table.
    let state = unsafe { &mut *state };
    if state.bytes > 0 {
        tell_written(head_of(FILE_WRITE, thread), Kernel::at(file)?, state);
    }
    Some(())
}

#[inline(always)]
fn tell_written(mut head: FileHead, file: Kernel, state: &mut Written) {
    head.file = file.address();
    head.bytes = state.bytes;
    head.times = state.times;
    head.access = state.access;
    head.size = file
        .follow(AT_FILE_INODE)
        .and_then(|inode| inode.field(AT_INODE_SIZE))
        .unwrap_or(0);
    put_head(&head);
    state.bytes = 0;
    state.times = 0;
    state.told_ns = head.at_ns;
    // Told with the first record.
    state.access &= !(ACCESS_CREATED | ACCESS_TRUNCATED);
}

/// `security_path_unlink` and `security_path_rmdir(const struct path *dir,
/// struct dentry *)`
#[inline(always)]
pub fn removing(kind: u8, dir: u64, entry: u64) -> Option<()> {
    let thread = watched()?;
    let mount = Kernel::at(dir)?.follow(AT_PATH_MNT)?;
    let entry = Kernel::at(entry)?;
    put_one(head_of(kind, thread), Place { entry, mount });
    Some(())
}

/// `security_path_rename(const struct path *, struct dentry *, const struct path
/// *, struct dentry *, …)`
#[inline(always)]
pub fn renaming(kind: u8, [dir, entry, new_dir, new_entry]: [u64; 4]) -> Option<()> {
    let thread = watched()?;
    let from = Place {
        entry: Kernel::at(entry)?,
        mount: Kernel::at(dir)?.follow(AT_PATH_MNT)?,
    };
    let to = Place {
        entry: Kernel::at(new_entry)?,
        mount: Kernel::at(new_dir)?.follow(AT_PATH_MNT)?,
    };
    let Some(mut room) = ring::reserve::<TwoPaths>() else {
        counter::add(NOTES_RING_FULL, 1);
        return None;
    };
    let record = room.as_mut_ptr();
    let mut head = head_of(kind, thread);
    // SAFETY: both fields have the room that a path needs.
    unsafe {
        let (len, whole) = path::write((&raw mut (*record).path).cast(), from);
        let (other_len, other_whole) = path::write((&raw mut (*record).other).cast(), to);
        head.path_len = len;
        head.other_len = other_len;
        if !whole || !other_whole {
            head.flags = PATH_CUT;
        }
        (&raw mut (*record).head).write(head);
    }
    ring::submit(room);
    Some(())
}

/// A call that named a file in a directory (`struct path`) succeeded.
#[inline(always)]
pub fn asked(thread: u64, kind: u8, directory: Kernel, name: u64) -> Option<()> {
    let Some(mut room) = ring::reserve::<TwoPaths>() else {
        counter::add(NOTES_RING_FULL, 1);
        return None;
    };
    let record = room.as_mut_ptr();
    let mut head = head_of(kind, thread);
    head.flags = ASKED;
    // SAFETY: both fields have the room that a path needs, and the helper checks
    // the address of the name.
    unsafe {
        if let Some(place) = place(directory) {
            let (len, whole) = path::write((&raw mut (*record).path).cast(), place);
            head.path_len = len;
            if !whole {
                head.flags |= PATH_CUT;
            }
        }
        let read = bpf_probe_read_user_str(
            (&raw mut (*record).other).cast(),
            PATH_ROOM as u32,
            name as *const _,
        );
        head.other_len = if read > 0 { read as u32 } else { 0 };
        (&raw mut (*record).head).write(head);
    }
    ring::submit(room);
    Some(())
}

/// What was announced has its result.
#[inline(always)]
pub fn done(result: i32) -> Option<()> {
    let thread = watched()?;
    let mut head = head_of(FILE_DONE, thread);
    head.result = result;
    put_head(&head);
    Some(())
}

#[inline(always)]
fn put_head(head: &FileHead) {
    match ring::reserve::<FileHead>() {
        Some(mut room) => {
            room.write(*head);
            ring::submit(room);
        }
        None => counter::add(NOTES_RING_FULL, 1),
    }
}

#[inline(always)]
fn put_one(mut head: FileHead, place: Place) {
    let Some(mut room) = ring::reserve::<OnePath>() else {
        counter::add(NOTES_RING_FULL, 1);
        return;
    };
    let record = room.as_mut_ptr();
    // SAFETY: the field has the room that a path needs.
    unsafe {
        let (len, whole) = path::write((&raw mut (*record).path).cast(), place);
        head.path_len = len;
        if !whole {
            head.flags = PATH_CUT;
        }
        (&raw mut (*record).head).write(head);
    }
    ring::submit(room);
}
