//! What must be true of a place besides its looks.

use std::collections::BTreeMap;
use std::io;

use super::data::Function;
use super::image::Image;
use super::pattern::Shape;

/// Error sites of a function may share the naming of the file within this.
const SHARED: usize = 4096;

/// Where the names of the source files are that the library's errors tell.
pub(super) type Marks = [(u64, u64)];

/// Whether the function at that place raises the errors that it should, with
/// the name of its source file.
pub(super) fn raises(
    image: &Image<'_>,
    marks: &Marks,
    function: &Function,
    place: u64,
    shape: Option<&Shape>,
) -> io::Result<bool> {
    if function.errors.is_empty() {
        return Ok(true);
    }
    let size = function.size.or(shape.map(Shape::len)).unwrap_or_default();
    let code = image.code_at(place, size + SHARED)?;
    let Some(address) = image.address(place) else {
        return Ok(false);
    };
    let raised = image.arch.error_sites(&code, size, address, marks);
    Ok(function.errors.iter().all(|error| raised.contains(error)))
}

/// Whether the function at that place calls the one at that address.
pub(super) fn calls(
    image: &Image<'_>,
    function: &Function,
    place: u64,
    shape: &Shape,
    target: u64,
) -> io::Result<bool> {
    let code = image.code_at(place, function.size.unwrap_or(shape.len()))?;
    let address = image.address(place);
    Ok(address.is_some_and(|address| image.arch.calls(&code, address, target)))
}

/// Who is called from where: the same name must mean the same address, whoever
/// calls.
#[derive(Debug, Default)]
pub(super) struct Calls<'a> {
    at: BTreeMap<&'a str, u64>,
}

impl<'a> Calls<'a> {
    /// Notes that a function is at that address. False: elsewhere, too.
    pub(super) fn note(&mut self, name: &'a str, address: u64) -> bool {
        *self.at.entry(name).or_insert(address) == address
    }

    /// Notes what a function of that shape calls. The name that leads to two
    /// places, or to none.
    pub(super) fn note_all(
        &mut self,
        image: &Image<'_>,
        place: u64,
        shape: &'a Shape,
    ) -> io::Result<Result<(), &'a str>> {
        let code = image.code_at(place, shape.len())?;
        for (at, name) in &shape.calls {
            let bytes = code.get(*at..).and_then(|code| code.first_chunk());
            let target = (image.address(place).zip(u64::try_from(*at).ok()).zip(bytes))
                .and_then(|((address, at), bytes)| image.arch.call_target(*bytes, address + at))
                .filter(|target| image.offset(*target).is_some());
            if !target.is_some_and(|target| self.note(name, target)) {
                return Ok(Err(name));
            }
        }
        Ok(Ok(()))
    }

    /// The address that goes by that name.
    pub(super) fn get(&self, name: &str) -> Option<u64> {
        self.at.get(name).copied()
    }
}
