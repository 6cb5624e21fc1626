//! Go's table of functions (`runtime.pclntab`), which a program keeps when it is
//! stripped: it unwinds its stacks with it.
//!
//! In: the file. Out: the functions of wanted names, each from its first byte
//! to its last. The layout is that of Go 1.18 and later (`cmd/link`, pcln.go):
//! a header, then names, units, files, tables by program counter, and at the
//! end, by address, pairs of a function's address and of where it is described.
//! Addresses count from the program's first Go function.

use std::collections::BTreeMap;

use memchr::memmem;

use super::image::{BLOCK, Image, Range};
use crate::tls::returns::Arch;

/// What the table's first bytes say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Version {
    /// Go 1.18 and 1.19.
    Go118,
    /// Go 1.20 and later.
    Go120,
    /// Before Go 1.18.
    Older,
    /// None that is known.
    Unknown,
}

const MAGIC_118: u32 = 0xffff_fff0;
const MAGIC_120: u32 = 0xffff_fff1;
/// Go 1.16 and 1.17, and 1.2 to 1.15.
const MAGIC_OLDER: [u32; 2] = [0xffff_fffa, 0xffff_fffb];

/// Size of the header.
const HEADER: usize = 72;
/// Where the names begin: behind the header, aligned.
const NAMES: std::ops::RangeInclusive<u64> = 72..=128;
/// Functions and files that no program has more of.
const COUNT: u64 = 8 << 20;

/// A table that was found and looks right.
#[derive(Clone, Copy, Debug)]
pub(super) struct Table {
    /// Address of its header.
    pub(super) address: u64,
    functions: u64,
    names: (u64, u64),
    pairs: u64,
}

/// A function: where it begins and ends, counted from the first one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Extent {
    pub(super) start: u32,
    pub(super) end: u32,
}

/// Finds the table: by the name of its section, or, in a Go program that was
/// linked by C's linker or has no sections, by its first bytes.
pub(super) fn find(image: &Image<'_>) -> Option<Result<Table, Version>> {
    let named = [".gopclntab", ".data.rel.ro.gopclntab"]
        .into_iter()
        .find_map(|name| image.section(name));
    if let Some(section) = named {
        return Some(Table::at(image, section.address));
    }
    if image.has_sections() && image.section(".go.buildinfo").is_none() {
        return None;
    }
    let mut found = None;
    for segment in &image.segments {
        found = found.or_else(|| search(image, *segment));
    }
    found.map(Ok)
}

fn search(image: &Image<'_>, segment: Range) -> Option<Table> {
    // All but the first byte, which tells the version, and the instruction size.
    let common = memmem::Finder::new(b"\xff\xff\xff\x00\x00");
    let mut found = None;
    image.each_block(segment, HEADER, &mut |start, block| {
        let tables = common.find_iter(block).filter_map(|at| {
            let at = at.checked_sub(1)?;
            let address = start.checked_add(u64::try_from(at).ok()?)?;
            let header = block.get(at..)?.first_chunk::<HEADER>()?;
            version(header, image.arch)
                .ok()
                .filter(|_| address % 8 == 0)?;
            let room = segment.size - address.checked_sub(segment.address)?;
            Table::read(header, address, room)
        });
        found = tables.into_iter().next();
        found.is_none()
    });
    found
}

impl Table {
    /// The table whose header is at that address, if it is one.
    fn at(image: &Image<'_>, address: u64) -> Result<Self, Version> {
        let header = image.read(address, HEADER).ok_or(Version::Unknown)?;
        version(&header, image.arch)?;
        Self::read(&header, address, image.room_at(address)).ok_or(Version::Unknown)
    }

    fn read(header: &[u8], address: u64, room: u64) -> Option<Self> {
        let field = |number: usize| word(header, 8 + number * 8);
        let (functions, files) = (field(0)?, field(1)?);
        let (names, units, file_names) = (field(3)?, field(4)?, field(5)?);
        let (tables, pairs) = (field(6)?, field(7)?);
        let plausible = (1..=COUNT).contains(&functions)
            && files <= COUNT
            && NAMES.contains(&names)
            && [names, units, file_names, tables, pairs].is_sorted()
            && pairs.checked_add(functions * 8 + 4)? <= room;
        plausible.then_some(Self {
            address,
            functions,
            names: (names, units),
            pairs,
        })
    }

    /// Where the address of the program's first Go function may stand: here
    /// until Go 1.25.
    pub(super) const fn text_start(&self) -> u64 {
        self.address + 24
    }

    /// The functions with that beginning of their name, by the rest of it.
    pub(super) fn functions(
        &self,
        image: &Image<'_>,
        prefix: &str,
        rest: &[&'static str],
    ) -> Vec<(&'static str, Extent)> {
        let names = self.names_of(image, prefix, rest);
        if names.is_empty() {
            return Vec::new();
        }
        let mut found = Vec::new();
        let mut descriptions = Window::new(image, self.range(image, self.pairs));
        self.each_pair(image, &mut |start, at, end| {
            // The name's place is the second word of a description.
            let Some(name) = descriptions.word(at.saturating_add(4)) else {
                return false;
            };
            if let Some(name) = names.get(&name) {
                found.push((*name, Extent { start, end }));
            }
            found.len() < FOUND
        });
        found
    }

    /// The wanted names by their places among the names.
    fn names_of(
        &self,
        image: &Image<'_>,
        prefix: &str,
        rest: &[&'static str],
    ) -> BTreeMap<u32, &'static str> {
        let longest = rest.iter().map(|rest| rest.len()).max().unwrap_or(0);
        let finder = memmem::Finder::new(prefix.as_bytes());
        let (start, end) = self.names;
        let mut range = self.range(image, start);
        range.size = range.size.min(end - start);
        let mut found = BTreeMap::new();
        let overlap = prefix.len() + longest + 2;
        image.each_block(range, overlap, &mut |address, block| {
            for at in finder.find_iter(block) {
                let before = at.checked_sub(1).and_then(|at| block.get(at));
                let name = block.get(at + prefix.len()..).unwrap_or_default();
                let wanted = rest.iter().find(|rest| {
                    name.strip_prefix(rest.as_bytes())
                        .is_some_and(|after| after.first() == Some(&0))
                });
                let place = address - range.address + u64::try_from(at).unwrap_or(u64::MAX);
                if let (Some(0), Some(wanted), Ok(place)) = (before, wanted, u32::try_from(place)) {
                    found.insert(place, *wanted);
                }
            }
            found.len() < FOUND
        });
        found
    }

    /// Calls `each` with where a function begins, where it is described, and
    /// where it ends, until it says false.
    fn each_pair(&self, image: &Image<'_>, each: &mut dyn FnMut(u32, u32, u32) -> bool) {
        let mut pairs = Window::new(image, self.range(image, self.pairs));
        for number in 0..self.functions {
            let Ok(at) = u32::try_from(number * 8) else {
                return;
            };
            let words = [0, 4, 8].map(|behind| pairs.word(at.saturating_add(behind)));
            let [Some(start), Some(description), Some(end)] = words else {
                return;
            };
            if !each(start, description, end) {
                return;
            }
        }
    }

    /// From that offset in the table to the end of what the file has there.
    fn range(&self, image: &Image<'_>, offset: u64) -> Range {
        let address = self.address.saturating_add(offset);
        Range {
            address,
            offset: image.offset_of(address).unwrap_or(u64::MAX),
            size: image.room_at(address),
            executable: false,
            writable: false,
        }
    }
}

/// How many functions or names are taken: a name has one, and a few are wanted.
const FOUND: usize = 64;

fn version(header: &[u8], arch: Arch) -> Result<Version, Version> {
    let magic = header
        .first_chunk::<4>()
        .map(|bytes| u32::from_le_bytes(*bytes));
    let (small, pointer) = match arch {
        Arch::X86_64 => (1, 8),
        Arch::Aarch64 => (4, 8),
    };
    if header.get(4..8) != Some(&[0, 0, small, pointer]) {
        return Err(Version::Unknown);
    }
    match magic {
        Some(MAGIC_118) => Ok(Version::Go118),
        Some(MAGIC_120) => Ok(Version::Go120),
        Some(magic) if MAGIC_OLDER.contains(&magic) => Err(Version::Older),
        _ => Err(Version::Unknown),
    }
}

fn word(bytes: &[u8], at: usize) -> Option<u64> {
    let bytes = bytes.get(at..)?.first_chunk::<8>()?;
    Some(u64::from_le_bytes(*bytes))
}

/// A part of the file that is walked through once, forwards: places that go
/// back are no table of Go's, and would make the work unbounded.
struct Window<'a> {
    image: &'a Image<'a>,
    range: Range,
    start: u32,
    bytes: Vec<u8>,
}

impl<'a> Window<'a> {
    const fn new(image: &'a Image<'a>, range: Range) -> Self {
        Self {
            image,
            range,
            start: 0,
            bytes: Vec::new(),
        }
    }

    /// The word at that place of the part.
    fn word(&mut self, at: u32) -> Option<u32> {
        let behind = at.checked_sub(self.start)?;
        if let Some(word) = four(&self.bytes, behind) {
            return Some(word);
        }
        let left = self.range.size.checked_sub(at.into())?;
        let len = usize::try_from(left).ok()?.min(BLOCK);
        self.bytes = self
            .image
            .read(self.range.address.checked_add(at.into())?, len)?;
        self.start = at;
        four(&self.bytes, 0)
    }
}

fn four(bytes: &[u8], at: u32) -> Option<u32> {
    let bytes = bytes.get(usize::try_from(at).ok()?..)?.first_chunk::<4>()?;
    Some(u32::from_le_bytes(*bytes))
}
