//! Going through the parts of a file block by block.

use std::io;

use memchr::memmem::Finder;

use super::image::{Image, Part};
use super::pattern::{LONGEST, Wanted};

const BLOCK: usize = 1 << 20;
/// The whole path of a source file, of which the mark is the end.
const PATH: usize = 512;

/// Every place where one of the shapes is, with what that shape belongs to.
/// Stops at `limit` places.
pub(super) fn shapes<T: Copy>(
    image: &Image<'_>,
    wanted: &[Wanted<'_, T>],
    limit: usize,
) -> io::Result<Vec<(u64, T)>> {
    let alignment = image.arch.alignment();
    let mut places = Vec::new();
    for part in &image.code {
        blocks(image, *part, LONGEST, |offset, block, length| {
            for one in wanted {
                for hit in one.finder.find_iter(block) {
                    for (owner, shape) in &one.shapes {
                        let Some(start) = hit.checked_sub(shape.anchor().1) else {
                            continue;
                        };
                        let place = offset + u64::try_from(start).unwrap_or_default();
                        if start < length
                            && place % alignment == 0
                            && block.get(start..).is_some_and(|code| shape.matches(code))
                        {
                            places.push((place, *owner));
                        }
                    }
                }
            }
            places.len() < limit
        })?;
    }
    Ok(places)
}

/// Where texts are in memory that end in `mark` and a zero: first and last
/// address by which they may be named. Stops at `limit`.
pub(super) fn marks(image: &Image<'_>, mark: &str, limit: usize) -> io::Result<Vec<(u64, u64)>> {
    let text = [mark.as_bytes(), &[0]].concat();
    let finder = Finder::new(&text);
    let mut marks = Vec::new();
    for part in &image.constants {
        blocks(image, *part, text.len(), |offset, block, length| {
            for hit in finder.find_iter(block).take_while(|hit| *hit < length) {
                marks.push((*part, offset + u64::try_from(hit).unwrap_or_default()));
            }
            marks.len() < limit
        })?;
    }
    marks
        .into_iter()
        .map(|(part, offset)| {
            let address = part.address.wrapping_add(offset - part.offset);
            Ok((address - before(image, part, offset)?, address))
        })
        .collect()
}

/// How many bytes of the same text are before that place.
fn before(image: &Image<'_>, part: Part, offset: u64) -> io::Result<u64> {
    let length = (offset - part.offset).min(u64::try_from(PATH).unwrap_or_default());
    let mut text = vec![0; usize::try_from(length).unwrap_or_default()];
    let read = image.read_at(offset - length, &mut text)?;
    text.truncate(read);
    let same = text.iter().rev().take_while(|byte| **byte != 0).count();
    Ok(u64::try_from(same).unwrap_or_default())
}

/// The same blocks of all code.
pub(super) fn code(
    image: &Image<'_>,
    beyond: usize,
    mut each: impl FnMut(u64, &[u8], usize) -> bool,
) -> io::Result<()> {
    (image.code.iter()).try_for_each(|part| blocks(image, *part, beyond, &mut each))
}

/// Gives offset, bytes and length of each block, the bytes going `beyond` its
/// length into the next one, until told that it is enough.
fn blocks(
    image: &Image<'_>,
    part: Part,
    beyond: usize,
    mut each: impl FnMut(u64, &[u8], usize) -> bool,
) -> io::Result<()> {
    let size = u64::try_from(BLOCK).unwrap_or(u64::MAX);
    let mut buffer = vec![0; BLOCK + beyond];
    let mut done = 0;
    while done < part.length {
        let left = usize::try_from(part.length - done).unwrap_or(usize::MAX);
        let length = left.min(buffer.len());
        let offset = part.offset + done;
        let read = match buffer.get_mut(..length) {
            Some(room) => image.read_at(offset, room)?,
            None => 0,
        };
        let Some(block) = buffer.get(..read) else {
            break;
        };
        if read == 0 || !each(offset, block, read.min(BLOCK)) {
            break;
        }
        done += size;
    }
    Ok(())
}
