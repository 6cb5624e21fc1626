//! Finding TLS functions by their symbols.
//!
//! Only the symbol tables are read, not the whole file: programs with a TLS
//! library inside are often larger than 100 MB.

use std::collections::BTreeMap;
use std::fs::File;

use object::read::elf::{
    ElfFile64, FileHeader as _, ProgramHeader as _, SectionHeader as _, Sym as _,
};
use object::read::{ReadCache, ReadRef as _, StringTable};
use object::{Endianness, elf};
use oisp_ebpf_common::function::{FUNCTIONS, Function, Library, Role};

use super::{Hook, Place, Stack};

/// Functions and their file offsets.
type Found = Vec<(Function, u64)>;

/// The stacks whose functions the symbol tables name: the exported symbols, and
/// where `deep`, the full symbol table. None for what is no ELF file of this
/// machine's kind, or damaged.
pub(crate) fn stacks(file: &File, deep: bool) -> Vec<Stack> {
    let cache = ReadCache::new(file);
    let kinds: &[u32] = if deep {
        &[elf::SHT_DYNSYM, elf::SHT_SYMTAB]
    } else {
        &[elf::SHT_DYNSYM]
    };
    if !is_of_this_machine(&cache) {
        return Vec::new();
    }
    kinds
        .iter()
        .map(|kind| stacks_of(&table(&cache, *kind).unwrap_or_default()))
        .find(|stacks| !stacks.is_empty())
        .unwrap_or_default()
}

/// The libraries of which enough was found.
fn stacks_of(found: &Found) -> Vec<Stack> {
    let mut by_library: BTreeMap<Library, Found> = BTreeMap::new();
    for (function, offset) in found {
        by_library
            .entry(function.library)
            .or_default()
            .push((*function, *offset));
    }
    by_library
        .into_iter()
        .filter(|(_, found)| is_whole(found))
        .map(|(library, found)| Stack {
            name: String::from(super::name(library)),
            found_by: "symbols",
            places: places(&found),
        })
        .collect()
}

/// There is something to read and something to write with, where a library has
/// such functions at all.
fn is_whole(found: &Found) -> bool {
    let has = |role| found.iter().any(|(function, _)| function.role == role);
    let transfers = |function: &Function| function.role != Role::Life;
    let library = found.first().map(|(function, _)| function.library);
    let is_life_only = !FUNCTIONS
        .iter()
        .any(|function| Some(function.library) == library && transfers(function));
    is_life_only || has(Role::Read) && has(Role::Write)
}

/// The probed ends of functions.
pub(crate) fn places(found: &[(Function, u64)]) -> Vec<Place> {
    let ends = |(function, offset): &(Function, u64)| {
        let place = |hook| Place {
            offset: *offset,
            function: function.number,
            hook,
        };
        let entry = function.entry.then(|| place(Hook::TlsEntry));
        let exit = function.exit.then(|| place(Hook::TlsReturn));
        entry.into_iter().chain(exit)
    };
    found.iter().flat_map(ends).collect()
}

/// Symbols and names beyond this are not read: no such table is known.
const TABLE_LIMIT: u64 = 256 << 20;

type Cache<'a> = &'a ReadCache<&'a File>;

fn is_of_this_machine(cache: Cache<'_>) -> bool {
    if cache.len().unwrap_or(0) < 64 {
        return false;
    }
    let header = elf::FileHeader64::<Endianness>::parse(cache);
    header.is_ok_and(|header| {
        let endian = header.endian();
        endian.is_ok_and(|endian| header.e_machine(endian) == machine())
    })
}

fn machine() -> u16 {
    match std::env::consts::ARCH {
        "x86_64" => elf::EM_X86_64,
        "aarch64" => elf::EM_AARCH64,
        _ => elf::EM_NONE,
    }
}

/// The functions in the symbol table of that kind.
fn table(cache: Cache<'_>, kind: u32) -> Option<Found> {
    let file = ElfFile64::<Endianness, _>::parse(cache).ok()?;
    let endian = file.endian();
    let section = file
        .elf_section_table()
        .iter()
        .find(|section| section.sh_type(endian) == kind)?;
    let names = file
        .elf_section_table()
        .section(section.link(endian))
        .ok()?;
    if section.sh_size(endian) > TABLE_LIMIT || names.sh_size(endian) > TABLE_LIMIT {
        return None;
    }
    let symbols = section
        .data_as_array::<elf::Sym64<Endianness>, _>(endian, cache)
        .ok()?;
    // Read whole: name by name the cache would make a system call for each.
    let names = names.data(endian, cache).ok()?;
    let names = StringTable::new(names, 0, u64::try_from(names.len()).ok()?);
    let mut found = BTreeMap::new();
    for symbol in symbols {
        if symbol.st_type() != elf::STT_FUNC || symbol.st_shndx(endian) == elf::SHN_UNDEF {
            continue;
        }
        let Some(function) = symbol.name(endian, names).ok().and_then(function_of) else {
            continue;
        };
        if let Some(offset) = file_offset(&file, symbol.st_value(endian)) {
            found.insert(
                function.number,
                (function, after_landing_pad(cache, offset)),
            );
        }
    }
    Some(found.into_values().collect())
}

/// Most names are told apart from all of ours by their first bytes.
fn function_of(name: &[u8]) -> Option<Function> {
    FUNCTIONS
        .into_iter()
        .find(|function| function.symbol.as_bytes() == name)
}

/// Uprobes are placed by file offset, symbols by virtual address.
fn file_offset<'a>(file: &ElfFile64<'a, Endianness, Cache<'a>>, address: u64) -> Option<u64> {
    let endian = file.endian();
    file.elf_program_headers()
        .iter()
        .filter(|segment| segment.p_type(endian) == elf::PT_LOAD)
        .find_map(|segment| {
            let within = address.checked_sub(segment.p_vaddr(endian))?;
            (within < segment.p_filesz(endian)).then(|| segment.p_offset(endian) + within)
        })
}

const ENDBR64: [u8; 4] = [0xf3, 0x0f, 0x1e, 0xfa];

/// The kernel single-steps over `endbr64`, which costs about five times what
/// the instruction behind it does. That one changes neither arguments nor
/// stack, so the probe sits behind it.
fn after_landing_pad(cache: Cache<'_>, offset: u64) -> u64 {
    let first = cache.read_bytes_at(offset, 4).unwrap_or_default();
    if first == ENDBR64 { offset + 4 } else { offset }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_without_tls_has_no_stack() {
        assert!(stacks(&File::open("/proc/self/exe").unwrap(), true).is_empty());
    }

    #[test]
    fn a_text_file_has_no_stack() {
        let file = File::open(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml")).unwrap();
        assert!(stacks(&file, true).is_empty());
    }

    #[test]
    fn half_a_library_is_none() {
        let only = |symbol: &str| {
            let function = FUNCTIONS
                .into_iter()
                .find(|function| function.symbol == symbol);
            (function.unwrap(), 64)
        };
        assert!(stacks_of(&vec![only("SSL_read"), only("SSL_new")]).is_empty());
        assert_eq!(
            stacks_of(&vec![only("SSL_read"), only("SSL_write_ex")]).len(),
            1
        );
    }

    #[test]
    fn nss_is_told_by_the_one_function_that_makes_its_descriptors() {
        let import = FUNCTIONS
            .into_iter()
            .find(|function| function.symbol == "SSL_ImportFD");
        let stacks = stacks_of(&vec![(import.unwrap(), 64)]);
        assert_eq!(stacks[0].name, "NSS");
        assert!(stacks[0].is_tls());
        let nspr = FUNCTIONS
            .into_iter()
            .filter(|function| function.library == Library::Nspr);
        let stacks = stacks_of(&nspr.zip(64..).collect());
        assert!(!stacks[0].is_tls());
    }

    #[test]
    fn numbers_are_no_function_s_twice() {
        let numbers: std::collections::BTreeSet<u64> =
            FUNCTIONS.iter().map(|function| function.number).collect();
        assert_eq!(numbers.len(), FUNCTIONS.len());
    }

    #[test]
    fn each_end_is_probed_where_it_says_something() {
        let all: Found = FUNCTIONS.into_iter().zip(10..).collect();
        let of = |hook| {
            let places = places(&all).into_iter();
            places
                .filter(|place| place.hook == hook && place.function < 8)
                .map(|place| (place.offset, place.function))
                .collect::<Vec<_>>()
        };
        assert_eq!(
            of(Hook::TlsEntry),
            [
                (10, 0),
                (11, 1),
                (12, 2),
                (13, 3),
                (14, 4),
                (16, 6),
                (17, 7)
            ]
        );
        assert_eq!(
            of(Hook::TlsReturn),
            [(10, 0), (11, 1), (12, 2), (13, 3), (14, 4), (15, 5)]
        );
    }

    #[test]
    fn the_functions_of_the_machine_s_own_library_are_found() {
        let library = [
            "/usr/lib/x86_64-linux-gnu/libssl.so.3",
            "/usr/lib/aarch64-linux-gnu/libssl.so.3",
        ]
        .into_iter()
        .find_map(|path| File::open(path).ok());
        let Some(library) = library else {
            eprintln!("skipped: no libssl.so.3 in the usual place");
            return;
        };
        let stacks = stacks(&library, false);
        assert_eq!(stacks.len(), 1);
        assert_eq!(stacks[0].name, "OpenSSL");
        let functions: std::collections::BTreeSet<u64> = stacks[0]
            .places
            .iter()
            .map(|place| place.function)
            .collect();
        assert!(
            [0, 1, 2, 3, 5, 6, 7]
                .iter()
                .all(|number| functions.contains(number)),
            "{functions:?}"
        );
    }
}
