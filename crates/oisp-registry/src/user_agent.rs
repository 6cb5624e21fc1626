//! Which program a `User-Agent` header names, and its version.
//!
//! A pattern is how a product's word begins: `claude-cli/` in
//! `claude-cli/2.1.3 (external, cli)`. It counts where a word begins, outside
//! parentheses, and ends where a word ends. The header is the client's own
//! claim; what the process is, is told by `process`.

use crate::pattern::is_version_byte;

/// How much of a header is looked at.
const MAX_LEN: usize = 1024;
/// How many of its words.
const MAX_WORDS: usize = 64;
const MAX_VERSION_LEN: usize = 64;

/// A header, with the places where its words begin.
pub(crate) struct UserAgent<'u> {
    words: Vec<&'u str>,
}

impl<'u> UserAgent<'u> {
    /// Reads a header.
    pub(crate) fn parse(text: &'u str) -> Self {
        let mut words = Vec::new();
        let mut depth = 0_usize;
        let mut between = true;
        for (at, byte) in text.bytes().enumerate().take(MAX_LEN) {
            match byte {
                b'(' => depth += 1,
                b')' => depth = depth.saturating_sub(1),
                _ if depth == 0 && between && byte.is_ascii_graphic() => {
                    words.extend(text.get(at..))
                }
                _ => (),
            }
            between = byte == b' ';
            if words.len() == MAX_WORDS {
                break;
            }
        }
        Self { words }
    }

    /// What follows the pattern where it stands.
    pub(crate) fn after(&self, pattern: &str) -> Option<&'u str> {
        self.words.iter().find_map(|word| {
            let (head, rest) = word.split_at_checked(pattern.len())?;
            let same = head.eq_ignore_ascii_case(pattern);
            (same && ends(pattern, rest)).then_some(rest)
        })
    }

    /// The version that stands right after a pattern.
    pub(crate) fn version(&self, pattern: &str) -> Option<&'u str> {
        let rest = self.after(pattern)?;
        let rest = rest.strip_prefix(['/', ' ']).unwrap_or(rest);
        version_at(rest.strip_prefix(['v', 'V']).unwrap_or(rest))
    }
}

/// A pattern that ends inside a word would find other words too.
fn ends(pattern: &str, rest: &str) -> bool {
    let inside = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    !pattern.ends_with(|last: char| last.is_ascii_alphanumeric())
        || !rest.bytes().next().is_some_and(inside)
}

fn version_at(text: &str) -> Option<&str> {
    let len = text
        .bytes()
        .take_while(|byte| is_version_byte(*byte))
        .count();
    let version = text.get(..len)?;
    let numbered = version.starts_with(|first: char| first.is_ascii_digit());
    (numbered && len <= MAX_VERSION_LEN).then_some(version)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_stand_after_the_product() {
        for (header, pattern, version) in [
            (
                "claude-cli/2.1.3 (external, cli)",
                "claude-cli/",
                Some("2.1.3"),
            ),
            ("GeminiCLI/v0.9.0 (linux; x64)", "GeminiCLI/", Some("0.9.0")),
            ("OpenAI/Python 1.68.2", "OpenAI/Python", Some("1.68.2")),
            (
                "Mozilla/5.0 (X11) Cursor/1.4.2 Chrome/1",
                "Cursor/",
                Some("1.4.2"),
            ),
            ("Mozilla/5.0 (Cursor/9) Chrome/1", "Cursor/", None),
            ("GeminiCLI/gemini-2.5-pro (linux)", "GeminiCLI/", None),
            ("curl", "curl", None),
            ("curling/1.0", "curl", None),
        ] {
            assert_eq!(
                UserAgent::parse(header).version(pattern),
                version,
                "{header}"
            );
        }
    }

    #[test]
    fn a_product_is_found_without_a_version_too() {
        assert!(UserAgent::parse("curl").after("curl").is_some());
        assert!(
            UserAgent::parse("AsyncOpenAI/Python 1")
                .after("OpenAI/Python")
                .is_none()
        );
        assert!(
            UserAgent::parse("x curl-impersonate/1")
                .after("curl")
                .is_none()
        );
    }

    #[test]
    fn hostile_headers_are_bounded() {
        let many = "a ".repeat(10_000);
        assert!(UserAgent::parse(&many).words.len() <= MAX_WORDS);
        let long = format!("a/{}", "1".repeat(500));
        assert_eq!(UserAgent::parse(&long).version("a/"), None);
        assert!(UserAgent::parse("))))((((é/1 (").after("é/").is_none());
    }
}
