//! Text in base64 (RFC 4648), decoded once: a secret in it is one.

use std::ops::Range;

use base64::Engine;
use base64::alphabet::{STANDARD, URL_SAFE};
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};

/// A run shorter than this holds no secret worth the name.
const SHORTEST: usize = 16;
/// So much of a run is decoded first: most are images, and stop here.
const PROBE: usize = 32;
/// More than this is decoded in parts.
const PART: usize = 1 << 20;
/// The line length of MIME and PEM, at least: a line break there is none.
const LINE: usize = 60;

const CONFIG: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_allow_trailing_bits(true)
    .with_decode_padding_mode(DecodePaddingMode::Indifferent);
const PLAIN: GeneralPurpose = GeneralPurpose::new(&STANDARD, CONFIG);
const URL: GeneralPurpose = GeneralPurpose::new(&URL_SAFE, CONFIG);

/// Tells runs of base64 that hold text: where, and the text.
pub(crate) fn each(text: &[u8], told: &mut dyn FnMut(Range<usize>, &str)) {
    let mut from = 0;
    // A run that is long enough holds every so manieth byte.
    let mut at = SHORTEST - 1;
    while let Some(byte) = text.get(at) {
        if !is_base64(*byte) {
            at += SHORTEST;
            continue;
        }
        let run = run(text, from, at);
        from = run.end;
        at = run.end + SHORTEST - 1;
        if run.len() >= SHORTEST {
            decode(text, &run, told);
        }
    }
}

fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"+/-_".contains(&byte)
}

/// The run around a byte, over the line breaks of long lines.
fn run(text: &[u8], from: usize, at: usize) -> Range<usize> {
    let before = text.get(from..at).unwrap_or_default();
    let start = at
        - before
            .iter()
            .rev()
            .take_while(|byte| is_base64(**byte))
            .count();
    let mut end = start;
    loop {
        let line = text
            .get(end..)
            .unwrap_or_default()
            .iter()
            .take_while(|byte| is_base64(**byte))
            .count();
        end += line;
        let padding = text
            .get(end..)
            .unwrap_or_default()
            .iter()
            .take(2)
            .take_while(|byte| **byte == b'=')
            .count();
        let gap = match text.get(end + padding..) {
            Some([b'\r', b'\n', ..]) => 2,
            Some([b'\n', ..]) => 1,
            _ => 0,
        };
        let goes_on = text.get(end + gap).is_some_and(|byte| is_base64(*byte));
        if padding > 0 || gap == 0 || line < LINE || !goes_on {
            return start..end + padding;
        }
        end += gap;
    }
}

fn decode(text: &[u8], run: &Range<usize>, told: &mut dyn FnMut(Range<usize>, &str)) {
    let encoded: Vec<u8> = text
        .get(run.clone())
        .unwrap_or_default()
        .iter()
        .copied()
        .filter(|byte| !byte.is_ascii_whitespace() && *byte != b'=')
        .collect();
    let is_url = encoded.iter().any(|byte| b"-_".contains(byte));
    let engine = if is_url { &URL } else { &PLAIN };
    let probe = encoded.get(..encoded.len().min(PROBE)).unwrap_or_default();
    if !engine.decode(probe).is_ok_and(|start| is_text(&start)) {
        return;
    }
    let mut from = 0;
    while from < encoded.len() {
        // A quarter over again, so that nothing is cut in two.
        let end = encoded.len().min(from + PART);
        if let Some(part) = encoded.get(from..end)
            && let Ok(decoded) = engine.decode(part)
        {
            told(run.clone(), &String::from_utf8_lossy(&decoded));
        }
        from = if end == encoded.len() {
            end
        } else {
            end - PART / 4
        };
    }
}

/// Bytes of a text: no control characters but white space.
fn is_text(bytes: &[u8]) -> bool {
    let is_printable = |byte: &u8| !byte.is_ascii_control() || byte.is_ascii_whitespace();
    let half = match std::str::from_utf8(bytes) {
        Ok(_) => true,
        // Cut within a character.
        Err(error) => error.error_len().is_none(),
    };
    half && bytes.iter().all(is_printable)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(text: &str) -> Vec<(String, String)> {
        let mut all = Vec::new();
        each(text.as_bytes(), &mut |run, decoded| {
            all.push((text[run].to_owned(), decoded.to_owned()));
        });
        all
    }

    #[test]
    fn text_is_decoded_wherever_its_run_begins() {
        for shift in 0..45 {
            let text = format!("{}dXNlcjptYWRlLXVwLXNlY3JldA==.", " ".repeat(shift));
            assert_eq!(
                decoded(&text),
                [(
                    "dXNlcjptYWRlLXVwLXNlY3JldA==".into(),
                    "user:made-up-secret".into()
                )]
            );
        }
    }

    #[test]
    fn lines_belong_together() {
        let whole = PLAIN.encode(
            "a text that is longer than a line of MIME has room for, and goes on in the next one",
        );
        let lines = format!("{}\r\n{}", &whole[..76], &whole[76..]);
        assert!(decoded(&lines)[0].1.ends_with("in the next one"));
    }

    #[test]
    fn pictures_words_and_digests_are_not_text() {
        let picture = PLAIN.encode([
            137, 80, 78, 71, 13, 10, 26, 10, 0, 0, 0, 13, 73, 72, 68, 82, 0, 0, 4, 0,
        ]);
        for text in [
            picture.as_str(),
            "d41d8cd98f00b204e9800998ecf8427e",
            "a_function_name_that_is_long",
        ] {
            assert_eq!(decoded(text), [], "{text}");
        }
    }
}
