//! Which TLS a file carries, and where its functions are.
//!
//! In: a program or library. Out: the stacks found in it, each with the places
//! to probe; nothing where it carries none. Each way of finding them is a
//! module; what one is not sure of it refuses, with the reason.

pub(crate) mod cost;
pub(crate) mod go;
pub(crate) mod instead;
pub(crate) mod returns;
mod signed;
pub(crate) mod symbols;

use std::fs::File;

use oisp_ebpf_common::function::Library;

use crate::signature::Signatures;

/// A point in a file at which a program of ours runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// File offset of the instruction; for [`Hook::TlsReturn`] of the function.
    pub(crate) offset: u64,
    /// Number of the function (`oisp_ebpf_common::function`).
    pub(crate) function: u64,
    /// What runs there.
    pub(crate) hook: Hook,
}

/// What runs at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hook {
    /// The entry of a function with C's calling convention.
    TlsEntry,
    /// Its return, wherever it returns from.
    TlsReturn,
    /// An entry or a return instruction of a function of Go's.
    GoCall,
    /// One of its return instructions, where the kernel must not divert returns.
    ReturnInstruction,
}

impl Hook {
    /// All of them, in the order in which they are put in place: a call whose
    /// entry is seen has its return seen, too.
    pub(crate) const ALL: &[Self] = &[
        Self::TlsReturn,
        Self::ReturnInstruction,
        Self::TlsEntry,
        Self::GoCall,
    ];

    /// Name of the program.
    pub(crate) const fn program(self) -> &'static str {
        match self {
            Self::TlsEntry => "tls_entry",
            Self::TlsReturn => "tls_return",
            Self::GoCall => "go_call",
            Self::ReturnInstruction => "tls_return_here",
        }
    }

    /// The kernel is to divert the function's return.
    pub(crate) const fn is_return(self) -> bool {
        matches!(self, Self::TlsReturn)
    }
}

/// A TLS implementation in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stack {
    /// Its name, for people.
    pub(crate) name: String,
    /// How it was found: `symbols`, `signature`, `pclntab`.
    pub(crate) found_by: &'static str,
    /// Where it is probed.
    pub(crate) places: Vec<Place>,
}

impl Stack {
    /// A process that has it mapped is captured by it. NSPR is probed for what
    /// NSS does through it, and says nothing by itself.
    pub(crate) fn is_tls(&self) -> bool {
        self.name != name(Library::Nspr)
    }
}

/// What a file carries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Carries {
    /// These, at least one.
    Tls(Vec<Stack>),
    /// Something that looks like TLS, but not surely enough to probe it: why.
    Unsure(String),
    /// None that is known.
    Nothing,
}

/// Looks into a file. `deep` where it may hold TLS without exporting it: the
/// program itself, and a few libraries. Signatures are for those that name
/// nothing.
pub(crate) fn look_into(signatures: &Signatures, file: &File, deep: bool) -> Carries {
    let mut stacks = symbols::stacks(file, deep);
    let refused = match go::look_into(file) {
        go::Found::Functions(functions) => {
            stacks.push(go::stack(&functions));
            None
        }
        go::Found::Refused(why) => Some(why),
        go::Found::NotGo | go::Found::NoTls => None,
    };
    match refused {
        _ if !stacks.is_empty() => Carries::Tls(stacks),
        Some(why) => Carries::Unsure(String::from(why)),
        None if deep => signed::look_into(signatures, file),
        None => Carries::Nothing,
    }
}

/// The name of a library, for people.
const fn name(library: Library) -> &'static str {
    match library {
        Library::OpenSsl => "OpenSSL",
        Library::GnuTls => "GnuTLS",
        Library::Nss => "NSS",
        Library::Nspr => "NSPR",
    }
}
