//! Where the fields of kernel structures are, and under which numbers its
//! functions can be probed, from the kernel's own type information (BTF, `Documentation/bpf/btf.rst`).
//!
//! The programs read a dozen fields; this reader knows just enough of BTF to
//! find their offsets. Any malformed input ends in "not found".

use std::collections::HashMap;
use std::path::Path;

use oisp_ebpf_common::setting;

/// Where the kernel shows its types.
pub(crate) const VMLINUX: &str = "/sys/kernel/btf/vmlinux";

/// A dot leads into a field that is a structure itself.
const WANTED: &[(u32, &str, &str)] = &[
    (setting::AT_GROUP_LEADER, "task_struct", "group_leader"),
    (setting::AT_REAL_PARENT, "task_struct", "real_parent"),
    (setting::AT_TGID, "task_struct", "tgid"),
    (setting::AT_START, "task_struct", "start_boottime"),
    (setting::AT_EXIT_CODE, "task_struct", "exit_code"),
    (setting::AT_SIGNAL, "task_struct", "signal"),
    (setting::AT_LIVE, "signal_struct", "live"),
    (setting::AT_SIGNAL_FLAGS, "signal_struct", "flags"),
    (
        setting::AT_GROUP_EXIT_CODE,
        "signal_struct",
        "group_exit_code",
    ),
    (setting::AT_MM, "task_struct", "mm"),
    (setting::AT_ARG_START, "mm_struct", "arg_start"),
    (setting::AT_ARG_END, "mm_struct", "arg_end"),
    (setting::AT_COMM, "task_struct", "comm"),
    (setting::AT_FILE_PATH, "file", "f_path"),
    (setting::AT_FILE_INODE, "file", "f_inode"),
    (setting::AT_FILE_MODE, "file", "f_mode"),
    (setting::AT_FILE_FLAGS, "file", "f_flags"),
    (setting::AT_INODE_MODE, "inode", "i_mode"),
    (setting::AT_INODE_SIZE, "inode", "i_size"),
    (setting::AT_PATH_MNT, "path", "mnt"),
    (setting::AT_PATH_DENTRY, "path", "dentry"),
    (setting::AT_DENTRY_NAME, "dentry", "d_name"),
    (setting::AT_DENTRY_PARENT, "dentry", "d_parent"),
    (setting::AT_QSTR_NAME, "qstr", "name"),
    (setting::AT_VFSMOUNT_ROOT, "vfsmount", "mnt_root"),
    (setting::AT_MOUNT_MNT, "mount", "mnt"),
    (setting::AT_MOUNT_PARENT, "mount", "mnt_parent"),
    (setting::AT_MOUNTPOINT, "mount", "mnt_mountpoint"),
    (setting::AT_TASK_FILES, "task_struct", "files"),
    (setting::AT_TASK_FS, "task_struct", "fs"),
    (setting::AT_FILES_FDT, "files_struct", "fdt"),
    (setting::AT_FDTABLE_FD, "fdtable", "fd"),
    (setting::AT_FDTABLE_MAX, "fdtable", "max_fds"),
    (setting::AT_FS_PWD, "fs_struct", "pwd"),
    (setting::AT_INTERP, "linux_binprm", "interp"),
    (setting::AT_FILENAME, "linux_binprm", "filename"),
    (setting::AT_UTIME, "task_struct", "utime"),
    (setting::AT_STIME, "task_struct", "stime"),
    (setting::AT_RUNTIME, "task_struct", "se.sum_exec_runtime"),
    (setting::AT_THREAD_NODE, "task_struct", "thread_node"),
    (setting::AT_THREAD_HEAD, "signal_struct", "thread_head"),
    (setting::AT_STATS_LOCK, "signal_struct", "stats_lock"),
    (setting::AT_ENDED_UTIME, "signal_struct", "utime"),
    (setting::AT_ENDED_STIME, "signal_struct", "stime"),
    (
        setting::AT_ENDED_RUNTIME,
        "signal_struct",
        "sum_sched_runtime",
    ),
    (setting::AT_MAXRSS, "signal_struct", "maxrss"),
    (setting::AT_FAMILY, "sock_common", "skc_family"),
    (setting::AT_REMOTE4, "sock_common", "skc_daddr"),
    (setting::AT_LOCAL4, "sock_common", "skc_rcv_saddr"),
    (setting::AT_REMOTE6, "sock_common", "skc_v6_daddr"),
    (setting::AT_LOCAL6, "sock_common", "skc_v6_rcv_saddr"),
    (setting::AT_REMOTE_PORT, "sock_common", "skc_dport"),
    (setting::AT_LOCAL_PORT, "inet_sock", "inet_sport"),
    (setting::AT_SOCKET_ERROR, "sock", "sk_err"),
    (setting::AT_SHUTDOWN, "sock", "sk_shutdown"),
    (setting::AT_SOCKET_FLAGS, "sock_common", "skc_flags"),
    (setting::AT_PROTOCOL, "sock", "sk_protocol"),
    (setting::AT_BYTES_RECEIVED, "tcp_sock", "bytes_received"),
    (setting::AT_BYTES_SENT, "tcp_sock", "bytes_sent"),
    (setting::AT_BYTES_RETRANSMITTED, "tcp_sock", "bytes_retrans"),
    (setting::AT_BYTES_ACKED, "tcp_sock", "bytes_acked"),
    (setting::AT_ITERATOR, "msghdr", "msg_iter"),
    (setting::AT_PEER, "msghdr", "msg_name"),
    // Linux 5.14, and before it.
    (setting::AT_ITERATOR_KIND, "iov_iter", "iter_type"),
    (setting::AT_ITERATOR_KIND, "iov_iter", "type"),
    (setting::AT_ITERATOR_OFFSET, "iov_iter", "iov_offset"),
    // Linux 6.0.
    (setting::AT_ITERATOR_BUFFER, "iov_iter", "ubuf"),
    // Linux 6.4, and before it.
    (setting::AT_ITERATOR_VECTOR, "iov_iter", "__iov"),
    (setting::AT_ITERATOR_VECTOR, "iov_iter", "iov"),
    (setting::AT_FILE_PRIVATE, "file", "private_data"),
    (setting::AT_SOCKET_SOCK, "socket", "sk"),
    (setting::AT_PORTPAIR, "sock_common", "skc_portpair"),
    (setting::AT_WRITE_SEQ, "tcp_sock", "write_seq"),
    (setting::AT_COPIED_SEQ, "tcp_sock", "copied_seq"),
    (setting::AT_ITER_COUNT, "iov_iter", "count"),
    (setting::AT_KI_FILP, "kiocb", "ki_filp"),
    (setting::AT_I_INO, "inode", "i_ino"),
    (setting::AT_I_SB, "inode", "i_sb"),
    (setting::AT_S_MAGIC, "super_block", "s_magic"),
    (setting::AT_VFS_INODE, "socket_alloc", "vfs_inode"),
    (setting::AT_SK_SOCKET, "sock", "sk_socket"),
    (setting::AT_SK_TYPE, "sock", "sk_type"),
    (setting::AT_UNIX_PEER, "unix_sock", "peer"),
];

/// Values of enumerations, which differ from kernel to kernel.
const VALUES: [(u32, &str, &str); 2] = [
    (setting::ITERATES_BUFFER, "iter_type", "ITER_UBUF"),
    (setting::ITERATES_VECTOR, "iter_type", "ITER_IOVEC"),
];

/// What this kernel's types say.
#[derive(Clone, Debug, Default)]
pub(crate) struct KernelTypes {
    /// Setting numbers and the offsets in this kernel, for the fields that it
    /// has; and the values of enumerations.
    pub(crate) offsets: Vec<(u32, u32)>,
    /// The wanted functions that it has, and types of tracepoints (`btf_trace_…`).
    pub(crate) functions: HashMap<&'static str, Function>,
}

/// A function of the kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Function {
    /// Its number among the types.
    pub(crate) id: u32,
    /// How many parameters it has; 0 for a tracepoint.
    pub(crate) parameters: u32,
}

impl KernelTypes {
    /// Reads them, with the ids of those functions. Empty where there are none
    /// or they are malformed.
    pub(crate) fn read(path: &Path, functions: &[&'static str]) -> Self {
        let Ok(bytes) = std::fs::read(path) else {
            return Self::default();
        };
        let Some(types) = Types::parse(&bytes, functions) else {
            return Self::default();
        };
        let offset =
            |(number, structure, field)| Some((number, types.field_offset(structure, field)?));
        let function = |(name, (id, prototype)): (&&'static str, &(u32, u32))| {
            let function = Function {
                id: *id,
                parameters: types.parameters(*prototype).unwrap_or(0),
            };
            (*name, function)
        };
        let value = |(number, enumeration, name)| Some((number, types.value(enumeration, name)?));
        let offsets = WANTED.iter().copied().filter_map(offset);
        Self {
            offsets: offsets
                .chain(VALUES.into_iter().filter_map(value))
                .collect(),
            functions: types.functions.iter().map(function).collect(),
        }
    }
}

const STRUCT: u32 = 4;
const UNION: u32 = 5;
const ENUMERATION: u32 = 6;
const DEFINITION: u32 = 8;
const FUNCTION: u32 = 12;
const PROTOTYPE: u32 = 13;

struct Types<'a> {
    types: &'a [u8],
    strings: &'a [u8],
    /// Position of each type by its id; id 0 is `void`, which is nowhere.
    positions: Vec<usize>,
    structs: HashMap<&'a [u8], usize>,
    enumerations: HashMap<&'a [u8], usize>,
    /// Number, and the number of the prototype.
    functions: HashMap<&'static str, (u32, u32)>,
}

impl<'a> Types<'a> {
    fn parse(bytes: &'a [u8], functions: &[&'static str]) -> Option<Self> {
        if bytes.get(..2)? != 0xeb9f_u16.to_ne_bytes() {
            return None;
        }
        let header = size(word(bytes, 4)?);
        let section = |at| {
            let start = header.checked_add(size(word(bytes, at)?))?;
            bytes.get(start..start.checked_add(size(word(bytes, at + 4)?))?)
        };
        let mut parsed = Self {
            types: section(8)?,
            strings: section(16)?,
            positions: vec![usize::MAX],
            structs: HashMap::new(),
            enumerations: HashMap::new(),
            functions: HashMap::new(),
        };
        parsed.index(functions)?;
        Some(parsed)
    }

    fn index(&mut self, functions: &[&'static str]) -> Option<()> {
        let wanted: Vec<&str> = WANTED.iter().map(|(_, structure, _)| *structure).collect();
        let mut at = 0;
        while at < self.types.len() {
            let info = word(self.types, at + 4)?;
            let id = u32::try_from(self.positions.len()).ok()?;
            self.positions.push(at);
            if matches!(kind(info), FUNCTION | DEFINITION) {
                let name = string(self.strings, word(self.types, at)?)?;
                if let Some(wanted) = functions.iter().find(|wanted| wanted.as_bytes() == name) {
                    let prototype = word(self.types, at + 8)?;
                    self.functions.entry(wanted).or_insert((id, prototype));
                }
            }
            if kind(info) == STRUCT && members(info) > 0 {
                let name = string(self.strings, word(self.types, at)?)?;
                if wanted.iter().any(|wanted| wanted.as_bytes() == name) {
                    self.structs.entry(name).or_insert(at);
                }
            }
            if kind(info) == ENUMERATION && members(info) > 0 {
                let name = string(self.strings, word(self.types, at)?)?;
                if VALUES
                    .iter()
                    .any(|(_, wanted, _)| wanted.as_bytes() == name)
                {
                    self.enumerations.entry(name).or_insert(at);
                }
            }
            at += 12 + trailer(info)?;
        }
        Some(())
    }

    /// In bytes from the start of the structure.
    fn field_offset(&self, structure: &str, path: &str) -> Option<u32> {
        let mut at = *self.structs.get(structure.as_bytes())?;
        let mut total: u32 = 0;
        for field in path.split('.') {
            let (offset, kind) = self.find(at, field.as_bytes(), 0)?;
            total = total.checked_add(offset)?;
            at = *self.positions.get(kind).unwrap_or(&usize::MAX);
        }
        Some(total)
    }

    fn parameters(&self, prototype: u32) -> Option<u32> {
        let at = *self.positions.get(size(prototype))?;
        let info = word(self.types, at.checked_add(4)?)?;
        (kind(info) == PROTOTYPE).then_some(info & 0xffff)
    }

    /// The number behind a name.
    fn value(&self, enumeration: &str, name: &str) -> Option<u32> {
        let at = *self.enumerations.get(enumeration.as_bytes())?;
        (0..members(word(self.types, at + 4)?)).find_map(|member| {
            let member = at + 12 + member * 8;
            let found = string(self.strings, word(self.types, member)?)?;
            if found == name.as_bytes() {
                word(self.types, member + 4)
            } else {
                None
            }
        })
    }

    /// Where the field is, and of which type. Looks in anonymous members too,
    /// whose fields are written as if they were the structure's own.
    fn find(&self, at: usize, field: &[u8], depth: u32) -> Option<(u32, usize)> {
        let info = word(self.types, at.checked_add(4)?)?;
        if depth > 8 || !matches!(kind(info), STRUCT | UNION) {
            return None;
        }
        let bits = if info >> 31 == 1 {
            0x00ff_ffff
        } else {
            u32::MAX
        };
        (0..members(info)).find_map(|member| {
            let member = at + 12 + member * 12;
            let name = string(self.strings, word(self.types, member)?)?;
            let offset = (word(self.types, member + 8)? & bits) / 8;
            let kind = size(word(self.types, member + 4)?);
            if name == field {
                return Some((offset, kind));
            }
            if !name.is_empty() {
                return None;
            }
            let (within, kind) = self.find(*self.positions.get(kind)?, field, depth + 1)?;
            Some((offset.checked_add(within)?, kind))
        })
    }
}

/// Bytes that follow the common 12 of a type.
fn trailer(info: u32) -> Option<usize> {
    let count = members(info);
    Some(match kind(info) {
        1 | 14 | 17 => 4,
        2 | 7..=12 | 16 | 18 => 0,
        3 => 12,
        STRUCT | UNION | 15 | 19 => 12 * count,
        6 | 13 => 8 * count,
        _ => return None,
    })
}

const fn kind(info: u32) -> u32 {
    (info >> 24) & 0x1f
}

fn members(info: u32) -> usize {
    size(info & 0xffff)
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_ne_bytes(
        bytes.get(at..at.checked_add(4)?)?.try_into().ok()?,
    ))
}

fn string(strings: &[u8], at: u32) -> Option<&[u8]> {
    strings.get(size(at)..)?.split(|byte| *byte == 0).next()
}

fn size(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn finds_every_field_in_this_kernel() {
        let path = Path::new(VMLINUX);
        if !path.exists() {
            eprintln!("skipped: this kernel has no {VMLINUX}");
            return;
        }
        let types = KernelTypes::read(path, &["vfs_write", "no_such_function"]);
        assert_eq!(types.functions.keys().collect::<Vec<_>>(), [&"vfs_write"]);
        assert_eq!(types.functions["vfs_write"].parameters, 4);
        let found: BTreeSet<u32> = types
            .offsets
            .into_iter()
            .map(|(number, _)| number)
            .collect();
        let wanted = WANTED.iter().chain(&VALUES).map(|(number, ..)| *number);
        let mut missing: Vec<u32> = wanted.filter(|number| !found.contains(number)).collect();
        // Linux 6.0.
        missing.retain(|number| {
            ![setting::AT_ITERATOR_BUFFER, setting::ITERATES_BUFFER].contains(number)
        });
        assert!(missing.is_empty(), "{missing:?}");
    }

    #[test]
    fn a_field_of_an_anonymous_member_is_found() {
        // struct mm_struct { u64 a; struct { u32 b; u32 arg_start; }; struct {
        // the same } se; }, numbers without a type of their own.
        let strings = b"\0mm_struct\0a\0b\0arg_start\0se\0";
        let mut types = Vec::new();
        let mut put = |words: &[u32]| {
            words
                .iter()
                .for_each(|word| types.extend(word.to_ne_bytes()))
        };
        put(&[1, (STRUCT << 24) | 3, 24, 11, 0, 0, 0, 2, 64, 25, 2, 128]);
        put(&[0, (STRUCT << 24) | 2, 8, 13, 0, 0, 15, 0, 32]);
        let mut bytes = Vec::new();
        bytes.extend(0xeb9f_u16.to_ne_bytes());
        bytes.extend([1, 0]);
        let len = |bytes: &[u8]| u32::try_from(bytes.len()).unwrap();
        for word in [24, 0, len(&types), len(&types), len(strings)] {
            bytes.extend(word.to_ne_bytes());
        }
        bytes.extend(&types);
        bytes.extend(strings);
        let parsed = Types::parse(&bytes, &[]).unwrap();
        assert_eq!(parsed.field_offset("mm_struct", "arg_start"), Some(12));
        assert_eq!(parsed.field_offset("mm_struct", "se.arg_start"), Some(20));
        assert_eq!(parsed.field_offset("mm_struct", "nowhere"), None);
        assert_eq!(parsed.field_offset("mm_struct", "se.nowhere"), None);
        assert_eq!(parsed.field_offset("mm_struct", "arg_start.b"), None);
        for cut in 0..bytes.len() {
            // Must end, not panic.
            let _ = Types::parse(&bytes[..cut], &[])
                .and_then(|types| types.field_offset("mm_struct", "arg_start"));
        }
    }
}
