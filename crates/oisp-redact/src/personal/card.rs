//! Payment cards (ISO/IEC 7812-1): issuer, length and check digit.

use std::ops::Range;

use super::groups::{Between, Groups};

/// How cards are printed; without spaces a number may have 13 to 19 digits.
const PRINTED: [&[usize]; 5] = [
    &[4, 4, 4, 4],
    &[4, 6, 5],
    &[4, 6, 4],
    &[4, 4, 4, 4, 3],
    &[4, 4, 5],
];

/// The card that begins at that group.
pub(super) fn at(groups: &Groups<'_>, first: usize) -> Option<Range<usize>> {
    let length = groups.groups.get(first)?.range.len();
    let place = match length {
        13..=19 => groups.fits(first, &[length])?,
        4 if matches!(
            groups.between(first),
            Some(Between::Space | Between::Hyphen)
        ) =>
        {
            PRINTED.iter().find_map(|printed| {
                groups
                    .fits(first, printed)
                    .filter(|place| is_card(&groups.digits(place)))
            })?
        }
        _ => return None,
    };
    is_card(&groups.digits(&place)).then_some(place)
}

fn is_card(digits: &[u8]) -> bool {
    let first = digits
        .iter()
        .take(4)
        .fold(0u32, |first, digit| first * 10 + u32::from(*digit));
    is_issued(first, digits.len()) && passes_luhn(digits)
}

/// Beginnings and lengths of the large networks.
fn is_issued(first: u32, length: usize) -> bool {
    let (two, three) = (first / 100, first / 10);
    match length {
        13 => two / 10 == 4,
        14 => matches!(three, 300..=305 | 309) || matches!(two, 36 | 38 | 39),
        15 => matches!(two, 34 | 37),
        16 => {
            two / 10 == 4
                || matches!(two, 50..=55 | 56..=58 | 62 | 63 | 65 | 67)
                || matches!(first, 2221..=2720 | 3528..=3589 | 6011 | 6440..=6499)
        }
        19 => two / 10 == 4 || matches!(two, 62 | 65) || first == 6011,
        17 | 18 => two == 62,
        _ => false,
    }
}

fn passes_luhn(digits: &[u8]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(place, digit)| match (place % 2, u32::from(*digit)) {
            (0, digit) => digit,
            (_, digit) => digit * 2 / 10 + digit * 2 % 10,
        })
        .sum();
    sum.is_multiple_of(10)
}
