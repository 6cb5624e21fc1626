//! Records of the ring buffer, from bytes. The layouts are those of
//! `oisp_ebpf_common::record`.

use oisp_ebpf_common::file::{self, FileHead, PATH_ROOM};
use oisp_ebpf_common::net::{self, NetHead};
use oisp_ebpf_common::record::{self, FILE_NAME_LEN, ProcessHead, Spent, TlsHead};

/// A record, with what stands behind its head.
#[derive(Debug)]
pub(crate) enum Record<'a> {
    /// Data, a gap, a close, an address or a server name, by [`TlsHead::kind`].
    Tls(TlsHead, &'a [u8]),
    /// What a process did with a file, and two paths.
    File(FileHead, &'a [u8], &'a [u8]),
    /// Exec, fork or exit, by [`ProcessHead::kind`].
    Process(ProcessHead, Names<'a>),
    /// Exit.
    Exit(ProcessHead, Spent),
    /// A connection or an answer of a name server, by [`NetHead::kind`].
    Net(NetHead, &'a [u8]),
}

/// What stands behind a [`ProcessHead`].
#[derive(Debug, Default)]
pub(crate) struct Names<'a> {
    /// Path of the program, as it was given.
    pub(crate) file_name: &'a [u8],
    /// Path of the script that the program is to interpret, as it was given.
    pub(crate) script: &'a [u8],
    /// Arguments, each ended by a zero.
    pub(crate) args: &'a [u8],
}

/// `None` where the bytes are no record that this version knows.
pub(crate) fn parse(bytes: &[u8]) -> Option<Record<'_>> {
    match *bytes.first()? {
        record::DATA | record::GAP | record::CLOSED | net::SOCKET | net::SERVER_NAME => tls(bytes),
        record::EXEC | record::FORK | record::EXIT => process(bytes),
        file::FILE_OPEN..=file::FILE_RENAME_FROM => file(bytes),
        net::CONNECT..=net::ANSWER => {
            super::net::parse(bytes).map(|(head, behind)| Record::Net(head, behind))
        }
        _ => None,
    }
}

fn file(bytes: &[u8]) -> Option<Record<'_>> {
    let mut fields = Fields(bytes);
    let head = FileHead {
        kind: fields.u8()?,
        flags: fields.u8()?,
        zero: fields.u16()?,
        tgid: fields.u32()?,
        tid: fields.u32()?,
        access: fields.u32()?,
        at_ns: fields.u64()?,
        file: fields.u64()?,
        bytes: fields.u64()?,
        size: fields.u64()?,
        times: fields.u32()?,
        result: i32::from_ne_bytes(fields.take(4)?.try_into().ok()?),
        path_len: fields.u32()?,
        other_len: fields.u32()?,
    };
    // Not every kind has the fields; one that is there may be empty.
    let mut path = |len: u32| {
        let field = fields.take(fields.0.len().min(PATH_ROOM))?;
        field.get(..usize::try_from(len).ok()?)
    };
    let (first, second) = (path(head.path_len)?, path(head.other_len)?);
    Some(Record::File(head, first, second))
}

fn tls(bytes: &[u8]) -> Option<Record<'_>> {
    let mut fields = Fields(bytes);
    let head = TlsHead {
        kind: fields.u8()?,
        direction: fields.u8()?,
        flags: fields.u16()?,
        len: fields.u32()?,
        tgid: fields.u32()?,
        tid: fields.u32()?,
        at_ns: fields.u64()?,
        handle: fields.u64()?,
        epoch: fields.u64()?,
        start_ns: fields.u64()?,
        offset: fields.u64()?,
        offset_read: fields.u64()?,
        cause: fields.u32()?,
        cause_read: fields.u32()?,
    };
    let data = match head.kind {
        record::GAP | record::CLOSED => &[],
        _ => fields.0.get(..usize::try_from(head.len).ok()?)?,
    };
    Some(Record::Tls(head, data))
}

fn process(bytes: &[u8]) -> Option<Record<'_>> {
    let mut fields = Fields(bytes);
    let head = ProcessHead {
        kind: fields.u8()?,
        flags: fields.u8()?,
        file_name_len: fields.u16()?,
        args_len: fields.u32()?,
        tgid: fields.u32()?,
        tid: fields.u32()?,
        at_ns: fields.u64()?,
        start_ns: fields.u64()?,
        ppid: fields.u32()?,
        uid: fields.u32()?,
        gid: fields.u32()?,
        code: fields.u32()?,
        code_known: fields.u32()?,
        script_len: fields.u32()?,
        comm: fields.take(16)?.try_into().ok()?,
        cgroup: fields.u64()?,
    };
    match head.kind {
        record::EXIT => return Some(Record::Exit(head, spent(&mut fields)?)),
        record::EXEC => {}
        _ => return Some(Record::Process(head, Names::default())),
    }
    let file_name = fields
        .take(FILE_NAME_LEN)?
        .get(..usize::from(head.file_name_len))?;
    let script = fields
        .take(FILE_NAME_LEN)?
        .get(..usize::try_from(head.script_len).ok()?)?;
    let args = fields.0.get(..usize::try_from(head.args_len).ok()?)?;
    let names = Names {
        file_name,
        script,
        args,
    };
    Some(Record::Process(head, names))
}

fn spent(fields: &mut Fields<'_>) -> Option<Spent> {
    Some(Spent {
        known: fields.u64()?,
        user_ns: fields.u64()?,
        system_ns: fields.u64()?,
        run_ns: fields.u64()?,
        max_rss_pages: fields.u64()?,
    })
}

/// Reads one field after the other.
pub(super) struct Fields<'a>(pub(super) &'a [u8]);

impl<'a> Fields<'a> {
    pub(super) fn take(&mut self, len: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(len)?;
        self.0 = rest;
        Some(taken)
    }

    pub(super) fn u8(&mut self) -> Option<u8> {
        self.take(1)?.first().copied()
    }

    pub(super) fn u16(&mut self) -> Option<u16> {
        Some(u16::from_ne_bytes(self.take(2)?.try_into().ok()?))
    }

    pub(super) fn u32(&mut self) -> Option<u32> {
        Some(u32::from_ne_bytes(self.take(4)?.try_into().ok()?))
    }

    pub(super) fn u64(&mut self) -> Option<u64> {
        Some(u64::from_ne_bytes(self.take(8)?.try_into().ok()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The bytes of a record as the kernel lays it out.
    fn bytes_of<T: Copy>(head: &T) -> Vec<u8> {
        // SAFETY: the heads have no padding, and the slice does not outlive one.
        unsafe { std::slice::from_raw_parts(std::ptr::from_ref(head).cast(), size_of::<T>()) }
            .to_vec()
    }

    fn data() -> TlsHead {
        TlsHead {
            kind: record::DATA,
            direction: 1,
            flags: 2,
            len: 3,
            tgid: 4,
            tid: 5,
            at_ns: 6,
            handle: 7,
            epoch: 8,
            start_ns: 9,
            offset: 10,
            offset_read: 11,
            cause: 12,
            cause_read: 13,
        }
    }

    #[test]
    fn every_field_comes_from_its_place() {
        let mut bytes = bytes_of(&data());
        bytes.extend(b"abc and what was there before");
        let Some(Record::Tls(head, data)) = parse(&bytes) else {
            panic!("not parsed")
        };
        assert_eq!(data, b"abc");
        assert_eq!(bytes_of(&head), bytes_of(&self::data()));
    }

    #[test]
    fn an_exec_has_its_name_and_arguments() {
        let head = ProcessHead {
            kind: record::EXEC,
            flags: 0,
            file_name_len: 7,
            args_len: 5,
            tgid: 1,
            tid: 2,
            at_ns: 3,
            start_ns: 4,
            ppid: 5,
            uid: 6,
            gid: 7,
            code: 8,
            code_known: 9,
            script_len: 5,
            comm: *b"ls\0\0\0\0\0\0\0\0\0\0\0\0\0\0",
            cgroup: 10,
        };
        let mut bytes = bytes_of(&head);
        let mut name = [0; FILE_NAME_LEN];
        name[..8].copy_from_slice(b"/bin/ls\0");
        bytes.extend(name);
        name[..5].copy_from_slice(b"./ls\0");
        bytes.extend(name);
        bytes.extend(b"ls\0-lrest");
        let Some(Record::Process(read, names)) = parse(&bytes) else {
            panic!("not parsed")
        };
        assert_eq!(
            (names.file_name, names.script, names.args),
            (&b"/bin/ls"[..], &b"./ls\0"[..], &b"ls\0-l"[..])
        );
        assert_eq!(bytes_of(&read), bytes_of(&head));
    }

    #[test]
    fn an_exit_has_what_was_spent() {
        let head = ProcessHead {
            kind: record::EXIT,
            flags: 0,
            file_name_len: 0,
            args_len: 0,
            tgid: 1,
            tid: 2,
            at_ns: 3,
            start_ns: 4,
            ppid: 5,
            uid: 6,
            gid: 7,
            code: 8,
            code_known: 1,
            script_len: 0,
            comm: [0; 16],
            cgroup: 9,
        };
        let spent = Spent {
            known: 3,
            user_ns: 10,
            system_ns: 11,
            run_ns: 12,
            max_rss_pages: 13,
        };
        let mut bytes = bytes_of(&head);
        bytes.extend(bytes_of(&spent));
        let Some(Record::Exit(read, of)) = parse(&bytes) else {
            panic!("not parsed")
        };
        assert_eq!(
            (bytes_of(&read), bytes_of(&of)),
            (bytes_of(&head), bytes_of(&spent))
        );
        assert!(parse(&bytes[..bytes.len() - 1]).is_none());
    }

    #[test]
    fn a_cut_record_is_none() {
        let mut bytes = bytes_of(&data());
        bytes.extend(b"abc");
        for cut in 0..bytes.len() {
            assert!(parse(&bytes[..cut]).is_none(), "{cut}");
        }
        assert!(parse(&[99; 200]).is_none());
    }
}
