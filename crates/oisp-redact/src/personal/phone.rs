//! Phone numbers: in international form, in that of North America, and as
//! groups of digits behind a word that says what they are.

use std::ops::Range;

use super::groups::{Between, Groups, ends};

/// Shortest and longest number with its country's code (E.164), digits.
const INTERNATIONAL: std::ops::RangeInclusive<usize> = 8..=15;

/// The number behind a `+`.
pub(super) fn international(groups: &Groups<'_>) -> Option<Range<usize>> {
    let start = groups.groups.first()?.range.start;
    let plus = start
        .checked_sub(1)
        .filter(|at| groups.text.get(*at) == Some(&b'+'))?;
    let before = plus.checked_sub(1).and_then(|at| groups.text.get(at));
    if before.is_some_and(|byte| byte.is_ascii_alphanumeric() || b"_)+".contains(byte)) {
        return None;
    }
    let place = longest(groups, 0, *INTERNATIONAL.end())?;
    let digits = groups.digits(&place);
    let grouped = place.len() > digits.len();
    // A sum or a changed line has a plus, too.
    let least = if grouped { *INTERNATIONAL.start() } else { 10 };
    (digits.len() >= least && is_country(&digits)).then_some(plus..place.end)
}

/// The number that begins at that group.
pub(super) fn at(groups: &Groups<'_>, first: usize) -> Option<Range<usize>> {
    north_american(groups, first)
        .or_else(|| dialled(groups, first))
        .or_else(|| announced(groups, first))
}

/// `415-555-0132`, `(415) 555-0132`, `1-415-555-0132`.
fn north_american(groups: &Groups<'_>, first: usize) -> Option<Range<usize>> {
    let is_one = |at: usize| {
        groups
            .groups
            .get(at)
            .is_some_and(|group| groups.text.get(group.range.clone()) == Some(b"1"))
    };
    let from = first + usize::from(is_one(first));
    let [area, exchange, line] = groups.groups.get(from..from + 3)? else {
        return None;
    };
    let lengths = [area, exchange, line].map(|group| group.range.len());
    let code = |group: &super::groups::Group| {
        matches!(groups.text.get(group.range.start), Some(b'2'..=b'9'))
    };
    let fits = lengths == [3, 3, 4] && code(area) && code(exchange);
    if !fits {
        return None;
    }
    let open = area
        .range
        .start
        .checked_sub(1)
        .and_then(|at| groups.text.get(at))
        == Some(&b'(');
    let written = match (area.then?, exchange.then?) {
        (Between::Bracket, Between::Hyphen | Between::Space | Between::Dot) => open,
        (Between::Hyphen, Between::Hyphen) | (Between::Dot, Between::Dot) => true,
        (Between::Space, Between::Hyphen | Between::Space) => {
            is_announced(groups.text, area.range.start)
        }
        _ => false,
    };
    let place =
        groups.groups.get(first)?.range.start - usize::from(open && from == first)..line.range.end;
    (written && groups.starts(first) && ends(line)).then_some(place)
}

/// `0044 20 7946 0018`.
fn dialled(groups: &Groups<'_>, first: usize) -> Option<Range<usize>> {
    let place = longest(groups, first, 17)?;
    let digits = groups.digits(&place);
    let number = digits.strip_prefix(&[0, 0])?;
    let grouped = place.len() >= digits.len() + 2;
    (grouped
        && groups.starts(first)
        && INTERNATIONAL.contains(&number.len())
        && number.len() >= 10
        && is_country(number))
    .then_some(place)
}

/// Any groups behind a word that says that they are a number.
fn announced(groups: &Groups<'_>, first: usize) -> Option<Range<usize>> {
    let place = longest(groups, first, 14).filter(|_| groups.starts(first))?;
    let is_long = place.len() >= 7 && groups.digits(&place).len() >= 7;
    (is_long && is_announced(groups.text, place.start)).then_some(place)
}

/// As many groups as have no more than so many digits.
fn longest(groups: &Groups<'_>, first: usize, most: usize) -> Option<Range<usize>> {
    let start = groups.groups.get(first)?.range.start;
    let mut digits = 0;
    let mut end = None;
    for group in groups.groups.iter().skip(first) {
        digits += group.range.len();
        if digits > most {
            break;
        }
        if ends(group) || group.then == Some(Between::Hyphen) || group.then == Some(Between::Dot) {
            end = Some(group.range.end);
        }
    }
    end.map(|end| start..end)
}

/// Codes that the ITU has given out begin so.
fn is_country(digits: &[u8]) -> bool {
    match digits {
        // North America: no area and no exchange begins with 0 or 1.
        [1, area, _, _, exchange, ..] => digits.len() == 11 && *area >= 2 && *exchange >= 2,
        [0, ..] | [2, 8, ..] | [8, 3 | 9, ..] => false,
        [_, rest @ ..] => rest.iter().any(|digit| *digit != 0),
        [] => false,
    }
}

/// Words before a number, in the languages in which they are most.
const WORDS: [&[u8]; 12] = [
    b"phone",
    b"tel",
    b"mobile",
    b"mobil",
    b"cell",
    b"fax",
    b"sms",
    b"whatsapp",
    b"handy",
    b"dial",
    b"movil",
    b"hotline",
];
/// How far before it.
const BEFORE: usize = 20;

fn is_announced(text: &[u8], start: usize) -> bool {
    let before = text
        .get(start.saturating_sub(BEFORE)..start)
        .unwrap_or_default()
        .to_ascii_lowercase();
    if !before.iter().any(u8::is_ascii_alphabetic) {
        return false;
    }
    let is_word = |word: &&[u8]| {
        memchr::memmem::rfind(&before, word).is_some_and(|at| {
            let starts = at
                .checked_sub(1)
                .and_then(|at| before.get(at))
                .is_none_or(|byte| !byte.is_ascii_alphabetic() || *word == b"phone");
            let behind = before.get(at + word.len()..).unwrap_or_default();
            // `tell 5 people`, `cells 1234567`: the word ends, or goes on in one that says the same.
            let ends = behind
                .iter()
                .take_while(|byte| byte.is_ascii_alphabetic())
                .count();
            let rest = behind.get(..ends).unwrap_or_default();
            starts
                && (rest.is_empty()
                    || rest == b"e"
                    || rest == b"fon"
                    || rest == b"efon"
                    || rest == b"ephone"
                    || rest == b"number"
                    || rest == b"no")
                && !behind.iter().any(|byte| b"{}[]()<>;,".contains(byte))
        })
    };
    WORDS.iter().any(is_word)
}
