//! Signature files: TOML, format 1 (`docs/signatures.md`). Everything is checked
//! when a file is read, so that a search cannot find fault with its data.

use oisp_ebpf_common::function::{FUNCTIONS, Library};

use super::SignatureError;
use super::arch::Arch;
use super::entries::{BuildEntry, File, FunctionEntry, SignatureEntry, in_one_line};
use super::image::Image;
use super::pattern::Shape;

/// The format that this version reads.
const FORMAT: u32 = 1;
/// Error sites are looked for in this many bytes at most.
const SIZE_LIMIT: usize = 1 << 16;
/// Shorter marks are in too many programs.
const MARK: usize = 8;

/// What one library looks like when compiled for one processor.
#[derive(Clone, Debug)]
pub(super) struct Signature {
    pub(super) name: String,
    pub(super) library: String,
    /// Of the data it is from.
    pub(super) version: String,
    pub(super) arch: Arch,
    /// How the name of the functions' source file ends.
    pub(super) mark: String,
    /// Functions, of which at least one must be found.
    pub(super) one_of: Vec<u64>,
    pub(super) functions: Vec<Function>,
}

/// A function that is searched for, or checked where others call it. There may be
/// several descriptions of one, by name.
#[derive(Clone, Debug)]
pub(super) struct Function {
    pub(super) name: String,
    /// Where it is probed.
    pub(super) number: Option<u64>,
    /// No file without it counts as found.
    pub(super) required: bool,
    /// What it may look like. None: it is where others call it.
    pub(super) shapes: Vec<Shape>,
    /// Reasons of errors that it raises.
    pub(super) errors: Vec<u32>,
    /// Functions that it calls somewhere.
    pub(super) calls: Vec<String>,
    /// Those of its errors that nothing else raises.
    pub(super) only: Vec<u32>,
    /// So many calls lead to it at most. None: any number.
    pub(super) callers: Option<usize>,
    /// So many bytes of it are searched for errors and calls. None: as many as its shape has.
    pub(super) size: Option<usize>,
}

/// Places that are known of one build.
#[derive(Clone, Debug)]
pub(super) struct Build {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) library: String,
    pub(super) version: String,
    pub(super) arch: Arch,
    /// Number, place, and the bytes there.
    pub(super) functions: Vec<(u64, u64, Shape)>,
}

impl Build {
    pub(super) fn is(&self, image: &Image<'_>) -> bool {
        self.arch == image.arch && image.build_id.as_ref() == Some(&self.id)
    }
}

/// What a file says.
pub(super) fn parse(
    path: &str,
    text: &str,
) -> Result<(Vec<Signature>, Vec<Build>), SignatureError> {
    let file: File = toml::from_str(text).map_err(|error| SignatureError::Format {
        path: path.into(),
        message: in_one_line(text, &error),
    })?;
    let in_file = |(key, message): Fault| SignatureError::Value {
        path: path.into(),
        key,
        message,
    };
    if file.format != FORMAT {
        let message = format!(
            "{} is not a format that is read here ({FORMAT})",
            file.format
        );
        return Err(in_file(("format".into(), message)));
    }
    let version = file.version;
    let signatures = file.signature.into_iter();
    let builds = file.build.into_iter();
    Ok((
        signatures
            .map(|entry| signature(entry, &version))
            .collect::<Result<_, _>>()
            .map_err(in_file)?,
        builds
            .map(|entry| build(entry, &version))
            .collect::<Result<_, _>>()
            .map_err(in_file)?,
    ))
}

/// The key, and what is wrong with it.
type Fault = (String, String);

fn signature(entry: SignatureEntry, version: &str) -> Result<Signature, Fault> {
    let key = format!("signature.{}", entry.name);
    if entry.mark.len() < MARK || entry.mark.contains('\0') {
        let message = format!("wants at least {MARK} characters, none of them zero");
        return Err((format!("{key}.mark"), message));
    }
    let functions = entry
        .function
        .into_iter()
        .map(|entry| function(entry, &key))
        .collect::<Result<Vec<_>, _>>()?;
    let fault = |what: &str, message: String| Err((format!("{key}.{what}"), message));
    for name in ["SSL_read", "SSL_write"] {
        let searched = |function: &Function| function.name == name && !function.shapes.is_empty();
        if !functions.iter().any(searched) {
            return fault("function", format!("{name} is missing, or has no shapes"));
        }
    }
    for (at, function) in functions.iter().enumerate() {
        let name = &function.name;
        let is_same = |other: &Function| other.name == *name && other.shapes.is_empty();
        if functions.iter().skip(at + 1).any(is_same) {
            return fault(name, "is there twice, and once without shapes".into());
        }
        let is_known = |called: &String| functions.iter().any(|other| other.name == *called);
        if let Some(called) = function.calls.iter().find(|called| !is_known(called)) {
            return fault(name, format!("calls {called}, which is not described"));
        }
        let is_called = |other: &Function| {
            let calls = other.shapes.iter().flat_map(|shape| &shape.calls);
            other.required && calls.into_iter().any(|(_, called)| called == name)
        };
        if function.shapes.is_empty() && !functions.iter().any(is_called) {
            return fault(
                name,
                "has no shapes, and none of SSL_read's and SSL_write's calls it".into(),
            );
        }
    }
    let mut one_of = Vec::new();
    for name in &entry.one_of {
        let known = functions.iter().find(|function| function.name == *name);
        let Some(number) = known.and_then(|function| function.number) else {
            return fault("one_of", format!("{name} is no function to probe here"));
        };
        one_of.push(number);
    }
    Ok(Signature {
        name: entry.name,
        library: entry.library,
        version: version.into(),
        arch: entry.arch,
        mark: entry.mark,
        one_of,
        functions,
    })
}

fn function(entry: FunctionEntry, key: &str) -> Result<Function, Fault> {
    let key = format!("{key}.{}", entry.name);
    let number = number(&entry.name);
    if number.is_none() && entry.name.starts_with("SSL_") {
        return Err((key, "is no function that is probed".into()));
    }
    let shapes = entry
        .shapes
        .iter()
        .enumerate()
        .map(|(at, text)| Shape::parse(text).map_err(|why| (format!("{key}.shapes[{at}]"), why)))
        .collect::<Result<Vec<_>, _>>()?;
    if shapes.is_empty() && (entry.errors.is_empty() || entry.size.is_none()) {
        let message = "without shapes it needs errors and size, or nothing can be checked";
        return Err((key, message.into()));
    }
    if entry.size.is_some_and(|size| size > SIZE_LIMIT) {
        return Err((format!("{key}.size"), format!("more than {SIZE_LIMIT}")));
    }
    if let Some(error) = entry
        .only
        .iter()
        .find(|error| !entry.errors.contains(error))
    {
        return Err((format!("{key}.only"), format!("{error} is not in errors")));
    }
    Ok(Function {
        required: matches!(entry.name.as_str(), "SSL_read" | "SSL_write"),
        name: entry.name,
        number,
        shapes,
        errors: entry.errors,
        calls: entry.calls,
        only: entry.only,
        callers: entry.callers,
        size: entry.size,
    })
}

fn build(entry: BuildEntry, version: &str) -> Result<Build, Fault> {
    let key = format!("build.{}", entry.id);
    let mut functions = Vec::new();
    for place in entry.function {
        let key = format!("{key}.{}", place.name);
        let Some(number) = number(&place.name) else {
            return Err((key, "is no function that is probed".into()));
        };
        let shape = Shape::parse(&place.bytes).map_err(|why| (format!("{key}.bytes"), why))?;
        functions.push((number, place.offset, shape));
    }
    functions.sort_by_key(|(number, ..)| *number);
    let numbers: Vec<u64> = functions.iter().map(|(number, ..)| *number).collect();
    if !numbers.is_sorted_by(|one, next| one < next) || !numbers.starts_with(&[0, 1]) {
        let message = "wants SSL_read, SSL_write and other functions, each once";
        return Err((format!("{key}.function"), message.into()));
    }
    Ok(Build {
        id: entry.id.to_ascii_lowercase(),
        name: entry.name,
        library: entry.library,
        version: version.into(),
        arch: entry.arch,
        functions,
    })
}

fn number(name: &str) -> Option<u64> {
    let known = FUNCTIONS
        .iter()
        .find(|function| function.library == Library::OpenSsl && function.symbol == name);
    known.map(|function| function.number)
}
