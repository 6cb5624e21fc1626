//! Private keys in armour: PEM (RFC 7468), OpenSSH, PGP (RFC 9580), SSH2.
//! Also where the line breaks are written as `\n`, or each line is a string.

use std::ops::Range;

use memchr::memmem;

/// Longest label, as in `ENCRYPTED PRIVATE KEY BLOCK`.
const MAX_LABEL: usize = 64;

/// The private keys of a text. One without its end goes on as long as what
/// follows could belong to it.
pub(crate) fn find(text: &[u8], found: &mut dyn FnMut(Range<usize>)) {
    let mut ends = Ends::default();
    let mut at = 0;
    while let Some(begin) = next(text, at, b"BEGIN") {
        at = begin.end;
        if !is_private_key(text, begin.end) {
            continue;
        }
        let end = ends
            .behind(text, begin.end)
            .unwrap_or_else(|| open_end(text, begin.end));
        found(begin.start..end);
        at = end;
    }
}

/// Where a private key begins that does not end in this text, or what may
/// become one.
pub(crate) fn open(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut ends = Ends::default();
    let mut at = 0;
    while let Some(begin) = next(bytes, at, b"BEGIN") {
        let label = label_end(bytes, begin.end);
        let is_key = is_private_key(bytes, begin.end);
        at = match (label, is_key.then(|| ends.behind(bytes, begin.end))) {
            (None, _) if bytes.len() - begin.end < MAX_LABEL => return Some(begin.start),
            (_, Some(None)) => return Some(begin.start),
            (_, Some(Some(end))) => end,
            (_, None) => begin.end,
        };
    }
    None
}

/// The next `---BEGIN` or `---END`, with or without a space.
fn next(text: &[u8], from: usize, word: &[u8]) -> Option<Range<usize>> {
    let mut at = from;
    loop {
        let found = at + memmem::find(text.get(at..)?, word)?;
        at = found + word.len();
        let before = text.get(from..found)?;
        let before = before.strip_suffix(b" ").unwrap_or(before);
        let dashes = before
            .iter()
            .rev()
            .take(5)
            .take_while(|byte| **byte == b'-')
            .count();
        if dashes >= 4 {
            let spaces = usize::from(text.get(found.wrapping_sub(1)) == Some(&b' '));
            return Some(found - spaces - dashes..at);
        }
    }
}

/// The end of the line that opens or closes the armour.
fn label_end(text: &[u8], from: usize) -> Option<usize> {
    let label = text.get(from..text.len().min(from + MAX_LABEL))?;
    let is_label =
        |byte: &&u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || **byte == b' ';
    let length = label.iter().take_while(is_label).count();
    let dashes = label
        .iter()
        .skip(length)
        .take(5)
        .take_while(|byte| **byte == b'-')
        .count();
    (dashes >= 4).then_some(from + length + dashes)
}

fn is_private_key(text: &[u8], from: usize) -> bool {
    label_end(text, from)
        .and_then(|end| text.get(from..end))
        .is_some_and(|label| memmem::find(label, b"PRIVATE KEY").is_some())
}

/// How far a key goes of which no end is in the text.
fn open_end(text: &[u8], from: usize) -> usize {
    let body = text.get(from..).unwrap_or_default();
    let belongs = |byte: &u8| {
        byte.is_ascii_alphanumeric() || byte.is_ascii_whitespace() || b"+/=-\\:,._".contains(byte)
    };
    from + body
        .iter()
        .position(|byte| !belongs(byte))
        .unwrap_or(body.len())
}

/// Ends of private keys, looked for once: what comes before a position is not
/// asked for again behind it.
#[derive(Default)]
struct Ends {
    next: Option<Range<usize>>,
    none: bool,
}

impl Ends {
    fn behind(&mut self, text: &[u8], from: usize) -> Option<usize> {
        while !self.none && self.next.as_ref().is_none_or(|end| end.start < from) {
            let at = self.next.as_ref().map_or(from, |end| end.end).max(from);
            let end = next(text, at, b"END");
            self.none = end.is_none();
            self.next = end.map(|end| {
                let whole = is_private_key(text, end.end)
                    .then(|| label_end(text, end.end))
                    .flatten();
                // One of something else is passed over.
                whole.map_or(0..end.end, |label| end.start..label)
            });
        }
        self.next.as_ref().filter(|_| !self.none).map(|end| end.end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(text: &str) -> Vec<String> {
        let mut keys = Vec::new();
        find(text.as_bytes(), &mut |range| {
            keys.push(text[range].to_owned());
        });
        keys
    }

    #[test]
    fn whole_keys_are_found_and_certificates_are_not() {
        let key = "-----BEGIN RSA PRIVATE KEY-----\nbWFkZSB1cA==\n-----END RSA PRIVATE KEY-----";
        let pgp = "-----BEGIN PGP PRIVATE KEY BLOCK-----\n\nbWFkZSB1cA==\n=abcd\n-----END PGP PRIVATE KEY BLOCK-----";
        let ssh2 = "---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----\nbWFkZSB1cA==\n---- END SSH2 ENCRYPTED PRIVATE KEY ----";
        let certificate = "-----BEGIN CERTIFICATE-----\nbWFkZSB1cA==\n-----END CERTIFICATE-----";
        let text = format!("a {key} b {certificate} c {pgp} d {ssh2}");
        assert_eq!(keys(&text), [key, pgp, ssh2]);
    }

    #[test]
    fn a_key_without_its_end_goes_on_as_long_as_it_may() {
        assert_eq!(
            keys("{\"k\": \"-----BEGIN PRIVATE KEY-----\\nbWFk\"} rest"),
            ["-----BEGIN PRIVATE KEY-----\\nbWFk"]
        );
    }

    #[test]
    fn another_armour_inside_does_not_end_it() {
        let text = "-----BEGIN PRIVATE KEY-----\nbWFk\n-----BEGIN X-----\n-----END X-----\nZSB1\n-----END PRIVATE KEY-----.";
        assert_eq!(keys(text), [text.trim_end_matches('.')]);
        let half = text.split("ZSB1").next().unwrap();
        assert_eq!(open(half), Some(0));
        assert_eq!(open(text), None);
    }

    #[test]
    fn half_a_beginning_may_become_one() {
        assert_eq!(open("text -----BEGIN RSA PRI"), Some(5));
        assert_eq!(open("-----BEGIN CERTIFICATE-----\nabc"), None);
    }

    #[test]
    fn many_beginnings_without_an_end_cost_no_more_than_their_length() {
        let text = "-----BEGIN PRIVATE KEY-----\"".repeat(20_000);
        assert_eq!(keys(&text).len(), 20_000);
    }
}
