//! One piece of a pattern: literal text with at most one hole.
//!
//! A hole is `*` (any text, at least one character) or a word in braces that
//! says what the text must look like: `{region}`, `{version}`. Pieces are
//! labels of a host or components of a path; what joins them is up to the
//! caller. No expressions: a piece is matched in one pass.

/// What fills a hole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hole {
    /// Anything.
    Any,
    /// A cloud's region, `us-east-1` or `eastus2`.
    Region,
    /// A version number, `2.1.3`.
    Version,
}

impl Hole {
    fn accepts(self, text: &str) -> bool {
        match self {
            Self::Any => !text.is_empty(),
            Self::Region => is_region(text),
            Self::Version => is_version(text),
        }
    }
}

/// A piece of a pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Piece {
    /// This text and no other.
    Exact(Box<str>),
    /// A hole with text around it.
    Around {
        /// What stands before the hole.
        before: Box<str>,
        /// What the hole takes.
        hole: Hole,
        /// What stands after it.
        after: Box<str>,
    },
}

impl Piece {
    /// Reads one piece; the error says what is wrong with it.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let found = [
            ("*", Hole::Any),
            ("{region}", Hole::Region),
            ("{version}", Hole::Version),
        ]
        .into_iter()
        .find_map(|(word, hole)| text.split_once(word).map(|split| (split, hole)));
        let Some(((before, after), hole)) = found else {
            return match text.contains(['{', '}']) {
                true => Err("knows `{region}`, `{version}` and `*` only".to_owned()),
                false => Ok(Self::Exact(text.into())),
            };
        };
        if before.contains(['*', '{', '}']) || after.contains(['*', '{', '}']) {
            return Err("one piece can hold one `*` or one word in braces".to_owned());
        }
        Ok(Self::Around {
            before: before.into(),
            hole,
            after: after.into(),
        })
    }

    /// What the hole took (`None` inside where there is no hole), or `None`
    /// where the text is another.
    pub(crate) fn take<'t>(&self, text: &'t str) -> Option<Option<(Hole, &'t str)>> {
        match self {
            Self::Exact(exact) => (**exact == *text).then_some(None),
            Self::Around {
                before,
                hole,
                after,
            } => {
                let inside = text
                    .strip_prefix(&**before)
                    .and_then(|rest| rest.strip_suffix(&**after))?;
                hole.accepts(inside).then_some(Some((*hole, inside)))
            }
        }
    }

    /// How much of it is literal: the more, the closer a match.
    pub(crate) fn literal_len(&self) -> usize {
        match self {
            Self::Exact(exact) => exact.len(),
            Self::Around { before, after, .. } => before.len() + after.len(),
        }
    }
}

/// Regions begin with two letters, which keeps out names that customers can
/// choose in the same place, such as the bucket of `NAME.s3.amazonaws.com`.
fn is_region(text: &str) -> bool {
    let mut bytes = text.bytes();
    let letters = [bytes.next(), bytes.next()]
        .iter()
        .all(|byte| byte.is_some_and(|byte| byte.is_ascii_lowercase()));
    letters
        && text.len() <= 32
        && !text.ends_with('-')
        && bytes.all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

/// Digits first, then what versions are written with.
pub(crate) fn is_version(text: &str) -> bool {
    text.len() <= 64
        && text.starts_with(|first: char| first.is_ascii_digit())
        && text.bytes().all(is_version_byte)
}

/// True for what a version number may hold.
pub(crate) fn is_version_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'+' | b'_')
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        reason = "a test states its assumptions by panicking"
    )]

    use super::*;

    fn taken(pattern: &str, text: &str) -> Option<Option<String>> {
        Piece::parse(pattern)
            .unwrap()
            .take(text)
            .map(|hole| hole.map(|(_, inside)| inside.to_owned()))
    }

    #[test]
    fn holes_take_what_they_are_for() {
        assert_eq!(taken("api", "api"), Some(None));
        assert_eq!(taken("api", "apis"), None);
        assert_eq!(taken("stream*", "stream-7"), Some(Some("-7".into())));
        assert_eq!(taken("stream*", "stream"), None);
        assert_eq!(
            taken("{region}", "us-east-1"),
            Some(Some("us-east-1".into()))
        );
        assert_eq!(taken("{region}", "eastus2"), Some(Some("eastus2".into())));
        assert_eq!(taken("{region}", "s3"), None);
        assert_eq!(taken("{region}", "s3-us-west-2"), None);
        assert_eq!(taken("{region}", "us-"), None);
        assert_eq!(
            taken("app-{version}", "app-1.2.3"),
            Some(Some("1.2.3".into()))
        );
        assert_eq!(taken("app-{version}", "app-beta"), None);
    }

    #[test]
    fn a_piece_that_cannot_be_is_refused() {
        for wrong in ["a*b*", "{region}*", "{other}", "{", "a{version}{version}"] {
            assert!(Piece::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn text_shorter_than_what_stands_around_a_hole_is_no_match() {
        assert_eq!(taken("aa*aa", "aaa"), None);
    }
}
