//! One pass over the digits of a text.

use std::ops::Range;

use super::groups::Groups;
use super::{card, crypto, iban, ip, phone};
use crate::entity::Entity;

/// Tells the cards, accounts, phone and social security numbers, internet and
/// coin addresses of a text.
pub(crate) fn find(text: &[u8], found: &mut dyn FnMut(Entity, Range<usize>)) {
    let mut at = 0;
    while let Some(skipped) = text
        .get(at..)
        .and_then(|rest| rest.iter().position(u8::is_ascii_digit))
    {
        at = examine(text, at, at + skipped, found).max(at + skipped + 1);
    }
}

/// Looks at the word that holds the digit at `digit`; tells where to go on.
fn examine(
    text: &[u8],
    from: usize,
    digit: usize,
    found: &mut dyn FnMut(Entity, Range<usize>),
) -> usize {
    let is_word = |byte: &&u8| byte.is_ascii_alphanumeric() || **byte == b'_';
    let before = text.get(from..digit).unwrap_or_default();
    let start = digit - before.iter().rev().take_while(is_word).count();
    let word_length = text
        .get(start..)
        .unwrap_or_default()
        .iter()
        .take_while(is_word)
        .count();
    let end = start + word_length;
    let word = text.get(start..end).unwrap_or_default();
    if word.len() <= 4
        && text.get(end) == Some(&b':')
        && let Some((entity, place)) = ip::v6(text, start)
    {
        let end = place.end;
        found(entity, place);
        return end;
    }
    if word.len() >= 14 && crypto::is_address(word) {
        found(Entity::Crypto, start..end);
        return end;
    }
    if digit == start + 2
        && let Some(place) = iban::at(text, start)
    {
        let end = place.end;
        found(Entity::Iban, place);
        return end;
    }
    if start == digit && word.iter().all(u8::is_ascii_digit) {
        return numbers(&Groups::read(text, digit), found);
    }
    end
}

/// Looks at groups of digits; tells where to go on.
fn numbers(groups: &Groups<'_>, found: &mut dyn FnMut(Entity, Range<usize>)) -> usize {
    let mut told = 0;
    if let Some(place) = phone::international(groups) {
        told = place.end;
        found(Entity::Phone, place);
    }
    for (first, group) in groups.groups.iter().enumerate() {
        if group.range.start < told {
            continue;
        }
        if let Some((entity, place)) = number(groups, first) {
            told = place.end;
            found(entity, place);
        }
    }
    groups.end.max(told)
}

fn number(groups: &Groups<'_>, first: usize) -> Option<(Entity, Range<usize>)> {
    let named = |entity: Entity| move |place: Range<usize>| (entity, place);
    card::at(groups, first)
        .map(named(Entity::Card))
        .or_else(|| ip::v4(groups, first))
        .or_else(|| ssn(groups, first).map(named(Entity::Ssn)))
        .or_else(|| phone::at(groups, first).map(named(Entity::Phone)))
}

/// A social security number of the United States: areas 000, 666 and from 900
/// on, group 00 and serial 0000 are given to nobody. Nine digits alone need a
/// word before them.
fn ssn(groups: &Groups<'_>, first: usize) -> Option<Range<usize>> {
    let alone = || {
        groups
            .fits(first, &[9])
            .filter(|place| is_ssn_named(groups.text, place.start))
    };
    let place = groups.fits(first, &[3, 2, 4]).or_else(alone)?;
    let text = groups.text.get(place.clone())?;
    let is_written = !text.contains(&b'.') && !text.contains(&b'/') && !text.contains(&b')');
    let digits = groups.digits(&place);
    let [a, b, c, d, e, serial @ ..] = digits.as_slice() else {
        return None;
    };
    let area = [*a, *b, *c];
    let given =
        area != [0, 0, 0] && area != [6, 6, 6] && *a != 9 && [*d, *e] != [0, 0] && serial != [0; 4];
    (given && is_written).then_some(place)
}

fn is_ssn_named(text: &[u8], start: usize) -> bool {
    let before = text
        .get(start.saturating_sub(32)..start)
        .unwrap_or_default()
        .to_ascii_lowercase();
    [&b"ssn"[..], b"social security"]
        .iter()
        .any(|word| memchr::memmem::find(&before, word).is_some())
}

#[cfg(test)]
mod tests;
