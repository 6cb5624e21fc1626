//! Go's own TLS (`crypto/tls`), which is compiled into every program that uses
//! it.
//!
//! In: a program. Out: the places to probe. Go moves the stacks of its
//! goroutines, so no return is ever diverted: each return instruction is a place
//! of its own. Refused, with the reason: Go before 1.18, whose functions do not
//! take their arguments in registers on every machine; and a function that does
//! not begin as Go's compiler begins it, or does not decode.

mod image;
mod pclntab;
mod prologue;
#[cfg(test)]
mod tests;

use image::Image;
pub(crate) use image::ReadAt;
use oisp_ebpf_common::go;
use pclntab::{Extent, Table, Version};

use super::returns::{self, Arch};
use super::{Hook, Place, Stack};

/// Whose functions they are.
const RECEIVER: &str = "crypto/tls.(*Conn).";

/// What a probed function does for a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Method {
    Read,
    Write,
    Close,
    ClientHandshake,
    ServerHandshake,
    WriteHandshake,
    Renegotiate,
}

impl Method {
    /// Number of its entry.
    const fn entered(self) -> u64 {
        match self {
            Self::Read => go::GO_READ,
            Self::Write => go::GO_WRITE,
            Self::Close => go::GO_CLOSE,
            Self::ClientHandshake | Self::ServerHandshake => go::GO_HANDSHAKE,
            Self::WriteHandshake => go::GO_HANDSHAKE_MESSAGE,
            Self::Renegotiate => go::GO_RENEGOTIATE,
        }
    }

    /// Number of its returns; `None` where they tell nothing.
    const fn returned(self) -> Option<u64> {
        match self {
            Self::Read | Self::Write => Some(go::GO_TRANSFERRED),
            Self::Close | Self::Renegotiate => Some(go::GO_RETURNED),
            Self::ClientHandshake | Self::ServerHandshake | Self::WriteHandshake => None,
        }
    }
}

/// The functions by the rest of their names. Both handshakes begin a
/// connection, and the messages that one writes are proof that it is not over.
const METHODS: [(&str, Method); 7] = [
    ("Read", Method::Read),
    ("Write", Method::Write),
    ("Close", Method::Close),
    ("clientHandshake", Method::ClientHandshake),
    ("serverHandshake", Method::ServerHandshake),
    ("writeHandshakeRecord", Method::WriteHandshake),
    ("handleRenegotiation", Method::Renegotiate),
];

/// A probed function: file offsets of where it is entered and of where it
/// returns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Function {
    pub(crate) method: Method,
    pub(crate) entry: u64,
    pub(crate) returns: Vec<u64>,
}

/// What a file is, as far as Go is concerned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// No Go program.
    NotGo,
    /// A Go program without TLS of Go's own.
    NoTls,
    /// A Go program that may have it, and why it is not probed.
    Refused(&'static str),
    /// These functions.
    Functions(Vec<Function>),
}

/// Where the functions are probed: first where they return, so that no call is
/// entered whose return is not seen.
pub(crate) fn stack(functions: &[Function]) -> Stack {
    let place = |offset, function| Place {
        offset,
        function,
        hook: Hook::GoCall,
    };
    let returns = functions.iter().flat_map(|function| {
        let number = function.method.returned();
        let returns = number.map(|number| function.returns.iter().map(move |at| (*at, number)));
        returns.into_iter().flatten()
    });
    let entries = functions
        .iter()
        .map(|function| (function.entry, function.method.entered()));
    Stack {
        name: String::from("Go crypto/tls"),
        found_by: "pclntab",
        places: returns
            .chain(entries)
            .map(|(offset, number)| place(offset, number))
            .collect(),
    }
}

/// Longer than any of the functions.
const FUNCTION: u32 = 64 << 10;

/// Looks into a file of this machine's kind.
pub(crate) fn look_into(file: &dyn ReadAt) -> Found {
    match Image::parse(file).filter(|image| image.arch == this_machine()) {
        Some(image) => look_into_image(&image),
        None => Found::NotGo,
    }
}

const fn this_machine() -> Arch {
    if cfg!(target_arch = "x86_64") {
        Arch::X86_64
    } else {
        Arch::Aarch64
    }
}

fn look_into_image(image: &Image<'_>) -> Found {
    let table = match pclntab::find(image) {
        None => return Found::NotGo,
        Some(Ok(table)) => table,
        Some(Err(Version::Older)) => return Found::Refused("built by Go before 1.18"),
        Some(Err(_)) => return Found::Refused("built by a Go whose function table is not known"),
    };
    let names = METHODS.map(|(name, _)| name);
    let extents = table.functions(image, RECEIVER, &names);
    let has = |name| extents.iter().any(|(known, _)| *known == name);
    if !has("Read") || !has("Write") {
        return Found::NoTls;
    }
    for start in text_starts(image, &table) {
        let functions = extents
            .iter()
            .map(|(name, extent)| function(image, start, name, *extent));
        if let Some(functions) = functions.collect() {
            return Found::Functions(functions);
        }
    }
    Found::Refused("its TLS functions are not as Go's compiler makes them")
}

/// Addresses that may be that of the program's first Go function: as the table's
/// header says; where Go's own linker puts it; as the runtime's description of
/// the program says, which points to the table. Which one it is shows by what
/// stands there.
fn text_starts(image: &Image<'_>, table: &Table) -> impl Iterator<Item = u64> {
    let header = image
        .pointer(table.text_start())
        .filter(|start| *start != 0);
    let section = image.section(".text").map(|section| section.address);
    // `runtime.moduledata`: the table's header, six slices, three words.
    const TEXT: u64 = 8 + 6 * 24 + 3 * 8;
    let described = || {
        let descriptions = image.pointers_to(table.address).into_iter();
        descriptions.filter_map(|at| image.pointer(at.checked_add(TEXT)?))
    };
    let mut described_later = None;
    header
        .into_iter()
        .chain(section)
        .chain(std::iter::from_fn(move || {
            described_later.get_or_insert_with(described).next()
        }))
}

/// A function, if it begins and ends as one of Go's does.
fn function(image: &Image<'_>, text: u64, name: &str, extent: Extent) -> Option<Function> {
    let (_, method) = METHODS.into_iter().find(|(known, _)| *known == name)?;
    let length = extent.end.checked_sub(extent.start)?;
    let address = text.checked_add(extent.start.into())?;
    if length > FUNCTION || !image.is_code(address) {
        return None;
    }
    let code = image.read(address, usize::try_from(length).ok()?)?;
    let entry = prologue::entry(&code, image.arch)?;
    let offset = image.offset_of(address)?;
    let at = |within: usize| offset.checked_add(u64::try_from(within).ok()?);
    Some(Function {
        method,
        entry: at(entry)?,
        returns: returns::returns(&code, image.arch)?
            .into_iter()
            .map(at)
            .collect::<Option<_>>()?,
    })
}
