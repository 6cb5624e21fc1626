//! The life of processes: exec, fork, exit, from raw tracepoints.

use aya_ebpf::helpers::generated::{
    bpf_get_current_cgroup_id, bpf_ktime_get_boot_ns, bpf_probe_read_kernel_str,
    bpf_probe_read_user,
};
use aya_ebpf::helpers::{bpf_get_current_comm, bpf_get_current_pid_tgid, bpf_get_current_uid_gid};
use aya_ebpf::programs::RawTracePointContext;
use oisp_ebpf_common::counter::NOTES_RING_FULL;
use oisp_ebpf_common::record::{ARGS_CUT, EXEC, EXIT, FILE_NAME_LEN, FORK, ProcessHead, Spent};
use oisp_ebpf_common::setting::{
    AT_ARG_END, AT_ARG_START, AT_EXIT_CODE, AT_FILENAME, AT_GROUP_EXIT_CODE, AT_GROUP_LEADER,
    AT_INTERP, AT_LIVE, AT_MM, AT_REAL_PARENT, AT_SIGNAL, AT_SIGNAL_FLAGS, AT_TGID, SELF_TGID,
};

use crate::task::Kernel;
use crate::{call, counter, file, filter, ring, setting, spent, stdio};

/// `SIGNAL_GROUP_EXIT`: the whole group ends with one code.
const GROUP_EXIT: u32 = 4;

/// A program was started: the sensor wants its name and arguments, which are
/// gone with a short-lived process before user space can look.
#[inline(always)]
pub fn exec(ctx: &RawTracePointContext) -> Option<()> {
    let task = Kernel::at(ctx.arg::<u64>(0))?;
    let thread = bpf_get_current_pid_tgid();
    call::forget(thread);
    filter::renamed((thread >> 32) as u32);
    stdio::exec();
    let mut head = head_of(EXEC, task);
    let (start, len) = args_of(task).unwrap_or((0, 0));
    let names = names_of(Kernel::at(ctx.arg::<u64>(2)));
    let sent = if len <= SHORT as u64 {
        put_exec::<SHORT>(&mut head, names, start, len)
    } else {
        put_exec::<LONG>(&mut head, names, start, len)
    };
    if !sent {
        counter::add(NOTES_RING_FULL, 1);
    }
    Some(())
}

/// Where the names of the program and of its script are; 0 where there is none.
/// The kernel keeps one string for both until an interpreter takes over.
#[inline(always)]
fn names_of(program: Option<Kernel>) -> (u64, u64) {
    let name = |field| program.and_then(|program| program.field::<u64>(field));
    let interpreter = name(AT_INTERP).unwrap_or(0);
    let script = name(AT_FILENAME).unwrap_or(interpreter);
    (interpreter, if script == interpreter { 0 } else { script })
}

/// A process made a child. A new thread is none.
#[inline(always)]
pub fn fork(ctx: &RawTracePointContext) -> Option<()> {
    let parent = Kernel::at(ctx.arg::<u64>(0))?;
    let child = Kernel::at(ctx.arg::<u64>(1))?;
    let child_tgid: u32 = child.field(AT_TGID)?;
    let mut head = head_of(FORK, parent);
    if child_tgid == head.tgid {
        return None;
    }
    filter::inherit(head.tgid, child_tgid);
    file::inherit(head.tgid, child_tgid);
    head.code = child_tgid;
    head.code_known = 1;
    put(&head);
    Some(())
}

/// A thread ended; reported where it was the last of its process.
#[inline(always)]
pub fn exit(ctx: &RawTracePointContext) -> Option<()> {
    let thread = bpf_get_current_pid_tgid();
    call::forget(thread);
    let task = Kernel::at(ctx.arg::<u64>(0))?;
    let signal = task.follow(AT_SIGNAL);
    let is_last = match signal.and_then(|signal| signal.field::<i32>(AT_LIVE)) {
        Some(live) => live == 0,
        None => thread as u32 == (thread >> 32) as u32,
    };
    if !is_last {
        return None;
    }
    filter::forget((thread >> 32) as u32);
    file::forget((thread >> 32) as u32);
    stdio::exit();
    let mut head = head_of(EXIT, task);
    if let Some(status) = signal.and_then(|signal| wait_status(task, signal)) {
        head.code = status;
        head.code_known = 1;
    }
    if head.tgid != setting::get(SELF_TGID) {
        let spent = signal.map(spent::of).unwrap_or_default();
        put(&Exit { head, spent });
    }
    Some(())
}

#[repr(C)]
#[derive(Clone, Copy)]
struct Exit {
    head: ProcessHead,
    spent: Spent,
}

/// What `wait` will tell the parent: the group's code, or its leader's.
#[inline(always)]
fn wait_status(task: Kernel, signal: Kernel) -> Option<u32> {
    if signal.field::<u32>(AT_SIGNAL_FLAGS)? & GROUP_EXIT != 0 {
        return signal.field(AT_GROUP_EXIT_CODE);
    }
    task.follow(AT_GROUP_LEADER)?.field(AT_EXIT_CODE)
}

/// Where the arguments are in the process, and how many bytes.
#[inline(always)]
fn args_of(task: Kernel) -> Option<(u64, u64)> {
    let memory = task.follow(AT_MM)?;
    let start: u64 = memory.field(AT_ARG_START)?;
    let end: u64 = memory.field(AT_ARG_END)?;
    (end > start).then_some((start, end - start))
}

#[inline(always)]
fn head_of(kind: u8, task: Kernel) -> ProcessHead {
    let thread = bpf_get_current_pid_tgid();
    let user = bpf_get_current_uid_gid();
    ProcessHead {
        kind,
        flags: 0,
        file_name_len: 0,
        args_len: 0,
        tgid: (thread >> 32) as u32,
        tid: thread as u32,
        // SAFETY: the helper has no precondition.
        at_ns: unsafe { bpf_ktime_get_boot_ns() },
        start_ns: task.start_ns(),
        ppid: task
            .follow(AT_GROUP_LEADER)
            .and_then(|leader| leader.follow(AT_REAL_PARENT))
            .and_then(|parent| parent.field(AT_TGID))
            .unwrap_or(0),
        uid: user as u32,
        gid: (user >> 32) as u32,
        code: 0,
        code_known: 0,
        script_len: 0,
        comm: bpf_get_current_comm().unwrap_or([0; 16]),
        // SAFETY: the helper has no precondition.
        cgroup: unsafe { bpf_get_current_cgroup_id() },
    }
}

#[inline(always)]
fn put<T: Copy + 'static>(record: &T) {
    match ring::reserve::<T>() {
        Some(mut entry) => {
            entry.write(*record);
            ring::submit(entry);
        }
        None => counter::add(NOTES_RING_FULL, 1),
    }
}

/// Bytes of arguments in the short form of the record.
const SHORT: usize = 512;
/// And in the long one.
const LONG: usize = 16384;

#[repr(C)]
struct Exec<const ROOM: usize> {
    head: ProcessHead,
    file_name: [u8; FILE_NAME_LEN],
    script: [u8; FILE_NAME_LEN],
    args: [u8; ROOM],
}

#[inline(always)]
fn put_exec<const ROOM: usize>(
    head: &mut ProcessHead,
    (name, script): (u64, u64),
    args: u64,
    args_len: u64,
) -> bool {
    let Some(mut entry) = ring::reserve::<Exec<ROOM>>() else {
        return false;
    };
    let record = entry.as_mut_ptr();
    let len = if args_len > ROOM as u64 {
        ROOM as u32
    } else {
        args_len as u32
    };
    if args_len > ROOM as u64 {
        head.flags |= ARGS_CUT;
    }
    // SAFETY: the entry has room for an `Exec<ROOM>`, and each length is that of
    // its field or less. The helpers check the sources.
    unsafe {
        head.file_name_len = read_name(&raw mut (*record).file_name, name) as u16;
        head.script_len = read_name(&raw mut (*record).script, script);
        let read = bpf_probe_read_user((&raw mut (*record).args).cast(), len, args as *const _);
        head.args_len = if read == 0 { len } else { 0 };
        (&raw mut (*record).head).write(*head);
    }
    // A new program may talk in a moment, and what it maps must be probed first.
    ring::submit_now(entry);
    true
}

/// Reads a string of the kernel, with its zero; 0 where there is none.
///
/// # Safety
/// `into` must be writable.
#[inline(always)]
unsafe fn read_name(into: *mut [u8; FILE_NAME_LEN], from: u64) -> u32 {
    if from == 0 {
        return 0;
    }
    // SAFETY: the length is that of the field. The helper checks the source.
    let read =
        unsafe { bpf_probe_read_kernel_str(into.cast(), FILE_NAME_LEN as u32, from as *const _) };
    if read > 0 { read as u32 } else { 0 }
}
