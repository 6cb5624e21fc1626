//! The file of recordings: one JSON object a line, gzipped or not.
//!
//! `{"id","method","url","req_headers":[[name,value]…],"req_body":base64,
//! "status","resp_headers":[[name,value]…],"resp_body":base64}`

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek};
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

use super::body::Body;

/// Most bytes of a line.
const MAX_LINE: u64 = 64 << 20;

/// Header fields in wire order.
pub type Fields = Vec<(String, String)>;

/// One recorded exchange.
#[derive(Clone, Debug)]
pub struct Recording {
    /// Its name in the file.
    pub id: String,
    /// HTTP method.
    pub method: String,
    /// `https` or `http`.
    pub scheme: String,
    /// Host, and port where the URL names one.
    pub authority: String,
    /// Path and query.
    pub target: String,
    /// Fields of the request.
    pub request_fields: Fields,
    /// Body of the request.
    pub request: Body,
    /// HTTP status.
    pub status: u16,
    /// Fields of the response.
    pub response_fields: Fields,
    /// Body of the response.
    pub response: Body,
}

/// Why a file cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// It cannot be opened or read.
    #[error("cannot read the recordings: {0}")]
    Io(#[from] std::io::Error),
    /// A line is no exchange.
    #[error("line {line} is no recorded exchange: {why}")]
    Line {
        /// Counted from 1.
        line: usize,
        /// What is wrong with it.
        why: String,
    },
}

#[derive(Deserialize)]
struct Line {
    id: String,
    method: String,
    url: String,
    req_headers: Fields,
    req_body: Option<String>,
    status: u16,
    resp_headers: Fields,
    resp_body: Option<String>,
}

/// Reads a file, gzipped or not, and keeps the recordings whose id or URL holds
/// `only`.
///
/// # Errors
///
/// Where it cannot be read, or a line is no exchange.
pub fn read(path: &Path, only: Option<&str>) -> Result<Vec<Recording>, FileError> {
    let mut file = File::open(path)?;
    let mut magic = [0; 2];
    let gzipped = file.read_exact(&mut magic).is_ok() && magic == [0x1f, 0x8b];
    file.rewind()?;
    if gzipped {
        lines(
            BufReader::new(flate2::read::MultiGzDecoder::new(file)),
            only,
        )
    } else {
        lines(BufReader::new(file), only)
    }
}

fn lines(mut from: impl BufRead, only: Option<&str>) -> Result<Vec<Recording>, FileError> {
    let mut recordings = Vec::new();
    for line in 1.. {
        let wrong = |why: String| FileError::Line { line, why };
        let mut text = Vec::new();
        from.by_ref().take(MAX_LINE).read_until(b'\n', &mut text)?;
        if text.is_empty() {
            break;
        }
        if u64::try_from(text.len()).is_ok_and(|len| len == MAX_LINE) {
            return Err(wrong(String::from("longer than 64 MiB")));
        }
        if text.trim_ascii().is_empty() {
            continue;
        }
        let parsed: Line = serde_json::from_slice(&text).map_err(|why| wrong(why.to_string()))?;
        if only.is_none_or(|only| parsed.id.contains(only) || parsed.url.contains(only)) {
            recordings.push(recording(parsed).map_err(wrong)?);
        }
    }
    Ok(recordings)
}

fn recording(line: Line) -> Result<Recording, String> {
    let (scheme, rest) = line
        .url
        .split_once("://")
        .ok_or_else(|| format!("url {} has no scheme", line.url))?;
    let cut = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(cut);
    let target = match path.chars().next() {
        Some('/') => path.to_owned(),
        _ => format!("/{path}"),
    };
    Ok(Recording {
        request: body(line.req_body.as_deref(), &line.req_headers)?,
        response: body(line.resp_body.as_deref(), &line.resp_headers)?,
        scheme: scheme.to_owned(),
        authority: authority.to_owned(),
        target,
        id: line.id,
        method: line.method,
        request_fields: line.req_headers,
        status: line.status,
        response_fields: line.resp_headers,
    })
}

fn body(base64: Option<&str>, fields: &Fields) -> Result<Body, String> {
    let bytes = STANDARD
        .decode(base64.unwrap_or_default())
        .map_err(|why| format!("a body is no base64: {why}"))?;
    Ok(Body::recorded(
        bytes.into(),
        field(fields, "content-encoding"),
    ))
}

/// The first field of that name.
pub fn field<'a>(fields: &'a Fields, name: &str) -> Option<&'a str> {
    fields
        .iter()
        .find(|(field, _)| field.eq_ignore_ascii_case(name))
        .map(|(_, value)| value.as_str())
}

impl Recording {
    /// The host without its port.
    pub fn host(&self) -> &str {
        self.authority
            .rsplit_once(':')
            .filter(|(_, port)| port.bytes().all(|byte| byte.is_ascii_digit()))
            .map_or(self.authority.as_str(), |(host, _)| host)
    }

    /// The path without its query.
    pub fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::indexing_slicing,
        clippy::unwrap_used,
        reason = "a test states its assumptions by panicking"
    )]
    use super::*;

    const LINE: &str = r#"{"id":"made-up#0","method":"POST","url":"http://localhost:8000/v1/x?y=1","req_headers":[["Host","localhost"]],"req_body":"e30=","status":200,"resp_headers":[],"resp_body":null}"#;

    fn of(text: &str) -> Result<Vec<Recording>, FileError> {
        lines(text.as_bytes(), None)
    }

    #[test]
    fn a_line_is_taken_apart() {
        let read = of(&format!("{LINE}\n\n{LINE}")).unwrap();
        assert_eq!(read.len(), 2);
        let first = &read[0];
        assert_eq!(first.authority, "localhost:8000");
        assert_eq!((first.host(), first.path()), ("localhost", "/v1/x"));
        assert_eq!(first.target, "/v1/x?y=1");
        assert_eq!(first.request.plain, "{}");
        assert!(first.response.plain.is_empty());
    }

    #[test]
    fn a_broken_line_is_named_by_its_number() {
        let broken = LINE.replace("e30=", "!!");
        for second in ["{}", "nonsense", broken.as_str()] {
            let error = of(&format!("{LINE}\n{second}")).unwrap_err();
            assert!(matches!(error, FileError::Line { line: 2, .. }), "{error}");
        }
    }
}
