//! Content codings (RFC 9110 §8.4): gzip, deflate, br and zstd, chained,
//! decoded while the bytes arrive, with the output capped.

use std::io::{self, ErrorKind, Write};

use brotli_decompressor::DecompressorWriter;
use flate2::write::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};

/// A chain this long has no honest use.
const MAX_CODINGS: usize = 4;

/// The bytes break the coding's rules, or the coding is unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the content coding is broken or unknown")]
pub struct BrokenCoding;

/// Decodes a body. `deliver` is called with plain bytes.
pub struct Decoder {
    /// Outermost coding first; empty for identity.
    stages: Vec<Stage>,
}

enum Stage {
    Gzip(MultiGzDecoder<Sink>),
    /// The first byte tells zlib (RFC 1950) from raw deflate, which some
    /// servers send under the same name.
    DeflateUndecided,
    Zlib(ZlibDecoder<Sink>),
    RawDeflate(DeflateDecoder<Sink>),
    Brotli(Box<DecompressorWriter<Sink>>),
    Zstd(Box<zstd::stream::write::Decoder<'static, Sink>>),
}

/// Takes what a stage writes, as far as there is room. A few bytes of brotli
/// or zstd may stand for gigabytes: it must not grow first and be cut then.
#[derive(Default)]
struct Sink {
    bytes: Vec<u8>,
    room: usize,
    /// Something did not fit.
    full: bool,
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let fits = bytes.get(..self.room).unwrap_or(bytes);
        self.bytes.extend_from_slice(fits);
        self.room -= fits.len();
        if fits.len() < bytes.len() {
            self.full = true;
            return Err(ErrorKind::StorageFull.into());
        }
        Ok(fits.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Bytes between two codings go on in pieces of this size.
const PIECE: usize = 4 << 10;

/// What one piece may grow to between two codings: no honest one does.
const MAX_BETWEEN: usize = 4 << 20;

impl Decoder {
    /// A decoder for a `Content-Encoding` field's value.
    ///
    /// # Errors
    /// A coding that is not known, or too many of them.
    pub fn new(content_encoding: Option<&str>) -> Result<Self, BrokenCoding> {
        let names = content_encoding
            .into_iter()
            .flat_map(|value| value.split(','))
            .map(str::trim);
        let stages: Vec<_> = names
            .filter(|name| !name.is_empty() && !name.eq_ignore_ascii_case("identity"))
            .map(Stage::named)
            .collect::<Result<_, _>>()?;
        if stages.len() > MAX_CODINGS {
            return Err(BrokenCoding);
        }
        Ok(Self {
            stages: stages.into_iter().rev().collect(),
        })
    }

    /// True where the bytes are plain already.
    pub fn is_identity(&self) -> bool {
        self.stages.is_empty()
    }

    /// Decodes `bytes` and appends at most `room` plain bytes to `out`. True
    /// where the cap cut something.
    ///
    /// # Errors
    /// The bytes break the coding's rules; what came before them is in `out`.
    pub fn push(
        &mut self,
        bytes: &[u8],
        room: usize,
        out: &mut Vec<u8>,
    ) -> Result<bool, BrokenCoding> {
        decode_through(&mut self.stages, bytes, room, out)
    }

    /// Checks that nothing is missing at the end. Deflate alone has no mark of
    /// its own to tell it by.
    ///
    /// # Errors
    /// The bytes end too early, or do not fit their checksum.
    pub fn finish(&mut self) -> Result<(), BrokenCoding> {
        self.stages.iter_mut().try_for_each(Stage::finish)
    }
}

fn decode_through(
    stages: &mut [Stage],
    bytes: &[u8],
    room: usize,
    out: &mut Vec<u8>,
) -> Result<bool, BrokenCoding> {
    let limit = out.len().saturating_add(room);
    match stages {
        [] => {
            let fits = bytes.get(..room).unwrap_or(bytes);
            out.extend_from_slice(fits);
            Ok(fits.len() < bytes.len())
        }
        [only] => only.write(bytes, room, out),
        [first, rest @ ..] => {
            for piece in bytes.chunks(PIECE) {
                let mut between = Vec::new();
                let result = first.write(piece, MAX_BETWEEN, &mut between);
                for piece in between.chunks(PIECE) {
                    if decode_through(rest, piece, limit - out.len(), out)? {
                        return Ok(true);
                    }
                }
                if result? {
                    return Ok(true);
                }
            }
            Ok(false)
        }
    }
}

impl Stage {
    fn named(name: &str) -> Result<Self, BrokenCoding> {
        match name.to_ascii_lowercase().as_str() {
            "gzip" | "x-gzip" => Ok(Self::Gzip(MultiGzDecoder::new(Sink::default()))),
            "deflate" => Ok(Self::DeflateUndecided),
            "br" => Ok(Self::Brotli(Box::new(DecompressorWriter::new(
                Sink::default(),
                PIECE,
            )))),
            "zstd" => zstd::stream::write::Decoder::new(Sink::default())
                .map(|decoder| Self::Zstd(Box::new(decoder)))
                .map_err(|_| BrokenCoding),
            _ => Err(BrokenCoding),
        }
    }

    /// Decodes `bytes` and appends at most `room` to `out`. True where more did
    /// not fit.
    fn write(
        &mut self,
        bytes: &[u8],
        room: usize,
        out: &mut Vec<u8>,
    ) -> Result<bool, BrokenCoding> {
        if matches!(self, Self::DeflateUndecided) {
            let Some(first) = bytes.first() else {
                return Ok(false);
            };
            *self = if first & 0x0f == 8 {
                Self::Zlib(ZlibDecoder::new(Sink::default()))
            } else {
                Self::RawDeflate(DeflateDecoder::new(Sink::default()))
            };
        }
        self.put(Sink {
            bytes: std::mem::take(out),
            room,
            full: false,
        });
        let written = match self {
            Self::Gzip(decoder) => write_and_flush(decoder, bytes),
            Self::Zlib(decoder) => write_and_flush(decoder, bytes),
            Self::RawDeflate(decoder) => write_and_flush(decoder, bytes),
            Self::Brotli(decoder) => write_and_flush(&mut **decoder, bytes),
            Self::Zstd(decoder) => write_and_flush(&mut **decoder, bytes),
            Self::DeflateUndecided => Ok(()),
        };
        let Sink { bytes, full, .. } = self.put(Sink::default());
        *out = bytes;
        match written {
            _ if full => Ok(true),
            Ok(()) => Ok(false),
            Err(_) => Err(BrokenCoding),
        }
    }

    fn finish(&mut self) -> Result<(), BrokenCoding> {
        let finished = match self {
            Self::Gzip(decoder) => decoder.try_finish(),
            Self::Brotli(decoder) => decoder.close(),
            Self::Zstd(decoder) => decoder.do_finish(),
            Self::Zlib(_) | Self::RawDeflate(_) | Self::DeflateUndecided => Ok(()),
        };
        finished.map_err(|_| BrokenCoding)
    }

    /// Puts another sink in the place of the one that it writes to.
    fn put(&mut self, sink: Sink) -> Sink {
        let own = match self {
            Self::Gzip(decoder) => decoder.get_mut(),
            Self::Zlib(decoder) => decoder.get_mut(),
            Self::RawDeflate(decoder) => decoder.get_mut(),
            Self::Brotli(decoder) => decoder.get_mut(),
            Self::Zstd(decoder) => decoder.get_mut(),
            // Nothing is decoded by it.
            Self::DeflateUndecided => return sink,
        };
        std::mem::replace(own, sink)
    }
}

fn write_and_flush(decoder: &mut dyn Write, bytes: &[u8]) -> std::io::Result<()> {
    decoder.write_all(bytes)?;
    decoder.flush()
}

impl std::fmt::Debug for Decoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Decoder")
            .field("stages", &self.stages.len())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn zlib(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn raw_deflate(bytes: &[u8]) -> Vec<u8> {
        let mut encoder =
            flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn zstd_of(bytes: &[u8]) -> Vec<u8> {
        zstd::stream::encode_all(bytes, 1).unwrap()
    }

    fn brotli_of(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = brotli::CompressorWriter::new(Vec::new(), 4096, 5, 20);
        encoder.write_all(bytes).unwrap();
        encoder.into_inner()
    }

    fn decode_bytewise(coding: &str, coded: &[u8]) -> Vec<u8> {
        let mut decoder = Decoder::new(Some(coding)).unwrap();
        let mut out = Vec::new();
        for byte in coded {
            assert!(
                !decoder
                    .push(std::slice::from_ref(byte), usize::MAX, &mut out)
                    .unwrap()
            );
        }
        out
    }

    #[test]
    fn every_coding_decodes_one_byte_at_a_time() {
        let text = b"data: {\"delta\":\"caf\xc3\xa9\"}\n\n".repeat(50);
        assert_eq!(decode_bytewise("gzip", &gzip(&text)), text);
        assert_eq!(decode_bytewise("deflate", &zlib(&text)), text);
        assert_eq!(decode_bytewise("deflate", &raw_deflate(&text)), text);
        assert_eq!(decode_bytewise("zstd", &zstd_of(&text)), text);
        assert_eq!(decode_bytewise("br", &brotli_of(&text)), text);
    }

    #[test]
    fn an_end_that_is_missing_is_told() {
        let coded = [
            ("gzip", gzip(b"some text")),
            ("br", brotli_of(b"some text")),
            ("zstd", zstd_of(b"some text")),
        ];
        for (coding, bytes) in coded {
            for (len, whole) in [(bytes.len(), true), (bytes.len() - 1, false), (3, false)] {
                let mut decoder = Decoder::new(Some(coding)).unwrap();
                let mut out = Vec::new();
                decoder.push(&bytes[..len], 1000, &mut out).unwrap();
                assert_eq!(decoder.finish().is_ok(), whole, "{coding} {len}");
            }
        }
    }

    #[test]
    fn codings_are_undone_in_reverse_order() {
        let coded = gzip(&zstd_of(b"twice"));
        assert_eq!(decode_bytewise("zstd, gzip", &coded), b"twice");
    }

    #[test]
    fn output_is_capped_and_the_cut_is_told() {
        let bomb = gzip(&vec![0; 50 << 20]);
        let mut out = Vec::new();
        assert_eq!(
            Decoder::new(Some("gzip"))
                .unwrap()
                .push(&bomb, 1000, &mut out),
            Ok(true)
        );
        assert_eq!(out.len(), 1000);
    }

    #[test]
    fn garbage_and_unknown_codings_are_errors() {
        let mut out = Vec::new();
        assert_eq!(
            Decoder::new(Some("gzip"))
                .unwrap()
                .push(b"not gzip at all", 99, &mut out),
            Err(BrokenCoding)
        );
        assert!(Decoder::new(Some("snappy")).is_err());
        assert!(Decoder::new(Some("gzip,gzip,gzip,gzip,gzip")).is_err());
    }
}
