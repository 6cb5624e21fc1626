//! An ELF file as the memory that it becomes, read piece by piece.
//!
//! In: the file. Out: bytes, pointers and file offsets by virtual address.
//! Nothing is read whole: Go programs are often larger than 100 MB. Nothing in
//! the file is trusted: every length is bounded, and what does not fit is none.

use std::cell::Cell;
use std::fs::File;
use std::io;

use object::Endianness;
use object::elf::{self, FileHeader64, ProgramHeader64, Rela64, SectionHeader64};
use object::pod;
use object::read::StringTable;
use object::read::elf::{FileHeader as _, ProgramHeader as _, SectionHeader as _};

use crate::tls::returns::Arch;

/// Something that can be read at an offset.
pub(crate) trait ReadAt {
    /// As [`std::os::unix::fs::FileExt::read_at`].
    fn read_at(&self, into: &mut [u8], offset: u64) -> io::Result<usize>;
}

impl ReadAt for File {
    fn read_at(&self, into: &mut [u8], offset: u64) -> io::Result<usize> {
        std::os::unix::fs::FileExt::read_at(self, into, offset)
    }
}

/// Bytes of a file that are in memory at an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Range {
    pub(super) address: u64,
    pub(super) offset: u64,
    pub(super) size: u64,
    pub(super) executable: bool,
    pub(super) writable: bool,
}

impl Range {
    /// How far behind the first byte that address is, if it is within.
    fn within(&self, address: u64) -> Option<u64> {
        let behind = address.checked_sub(self.address)?;
        (behind < self.size).then_some(behind)
    }
}

/// The file.
pub(super) struct Image<'a> {
    file: &'a dyn ReadAt,
    pub(super) arch: Arch,
    /// It is placed anywhere, so its pointers are written when it is loaded.
    movable: bool,
    pub(super) segments: Vec<Range>,
    sections: Vec<(Vec<u8>, Range)>,
    relocations: Vec<Range>,
    /// Bytes that may still be searched: a made-up file may name the same ones
    /// again and again.
    budget: Cell<u64>,
}

/// More headers than any program has.
const HEADERS: usize = 4096;
/// More names of sections than any program has.
const NAMES: usize = 1 << 20;
/// What is read at once.
pub(super) const BLOCK: usize = 1 << 20;

impl<'a> Image<'a> {
    /// `None` where it is no program or library of a known machine.
    pub(super) fn parse(file: &'a dyn ReadAt) -> Option<Self> {
        let bytes = read(file, 0, size_of::<FileHeader64<Endianness>>())?;
        let header = FileHeader64::<Endianness>::parse(bytes.as_slice()).ok()?;
        let endian = header
            .endian()
            .ok()
            .filter(|endian| *endian == Endianness::Little)?;
        let arch = match header.e_machine(endian) {
            elf::EM_X86_64 => Arch::X86_64,
            elf::EM_AARCH64 => Arch::Aarch64,
            _ => return None,
        };
        let mut image = Self {
            file,
            arch,
            movable: header.e_type(endian) == elf::ET_DYN,
            segments: Vec::new(),
            sections: Vec::new(),
            relocations: Vec::new(),
            budget: Cell::new(SEARCHED),
        };
        image.read_segments(header, endian)?;
        // A program may do without.
        let _ = image.read_sections(header, endian);
        Some(image)
    }

    fn read_segments(
        &mut self,
        header: &FileHeader64<Endianness>,
        endian: Endianness,
    ) -> Option<()> {
        let bytes = table::<ProgramHeader64<Endianness>>(
            self.file,
            header.e_phoff(endian),
            header.e_phnum(endian),
        )?;
        let (headers, _) = pod::slice_from_bytes::<ProgramHeader64<Endianness>>(
            &bytes,
            header.e_phnum(endian).into(),
        )
        .ok()?;
        let loaded = headers
            .iter()
            .filter(|segment| segment.p_type(endian) == elf::PT_LOAD);
        self.segments.extend(loaded.map(|segment| Range {
            address: segment.p_vaddr(endian),
            offset: segment.p_offset(endian),
            size: segment.p_filesz(endian),
            executable: segment.p_flags(endian) & elf::PF_X != 0,
            writable: segment.p_flags(endian) & elf::PF_W != 0,
        }));
        Some(())
    }

    fn read_sections(
        &mut self,
        header: &FileHeader64<Endianness>,
        endian: Endianness,
    ) -> Option<()> {
        let count = header.e_shnum(endian);
        let bytes = table::<SectionHeader64<Endianness>>(self.file, header.e_shoff(endian), count)?;
        let (headers, _) =
            pod::slice_from_bytes::<SectionHeader64<Endianness>>(&bytes, count.into()).ok()?;
        let names = headers.get(usize::from(header.e_shstrndx(endian)))?;
        let length = usize::try_from(names.sh_size(endian)).ok()?;
        if length > NAMES {
            return None;
        }
        let bytes = read(self.file, names.sh_offset(endian), length)?;
        let names = StringTable::new(bytes.as_slice(), 0, u64::try_from(length).ok()?);
        for section in headers {
            let range = Range {
                address: section.sh_addr(endian),
                offset: section.sh_offset(endian),
                size: section.sh_size(endian),
                executable: section.sh_flags(endian) & u64::from(elf::SHF_EXECINSTR) != 0,
                writable: section.sh_flags(endian) & u64::from(elf::SHF_WRITE) != 0,
            };
            if section.sh_type(endian) == elf::SHT_NOBITS {
                continue;
            }
            if section.sh_type(endian) == elf::SHT_RELA {
                self.relocations.push(range);
            }
            if let Ok(name) = section.name(endian, names) {
                self.sections.push((name.to_vec(), range));
            }
        }
        Some(())
    }

    /// The section of that name.
    pub(super) fn section(&self, name: &str) -> Option<Range> {
        let named = |(known, range): &(Vec<u8>, Range)| {
            (known.as_slice() == name.as_bytes()).then_some(*range)
        };
        self.sections.iter().find_map(named)
    }

    /// It says which sections it has.
    pub(super) fn has_sections(&self) -> bool {
        !self.sections.is_empty()
    }

    /// Where in the file what is at that address stands.
    pub(super) fn offset_of(&self, address: u64) -> Option<u64> {
        let find = |segment: &Range| segment.offset.checked_add(segment.within(address)?);
        self.segments.iter().find_map(find)
    }

    /// The bytes from that address on, as far as the file has them there.
    pub(super) fn room_at(&self, address: u64) -> u64 {
        let left = |segment: &Range| Some(segment.size - segment.within(address)?);
        self.segments.iter().find_map(left).unwrap_or(0)
    }

    /// Code is at that address.
    pub(super) fn is_code(&self, address: u64) -> bool {
        let code = |segment: &Range| segment.executable && segment.within(address).is_some();
        self.segments.iter().any(code)
    }

    /// That many bytes, of which no more than [`BLOCK`] are given.
    pub(super) fn read(&self, address: u64, len: usize) -> Option<Vec<u8>> {
        let room = self.room_at(address) >= u64::try_from(len).ok()?;
        if !room || len > BLOCK || !self.may_search(len) {
            return None;
        }
        read(self.file, self.offset_of(address)?, len)
    }

    /// The pointer that will stand at that address.
    pub(super) fn pointer(&self, address: u64) -> Option<u64> {
        let bytes = self.read(address, 8)?;
        let value = u64::from_le_bytes(bytes.try_into().ok()?);
        if value != 0 || !self.movable {
            return Some(value);
        }
        let mut found = None;
        self.each_relocation(&mut |at, to| {
            if at == address {
                found = Some(to);
            }
        });
        found
    }

    /// Where pointers to that address stand: in a movable program's relocations,
    /// else in what it can write to. No more than a handful.
    pub(super) fn pointers_to(&self, address: u64) -> Vec<u64> {
        let mut found = Vec::new();
        if self.movable {
            self.each_relocation(&mut |at, to| {
                if to == address && found.len() < POINTERS {
                    found.push(at);
                }
            });
        }
        for segment in self.segments.iter().filter(|segment| segment.writable) {
            self.each_block(*segment, 0, &mut |at, block| {
                for (bytes, number) in block.as_chunks::<8>().0.iter().zip(0_u64..) {
                    if u64::from_le_bytes(*bytes) == address && found.len() < POINTERS {
                        found.push(at.saturating_add(number * 8));
                    }
                }
                found.len() < POINTERS
            });
        }
        found
    }

    /// Calls `each` with where a pointer will stand, and to what.
    fn each_relocation(&self, each: &mut dyn FnMut(u64, u64)) {
        for table in &self.relocations {
            // The address is the section's own, whether or not it is loaded.
            self.each_block(*table, 0, &mut |_, block| {
                let count = block.len() / size_of::<Rela64<Endianness>>();
                let entries = pod::slice_from_bytes::<Rela64<Endianness>>(block, count);
                for entry in entries.map_or(&[][..], |(entries, _)| entries) {
                    let to = entry.r_addend.get(Endianness::Little).cast_unsigned();
                    each(entry.r_offset.get(Endianness::Little), to);
                }
                true
            });
        }
    }

    fn may_search(&self, len: usize) -> bool {
        let left = self
            .budget
            .get()
            .checked_sub(u64::try_from(len).unwrap_or(u64::MAX));
        self.budget.set(left.unwrap_or(0));
        left.is_some()
    }

    /// Calls `each` with blocks and their addresses until it says false. Blocks
    /// overlap by `overlap`; each but the last is a multiple of 24 bytes long
    /// beyond it.
    pub(super) fn each_block(
        &self,
        range: Range,
        overlap: usize,
        each: &mut dyn FnMut(u64, &[u8]) -> bool,
    ) {
        const STEP: usize = BLOCK / 24 * 24;
        let mut block = vec![0; STEP + overlap];
        let mut at = 0;
        while at < range.size && self.may_search(STEP) {
            let left = usize::try_from(range.size - at).unwrap_or(usize::MAX);
            let wanted = left.min(block.len());
            let (Some(into), Some(offset)) =
                (block.get_mut(..wanted), range.offset.checked_add(at))
            else {
                return;
            };
            let got = read_some(self.file, offset, into);
            let Some(got) = into.get(..got).filter(|got| !got.is_empty()) else {
                return;
            };
            if !each(range.address.wrapping_add(at), got) {
                return;
            }
            at = at.saturating_add(u64::try_from(STEP).unwrap_or(u64::MAX));
        }
    }
}

/// How much of a file is searched: no program is larger.
const SEARCHED: u64 = 1 << 30;
/// How many pointers to one address are of interest.
const POINTERS: usize = 16;

fn table<T>(file: &dyn ReadAt, offset: u64, count: u16) -> Option<Vec<u8>> {
    let count = usize::from(count);
    if count > HEADERS {
        return None;
    }
    read(file, offset, count.checked_mul(size_of::<T>())?)
}

fn read(file: &dyn ReadAt, offset: u64, len: usize) -> Option<Vec<u8>> {
    let mut bytes = vec![0; len];
    (read_some(file, offset, &mut bytes) == len).then_some(bytes)
}

/// As much as there is.
fn read_some(file: &dyn ReadAt, offset: u64, into: &mut [u8]) -> usize {
    let mut done = 0;
    while let Some(rest) = into.get_mut(done..).filter(|rest| !rest.is_empty()) {
        let Some(at) = offset.checked_add(u64::try_from(done).unwrap_or(u64::MAX)) else {
            break;
        };
        match file.read_at(rest, at) {
            Ok(0) => break,
            Ok(read) => done += read.min(rest.len()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => break,
        }
    }
    done
}
