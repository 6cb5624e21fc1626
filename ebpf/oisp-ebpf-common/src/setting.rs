//! Numbering of the settings that the loader gives the programs: an array of
//! `u32`. The `AT_*` ones are offsets of fields in the kernel's structures,
//! which the loader reads from the kernel's BTF; [`UNKNOWN`] where there is
//! none.

/// The sensor's own process id, which is never captured.
pub const SELF_TGID: u32 = 0;
/// Bytes waiting in the ring at which the reader is woken.
pub const WAKE_AT: u32 = 1;
/// `task_struct.group_leader`
pub const AT_GROUP_LEADER: u32 = 2;
/// `task_struct.real_parent`
pub const AT_REAL_PARENT: u32 = 3;
/// `task_struct.tgid`
pub const AT_TGID: u32 = 4;
/// `task_struct.start_boottime`
pub const AT_START: u32 = 5;
/// `task_struct.exit_code`
pub const AT_EXIT_CODE: u32 = 6;
/// `task_struct.signal`
pub const AT_SIGNAL: u32 = 7;
/// `signal_struct.live`
pub const AT_LIVE: u32 = 8;
/// `signal_struct.flags`
pub const AT_SIGNAL_FLAGS: u32 = 9;
/// `signal_struct.group_exit_code`
pub const AT_GROUP_EXIT_CODE: u32 = 10;
/// `task_struct.mm`
pub const AT_MM: u32 = 11;
/// `mm_struct.arg_start`
pub const AT_ARG_START: u32 = 12;
/// `mm_struct.arg_end`
pub const AT_ARG_END: u32 = 13;
/// `linux_binprm.interp`
pub const AT_INTERP: u32 = 14;
/// `task_struct.comm`
pub const AT_COMM: u32 = 15;
/// 1 where the programs on TLS functions may wait for a page to be read in.
pub const MAY_SLEEP: u32 = 16;
/// `linux_binprm.filename`
pub const AT_FILENAME: u32 = 17;
/// `task_struct.utime`
pub const AT_UTIME: u32 = 18;
/// `task_struct.stime`
pub const AT_STIME: u32 = 19;
/// `task_struct.se.sum_exec_runtime`
pub const AT_RUNTIME: u32 = 20;
/// `task_struct.thread_node`
pub const AT_THREAD_NODE: u32 = 21;
/// `signal_struct.thread_head`
pub const AT_THREAD_HEAD: u32 = 22;
/// `signal_struct.stats_lock`
pub const AT_STATS_LOCK: u32 = 23;
/// `signal_struct.utime`
pub const AT_ENDED_UTIME: u32 = 24;
/// `signal_struct.stime`
pub const AT_ENDED_STIME: u32 = 25;
/// `signal_struct.sum_sched_runtime`
pub const AT_ENDED_RUNTIME: u32 = 26;
/// `signal_struct.maxrss`
pub const AT_MAXRSS: u32 = 27;
/// `file.f_path`
pub const AT_FILE_PATH: u32 = 28;
/// `file.f_inode`
pub const AT_FILE_INODE: u32 = 29;
/// `file.f_mode`
pub const AT_FILE_MODE: u32 = 30;
/// `file.f_flags`
pub const AT_FILE_FLAGS: u32 = 31;
/// `inode.i_mode`
pub const AT_INODE_MODE: u32 = 32;
/// `inode.i_size`
pub const AT_INODE_SIZE: u32 = 33;
/// `path.mnt`
pub const AT_PATH_MNT: u32 = 34;
/// `path.dentry`
pub const AT_PATH_DENTRY: u32 = 35;
/// `dentry.d_name`
pub const AT_DENTRY_NAME: u32 = 36;
/// `dentry.d_parent`
pub const AT_DENTRY_PARENT: u32 = 37;
/// `qstr.name`
pub const AT_QSTR_NAME: u32 = 38;
/// `vfsmount.mnt_root`
pub const AT_VFSMOUNT_ROOT: u32 = 39;
/// `mount.mnt`
pub const AT_MOUNT_MNT: u32 = 40;
/// `mount.mnt_parent`
pub const AT_MOUNT_PARENT: u32 = 41;
/// `mount.mnt_mountpoint`
pub const AT_MOUNTPOINT: u32 = 42;
/// How many parameters `vfs_unlink` has.
pub const PARAMETERS_VFS_UNLINK: u32 = 43;
/// How many parameters `vfs_rmdir` has.
pub const PARAMETERS_VFS_RMDIR: u32 = 44;
/// How many parameters `vfs_rename` has.
pub const PARAMETERS_VFS_RENAME: u32 = 45;
/// `task_struct.files`
pub const AT_TASK_FILES: u32 = 46;
/// `task_struct.fs`
pub const AT_TASK_FS: u32 = 47;
/// `files_struct.fdt`
pub const AT_FILES_FDT: u32 = 48;
/// `fdtable.fd`
pub const AT_FDTABLE_FD: u32 = 49;
/// `fdtable.max_fds`
pub const AT_FDTABLE_MAX: u32 = 50;
/// `fs_struct.pwd`
pub const AT_FS_PWD: u32 = 51;
/// `sock_common.skc_family`
pub const AT_FAMILY: u32 = 52;
/// `sock_common.skc_daddr`
pub const AT_REMOTE4: u32 = 53;
/// `sock_common.skc_rcv_saddr`
pub const AT_LOCAL4: u32 = 54;
/// `sock_common.skc_v6_daddr`
pub const AT_REMOTE6: u32 = 55;
/// `sock_common.skc_v6_rcv_saddr`
pub const AT_LOCAL6: u32 = 56;
/// `sock_common.skc_dport`
pub const AT_REMOTE_PORT: u32 = 57;
/// `inet_sock.inet_sport`
pub const AT_LOCAL_PORT: u32 = 58;
/// `sock.sk_err`
pub const AT_SOCKET_ERROR: u32 = 59;
/// `sock.sk_shutdown`
pub const AT_SHUTDOWN: u32 = 60;
/// `sock.sk_protocol`
pub const AT_PROTOCOL: u32 = 61;
/// `sock_common.skc_flags`
pub const AT_SOCKET_FLAGS: u32 = 62;
/// `tcp_sock.bytes_received`
pub const AT_BYTES_RECEIVED: u32 = 63;
/// `tcp_sock.bytes_sent`
pub const AT_BYTES_SENT: u32 = 64;
/// `tcp_sock.bytes_retrans`
pub const AT_BYTES_RETRANSMITTED: u32 = 65;
/// `tcp_sock.bytes_acked`
pub const AT_BYTES_ACKED: u32 = 66;
/// `msghdr.msg_iter`
pub const AT_ITERATOR: u32 = 67;
/// `msghdr.msg_name`
pub const AT_PEER: u32 = 68;
/// `iov_iter.iter_type`
pub const AT_ITERATOR_KIND: u32 = 69;
/// `iov_iter.iov_offset`
pub const AT_ITERATOR_OFFSET: u32 = 70;
/// `iov_iter.ubuf`
pub const AT_ITERATOR_BUFFER: u32 = 71;
/// `iov_iter.__iov`, before Linux 6.4 `iov_iter.iov`
pub const AT_ITERATOR_VECTOR: u32 = 72;
/// The value `ITER_UBUF` of `iter_type`.
pub const ITERATES_BUFFER: u32 = 73;
/// The value `ITER_IOVEC` of `iter_type`.
pub const ITERATES_VECTOR: u32 = 74;
/// `file.private_data`
pub const AT_FILE_PRIVATE: u32 = 78;
/// `socket.sk`
pub const AT_SOCKET_SOCK: u32 = 79;
/// `sock_common.skc_portpair`
pub const AT_PORTPAIR: u32 = 80;
/// `tcp_sock.write_seq`
pub const AT_WRITE_SEQ: u32 = 81;
/// `tcp_sock.copied_seq`
pub const AT_COPIED_SEQ: u32 = 82;
/// `iov_iter.count`
pub const AT_ITER_COUNT: u32 = 83;
/// `kiocb.ki_filp`
pub const AT_KI_FILP: u32 = 84;
/// `inode.i_ino`
pub const AT_I_INO: u32 = 85;
/// `inode.i_sb`
pub const AT_I_SB: u32 = 86;
/// `super_block.s_magic`
pub const AT_S_MAGIC: u32 = 87;
/// `socket_alloc.vfs_inode`
pub const AT_VFS_INODE: u32 = 88;
/// `sock.sk_socket`
pub const AT_SK_SOCKET: u32 = 89;
/// `sock.sk_type`
pub const AT_SK_TYPE: u32 = 90;
/// `unix_sock.peer`
pub const AT_UNIX_PEER: u32 = 91;
/// `plain::STDIO_*`: whose standard streams are taken.
pub const STDIO: u32 = 92;
/// How many settings there are.
pub const SETTINGS: usize = 112;

/// No such field in this kernel, or no BTF.
pub const UNKNOWN: u32 = u32::MAX;
