//! The search: places that look right, then the checks, then no doubt left.

use std::io;

use super::checks::{self, Calls};
use super::data::{Build, Function, Signature};
use super::image::Image;
use super::pattern::{self, Shape};
use super::{Found, Outcome, copies, scan};

/// A shape that is at so many places is no shape of one function.
const PLACES: usize = 4096;
/// So many source files of that name are no longer one library.
const MARKS: usize = 64;

/// Looks for what a signature describes.
pub(super) fn signature(signature: &Signature, image: &Image<'_>) -> Outcome {
    match search(signature, image) {
        Ok(Ok(functions)) => Outcome::Found(Found {
            name: signature.name.clone(),
            library: signature.library.clone(),
            version: signature.version.clone(),
            functions,
        }),
        Ok(Err(Doubt::Absent)) => Outcome::Absent,
        Ok(Err(Doubt::Why(why))) => Outcome::Refused {
            why: format!("{}: {why}", signature.name),
        },
        Err(error) => Outcome::Refused {
            why: format!("cannot read the file: {error}"),
        },
    }
}

/// Looks whether a known build is what its entry says.
pub(super) fn build(build: &Build, image: &Image<'_>) -> Outcome {
    for (_, place, shape) in &build.functions {
        let code = image.code_at(*place, shape.len()).unwrap_or_default();
        if !shape.matches(&code) {
            return Outcome::Refused {
                why: format!("{}: other bytes at {place:#x} than known", build.name),
            };
        }
    }
    let functions = build.functions.iter();
    Outcome::Found(Found {
        name: build.name.clone(),
        library: build.library.clone(),
        version: build.version.clone(),
        functions: functions
            .map(|(number, place, _)| (*number, *place))
            .collect(),
    })
}

enum Doubt {
    Absent,
    Why(String),
}

type Searched<T> = io::Result<Result<T, Doubt>>;

fn doubt<T>(why: impl Into<String>) -> Searched<T> {
    Ok(Err(Doubt::Why(why.into())))
}

fn search(signature: &Signature, image: &Image<'_>) -> Searched<Vec<(u64, u64)>> {
    let marks = scan::marks(image, &signature.mark, MARKS)?;
    if marks.is_empty() {
        return Ok(Err(Doubt::Absent));
    }
    let found = match places(signature, image, &marks)? {
        Ok(found) => found,
        Err(doubt) => return Ok(Err(doubt)),
    };
    let mut calls = Calls::default();
    for (function, place, shape) in &found {
        let same = image
            .address(*place)
            .is_some_and(|address| calls.note(&function.name, address));
        let all = calls.note_all(image, *place, shape)?;
        if let Some(name) = all.err().or((!same).then_some(&function.name)) {
            return doubt(format!("{name} is not where it is called"));
        }
    }
    for function in &signature.functions {
        if !function.shapes.is_empty() {
            continue;
        }
        let place = calls.get(&function.name).and_then(|at| image.offset(at));
        let is_it = match place {
            Some(place) => checks::raises(image, &marks, function, place, None)?,
            None => false,
        };
        if !is_it {
            return doubt(format!(
                "what is called as {} is something else",
                function.name
            ));
        }
    }
    for (function, place, shape) in &found {
        for called in &function.calls {
            let is_called = match calls.get(called) {
                Some(target) => checks::calls(image, function, *place, shape, target)?,
                None => false,
            };
            if !is_called {
                return doubt(format!("{} does not call {called}", function.name));
            }
        }
    }
    if let Some(why) = copied(signature, image, &marks, &found, &calls)? {
        return doubt(why);
    }
    let mut functions: Vec<(u64, u64)> = found
        .iter()
        .filter_map(|(function, place, _)| Some((function.number?, *place)))
        .collect();
    functions.sort_unstable();
    let is_found = |number: &u64| functions.iter().any(|(found, _)| found == number);
    if !signature.one_of.is_empty() && !signature.one_of.iter().any(is_found) {
        return doubt("nothing tells one connection from the next");
    }
    Ok(Ok(functions))
}

/// Why a function seems to be in its callers, too.
fn copied(
    signature: &Signature,
    image: &Image<'_>,
    marks: &checks::Marks,
    found: &[Located<'_>],
    calls: &Calls<'_>,
) -> io::Result<Option<String>> {
    for (function, place, shape) in found {
        let size = function.size.unwrap_or(shape.len());
        for error in &function.only {
            let elsewhere = copies::raised_elsewhere(image, marks, *error, *place, size)?;
            if let Some(other) = elsewhere {
                let name = &function.name;
                return Ok(Some(format!("{other:#x} raises what only {name} should")));
            }
        }
    }
    for function in &signature.functions {
        if let Some((limit, at)) = function.callers.zip(calls.get(&function.name))
            && copies::callers(image, at, limit + 1)? > limit
        {
            return Ok(Some(format!(
                "{} is called from elsewhere, too",
                function.name
            )));
        }
    }
    Ok(None)
}

/// A function, its place, and what it looks like there.
type Located<'a> = (&'a Function, u64, &'a Shape);

/// The one place of each function. A function that need not be there is left
/// out where no place is its.
fn places<'a>(
    signature: &'a Signature,
    image: &Image<'_>,
    marks: &checks::Marks,
) -> Searched<Vec<Located<'a>>> {
    let shapes = signature.functions.iter().flat_map(|function| {
        let owned = move |shape| ((function, shape), shape);
        function.shapes.iter().map(owned)
    });
    let alike = scan::shapes(image, &pattern::wanted(shapes), PLACES)?;
    if alike.len() >= PLACES {
        return doubt("too many places look right");
    }
    let mut found: Vec<Located<'a>> = Vec::new();
    for (place, (function, shape)) in alike {
        if !checks::raises(image, marks, function, place, Some(shape))? {
            continue;
        }
        let is_it = |(other, ..): &&Located<'_>| other.name == function.name;
        match found.iter().find(is_it) {
            Some((_, other, _)) if *other != place => {
                let name = &function.name;
                return doubt(format!("{name} is at {other:#x} and at {place:#x}"));
            }
            Some(_) => {}
            None => found.push((function, place, shape)),
        }
    }
    let is_missing = |function: &&Function| {
        let is_it = |(found, ..): &Located<'_>| found.name == function.name;
        function.required && !found.iter().any(is_it)
    };
    if let Some(missing) = signature.functions.iter().find(is_missing) {
        return doubt(format!("{} looks like none that is known", missing.name));
    }
    Ok(Ok(found))
}
