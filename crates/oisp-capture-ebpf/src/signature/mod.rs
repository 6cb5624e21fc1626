//! TLS functions of programs that name none: BoringSSL inside stripped programs
//! (Bun and what is built with it, Chromium).
//!
//! In: an open ELF file. Out: where its functions are, or why that is not sure.
//! What they look like is data with a version (`signatures/*.toml`, format in
//! `docs/signatures.md`), which a user can add to. A function counts as found
//! where exactly one place has one of its shapes and passes every check; one
//! doubt refuses the whole file, because a probe at a wrong place captures
//! nonsense.
//!
//! Limits: 64-bit ELF, little endian, x86-64 and aarch64; the file is read in
//! blocks of a megabyte and never held whole. A program of 100 MB takes about a
//! tenth of a second, so callers keep the outcome by file.

mod arch;
mod checks;
mod copies;
mod data;
mod entries;
mod image;
mod pattern;
mod scan;
mod search;
#[cfg(test)]
mod tests;

use std::fs::File;
use std::path::{Path, PathBuf};

use data::{Build, Signature};
use image::Image;

/// What ships with this version.
const SHIPPED: [(&str, &str); 2] = [
    (
        "boringssl-x86_64.toml",
        include_str!("../../signatures/boringssl-x86_64.toml"),
    ),
    (
        "boringssl-aarch64.toml",
        include_str!("../../signatures/boringssl-aarch64.toml"),
    ),
];
/// No signature file is anywhere near as long.
const FILE_LIMIT: u64 = 4 << 20;

/// Why a signature file was not taken.
#[derive(Debug, thiserror::Error)]
pub enum SignatureError {
    /// It, or its directory, could not be read.
    #[error("cannot read {path}")]
    Read {
        /// The file or directory.
        path: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// It is not TOML of this format.
    #[error("{path}: {message}")]
    Format {
        /// The file.
        path: String,
        /// Line, key and what is wrong there.
        message: String,
    },
    /// A value makes no sense.
    #[error("{path}: {key}: {message}")]
    Value {
        /// The file.
        path: String,
        /// Where in the file, such as `signature.bun.SSL_read.shapes[2]`.
        key: String,
        /// What is wrong with it.
        message: String,
    },
}

/// What is known of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The functions are at these places.
    Found(Found),
    /// The library is inside, and where its functions are is not sure.
    Refused {
        /// What was missing, or was there twice.
        why: String,
    },
    /// Nothing tells of a library that there are signatures for.
    Absent,
}

/// The functions of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Name of the signature, or of the build.
    pub name: String,
    /// The library, such as `BoringSSL`.
    pub library: String,
    /// Version of the data that the signature is from.
    pub version: String,
    /// Number (see `oisp_ebpf_common::function`) and file offset of each, by
    /// number.
    pub functions: Vec<(u64, u64)>,
}

/// All signatures that are known.
#[derive(Clone, Debug, Default)]
pub struct Signatures {
    signatures: Vec<Signature>,
    builds: Vec<Build>,
}

impl Signatures {
    /// The shipped signatures, and those of the files `*.toml` in these
    /// directories. One bad file is an error: a signature that silently does
    /// not count is worse.
    pub fn load(directories: &[PathBuf]) -> Result<Self, SignatureError> {
        let mut all = Self::default();
        for (name, text) in SHIPPED {
            all.add(name, text)?;
        }
        for directory in directories {
            for path in files(directory)? {
                all.add(&path.display().to_string(), &read(&path)?)?;
            }
        }
        Ok(all)
    }

    /// Adds what a file says.
    pub(crate) fn add(&mut self, path: &str, text: &str) -> Result<(), SignatureError> {
        let (signatures, builds) = data::parse(path, text)?;
        self.signatures.extend(signatures);
        self.builds.extend(builds);
        Ok(())
    }

    /// Looks for the functions in a file, as long as that takes.
    pub fn find(&self, file: &File) -> Outcome {
        let Some(image) = Image::read(file) else {
            return Outcome::Absent;
        };
        if let Some(build) = self.builds.iter().find(|build| build.is(&image)) {
            return search::build(build, &image);
        }
        let fitting = self
            .signatures
            .iter()
            .filter(|signature| signature.arch == image.arch);
        one(fitting.map(|signature| search::signature(signature, &image)))
    }
}

/// Signatures may know the same program, as long as they agree.
fn one(outcomes: impl Iterator<Item = Outcome>) -> Outcome {
    let mut found: Option<Found> = None;
    let mut refused = None;
    for outcome in outcomes {
        match outcome {
            Outcome::Found(next) => match &found {
                Some(before) if before.functions != next.functions => {
                    return Outcome::Refused {
                        why: format!("{} and {} find different places", before.name, next.name),
                    };
                }
                Some(_) => {}
                None => found = Some(next),
            },
            Outcome::Refused { .. } if refused.is_none() => refused = Some(outcome),
            Outcome::Refused { .. } | Outcome::Absent => {}
        }
    }
    match found {
        Some(found) => Outcome::Found(found),
        None => refused.unwrap_or(Outcome::Absent),
    }
}

/// The signature files of a directory, by name.
fn files(directory: &Path) -> Result<Vec<PathBuf>, SignatureError> {
    let unreadable = |source| SignatureError::Read {
        path: directory.display().to_string(),
        source,
    };
    let mut files = Vec::new();
    for entry in std::fs::read_dir(directory).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if path.extension().is_some_and(|end| end == "toml") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

fn read(path: &Path) -> Result<String, SignatureError> {
    let unreadable = |source| SignatureError::Read {
        path: path.display().to_string(),
        source,
    };
    let length = std::fs::metadata(path).map_err(unreadable)?.len();
    if length > FILE_LIMIT {
        return Err(SignatureError::Format {
            path: path.display().to_string(),
            message: format!("longer than {FILE_LIMIT} bytes"),
        });
    }
    std::fs::read_to_string(path).map_err(unreadable)
}
