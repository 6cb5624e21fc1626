//! What a probe costs the probed program, by the instruction that it sits on.
//!
//! The kernel carries out a few kinds of instructions by itself; over any other
//! it lets the program step, which takes a second trap: five to ten times as
//! long (`arch/x86/kernel/uprobes.c`).

use std::fs::File;
use std::os::unix::fs::FileExt as _;

use super::Place;

/// Of so many places, those at which the kernel must let the program step; none
/// where that is not known for this machine.
pub(crate) fn stepped(file: &File, places: &[Place]) -> Option<usize> {
    if !cfg!(target_arch = "x86_64") {
        return None;
    }
    let steps = |place: &&Place| {
        let mut code = [0; 4];
        file.read_exact_at(&mut code, place.offset)
            .is_ok_and(|()| !is_emulated(code))
    };
    Some(places.iter().filter(steps).count())
}

/// `push`, `nop`, `call`, `jmp` and conditional jumps.
const fn is_emulated(code: [u8; 4]) -> bool {
    let [first, second, ..] = code;
    match first {
        0x50..=0x57 | 0x70..=0x7f | 0x90 | 0xe8 | 0xe9 | 0xeb => true,
        // `push` of the registers that came with 64 bits.
        0x41 => matches!(second, 0x50..=0x57),
        0x0f => matches!(second, 0x1f | 0x80..=0x8f),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_kernel_carries_out_itself_is_told_from_what_it_steps_over() {
        // push %rbp; push %r15; call; nopw
        for code in [
            [0x55, 0x48, 0x89, 0xe5],
            [0x41, 0x57, 0x41, 0x56],
            [0xe8, 0, 0, 0],
            [0x0f, 0x1f, 0x44, 0],
        ] {
            assert!(is_emulated(code), "{code:x?}");
        }
        // sub $8,%rsp; endbr64; ret; mov
        for code in [
            [0x48, 0x83, 0xec, 0x08],
            [0xf3, 0x0f, 0x1e, 0xfa],
            [0xc3, 0, 0, 0],
            [0x41, 0x89, 0xd0, 0],
        ] {
            assert!(!is_emulated(code), "{code:x?}");
        }
    }
}
