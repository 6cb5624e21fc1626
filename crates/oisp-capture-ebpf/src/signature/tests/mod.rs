//! Made-up programs: a few bytes of code and data in an ELF file, as a linker
//! might lay them out.
#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test states its assumptions by panicking"
)]

mod files;
mod finding;
mod refusing;

use std::fs::File;
use std::io::Write as _;

use object::elf::{EM_AARCH64, EM_X86_64};

use super::{Found, Outcome, Signatures};

/// Where constant data and code are, in the file and in memory.
pub(super) const DATA: usize = 0x200;
const CODE: usize = 0x1000;
const DATA_ADDRESS: u64 = 0x20_0000 + DATA as u64;
const CODE_ADDRESS: u64 = 0x40_0000 + CODE as u64;

/// A signature of the made-up programs.
pub(super) const SIGNATURE: &str = r#"
format = 1
version = "7"

[[signature]]
name = "made-up"
library = "BoringSSL"
arch = "x86_64"
mark = "lib/tls_lib.cc"
one_of = ["SSL_free"]

[[signature.function]]
name = "SSL_read"
errors = [66]
shapes = ["55 48 89 e5 53 50 0f a2 e8 <put_error> e8 <pending>"]
size = 0x40

[[signature.function]]
name = "SSL_write"
errors = [66, 111]
size = 0x60
shapes = [
  "90 90 90 90 90 90 90 90 90 90",
  "55 48 89 e5 41 57 0f a3 e8 <put_error> 7? ??",
]

[[signature.function]]
name = "SSL_free"
shapes = ["53 48 85 ff 74 05 0f a4"]

[[signature.function]]
name = "pending"
errors = [226]
size = 0x40
"#;

/// A program under construction. What a test changes, it changes before
/// [`Program::file`].
#[derive(Clone)]
pub(super) struct Program {
    pub(super) machine: u16,
    pub(super) build_id: Vec<u8>,
    pub(super) data: Vec<u8>,
    pub(super) code: Vec<u8>,
    /// Flags of the code's segment.
    pub(super) flags: u32,
}

/// Places in the code of [`Program::x86_64`].
pub(super) const READ: usize = 0x100;
pub(super) const WRITE: usize = 0x200;
pub(super) const FREE: usize = 0x300;
pub(super) const PENDING: usize = 0x400;
pub(super) const PUT_ERROR: usize = 0x500;
/// Behind the start of a function: its first error site.
pub(super) const SITE: usize = 0x18;

impl Program {
    fn new(machine: u16) -> Self {
        Self {
            machine,
            build_id: vec![0xab, 0xcd, 0x01],
            data: b"other\0../../lib/tls_lib.cc\0BoringSSL\0".to_vec(),
            code: vec![0xcc; 0x800],
            flags: 5,
        }
    }

    /// All that [`SIGNATURE`] wants.
    pub(super) fn x86_64() -> Self {
        let mut program = Self::new(EM_X86_64);
        program.put(READ, &[0x55, 0x48, 0x89, 0xe5, 0x53, 0x50, 0x0f, 0xa2]);
        program.call(READ + 8, PUT_ERROR);
        program.call(READ + 13, PENDING);
        program.error(READ + SITE, 66);
        program.put(WRITE, &[0x55, 0x48, 0x89, 0xe5, 0x41, 0x57, 0x0f, 0xa3]);
        program.call(WRITE + 8, PUT_ERROR);
        program.put(WRITE + 13, &[0x74, 0x10]);
        program.error(WRITE + SITE, 66);
        program.error(WRITE + SITE + 0x20, 111);
        program.put(FREE, &[0x53, 0x48, 0x85, 0xff, 0x74, 0x05, 0x0f, 0xa4]);
        program.error(PENDING + SITE, 226);
        program
    }

    pub(super) fn aarch64() -> Self {
        Self::new(EM_AARCH64)
    }

    pub(super) fn put(&mut self, at: usize, bytes: &[u8]) {
        self.code[at..at + bytes.len()].copy_from_slice(bytes);
    }

    pub(super) fn word(&mut self, at: usize, word: u32) {
        self.put(at, &word.to_le_bytes());
    }

    /// `call target`
    pub(super) fn call(&mut self, at: usize, target: usize) {
        let distance = i32::try_from(target.cast_signed() - at.cast_signed() - 5).unwrap();
        self.put(at, &[0xe8]);
        self.put(at + 1, &distance.to_le_bytes());
    }

    /// Tells of an error: its reason and the name of the source file.
    pub(super) fn error(&mut self, at: usize, reason: u32) {
        let name = DATA_ADDRESS + 6;
        let next = CODE_ADDRESS + at as u64 + 7;
        let distance = i32::try_from(name.cast_signed() - next.cast_signed()).unwrap();
        self.put(at, &[0x48, 0x8d, 0x0d]);
        self.put(at + 3, &distance.to_le_bytes());
        self.put(at + 7, &[0xba]);
        self.put(at + 8, &reason.to_le_bytes());
    }

    pub(super) fn bytes(&self) -> Vec<u8> {
        let mut note = Vec::new();
        for number in [4, u32::try_from(self.build_id.len()).unwrap(), 3] {
            note.extend(number.to_le_bytes());
        }
        note.extend(b"GNU\0");
        note.extend(&self.build_id);
        let mut file = b"\x7fELF\x02\x01\x01".to_vec();
        file.resize(16, 0);
        file.extend(2_u16.to_le_bytes());
        file.extend(self.machine.to_le_bytes());
        file.extend(1_u32.to_le_bytes());
        file.extend(0_u64.to_le_bytes());
        file.extend(64_u64.to_le_bytes());
        file.extend(0_u64.to_le_bytes());
        file.extend(0_u32.to_le_bytes());
        for number in [64_u16, 56, 3, 64, 0, 0] {
            file.extend(number.to_le_bytes());
        }
        let segment = |kind: u32, flags: u32, at: u64, address: u64, length: usize| {
            let mut head = [kind.to_le_bytes(), flags.to_le_bytes()].concat();
            for number in [at, address, address, length as u64, length as u64, 1] {
                head.extend(number.to_le_bytes());
            }
            head
        };
        let note_at = 64 + 3 * 56;
        file.extend(segment(4, 4, note_at, note_at, note.len()));
        file.extend(segment(1, 4, DATA as u64, DATA_ADDRESS, self.data.len()));
        let code = (CODE as u64, CODE_ADDRESS, self.code.len());
        file.extend(segment(1, self.flags, code.0, code.1, code.2));
        file.extend(note);
        file.resize(DATA, 0);
        file.extend(&self.data);
        file.resize(CODE.max(file.len()), 0);
        file.extend(&self.code);
        file
    }

    pub(super) fn file(&self) -> File {
        file(&self.bytes())
    }
}

pub(super) fn file(bytes: &[u8]) -> File {
    let name = rustix::fs::memfd_create("program", rustix::fs::MemfdFlags::CLOEXEC);
    let mut file = File::from(name.unwrap());
    file.write_all(bytes).unwrap();
    file
}

pub(super) fn signatures(text: &str) -> Signatures {
    let mut signatures = Signatures::default();
    signatures.add("made-up.toml", text).unwrap();
    signatures
}

pub(super) fn find(program: &Program) -> Outcome {
    signatures(SIGNATURE).find(&program.file())
}

/// Places in the file, by those in the code.
pub(super) fn found(functions: &[(u64, usize)]) -> Outcome {
    let place = |(number, at): &(u64, usize)| (*number, (CODE + at) as u64);
    Outcome::Found(Found {
        name: "made-up".into(),
        library: "BoringSSL".into(),
        version: "7".into(),
        functions: functions.iter().map(place).collect(),
    })
}

#[track_caller]
pub(super) fn refused(outcome: &Outcome, because: &str) {
    let Outcome::Refused { why } = outcome else {
        panic!("{outcome:?}")
    };
    assert!(why.contains(because), "{why}");
}
