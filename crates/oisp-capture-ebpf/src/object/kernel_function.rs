//! Programs at functions of the kernel (`fentry` and `fexit`): what is to be
//! known of sockets and files beyond what tracepoints tell.
//!
//! A kernel without BTF or trampolines has none of them; one whose function
//! has another name lacks that one. The capture goes on without, and says so.

use std::collections::HashMap;
use std::os::fd::{AsFd as _, OwnedFd};

use super::parsed::Parsed;
use super::sys::{self, Kind};

/// A program, and where it belongs.
pub(super) struct At {
    /// Its name in the object.
    pub(super) program: &'static str,
    /// The kernel's function.
    pub(super) function: &'static str,
    /// At its return.
    pub(super) exit: bool,
}

/// All of them.
pub(super) const ALL: [At; 0] = [];

/// The programs in place. Dropping this takes them away.
#[derive(Debug, Default)]
pub(crate) struct KernelFunctions {
    _held: Vec<OwnedFd>,
    /// Programs that are not in place, each with the reason.
    pub(crate) missing: Vec<(&'static str, String)>,
}

impl KernelFunctions {
    /// Loads the programs and puts them in place, as far as this kernel has the
    /// functions.
    pub(super) fn attach(parsed: &Parsed, ids: &HashMap<&'static str, u32>) -> Self {
        let mut attached = Self::default();
        for at in ALL {
            match attach(parsed, &at, ids) {
                Ok(held) => attached._held.extend(held),
                Err(why) => attached.missing.push((at.program, why)),
            }
        }
        attached
    }
}

/// The names of the functions.
pub(super) fn names() -> Vec<&'static str> {
    ALL.iter().map(|at| at.function).collect()
}

fn attach(
    parsed: &Parsed,
    at: &At,
    ids: &HashMap<&'static str, u32>,
) -> Result<[OwnedFd; 2], String> {
    let id = ids
        .get(at.function)
        .ok_or_else(|| format!("this kernel describes no function `{}`", at.function))?;
    let kind = if at.exit {
        Kind::FunctionExit(*id)
    } else {
        Kind::FunctionEntry(*id)
    };
    let attach = || {
        let (instructions, license) = parsed.program(at.program)?;
        let program = sys::load(at.program, kind, instructions, license)?;
        let link = sys::attach_to_function(program.as_fd())?;
        Ok([link, program])
    };
    attach().map_err(|error: std::io::Error| format!("`{}`: {error}", at.function))
}
