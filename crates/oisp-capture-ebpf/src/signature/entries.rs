//! The tables of a signature file as TOML has them, with nothing checked but
//! their keys and types.

use serde::Deserialize;

use super::arch::Arch;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    pub(super) format: u32,
    pub(super) version: String,
    #[serde(default)]
    pub(super) signature: Vec<SignatureEntry>,
    #[serde(default)]
    pub(super) build: Vec<BuildEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SignatureEntry {
    pub(super) name: String,
    pub(super) library: String,
    pub(super) arch: Arch,
    pub(super) mark: String,
    #[serde(default)]
    pub(super) one_of: Vec<String>,
    pub(super) function: Vec<FunctionEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FunctionEntry {
    pub(super) name: String,
    #[serde(default)]
    pub(super) shapes: Vec<String>,
    #[serde(default)]
    pub(super) errors: Vec<u32>,
    #[serde(default)]
    pub(super) calls: Vec<String>,
    #[serde(default)]
    pub(super) only: Vec<u32>,
    pub(super) callers: Option<usize>,
    pub(super) size: Option<usize>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct BuildEntry {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) library: String,
    pub(super) arch: Arch,
    pub(super) function: Vec<PlaceEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PlaceEntry {
    pub(super) name: String,
    pub(super) offset: u64,
    pub(super) bytes: String,
}

/// The message without the picture of the place, and the line instead.
pub(super) fn in_one_line(text: &str, error: &toml::de::Error) -> String {
    let start = error.span().and_then(|span| text.get(..span.start));
    let place = start.map(|before| {
        let number = before.matches('\n').count();
        let line = text.lines().nth(number).unwrap_or_default().trim();
        let line: String = line.chars().take(60).collect();
        format!("line {}, `{line}`: ", number + 1)
    });
    format!("{}{}", place.unwrap_or_default(), error.message())
}
