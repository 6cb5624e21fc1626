//! Copies of a function in its callers. A linker that knows the whole program
//! may put them there, and a probe at the function then misses what they do.
//! They betray themselves: they call what only the function should call, or
//! raise an error that only it should raise.

use std::io;

use memchr::memmem::Finder;

use super::arch::Arch;
use super::checks::Marks;
use super::image::Image;
use super::scan;

/// An error site fits into so many bytes on either side of its reason.
const SITE: usize = 64;

/// How many calls and jumps lead to that address, but no more than `limit`.
pub(super) fn callers(image: &Image<'_>, target: u64, limit: usize) -> io::Result<usize> {
    let mut count = 0;
    let skipped = image.arch.call_bytes();
    scan::code(image, 8, |offset, block, length| {
        let Some(start) = image.address(offset) else {
            return true;
        };
        let leads = |at: &usize| {
            let bytes = block
                .get(at + skipped..)
                .and_then(|code| code.first_chunk());
            let address = start + u64::try_from(at + skipped).unwrap_or_default();
            let to = bytes.and_then(|bytes| image.arch.jump_target(*bytes, address));
            to == Some(target)
        };
        count += match image.arch {
            Arch::X86_64 => memchr::memchr2_iter(0xe8, 0xe9, block)
                .take_while(|at| *at < length)
                .filter(leads)
                .count(),
            // The last byte of `bl` and `b`, with the top bits of the distance:
            // a look at one byte in four is enough for most.
            Arch::Aarch64 => (block.iter().skip(3).step_by(4).enumerate())
                .filter(|(_, last)| matches!(**last & 0xfc, 0x94 | 0x14))
                .map(|(word, _)| word * 4)
                .take_while(|at| *at < length)
                .filter(leads)
                .count(),
        };
        count < limit
    })?;
    Ok(count.min(limit))
}

/// A place outside of the function at `own`, of `size` bytes, that raises the
/// same error.
pub(super) fn raised_elsewhere(
    image: &Image<'_>,
    marks: &Marks,
    reason: u32,
    own: u64,
    size: usize,
) -> io::Result<Option<u64>> {
    let own = own..own.saturating_add(u64::try_from(size).unwrap_or(u64::MAX));
    let mut places = Vec::new();
    for needle in image.arch.reason_setters(reason) {
        let finder = Finder::new(&needle);
        scan::code(image, needle.len(), |offset, block, length| {
            let hits = finder.find_iter(block).take_while(|hit| *hit < length);
            places.extend(hits.map(|hit| offset + u64::try_from(hit).unwrap_or_default()));
            true
        })?;
    }
    for place in places {
        if own.contains(&place) || place % image.arch.alignment() != 0 {
            continue;
        }
        let before = image.code_before(place).min(SITE);
        let start = place - u64::try_from(before).unwrap_or_default();
        let code = image.code_at(start, before + SITE)?;
        let raised = image.address(start).map(|address| {
            image
                .arch
                .error_sites(&code, code.len(), address, marks)
                .contains(&reason)
        });
        if raised == Some(true) {
            return Ok(Some(place));
        }
    }
    Ok(None)
}
