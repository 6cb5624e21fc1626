//! Digits in groups, as people write long numbers.

use std::ops::Range;

/// Most groups that are looked at as one number.
const MAX_GROUPS: usize = 32;

/// What stands between two groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Between {
    Space,
    Hyphen,
    Dot,
    Slash,
    /// `) ` or `)-` or `)`: the group before stood in brackets.
    Bracket,
}

/// One group.
#[derive(Clone, Debug)]
pub(super) struct Group {
    pub range: Range<usize>,
    /// What comes before the next one; `None` behind the last.
    pub then: Option<Between>,
}

/// Groups of digits, one behind the other.
pub(super) struct Groups<'a> {
    pub text: &'a [u8],
    pub groups: Vec<Group>,
    /// Where to go on.
    pub end: usize,
}

impl<'a> Groups<'a> {
    /// The groups from a digit on. A group that is part of a word is none.
    pub(super) fn read(text: &'a [u8], from: usize) -> Self {
        let mut groups: Vec<Group> = Vec::new();
        let mut at = from;
        loop {
            let digits = text.get(at..).unwrap_or_default();
            let length = digits
                .iter()
                .take_while(|byte| byte.is_ascii_digit())
                .count();
            let end = at + length;
            if text
                .get(end)
                .is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
            {
                if let Some(last) = groups.last_mut() {
                    last.then = None;
                }
                return Self { text, groups, end };
            }
            let between = between(text, end);
            groups.push(Group {
                range: at..end,
                then: between.map(|(between, _)| between),
            });
            match between {
                Some((_, next)) if groups.len() < MAX_GROUPS => at = next,
                Some(_) => {
                    // What begins near the end of this is looked at again.
                    let again = groups
                        .get(MAX_GROUPS * 3 / 4)
                        .map_or(end, |group| group.range.start);
                    return Self {
                        text,
                        groups,
                        end: again,
                    };
                }
                None => return Self { text, groups, end },
            }
        }
    }

    /// The digits of the groups from one on, where these have those lengths, and
    /// the same between them; and the place of it all.
    pub(super) fn fits(&self, first: usize, lengths: &[usize]) -> Option<Range<usize>> {
        let groups = self.groups.get(first..first + lengths.len())?;
        let fit = groups
            .iter()
            .zip(lengths)
            .all(|(group, length)| group.range.len() == *length);
        let (last, others) = groups.split_last()?;
        let between = others.first().and_then(|group| group.then);
        let alike = others.iter().all(|group| group.then == between);
        (fit && alike && self.starts(first) && ends(last))
            .then_some(groups.first()?.range.start..last.range.end)
    }

    /// What is between the groups from one on.
    pub(super) fn between(&self, first: usize) -> Option<Between> {
        self.groups.get(first).and_then(|group| group.then)
    }

    /// A number can begin at that group.
    pub(super) fn starts(&self, first: usize) -> bool {
        match first.checked_sub(1) {
            Some(before) => matches!(self.between(before), Some(Between::Space | Between::Slash)),
            None => {
                let start = self.groups.first().map_or(0, |group| group.range.start);
                let before = start.checked_sub(1).and_then(|at| self.text.get(at));
                let beyond = start.checked_sub(2).and_then(|at| self.text.get(at));
                match before {
                    Some(b'.' | b'-') => !beyond.is_some_and(u8::is_ascii_alphanumeric),
                    Some(b',') => !beyond.is_some_and(u8::is_ascii_digit),
                    _ => true,
                }
            }
        }
    }

    pub(super) fn digits(&self, range: &Range<usize>) -> Vec<u8> {
        let text = self.text.get(range.clone()).unwrap_or_default();
        text.iter()
            .filter(|byte| byte.is_ascii_digit())
            .map(|byte| byte - b'0')
            .collect()
    }
}

/// A number can end with that group.
pub(super) fn ends(group: &Group) -> bool {
    matches!(group.then, None | Some(Between::Space | Between::Slash))
}

fn between(text: &[u8], end: usize) -> Option<(Between, usize)> {
    let is_digit = |at: usize| text.get(at).is_some_and(u8::is_ascii_digit);
    let one = match text.get(end)? {
        b' ' if text.get(end + 1) == Some(&b'(') => {
            return is_digit(end + 2).then_some((Between::Space, end + 2));
        }
        b' ' => Between::Space,
        b'-' => Between::Hyphen,
        b'.' => Between::Dot,
        b'/' => Between::Slash,
        b')' => {
            let skip = usize::from(matches!(text.get(end + 1), Some(b' ' | b'-')));
            return is_digit(end + 1 + skip).then_some((Between::Bracket, end + 1 + skip));
        }
        _ => return None,
    };
    is_digit(end + 1).then_some((one, end + 1))
}
