//! Content codings both ways, with the libraries themselves: what a recording
//! holds is found out without the decoder that is under test.

use std::io::{Read, Write};

use flate2::Compression;

/// Most bytes that a body is decoded to.
const MAX_DECODED: u64 = 48 << 20;

/// The codings that a body is put into, by their name on the wire; raw deflate
/// is what some servers send under the name `deflate`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coding {
    /// RFC 1952.
    Gzip,
    /// `deflate` as specified: RFC 1950.
    Zlib,
    /// `deflate` as often sent: RFC 1951.
    RawDeflate,
    /// RFC 7932.
    Brotli,
    /// RFC 8878.
    Zstd,
}

impl Coding {
    /// The name in `content-encoding`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Zlib | Self::RawDeflate => "deflate",
            Self::Brotli => "br",
            Self::Zstd => "zstd",
        }
    }

    fn parse(name: &str) -> Option<Self> {
        match name.trim().to_ascii_lowercase().as_str() {
            "gzip" | "x-gzip" => Some(Self::Gzip),
            "deflate" => Some(Self::Zlib),
            "br" => Some(Self::Brotli),
            "zstd" => Some(Self::Zstd),
            _ => None,
        }
    }

    /// Puts `bytes` into the coding.
    ///
    /// # Errors
    ///
    /// Where the library fails.
    pub fn encode(self, bytes: &[u8]) -> std::io::Result<Vec<u8>> {
        match self {
            Self::Gzip => {
                let mut encoder = flate2::write::GzEncoder::new(Vec::new(), Compression::fast());
                encoder.write_all(bytes)?;
                encoder.finish()
            }
            Self::Zlib => {
                let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), Compression::fast());
                encoder.write_all(bytes)?;
                encoder.finish()
            }
            Self::RawDeflate => {
                let mut encoder =
                    flate2::write::DeflateEncoder::new(Vec::new(), Compression::fast());
                encoder.write_all(bytes)?;
                encoder.finish()
            }
            Self::Brotli => {
                let mut encoder = brotli::CompressorWriter::new(Vec::new(), 4096, 3, 18);
                encoder.write_all(bytes)?;
                Ok(encoder.into_inner())
            }
            Self::Zstd => zstd::stream::encode_all(bytes, 1),
        }
    }

    fn decode(self, bytes: &[u8]) -> std::io::Result<Vec<u8>> {
        match self {
            Self::Gzip => read(flate2::read::MultiGzDecoder::new(bytes)),
            Self::Zlib => read(flate2::read::ZlibDecoder::new(bytes))
                .or_else(|_| read(flate2::read::DeflateDecoder::new(bytes))),
            Self::RawDeflate => read(flate2::read::DeflateDecoder::new(bytes)),
            Self::Brotli => read(brotli::Decompressor::new(bytes, 4096)),
            Self::Zstd => read(zstd::stream::read::Decoder::new(bytes)?),
        }
    }
}

fn read(from: impl Read) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    from.take(MAX_DECODED + 1).read_to_end(&mut bytes)?;
    if u64::try_from(bytes.len()).is_ok_and(|len| len <= MAX_DECODED) {
        Ok(bytes)
    } else {
        Err(std::io::Error::other("body is longer than 48 MiB"))
    }
}

/// The codings that a `content-encoding` names, in the order in which they were
/// applied. `None` where one is not known.
pub fn parse_list(value: &str) -> Option<Vec<Coding>> {
    value
        .split(',')
        .filter(|name| !name.trim().is_empty() && !name.trim().eq_ignore_ascii_case("identity"))
        .map(Coding::parse)
        .collect()
}

/// Applies the codings one after the other.
///
/// # Errors
///
/// Where a library fails.
pub fn encode_all(codings: &[Coding], bytes: &[u8]) -> std::io::Result<Vec<u8>> {
    codings
        .iter()
        .try_fold(bytes.to_vec(), |bytes, coding| coding.encode(&bytes))
}

/// Undoes the codings, the last applied first.
///
/// # Errors
///
/// Where the bytes are not in that coding.
pub fn decode_all(codings: &[Coding], bytes: &[u8]) -> std::io::Result<Vec<u8>> {
    codings
        .iter()
        .rev()
        .try_fold(bytes.to_vec(), |bytes, coding| coding.decode(&bytes))
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        reason = "a test states its assumptions by panicking"
    )]
    use super::*;

    #[test]
    fn every_coding_comes_back() {
        let text = b"data: {\"x\":1}\n\n".repeat(99);
        for coding in [
            Coding::Gzip,
            Coding::Zlib,
            Coding::RawDeflate,
            Coding::Brotli,
            Coding::Zstd,
        ] {
            let coded = coding.encode(&text).unwrap();
            assert!(coded.len() < text.len());
            let named = parse_list(coding.name()).unwrap();
            assert_eq!(decode_all(&named, &coded).unwrap(), text, "{coding:?}");
        }
        let chain = parse_list("gzip, identity, br").unwrap();
        let coded = encode_all(&chain, &text).unwrap();
        assert_eq!(decode_all(&chain, &coded).unwrap(), text);
    }

    #[test]
    fn what_is_not_coded_and_what_is_not_known_is_told() {
        assert!(decode_all(&[Coding::Gzip], b"{\"plain\":true}").is_err());
        assert_eq!(parse_list("gzip, snappy"), None);
    }
}
