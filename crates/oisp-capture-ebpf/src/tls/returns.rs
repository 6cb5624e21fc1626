//! Where a function returns: the offsets of its return instructions.
//!
//! A probe at each of them sees what a return probe of the kernel sees, without
//! touching the stack, which Go moves and which some sandboxes forbid. It only
//! holds where every way out is known, so a function is refused where it does
//! not decode from its first byte to its last, jumps anywhere but to one of its
//! own instructions, or has no return at all.

use std::collections::BTreeSet;

use yaxpeax_arch::{AddressBase as _, LengthedInstruction as _};
use yaxpeax_x86::amd64::{InstDecoder, Instruction, Opcode, Operand};

/// Whose instructions a file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Arch {
    X86_64,
    Aarch64,
}

/// The offsets of a function's returns, in order; `None` where they are not all
/// of its ways out, or not sure. `code` is the function from its first byte to
/// its last, padding behind it included or not.
pub(crate) fn returns(code: &[u8], arch: Arch) -> Option<Vec<usize>> {
    let found = match arch {
        Arch::X86_64 => x86_64(code)?,
        Arch::Aarch64 => aarch64(code)?,
    };
    (!found.is_empty()).then_some(found)
}

fn x86_64(code: &[u8]) -> Option<Vec<usize>> {
    let decoder = InstDecoder::default();
    let (mut at, mut returns) = (0, Vec::new());
    let (mut starts, mut targets) = (BTreeSet::new(), Vec::new());
    while let Some(rest) = code.get(at..).filter(|rest| !rest.is_empty()) {
        let instruction = decoder.decode_slice(rest).ok()?;
        starts.insert(at);
        let next = at.checked_add(length(&instruction)?)?;
        match instruction.opcode() {
            Opcode::RETURN => returns.push(at),
            Opcode::RETF | Opcode::IRET | Opcode::IRETD | Opcode::IRETQ | Opcode::JMPF => {
                return None;
            }
            opcode if jumps(opcode) => targets.push(target(next, &instruction)?),
            _ => {}
        }
        at = next;
    }
    targets
        .iter()
        .all(|target| starts.contains(target))
        .then_some(returns)
}

fn length(instruction: &Instruction) -> Option<usize> {
    let length = 0_u64.wrapping_offset(instruction.len()).to_linear();
    (length > 0).then_some(length)
}

fn jumps(opcode: Opcode) -> bool {
    let others = [
        Opcode::JMP,
        Opcode::LOOP,
        Opcode::LOOPZ,
        Opcode::LOOPNZ,
        Opcode::JRCXZ,
        Opcode::XBEGIN,
    ];
    opcode.is_jcc() || others.contains(&opcode)
}

/// Where a jump goes; `None` where only the running program knows.
fn target(next: usize, instruction: &Instruction) -> Option<usize> {
    let distance = match instruction.operand(0) {
        Operand::ImmediateI8 { imm } => isize::from(imm),
        Operand::ImmediateI32 { imm } => isize::try_from(imm).ok()?,
        _ => return None,
    };
    next.checked_add_signed(distance)
}

const WORD: usize = 4;

/// Instructions have one length, but constants may stand among them: a word that
/// an instruction loads is none.
fn aarch64(code: &[u8]) -> Option<Vec<usize>> {
    let words = || {
        let words = code.as_chunks::<WORD>().0.iter();
        words
            .enumerate()
            .map(|(number, bytes)| (number * WORD, u32::from_le_bytes(*bytes)))
    };
    let constants: BTreeSet<usize> = words()
        .filter_map(|(at, word)| loaded(at, word))
        .flatten()
        .collect();
    let (mut returns, mut end) = (Vec::new(), 0);
    for (at, word) in words().filter(|(at, _)| !constants.contains(at)) {
        end = at + WORD;
        match word {
            // ret, retaa, retab
            0xd65f_03c0 | 0xd65f_0bff | 0xd65f_0fff => returns.push(at),
            // br and ret to another register, with or without authentication
            _ if word & 0xfedf_0000 == 0xd61f_0000 && !is_call(word) => return None,
            _ => {
                if let Some(distance) = branch(word) {
                    at.checked_add_signed(distance)
                        .filter(|to| *to < code.len() && !constants.contains(to))?;
                }
            }
        }
    }
    (end > 0).then_some(returns)
}

/// `blr` and its kin.
const fn is_call(word: u32) -> bool {
    word & 0x0060_0000 == 0x0020_0000
}

/// The words that a load of a constant reads.
fn loaded(at: usize, word: u32) -> Option<impl Iterator<Item = usize>> {
    if word & 0x3b00_0000 != 0x1800_0000 {
        return None;
    }
    // ldr w, s: 4 bytes; ldr x, d and ldrsw: no more than 8; ldr q: 16.
    let words = match (word >> 30, word & 0x0400_0000 != 0) {
        (0, _) => 1,
        (2, true) => 4,
        _ => 2,
    };
    let first = at.checked_add_signed(signed(word >> 5, 19))?;
    Some((0..words).map(move |number| first.saturating_add(number * WORD)))
}

/// How far a branch with a target of its own goes; not a call.
fn branch(word: u32) -> Option<isize> {
    if word & 0xfc00_0000 == 0x1400_0000 {
        return Some(signed(word, 26));
    }
    // b.cond; cbz and cbnz
    if word & 0xff00_0000 == 0x5400_0000 || word & 0x7e00_0000 == 0x3400_0000 {
        return Some(signed(word >> 5, 19));
    }
    // tbz and tbnz
    (word & 0x7e00_0000 == 0x3600_0000).then(|| signed(word >> 5, 14))
}

/// The low `bits` of a field as a signed number of words, in bytes.
fn signed(field: u32, bits: u32) -> isize {
    let unused = 32 - bits;
    let words = (field << unused).cast_signed() >> unused;
    isize::try_from(words).unwrap_or(0).saturating_mul(4)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_return_of_a_function_is_found() {
        // test edi,edi; je +1; ret; xor eax,eax; ret; int3
        let code = [0x85, 0xff, 0x74, 0x01, 0xc3, 0x31, 0xc0, 0xc3, 0xcc];
        assert_eq!(returns(&code, Arch::X86_64), Some(vec![4, 7]));
    }

    #[test]
    fn a_return_s_byte_inside_of_another_instruction_is_none() {
        // mov eax,0xc3c3c3c3; ret
        let code = [0xb8, 0xc3, 0xc3, 0xc3, 0xc3, 0xc3];
        assert_eq!(returns(&code, Arch::X86_64), Some(vec![5]));
    }

    #[test]
    fn another_way_out_is_refused() {
        // ret; jmp out; jmp rax; ret, cut in the middle of an instruction
        for code in [
            &[0xc3, 0xe9, 0x00, 0x10, 0, 0][..],
            &[0xc3, 0xff, 0xe0],
            &[0xc3, 0xb8, 0],
            // je into the middle of the mov
            &[0x74, 0x01, 0xb8, 0xc3, 0xc3, 0xc3, 0xc3, 0xc3],
            &[0x90],
            &[],
        ] {
            assert_eq!(returns(code, Arch::X86_64), None, "{code:x?}");
        }
    }

    fn words(words: &[u32]) -> Vec<u8> {
        words.iter().flat_map(|word| word.to_le_bytes()).collect()
    }

    #[test]
    fn a_constant_among_aarch64_instructions_is_no_return() {
        // cbz x0, +8; ret; ldr w1, +8; ret; .word of a ret
        let code = words(&[
            0xb400_0040,
            0xd65f_03c0,
            0x1800_0041,
            0xd65f_03c0,
            0xd65f_03c0,
        ]);
        assert_eq!(returns(&code, Arch::Aarch64), Some(vec![4, 12]));
    }

    #[test]
    fn another_way_out_on_aarch64_is_refused() {
        for word in [
            0x1400_0100, // b out
            0xd61f_0000, // br x0
            0x5400_8000, // b.eq out
            0x17ff_ff00, // b to before it
        ] {
            assert_eq!(
                returns(&words(&[0xd65f_03c0, word]), Arch::Aarch64),
                None,
                "{word:x}"
            );
        }
        // blr x0 is a call
        assert_eq!(
            returns(&words(&[0xd63f_0000, 0xd65f_03c0]), Arch::Aarch64),
            Some(vec![4])
        );
    }

    proptest! {
        #[test]
        fn any_bytes_give_returns_within_them(code in proptest::collection::vec(any::<u8>(), 0..200)) {
            for arch in [Arch::X86_64, Arch::Aarch64] {
                for at in returns(&code, arch).unwrap_or_default() {
                    prop_assert!(at < code.len());
                }
            }
        }
    }
}
