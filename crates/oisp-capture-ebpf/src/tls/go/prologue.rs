//! How Go's compiler begins a function that takes its arguments in registers.
//!
//! First the room on the goroutine's stack is checked, against the limit that
//! the goroutine keeps 16 bytes behind its address. That address is in r14 (x28
//! on aarch64) since arguments are in registers: a function that begins so is
//! one, and was found where it stands.

use crate::tls::returns::Arch;

/// Offset of the instruction to probe, at which arguments and stack are those
/// of the entry; `None` where the function does not begin so.
pub(super) fn entry(code: &[u8], arch: Arch) -> Option<usize> {
    match arch {
        Arch::X86_64 => x86_64(code),
        Arch::Aarch64 => aarch64(code),
    }
}

/// cmp rsp, [r14+16]
const SMALL: [u8; 4] = [0x49, 0x3b, 0x66, 0x10];
/// cmp r12, [r14+16]
const LARGE: [u8; 4] = [0x4d, 0x3b, 0x66, 0x10];
/// lea r12, [rsp - 8 bits] and [rsp - 32 bits]
const FRAME: [([u8; 4], usize); 2] = [([0x4c, 0x8d, 0x64, 0x24], 5), ([0x4c, 0x8d, 0xa4, 0x24], 8)];
/// push rbp
const PUSH: u8 = 0x55;

/// `push rbp`, the first instruction behind the check (Go 1.21 and later), is
/// what the kernel emulates instead of stepping over it, and is reached once,
/// whereas a stack without room is made larger and the check done again.
fn x86_64(code: &[u8]) -> Option<usize> {
    let sizes = FRAME.iter().find(|(start, _)| code.starts_with(start));
    let (check, compare) = match sizes {
        Some((_, size)) => (*size, LARGE),
        None => (0, SMALL),
    };
    let jump = check + compare.len();
    if code.get(check..jump) != Some(&compare) {
        return None;
    }
    // jbe, near or far
    let behind = match code.get(jump..jump + 2)? {
        [0x76, _] => jump + 2,
        [0x0f, 0x86] => jump + 6,
        _ => return None,
    };
    Some(if code.get(behind) == Some(&PUSH) {
        behind
    } else {
        0
    })
}

/// `ldr x16, [x28, #16]`
const LIMIT: u32 = 0xf940_0b90;

fn aarch64(code: &[u8]) -> Option<usize> {
    let first = code
        .first_chunk::<4>()
        .map(|word| u32::from_le_bytes(*word));
    (first == Some(LIMIT)).then_some(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_check_of_the_stack_is_passed_where_a_push_follows() {
        let small = [0x49, 0x3b, 0x66, 0x10, 0x0f, 0x86, 1, 2, 0, 0, 0x55, 0x48];
        assert_eq!(entry(&small, Arch::X86_64), Some(10));
        let large = [
            0x4c, 0x8d, 0x64, 0x24, 0xc0, 0x4d, 0x3b, 0x66, 0x10, 0x76, 9, 0x55,
        ];
        assert_eq!(entry(&large, Arch::X86_64), Some(11));
        let without = [0x49, 0x3b, 0x66, 0x10, 0x76, 9, 0x48, 0x83, 0xec, 0x20];
        assert_eq!(entry(&without, Arch::X86_64), Some(0));
    }

    #[test]
    fn another_beginning_is_refused() {
        // The limit through thread-local storage: arguments are on the stack.
        let older = [0x64, 0x48, 0x8b, 0x0c, 0x25, 0xf8, 0xff, 0xff, 0xff];
        assert_eq!(entry(&older, Arch::X86_64), None);
        assert_eq!(entry(&SMALL, Arch::X86_64), None);
        assert_eq!(entry(&[0x90, 0x0b, 0x40, 0xf9], Arch::Aarch64), Some(0));
        assert_eq!(entry(&[0x81, 0x0b, 0x40, 0xf9], Arch::Aarch64), None);
    }
}
