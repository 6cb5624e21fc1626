//! An ELF file as far as the search needs it: which parts are code, which are
//! constant, at which addresses they are, and the build's name.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;

use object::Endianness;
use object::elf;
use object::read::ReadCache;
use object::read::elf::{FileHeader as _, ProgramHeader as _};

use super::arch::Arch;

/// Parts beyond this many are damage, not a program.
const PARTS: usize = 128;
/// Longer names of builds are not kept.
const BUILD_ID: usize = 128;
/// Where Go's linker writes the name of the build.
const NT_GO_BUILD_ID: u32 = 4;

/// A part of the file that is loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) offset: u64,
    pub(super) address: u64,
    pub(super) length: u64,
}

/// The file and what its head says.
pub(super) struct Image<'a> {
    file: &'a File,
    pub(super) arch: Arch,
    /// Code.
    pub(super) code: Vec<Part>,
    /// Constant data; the code where the file does not keep them apart.
    pub(super) constants: Vec<Part>,
    /// The name that the linker gave to this build, in hexadecimal.
    pub(super) build_id: Option<String>,
}

impl<'a> Image<'a> {
    /// `None` where the file is no program that can be searched. Those that Go
    /// built bring its TLS; they are large, and not read in vain.
    pub(super) fn read(file: &'a File) -> Option<Self> {
        let length = file.metadata().ok()?.len();
        if length < 64 {
            return None;
        }
        let cache = ReadCache::new(file);
        let header = elf::FileHeader64::<Endianness>::parse(&cache).ok()?;
        let endian = header.endian().ok()?;
        if endian != Endianness::Little {
            return None;
        }
        let arch = Arch::of_machine(header.e_machine(endian))?;
        let segments = header.program_headers(endian, &cache).ok()?;
        let mut image = Self {
            file,
            arch,
            code: Vec::new(),
            constants: Vec::new(),
            build_id: None,
        };
        let mut is_go = false;
        for segment in segments.iter().take(PARTS) {
            if segment.p_type(endian) == elf::PT_NOTE {
                let id = note(segment, endian, &cache, b"GNU", elf::NT_GNU_BUILD_ID);
                image.build_id = image.build_id.or(id);
                is_go |= note(segment, endian, &cache, b"Go", NT_GO_BUILD_ID).is_some();
            }
            if segment.p_type(endian) != elf::PT_LOAD {
                continue;
            }
            let offset = segment.p_offset(endian);
            let part = Part {
                offset,
                address: segment.p_vaddr(endian),
                length: segment.p_filesz(endian).min(length.saturating_sub(offset)),
            };
            let flags = segment.p_flags(endian);
            if flags & elf::PF_X != 0 {
                image.code.push(part);
            } else if flags & elf::PF_W == 0 {
                image.constants.push(part);
            }
        }
        if image.constants.is_empty() {
            image.constants.clone_from(&image.code);
        }
        (!image.code.is_empty() && !is_go).then_some(image)
    }

    /// As many bytes as there are, up to the length of the buffer.
    pub(super) fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let mut filled = 0;
        while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            let position = offset.saturating_add(u64::try_from(filled).unwrap_or(u64::MAX));
            match self.file.read_at(rest, position) {
                Ok(0) => break,
                Ok(read) => filled += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(filled)
    }

    /// The code at that place, at most so long, no further than its part goes.
    pub(super) fn code_at(&self, offset: u64, length: usize) -> io::Result<Vec<u8>> {
        let left = self
            .part_of(offset)
            .map_or(0, |part| part.offset + part.length - offset);
        let length = length.min(usize::try_from(left).unwrap_or(usize::MAX));
        let mut code = vec![0; length];
        let read = self.read_at(offset, &mut code)?;
        code.truncate(read);
        Ok(code)
    }

    /// How much code there is before that place, in the same part.
    pub(super) fn code_before(&self, offset: u64) -> usize {
        let before = self.part_of(offset).map_or(0, |part| offset - part.offset);
        usize::try_from(before).unwrap_or(usize::MAX)
    }

    fn part_of(&self, offset: u64) -> Option<&Part> {
        self.code
            .iter()
            .find(|part| offset >= part.offset && offset - part.offset < part.length)
    }

    /// Address of a place in the code.
    pub(super) fn address(&self, offset: u64) -> Option<u64> {
        let part = self.part_of(offset)?;
        part.address.checked_add(offset - part.offset)
    }

    /// Place of an address in the code.
    pub(super) fn offset(&self, address: u64) -> Option<u64> {
        self.code.iter().find_map(|part| {
            let within = address.checked_sub(part.address)?;
            (within < part.length).then(|| part.offset + within)
        })
    }
}

/// The note of that kind, in hexadecimal.
fn note<'a>(
    segment: &elf::ProgramHeader64<Endianness>,
    endian: Endianness,
    cache: &'a ReadCache<&'a File>,
    name: &[u8],
    kind: u32,
) -> Option<String> {
    if segment.p_filesz(endian) > 1 << 16 {
        return None;
    }
    let mut notes = segment.notes(endian, cache).ok()??;
    while let Ok(Some(note)) = notes.next() {
        if note.name() == name && note.n_type(endian) == kind {
            let id = note.desc();
            return (id.len() <= BUILD_ID).then(|| hex(id));
        }
    }
    None
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Four bytes as a number.
pub(super) fn word(bytes: &[u8], at: usize) -> Option<u32> {
    let bytes = bytes.get(at..at.checked_add(4)?)?;
    Some(u32::from_le_bytes(bytes.try_into().ok()?))
}
