//! What was found in a text, and what is written in its place.

use std::ops::Range;

use memchr::memmem;
use oisp_core::HashKey;

use crate::Action;

/// The beginning of every mark.
pub(crate) const MARK: &str = "[REDACTED:";
/// No mark is longer.
const MAX_MARK: usize = 96;
/// A hash in a mark, hexadecimal digits.
const HASH: usize = 32;
/// A finding of so many characters keeps its last four when it is masked.
const LONG: usize = 12;

/// A place in a text that must not be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Finding<'a> {
    pub range: Range<usize>,
    /// What it is.
    pub name: &'a str,
    /// The lowest of those that overlap gives the name.
    pub rank: usize,
    pub action: Action,
    /// It opens something; otherwise it tells of somebody.
    pub is_secret: bool,
}

/// Findings in order, those that overlap joined, without what is redacted
/// already.
pub(crate) fn settle<'a>(
    text: &str,
    mut findings: Vec<Finding<'a>>,
    marks: &[Range<usize>],
) -> Vec<Finding<'a>> {
    findings.retain(|finding| !is_redacted(text, finding, marks));
    findings.sort_unstable_by_key(|finding| (finding.range.start, finding.rank));
    let mut settled: Vec<Finding<'a>> = Vec::with_capacity(findings.len());
    for next in findings {
        match settled.last_mut() {
            Some(last) if next.range.start < last.range.end => last.join(next),
            _ => settled.push(next),
        }
    }
    settled
}

impl Finding<'_> {
    fn join(&mut self, other: Self) {
        let joined = self.range.start..self.range.end.max(other.range.end);
        let named = if other.rank < self.rank {
            other
        } else {
            self.clone()
        };
        // The last characters of two things are not those of one.
        let action = match named.action {
            Action::Mask if named.range != joined => Action::Redact,
            action => action,
        };
        *self = Self {
            range: joined,
            action,
            ..named
        };
    }

    /// What is written in its place.
    fn replacement(&self, found: &str, key: Option<&HashKey>) -> String {
        match (self.action, key) {
            (Action::Mask, _) => masked(found),
            (Action::Hash, Some(key)) => {
                let hash = key.hash(found);
                let hash = hash.strip_prefix("hmac-sha256:").unwrap_or_default();
                format!("{MARK}{}:{hash}]", self.name)
            }
            (Action::Redact | Action::Drop, _) | (Action::Hash, None) => {
                format!("{MARK}{}]", self.name)
            }
        }
    }
}

fn masked(found: &str) -> String {
    let length = found.chars().count();
    let kept = if length >= LONG { 4 } else { 0 };
    let end: String = found.chars().skip(length - kept).collect();
    format!("{}{end}", "*".repeat((length - kept).clamp(4, LONG)))
}

/// The text with each finding replaced; a mark alone, where one of them is to
/// take the whole text with it.
pub(crate) fn rewrite(text: &str, findings: &[Finding<'_>], key: Option<&HashKey>) -> String {
    if let Some(dropping) = findings
        .iter()
        .find(|finding| finding.action == Action::Drop)
    {
        return dropping.replacement(text, key);
    }
    let mut safe = String::with_capacity(text.len());
    let mut told = 0;
    for finding in findings {
        let before = text.get(told..finding.range.start).unwrap_or_default();
        let found = text.get(finding.range.clone()).unwrap_or_default();
        safe.push_str(before);
        safe.push_str(&finding.replacement(found, key));
        told = finding.range.end;
    }
    safe.push_str(text.get(told..).unwrap_or_default());
    safe
}

/// Where marks stand: of what `is_name` knows, with or without a hash.
pub(crate) fn marks(text: &str, is_name: &dyn Fn(&str) -> bool) -> Vec<Range<usize>> {
    let starts = memmem::find_iter(text.as_bytes(), MARK.as_bytes());
    starts
        .filter_map(|start| {
            let after = text.get(start + MARK.len()..)?;
            let length = after.bytes().take(MAX_MARK).position(|byte| byte == b']')?;
            let inside = after.get(..length)?;
            let (name, hash) = inside.split_once(':').unwrap_or((inside, ""));
            let is_hash = hash.is_empty()
                || hash.len() == HASH && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
            (is_hash && is_name(name)).then(|| start..start + MARK.len() + length + 1)
        })
        .collect()
}

/// Nothing is left in it to take out.
fn is_redacted(text: &str, finding: &Finding<'_>, marks: &[Range<usize>]) -> bool {
    let range = &finding.range;
    let Some(found) = text.get(range.clone()) else {
        // It does not stand on whole characters: no detector says so.
        return true;
    };
    if is_masked(found) {
        return true;
    }
    let first = marks.partition_point(|mark| mark.end <= range.start);
    let mut at = range.start;
    for mark in marks
        .iter()
        .skip(first)
        .take_while(|mark| mark.start < range.end)
    {
        let between = text.get(at..mark.start.max(at)).unwrap_or_default();
        if says(between) {
            return false;
        }
        at = mark.end;
    }
    at > range.start && !says(text.get(at..range.end).unwrap_or_default())
}

/// Quotes and the like between marks tell nothing.
fn says(text: &str) -> bool {
    text.chars().any(char::is_alphanumeric)
}

/// As [`masked`] writes it.
fn is_masked(found: &str) -> bool {
    let rest = found.trim_start_matches('*');
    let stars = found.len() - rest.len();
    stars >= 4 && rest.chars().count() <= 4
}
