//! Where the TLS functions are in a program or library.
//!
//! Only the symbol tables are read, not the whole file: programs with a TLS
//! library inside are often larger than 100 MB.

use std::fs::File;

use object::read::elf::{
    ElfFile64, FileHeader as _, ProgramHeader as _, SectionHeader as _, Sym as _,
};
use object::read::{ReadCache, ReadRef as _, StringTable};
use object::{Endianness, elf};
use oisp_ebpf_common::function::FUNCTIONS;

/// File offsets of the TLS functions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Functions {
    /// By number, see `oisp_ebpf_common::function`.
    pub(crate) at: [Option<u64>; FUNCTIONS.len()],
}

impl Functions {
    /// How many ends of functions are probed.
    pub(crate) fn probes(&self) -> usize {
        let ends = |(_, entry, exit)| usize::from(entry) + usize::from(exit);
        self.at
            .iter()
            .zip(FUNCTIONS)
            .filter(|(at, _)| at.is_some())
            .map(|(_, function)| ends(function))
            .sum()
    }

    /// There is something to read and something to write with.
    fn is_tls(&self) -> bool {
        let [read, write, read_ex, write_ex, ..] = self.at;
        (read.is_some() || read_ex.is_some()) && (write.is_some() || write_ex.is_some())
    }
}

/// What the symbol tables of a file say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Symbols {
    /// The functions are there.
    Tls(Functions),
    /// There are symbols, and the functions are not among them.
    NotTls,
    /// The file names no functions of its own at all.
    Stripped,
    /// Not an ELF file of this machine's kind, or damaged.
    NotElf,
}

/// Symbols and names beyond this are not read: no such table is known.
const TABLE_LIMIT: u64 = 256 << 20;

/// Looks in the exported symbols, and where `deep`, in the full symbol table.
pub(crate) fn tls_functions(file: &File, deep: bool) -> Symbols {
    let cache = ReadCache::new(file);
    read(&cache, deep).unwrap_or(Symbols::NotElf)
}

type Cache<'a> = &'a ReadCache<&'a File>;

fn read(cache: Cache<'_>, deep: bool) -> Option<Symbols> {
    let length = cache.len().ok()?;
    if length < 64 {
        return None;
    }
    let header = elf::FileHeader64::<Endianness>::parse(cache).ok()?;
    if header.e_machine(header.endian().ok()?) != machine() {
        return None;
    }
    let mut any = false;
    for kind in [elf::SHT_DYNSYM, elf::SHT_SYMTAB] {
        if kind == elf::SHT_SYMTAB && !deep {
            break;
        }
        let Some(functions) = table(cache, kind, &mut any) else {
            continue;
        };
        if functions.is_tls() {
            return Some(Symbols::Tls(functions));
        }
    }
    Some(if any {
        Symbols::NotTls
    } else {
        Symbols::Stripped
    })
}

fn machine() -> u16 {
    match std::env::consts::ARCH {
        "x86_64" => elf::EM_X86_64,
        "aarch64" => elf::EM_AARCH64,
        _ => elf::EM_NONE,
    }
}

/// The functions in the symbol table of that kind; `any` tells whether it
/// defines any function at all.
fn table(cache: Cache<'_>, kind: u32, any: &mut bool) -> Option<Functions> {
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
    let mut functions = Functions::default();
    for symbol in symbols {
        if symbol.st_type() != elf::STT_FUNC || symbol.st_shndx(endian) == elf::SHN_UNDEF {
            continue;
        }
        *any = true;
        let Ok(name) = symbol.name(endian, names) else {
            continue;
        };
        if !name.starts_with(b"SSL_") {
            continue;
        }
        let Some(slot) = FUNCTIONS
            .iter()
            .position(|(function, ..)| function.as_bytes() == name)
        else {
            continue;
        };
        let offset = file_offset(&file, symbol.st_value(endian));
        if let Some(slot) = functions.at.get_mut(slot) {
            *slot = offset.map(|offset| after_landing_pad(cache, offset));
        }
    }
    Some(functions)
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

    fn this_program() -> File {
        File::open("/proc/self/exe").unwrap()
    }

    #[test]
    fn a_program_without_tls_is_told_apart() {
        assert_eq!(tls_functions(&this_program(), true), Symbols::NotTls);
    }

    #[test]
    fn a_text_file_is_no_elf_file() {
        let file = File::open(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml")).unwrap();
        assert_eq!(tls_functions(&file, true), Symbols::NotElf);
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
        let Symbols::Tls(functions) = tls_functions(&library, false) else {
            panic!("not found")
        };
        let without_ex2: Vec<bool> = functions.at.iter().map(Option::is_some).collect();
        assert_eq!(
            without_ex2,
            [
                true,
                true,
                true,
                true,
                functions.at[4].is_some(),
                true,
                true,
                true
            ]
        );
    }
}
