//! Return instructions instead of diverted returns, for kernels on which a
//! program under seccomp dies of the latter ([`crate::kernel`]).
//!
//! In: the places of a file. Out: the same, with each return replaced by the
//! function's return instructions. Refused, with the reason, where a function's
//! end is not known from a symbol or its instructions do not tell all its ways
//! out: a library that is half probed would miss bytes and not know it.

use std::collections::BTreeMap;
use std::fs::File;

use object::read::elf::ElfFile64;
use object::read::{ReadCache, ReadRef as _};
use object::{Object as _, ObjectSegment as _, ObjectSymbol as _};

use oisp_ebpf_common::function::FUNCTIONS;

use super::returns::{Arch, returns};
use super::{Hook, Place};

/// A probed place may be behind a function's landing pad.
const LANDING_PAD: u64 = 4;
/// No function of a TLS library's face is larger.
const LARGEST: u64 = 1 << 20;

/// The places without any at which the kernel would divert a return.
pub(crate) fn without_diverting(file: &File, places: &[Place]) -> Result<Vec<Place>, String> {
    let arch = arch().ok_or("return instructions are not known on this processor")?;
    let cache = ReadCache::new(file);
    let ends = ends(&cache).ok_or("its symbols cannot be read")?;
    let mut all = Vec::new();
    for place in places {
        if place.hook != Hook::TlsReturn {
            all.push(*place);
            continue;
        }
        let unsure = || {
            format!(
                "not all the ways out of its {} are known, and on this kernel diverting returns kills programs under \
                 seccomp",
                symbol(place.function)
            )
        };
        let starts = place.offset.saturating_sub(LANDING_PAD)..=place.offset;
        let (_, end) = ends.range(starts).next_back().ok_or_else(unsure)?;
        let len = end.saturating_sub(place.offset);
        if len == 0 || len > LARGEST {
            return Err(unsure());
        }
        let code = cache
            .read_bytes_at(place.offset, len)
            .map_err(|()| unsure())?;
        for at in returns(code, arch).ok_or_else(unsure)? {
            all.push(Place {
                offset: place.offset + u64::try_from(at).map_err(|_| unsure())?,
                function: place.function,
                hook: Hook::ReturnInstruction,
            });
        }
    }
    Ok(all)
}

fn symbol(number: u64) -> &'static str {
    let named = FUNCTIONS
        .into_iter()
        .find(|function| function.number == number);
    named.map_or("functions", |function| function.symbol)
}

fn arch() -> Option<Arch> {
    match std::env::consts::ARCH {
        "x86_64" => Some(Arch::X86_64),
        "aarch64" => Some(Arch::Aarch64),
        _ => None,
    }
}

/// File offsets at which functions begin, and where they end.
fn ends(cache: &ReadCache<&File>) -> Option<BTreeMap<u64, u64>> {
    let file = ElfFile64::<object::Endianness, _>::parse(cache).ok()?;
    let segments: Vec<(u64, u64, u64)> = file
        .segments()
        .map(|segment| {
            let (offset, len) = segment.file_range();
            (segment.address(), offset, len)
        })
        .collect();
    let in_file = |address: u64| {
        segments.iter().find_map(|(start, offset, len)| {
            let within = address.checked_sub(*start)?;
            (within < *len).then(|| offset + within)
        })
    };
    let function = |symbol: object::read::elf::ElfSymbol64<'_, '_, _, _>| {
        let is_one = symbol.kind() == object::SymbolKind::Text && symbol.size() > 0;
        let start = in_file(symbol.address()).filter(|_| is_one)?;
        Some((start, start.checked_add(symbol.size())?))
    };
    let symbols = file.symbols().chain(file.dynamic_symbols());
    Some(symbols.filter_map(function).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signature::Signatures;
    use crate::tls::{Carries, look_into};

    fn library() -> Option<File> {
        [
            "/usr/lib/x86_64-linux-gnu/libssl.so.3",
            "/usr/lib/aarch64-linux-gnu/libssl.so.3",
        ]
        .into_iter()
        .find_map(|path| File::open(path).ok())
    }

    #[test]
    fn every_return_of_the_machine_s_own_library_has_instructions() {
        let Some(file) = library() else {
            eprintln!("skipped: no libssl.so.3 in the usual place");
            return;
        };
        let Carries::Tls(stacks) = look_into(&Signatures::default(), &file, false) else {
            panic!("no TLS")
        };
        let before = &stacks[0].places;
        let after = without_diverting(&file, before).unwrap();
        let numbers = |places: &[Place], hook| {
            let there = places.iter().filter(|place| place.hook == hook);
            there
                .map(|place| place.function)
                .collect::<std::collections::BTreeSet<_>>()
        };
        assert_eq!(
            numbers(before, Hook::TlsReturn),
            numbers(&after, Hook::ReturnInstruction)
        );
        assert!(numbers(&after, Hook::TlsReturn).is_empty());
        assert_eq!(
            numbers(before, Hook::TlsEntry),
            numbers(&after, Hook::TlsEntry)
        );
    }

    #[test]
    fn a_place_without_a_symbol_is_refused() {
        let Some(file) = library() else {
            eprintln!("skipped: no libssl.so.3 in the usual place");
            return;
        };
        let nowhere = Place {
            offset: 3,
            function: 0,
            hook: Hook::TlsReturn,
        };
        assert!(without_diverting(&file, &[nowhere]).is_err());
    }
}
