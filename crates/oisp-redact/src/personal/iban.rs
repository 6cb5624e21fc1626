//! International bank account numbers (ISO 13616): country, length, and the
//! check digits modulo 97.

use std::ops::Range;

/// Countries of the registry, with the length of their numbers.
const LENGTHS: &str = "AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BI27 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DJ27 \
    DK18 DO28 EE20 EG29 ES24 FI18 FK18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HN28 HR21 HU28 IE22 IL23 IQ23 IS26 \
    IT27 JO30 KW30 KZ20 LB28 LC32 LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22 MK19 MN20 MR27 MT31 MU30 NI28 NL18 NO15 \
    OM23 PK24 PL28 PS29 PT25 QA29 RO24 RS22 RU33 SA24 SC31 SD18 SE24 SI19 SK24 SM27 SO23 ST25 SV28 TL23 TN24 TR26 \
    UA29 VA22 VG24 XK20 YE30";

/// The number that begins at `start` with a country's two letters.
pub(super) fn at(text: &[u8], start: usize) -> Option<Range<usize>> {
    let country = text.get(start..start + 2)?;
    let length = length_of(country)?;
    let same_case = if country.iter().all(u8::is_ascii_uppercase) {
        u8::is_ascii_uppercase
    } else {
        u8::is_ascii_lowercase
    };
    let mut written = Vec::with_capacity(length);
    let mut end = start;
    while written.len() < length {
        let byte = *text.get(end)?;
        // Written in groups of four.
        let is_gap =
            matches!(byte, b' ' | b'-') && !written.is_empty() && written.len().is_multiple_of(4);
        if byte.is_ascii_digit() || same_case(&byte) {
            written.push(byte.to_ascii_uppercase());
        } else if !is_gap {
            return None;
        }
        end += 1;
    }
    let goes_on = text
        .get(end)
        .is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
    (!goes_on && is_valid(&written)).then_some(start..end)
}

fn length_of(country: &[u8]) -> Option<usize> {
    let entry = LENGTHS.split_ascii_whitespace().find(|entry| {
        entry
            .get(..2)
            .is_some_and(|known| known.as_bytes().eq_ignore_ascii_case(country))
    })?;
    entry.get(2..)?.parse().ok()
}

/// With the first four characters at the end, and letters as 10 to 35.
fn is_valid(written: &[u8]) -> bool {
    let digits = written
        .get(2..4)
        .is_some_and(|check| check.iter().all(u8::is_ascii_digit));
    let turned = written.iter().skip(4).chain(written.iter().take(4));
    let rest = turned.fold(0u32, |rest, byte| match byte {
        b'0'..=b'9' => (rest * 10 + u32::from(byte - b'0')) % 97,
        _ => (rest * 100 + u32::from(byte - b'A') + 10) % 97,
    });
    digits && rest == 1
}
