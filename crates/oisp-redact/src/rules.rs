//! The rules for secrets, `data/secrets.toml`: text without any of a rule's
//! keywords cannot hold what it looks for, and one pass over a text finds all
//! keywords of all rules. An expression runs only around its keywords, so its
//! cost is that of what stands there.

use std::ops::Range;
use std::sync::{LazyLock, OnceLock};

use aho_corasick::{AhoCorasick, AhoCorasickKind};
use regex::bytes::{Regex, RegexBuilder};
use serde::Deserialize;

use crate::check::{Check, entropy};
use crate::entity::Entity;

/// What is looked at before a keyword and behind it, bytes. Behind it also the
/// rest of the word in which it ends, up to [`WORD`].
const BEFORE: usize = 96;
const BEHIND: usize = 448;
/// Behind a name, before the rest of its value.
const BEHIND_NAME: usize = 64;
const WORD: usize = 64 << 10;
/// What is longer than this, without a space, is neither a name nor a reference.
const LONG: usize = 1024;

/// The rules, and all their keywords.
pub(crate) struct RuleSet {
    pub rules: Vec<Rule>,
    keywords: Option<AhoCorasick>,
    /// The rules of each keyword.
    owners: Vec<Vec<usize>>,
}

/// A kind of secret.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rule {
    pub id: String,
    /// For people who read the file.
    #[serde(rename = "description")]
    _description: String,
    keywords: Vec<String>,
    regex: String,
    #[serde(default)]
    pub entity: Kind,
    #[serde(default)]
    entropy: f64,
    #[serde(default)]
    check: Check,
    assigned: Option<Assigned>,
    #[serde(default)]
    option: bool,
    #[serde(default)]
    allow: Vec<String>,
    /// What ends right before the finding, and says that it is none.
    allow_before: Option<String>,
    #[serde(skip)]
    compiled: OnceLock<Option<Compiled>>,
}

/// The switch that a rule belongs to.
#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    #[default]
    Secrets,
    PrivateKey,
    Jwt,
}

/// How the value behind a name is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Assigned {
    Quoted,
    Tight,
    Spaced,
}

struct Compiled {
    regex: Regex,
    allow: Vec<Regex>,
    allow_before: Option<Regex>,
}

#[derive(Deserialize)]
struct File {
    rules: Vec<Rule>,
}

/// The rules that come with the sensor. A test reads the file and compiles each.
pub(crate) static BUILT_IN: LazyLock<RuleSet> = LazyLock::new(|| {
    let file: Option<File> = toml::from_str(include_str!("../data/secrets.toml")).ok();
    RuleSet::new(file.map_or_else(Vec::new, |file| file.rules))
});

impl From<Kind> for Entity {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Secrets => Self::Secrets,
            Kind::PrivateKey => Self::PrivateKey,
            Kind::Jwt => Self::Jwt,
        }
    }
}

impl RuleSet {
    fn new(rules: Vec<Rule>) -> Self {
        let mut words: Vec<&str> = Vec::new();
        let mut owners: Vec<Vec<usize>> = Vec::new();
        for (n, rule) in rules.iter().enumerate() {
            for word in &rule.keywords {
                match words.iter().position(|known| known == word) {
                    Some(at) => owners.get_mut(at).map(|of| of.push(n)),
                    None => {
                        words.push(word);
                        owners.push(vec![n]);
                        None
                    }
                };
            }
        }
        let keywords = AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .kind(Some(AhoCorasickKind::DFA))
            .build(words)
            .ok();
        Self {
            rules,
            keywords,
            owners,
        }
    }

    /// Tells what the rules find in `text`, of those that are `on`. The names in
    /// marks are no keywords.
    pub(crate) fn find<'a>(
        &'a self,
        text: &[u8],
        on: &[bool],
        marks: &[Range<usize>],
        found: &mut dyn FnMut(usize, &'a Rule, Range<usize>),
    ) {
        let mut around: Vec<Range<usize>> = Vec::new();
        for hit in self
            .keywords
            .iter()
            .flat_map(|words| words.find_overlapping_iter(text))
        {
            if is_in_mark(marks, hit.start()) {
                continue;
            }
            let (mut value, mut option) = (None, None);
            for owner in self
                .owners
                .get(hit.pattern().as_usize())
                .into_iter()
                .flatten()
            {
                let Some(rule) = self
                    .rules
                    .get(*owner)
                    .filter(|_| on.get(*owner) == Some(&true))
                else {
                    continue;
                };
                // Several rules ask the same of the same keyword.
                let is_meant = match (rule.assigned, rule.option) {
                    (Some(kind), _) => {
                        *value.get_or_insert_with(|| assigned(text, hit.end())) == Some(kind)
                    }
                    (None, true) => *option.get_or_insert_with(|| is_option(text, hit.start())),
                    (None, false) => true,
                };
                if !is_meant {
                    continue;
                }
                if around.is_empty() {
                    around.resize(self.rules.len(), 0..0);
                }
                if let Some(around) = around.get_mut(*owner)
                    && let Some(done) = widen(around, text, hit.range(), rule.behind())
                {
                    rule.search(text, done, &mut |range| found(*owner, rule, range));
                }
            }
        }
        let left = around
            .into_iter()
            .enumerate()
            .filter(|(_, range)| range.end > 0);
        for (n, range) in left {
            if let Some(rule) = self.rules.get(n) {
                rule.search(text, range, &mut |range| found(n, rule, range));
            }
        }
    }
}

/// Takes a keyword's surroundings to those before it, or gives those back and
/// begins anew.
fn widen(
    around: &mut Range<usize>,
    text: &[u8],
    hit: Range<usize>,
    behind: usize,
) -> Option<Range<usize>> {
    let start = hit.start.saturating_sub(BEFORE);
    let end = hit.end + behind;
    if end <= around.end {
        return None;
    }
    let rest = text
        .get(end..text.len().min(end + WORD))
        .unwrap_or_default();
    let word = rest
        .iter()
        .position(u8::is_ascii_whitespace)
        .unwrap_or(rest.len());
    let end = (end + word).min(text.len());
    let is_begun = around.end > 0;
    if is_begun && start <= around.end {
        around.end = end;
        return None;
    }
    let done = std::mem::replace(around, start..end);
    is_begun.then_some(done)
}

fn is_in_mark(marks: &[Range<usize>], at: usize) -> bool {
    let next = marks.partition_point(|mark| mark.end <= at);
    marks.get(next).is_some_and(|mark| mark.start <= at)
}

/// Longest end of a name behind the word that makes it one.
const MAX_ENDING: usize = 16;

/// How a value stands behind a name; `None` where none does, or one that is too
/// short. The expressions say the same, and cost more.
fn assigned(text: &[u8], end: usize) -> Option<Assigned> {
    let behind = text.get(end..text.len().min(end + 96))?;
    let is_name = |byte: &&u8| byte.is_ascii_alphanumeric() || b"_-".contains(byte);
    let name = behind.iter().take(MAX_ENDING).take_while(is_name).count();
    let rest = behind.get(name..)?;
    let before = rest.trim_start_of(|byte| b"\"'`\\ \t]|".contains(&byte));
    let spaced = rest
        .get(..rest.len() - before.len())?
        .iter()
        .any(|byte| b" \t".contains(byte));
    let value = before.trim_start_of(|byte| b":=>".contains(&byte));
    let operator = before.get(..before.len() - value.len())?;
    let plain = value.trim_start_of(|byte| byte.is_ascii_whitespace());
    let inside = plain.trim_start_of(|byte| byte == b'\\');
    let is_prefixed = matches!(
        inside,
        [
            b'b' | b'r' | b'u' | b'B' | b'R' | b'U',
            b'"' | b'\'' | b'`',
            ..
        ]
    );
    if operator.is_empty() {
        return None;
    }
    if is_prefixed || matches!(inside, [b'"' | b'\'' | b'`', ..]) {
        return Some(Assigned::Quoted);
    }
    let length = inside
        .iter()
        .take_while(|byte| !byte.is_ascii_whitespace() && !b"\"'`\\,;&[]{}()<>".contains(*byte))
        .count();
    let is_tight = operator == b"=" && !spaced && plain.len() == value.len();
    match length {
        // A call, or a part of a list, is no secret.
        _ if matches!(inside.get(length), Some(b'(' | b'[')) => None,
        0..6 => None,
        _ if is_tight => Some(Assigned::Tight),
        6..8 => None,
        _ => Some(Assigned::Spaced),
    }
}

/// `trim_start_matches` of bytes.
trait TrimStart {
    fn trim_start_of(&self, is_trimmed: impl Fn(u8) -> bool) -> &[u8];
}

impl TrimStart for [u8] {
    fn trim_start_of(&self, is_trimmed: impl Fn(u8) -> bool) -> &[u8] {
        let length = self.iter().take_while(|byte| is_trimmed(**byte)).count();
        self.get(length..).unwrap_or_default()
    }
}

/// The word begins with a `-`.
fn is_option(text: &[u8], at: usize) -> bool {
    let before = text.get(at.saturating_sub(64)..at).unwrap_or_default();
    let is_word = |byte: &&u8| byte.is_ascii_alphanumeric() || b"_-".contains(byte);
    let length = before.iter().rev().take_while(is_word).count();
    before.get(before.len() - length) == Some(&b'-')
}

impl Rule {
    const fn behind(&self) -> usize {
        if self.assigned.is_some() || self.option {
            BEHIND_NAME
        } else {
            BEHIND
        }
    }

    /// Tells what it finds in that part of the text. What goes on behind the
    /// part's end is followed.
    fn search(&self, text: &[u8], part: Range<usize>, found: &mut dyn FnMut(Range<usize>)) {
        let Some(compiled) = self.compiled() else {
            return;
        };
        let Range {
            start: mut at,
            mut end,
        } = part;
        while let Some(seen) = text.get(..end)
            && at < end
            && let Some(groups) = compiled.regex.captures_at(seen, at)
            && let Some(whole) = groups.get(0)
        {
            if whole.end() == end && end < text.len() {
                at = whole.start();
                end = text.len().min(end + (end - at).max(WORD));
                continue;
            }
            let secret = groups.get(1).unwrap_or(whole);
            let is_secret = secret.len() > LONG || self.is_secret(compiled, text, secret.range());
            // What is no secret may be the name of one.
            at = if is_secret {
                whole.end()
            } else {
                secret.start()
            }
            .max(at + 1);
            if is_secret {
                found(secret.range());
            } else if secret.start() == whole.start() {
                at = whole.end().max(at);
            }
        }
    }

    fn is_secret(&self, compiled: &Compiled, text: &[u8], range: Range<usize>) -> bool {
        let next = text.get(range.end).copied();
        let before = text.get(range.start.saturating_sub(BEFORE)..range.start);
        let found = text.get(range).unwrap_or_default();
        let named_otherwise = compiled.allow_before.as_ref().zip(before);
        self.check.passes(found, next)
            && entropy(found) >= self.entropy
            && !compiled.allow.iter().any(|allow| allow.is_match(found))
            && !named_otherwise.is_some_and(|(allow, before)| allow.is_match(before))
    }

    fn compiled(&self) -> Option<&Compiled> {
        self.compiled.get_or_init(|| self.compile().ok()).as_ref()
    }

    fn compile(&self) -> Result<Compiled, regex::Error> {
        let before = self.allow_before.as_deref();
        Ok(Compiled {
            regex: compile(&self.regex)?,
            allow: self
                .allow
                .iter()
                .map(|allow| compile(allow))
                .collect::<Result<_, _>>()?,
            allow_before: before
                .map(|regex| compile(&format!(r#"(?:{regex})[\s"'`\\bru]*$"#)))
                .transpose()?,
        })
    }
}

/// On bytes, and ASCII only: several times as fast, and no issuer uses more.
fn compile(regex: &str) -> Result<Regex, regex::Error> {
    RegexBuilder::new(regex)
        .unicode(false)
        .dfa_size_limit(4 << 20)
        .build()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_reads_and_every_expression_compiles() {
        let file: File = toml::from_str(include_str!("../data/secrets.toml")).unwrap();
        let ids: std::collections::BTreeSet<_> = file.rules.iter().map(|rule| &rule.id).collect();
        assert!(ids.len() >= 100, "{}", ids.len());
        for rule in &file.rules {
            if let Err(error) = rule.compile() {
                panic!("{}: {error}", rule.id);
            }
            assert!(!rule.keywords.is_empty(), "{}", rule.id);
            for word in &rule.keywords {
                assert_eq!(*word, word.to_ascii_lowercase(), "{}", rule.id);
            }
        }
        assert!(RuleSet::new(file.rules).keywords.is_some());
    }
}
