//! What differs between the processors: how code calls, and how it names an
//! address or a number.

use object::elf;
use serde::Deserialize;

/// A processor whose code can be searched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Arch {
    /// As in ELF's `EM_X86_64`.
    #[serde(rename = "x86_64")]
    X86_64,
    /// As in ELF's `EM_AARCH64`.
    Aarch64,
}

impl Arch {
    pub(super) fn of_machine(machine: u16) -> Option<Self> {
        match machine {
            elf::EM_X86_64 => Some(Self::X86_64),
            elf::EM_AARCH64 => Some(Self::Aarch64),
            _ => None,
        }
    }

    /// Functions start at multiples of this.
    pub(super) fn alignment(self) -> u64 {
        match self {
            Self::X86_64 => 1,
            Self::Aarch64 => 4,
        }
    }

    /// Where the four bytes of a call lead: after `e8` on x86-64, the whole
    /// `bl` on aarch64.
    pub(super) fn call_target(self, bytes: [u8; 4], address: u64) -> Option<u64> {
        match self {
            Self::X86_64 => Some(
                address
                    .wrapping_add(4)
                    .wrapping_add_signed(i64::from(i32::from_le_bytes(bytes))),
            ),
            Self::Aarch64 => {
                let word = u32::from_le_bytes(bytes);
                (word >> 26 == 0b10_0101).then(|| {
                    let words = i64::from(signed(word & 0x03ff_ffff, 26));
                    address.wrapping_add_signed(words * 4)
                })
            }
        }
    }

    /// How many bytes a call has before those that say where to.
    pub(super) fn call_bytes(self) -> usize {
        match self {
            Self::X86_64 => 1,
            Self::Aarch64 => 0,
        }
    }

    /// Where the four bytes of a call or of a jump lead.
    pub(super) fn jump_target(self, bytes: [u8; 4], address: u64) -> Option<u64> {
        match self {
            Self::X86_64 => self.call_target(bytes, address),
            Self::Aarch64 => {
                let word = u32::from_le_bytes(bytes);
                let call = (word | 1 << 31).to_le_bytes();
                self.call_target(call, address)
            }
        }
    }

    /// The instructions that put a reason where an error site wants it.
    pub(super) fn reason_setters(self, reason: u32) -> Vec<Vec<u8>> {
        match self {
            Self::X86_64 => [0xba, 0xbe]
                .map(|opcode| [&[opcode][..], &reason.to_le_bytes()].concat())
                .into(),
            Self::Aarch64 => [1, 2]
                .map(|register| (0x5280_0000 | reason << 5 | register).to_le_bytes().into())
                .into(),
        }
    }

    /// Whether code calls that address.
    pub(super) fn calls(self, code: &[u8], address: u64, wanted: u64) -> bool {
        let step = usize::try_from(self.alignment()).unwrap_or(1);
        (0..code.len()).step_by(step).any(|at| {
            if self == Self::X86_64 && code.get(at) != Some(&0xe8) {
                return false;
            }
            let call = at + self.call_bytes();
            let bytes = code.get(call..).and_then(|code| code.first_chunk());
            let target = bytes
                .zip(u64::try_from(call).ok())
                .and_then(|(bytes, call)| self.call_target(*bytes, address + call));
            target == Some(wanted)
        })
    }

    /// The numbers that code puts where OpenSSL's `ERR_put_error` wants its
    /// reason, next to a file name that is at one of `names` (first and last
    /// address): the argument before the file name. (The first arguments may be
    /// gone: linking made the function forget one that is always the same.)
    /// Only sites within the first `size` bytes count; what they share with
    /// other sites may be behind.
    pub(super) fn error_sites(
        self,
        code: &[u8],
        size: usize,
        address: u64,
        names: &[(u64, u64)],
    ) -> Vec<u32> {
        match self {
            Self::X86_64 => {
                let code = code.get(..size).unwrap_or(code);
                x86_64::error_sites(code, address, names)
            }
            Self::Aarch64 => aarch64::error_sites(code, size, address, names),
        }
    }
}

fn is_name(names: &[(u64, u64)], address: u64) -> bool {
    names
        .iter()
        .any(|(first, last)| (*first..=*last).contains(&address))
}

/// A number of so many bits with a sign.
fn signed(value: u32, bits: u32) -> i32 {
    let shift = 32 - bits;
    (value << shift).cast_signed() >> shift
}

mod x86_64 {
    use super::super::image::word;
    use super::is_name;

    /// So far from the file name the reason is set at most, in bytes.
    const NEAR: usize = 24;

    pub(super) fn error_sites(code: &[u8], address: u64, names: &[(u64, u64)]) -> Vec<u32> {
        let mut reasons = Vec::new();
        for at in 0..code.len() {
            let Some((register, target)) = named_address(code, at, address) else {
                continue;
            };
            // The argument before: edx before rcx, esi before rdx.
            let set_reason = match register {
                1 => 0xba,
                2 => 0xbe,
                _ => continue,
            };
            if is_name(names, target) {
                reasons.extend(nearest(code, at, set_reason));
            }
        }
        reasons
    }

    /// Register and address of a `lea r, [rip + x]` or a `mov r32, x`.
    fn named_address(code: &[u8], at: usize, address: u64) -> Option<(u8, u64)> {
        let opcode = *code.get(at)?;
        if let 0xb9 | 0xba = opcode {
            return Some((opcode - 0xb8, u64::from(word(code, at + 1)?)));
        }
        let how = *code.get(at + 2)?;
        if opcode != 0x48 || *code.get(at + 1)? != 0x8d || how & 0xc7 != 0x05 {
            return None;
        }
        let end = address.wrapping_add(u64::try_from(at + 7).ok()?);
        let distance = i64::from(word(code, at + 3)?.cast_signed());
        Some(((how >> 3) & 7, end.wrapping_add_signed(distance)))
    }

    /// The number that the nearest `mov r32, x` with that opcode sets.
    fn nearest(code: &[u8], around: usize, opcode: u8) -> Option<u32> {
        let near = around.saturating_sub(NEAR)..(around + NEAR).min(code.len());
        near.filter(|at| code.get(*at) == Some(&opcode))
            .filter_map(|at| Some((at.abs_diff(around), word(code, at + 1)?)))
            .filter(|(_, reason)| (1..0x1000).contains(reason))
            .min()
            .map(|(_, reason)| reason)
    }
}

mod aarch64 {
    use super::super::image::word;
    use super::{is_name, signed};

    /// So far from the file name the reason is set at most, in instructions.
    const NEAR: usize = 6;

    /// A name is named by `adrp` and `add`. Several sites may share the `add`,
    /// so the page counts where the code has the whole name somewhere.
    pub(super) fn error_sites(
        code: &[u8],
        size: usize,
        address: u64,
        names: &[(u64, u64)],
    ) -> Vec<u32> {
        let words: Vec<u32> = (0..code.len() / 4)
            .filter_map(|at| word(code, at * 4))
            .collect();
        // What `adrp` set last: it may be far ahead of the `add`.
        let mut pages = [None; 32];
        let mut reasons = Vec::new();
        let mut named = false;
        for (at, (word, address)) in words.iter().zip((address..).step_by(4)).enumerate() {
            let site = if let Some((register, page)) = page(*word, address) {
                if let Some(known) = pages.get_mut(register) {
                    *known = Some(page);
                }
                is_page_of(names, page).then_some(register)
            } else if let Some((register, from, low)) = add(*word) {
                let page: Option<u64> = pages.get(from).copied().flatten();
                let whole = page.is_some_and(|page| is_name(names, page.wrapping_add(low)));
                named |= whole;
                whole.then_some(register)
            } else {
                None
            };
            // The file name is the third argument or the fourth.
            if let Some(register @ (2 | 3)) = site
                && at < size / 4
            {
                reasons.extend(nearest(&words, at, register - 1));
            }
        }
        if named { reasons } else { Vec::new() }
    }

    fn is_page_of(names: &[(u64, u64)], page: u64) -> bool {
        names.iter().any(|(first, _)| first & !0xfff == page)
    }

    /// `adrp register, page`
    fn page(word: u32, address: u64) -> Option<(usize, u64)> {
        if word & 0x9f00_0000 != 0x9000_0000 {
            return None;
        }
        let pages = (word >> 29) & 3 | ((word >> 5) & 0x7_ffff) << 2;
        let distance = i64::from(signed(pages, 21)) << 12;
        let page = (address & !0xfff).wrapping_add_signed(distance);
        Some((register(word), page))
    }

    /// `add register, from, #low`
    fn add(word: u32) -> Option<(usize, usize, u64)> {
        (word & 0xffc0_0000 == 0x9100_0000).then(|| {
            let low = u64::from((word >> 10) & 0xfff);
            (register(word), register(word >> 5), low)
        })
    }

    fn register(word: u32) -> usize {
        usize::try_from(word & 31).unwrap_or_default()
    }

    /// The number that the nearest `mov wN, #x` sets.
    fn nearest(words: &[u32], around: usize, wanted: usize) -> Option<u32> {
        let near = around.saturating_sub(NEAR)..(around + NEAR).min(words.len());
        near.filter_map(|at| Some((at.abs_diff(around), *words.get(at)?)))
            .filter(|(_, word)| word & 0xffe0_0000 == 0x5280_0000 && register(*word) == wanted)
            .map(|(distance, word)| (distance, (word >> 5) & 0xffff))
            .min()
            .map(|(_, reason)| reason)
    }
}
