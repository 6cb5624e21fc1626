//! Which family a model belongs to: `gpt-4o-mini` is of `gpt-4`.
//!
//! A pattern is the beginning of a model's name, up to where a word ends:
//! `gpt-4` is not the beginning of `gpt-45`. `{major}` at its end takes the
//! first number (`claude-{major}`), `{version}` the whole of it
//! (`gemini-{version}`), and the family may repeat it; `*` at its end takes
//! anything. The longest literal text wins. A name that no pattern begins has
//! no family: nothing is derived.

/// The longest name that is looked at.
const MAX_MODEL_LEN: usize = 256;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Word,
    Major,
    Version,
    Anything,
}

/// One pattern and what it stands for.
#[derive(Debug)]
struct Family {
    literal: Box<str>,
    end: End,
    family: Box<str>,
}

/// All patterns, longest first.
#[derive(Debug, Default)]
pub(crate) struct Families {
    families: Vec<Family>,
    prefixes: Vec<Box<str>>,
}

impl Families {
    /// Patterns with their families, in order: of two alike the first counts.
    /// The error names the pattern and says what is wrong with it.
    pub(crate) fn of<'f>(
        patterns: impl Iterator<Item = (&'f str, &'f str)>,
        prefixes: &[String],
    ) -> Result<Self, (String, String)> {
        let mut families = Vec::new();
        for (pattern, family) in patterns {
            let family = Family::parse(pattern, family)
                .map_err(|problem| (pattern.to_owned(), problem.to_owned()))?;
            families.push(family);
        }
        families.sort_by_key(|family: &Family| std::cmp::Reverse(family.literal.len()));
        Ok(Self {
            families,
            prefixes: prefixes
                .iter()
                .map(|prefix| prefix.to_ascii_lowercase().into())
                .collect(),
        })
    }

    /// The family of a model, however a router or a cloud writes its name.
    pub(crate) fn of_model(&self, model: &str) -> Option<String> {
        if model.len() > MAX_MODEL_LEN {
            return None;
        }
        let lower = model.to_ascii_lowercase();
        let mut name = lower.rsplit('/').next().unwrap_or_default();
        while let Some(rest) = self
            .prefixes
            .iter()
            .find_map(|prefix| name.strip_prefix(&**prefix))
        {
            name = rest;
        }
        self.families.iter().find_map(|family| family.matched(name))
    }
}

impl Family {
    fn parse(pattern: &str, family: &str) -> Result<Self, &'static str> {
        let ends = [
            ("{major}", End::Major),
            ("{version}", End::Version),
            ("*", End::Anything),
        ];
        let (literal, end) = ends
            .into_iter()
            .find_map(|(word, end)| pattern.strip_suffix(word).map(|literal| (literal, end)))
            .unwrap_or((pattern, End::Word));
        let number = match end {
            End::Major => "{major}",
            End::Version => "{version}",
            End::Word | End::Anything => "",
        };
        if literal.is_empty() || literal.contains(['{', '}', '*', '/']) {
            return Err("write how the name begins, then at most `{major}`, `{version}` or `*`");
        }
        if family.is_empty() || family.replacen(number, "", 1).contains(['{', '}']) {
            return Err(
                "the family may repeat `{major}` or `{version}` once, where the pattern has it",
            );
        }
        Ok(Self {
            literal: literal.to_ascii_lowercase().into(),
            end,
            family: family.into(),
        })
    }

    fn matched(&self, name: &str) -> Option<String> {
        let rest = name.strip_prefix(&*self.literal)?;
        let (number, rest) = match self.end {
            End::Anything => return Some(self.family.to_string()),
            End::Word => ("", rest),
            End::Major => {
                let (version, rest) = version_of(rest)?;
                (version.split('.').next().unwrap_or_default(), rest)
            }
            End::Version => version_of(rest)?,
        };
        let goes_on = rest.starts_with(|next: char| next.is_ascii_alphanumeric())
            || (self.end == End::Word && begins_fraction(rest));
        (!goes_on).then(|| {
            self.family
                .replace("{major}", number)
                .replace("{version}", number)
        })
    }
}

/// `4` and `4.1` are versions; what has three digits is a size or a date.
fn version_of(text: &str) -> Option<(&str, &str)> {
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let mut len = digits(text);
    if !(1..=2).contains(&len) {
        return None;
    }
    while let Some(fraction) = text.get(len..).and_then(|rest| rest.strip_prefix('.')) {
        match digits(fraction) {
            more @ 1..=2 => len += 1 + more,
            _ => break,
        }
    }
    text.split_at_checked(len)
}

fn begins_fraction(text: &str) -> bool {
    text.strip_prefix('.')
        .is_some_and(|rest| rest.starts_with(|next: char| next.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        reason = "a test states its assumptions by panicking"
    )]

    use super::*;

    fn family(model: &str) -> Option<String> {
        let patterns = [
            ("gpt-{major}", "gpt-{major}"),
            ("gpt-4o", "gpt-4"),
            ("gpt-3.5", "gpt-3.5"),
            ("gemini-{version}", "gemini-{version}"),
            ("claude-sonnet-{major}", "claude-{major}"),
            ("claude-{major}", "claude-{major}"),
            ("command", "command"),
            ("llama-v3p*", "llama-3"),
        ];
        let prefixes = ["us.".to_owned(), "anthropic.".to_owned(), "ft:".to_owned()];
        Families::of(patterns.into_iter(), &prefixes)
            .unwrap()
            .of_model(model)
    }

    #[test]
    fn the_longest_beginning_wins_and_words_end_where_they_end() {
        for (model, expected) in [
            ("gpt-4o-mini", Some("gpt-4")),
            ("gpt-4.1-nano", Some("gpt-4")),
            ("GPT-4", Some("gpt-4")),
            ("gpt-3.5-turbo", Some("gpt-3.5")),
            ("gpt-45x", None),
            ("gpt-20250101", None),
            ("gpt-oss-20b", None),
            ("gemini-2.5-flash", Some("gemini-2.5")),
            ("gemini-3-pro", Some("gemini-3")),
            ("claude-3-5-sonnet-20241022", Some("claude-3")),
            ("claude-sonnet-4-5@20250929", Some("claude-4")),
            (
                "us.anthropic.claude-sonnet-4-5-20250929-v1:0",
                Some("claude-4"),
            ),
            ("openai/gpt-4o", Some("gpt-4")),
            ("ft:gpt-4o-mini-2024-07-18:org::id", Some("gpt-4")),
            ("accounts/fireworks/models/llama-v3p1-70b", Some("llama-3")),
            ("command-r", Some("command")),
            ("commander", None),
            ("", None),
            ("/", None),
        ] {
            assert_eq!(family(model).as_deref(), expected, "{model}");
        }
    }

    #[test]
    fn a_pattern_that_cannot_be_is_refused() {
        for (pattern, name) in [
            ("", "x"),
            ("*", "x"),
            ("a{b}", "x"),
            ("a", ""),
            ("a", "{major}"),
            ("a{major}", "{version}"),
        ] {
            assert!(Family::parse(pattern, name).is_err(), "{pattern} {name}");
        }
    }
}
