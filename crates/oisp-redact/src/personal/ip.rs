//! Addresses of the internet. Versions are written like them: what stands
//! before tells.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::ops::Range;

use super::groups::{Between, Groups, ends};
use crate::entity::Entity;

/// The IPv4 address that begins at that group.
pub(super) fn v4(groups: &Groups<'_>, first: usize) -> Option<(Entity, Range<usize>)> {
    let four = groups.groups.get(first..first + 4)?;
    let (last, others) = four.split_last()?;
    let dotted = others.iter().all(|group| group.then == Some(Between::Dot));
    // A network's length may come behind a slash.
    let ends =
        ends(last) || last.then == Some(Between::Slash) || last.then == Some(Between::Hyphen);
    let starts = first == 0
        || matches!(
            groups.between(first - 1),
            Some(Between::Space | Between::Slash | Between::Hyphen)
        );
    if !(dotted && ends && starts) {
        return None;
    }
    let place = four.first()?.range.start..last.range.end;
    let text = std::str::from_utf8(groups.text.get(place.clone())?).ok()?;
    let entity = kind_of_v4(text.parse().ok()?)?;
    (!is_version(groups.text, place.start)).then_some((entity, place))
}

fn kind_of_v4(address: Ipv4Addr) -> Option<Entity> {
    let [a, b, c, d] = address.octets();
    // Ends like that are versions, or networks.
    let names_no_host = a == 0 || a >= 224 || (c, d) == (0, 0);
    let is_shared = a == 100 && (64..128).contains(&b);
    if address.is_loopback() || address.is_private() || address.is_link_local() || is_shared {
        return Some(Entity::PrivateIp);
    }
    (!names_no_host).then_some(Entity::Ip)
}

/// Words before a version.
const VERSIONS: [&[u8]; 7] = [
    b"version",
    b"ver",
    b"release",
    b"build",
    b"firmware",
    b"driver",
    b"assembly",
];
/// How far before it.
const BEFORE: usize = 24;

fn is_version(text: &[u8], start: usize) -> bool {
    let before = text
        .get(start.saturating_sub(BEFORE)..start)
        .unwrap_or_default();
    let last = before.last();
    let beyond = before.iter().rev().nth(1);
    let is_path = last == Some(&b'/') && beyond.is_some_and(u8::is_ascii_alphanumeric);
    let is_required = matches!(
        before.get(before.len().saturating_sub(2)..),
        Some(b"==" | b">=" | b"<=" | b"~=")
    ) || last == Some(&b'^');
    let is_end_of_number =
        last == Some(&b'.') || last == Some(&b'-') && beyond.is_some_and(u8::is_ascii_alphanumeric);
    let line = before
        .rsplit(|byte| *byte == b'\n')
        .next()
        .unwrap_or_default()
        .to_ascii_lowercase();
    let named = VERSIONS
        .iter()
        .any(|word| memchr::memmem::find(&line, word).is_some());
    is_path || is_required || is_end_of_number || named
}

/// The IPv6 address that begins with the hexadecimal digits at `start`.
pub(super) fn v6(text: &[u8], start: usize) -> Option<(Entity, Range<usize>)> {
    let before = start.checked_sub(1).and_then(|at| text.get(at));
    if before.is_some_and(|byte| b":.".contains(byte)) {
        return None;
    }
    let behind = text.get(start..text.len().min(start + 46))?;
    let belongs = |byte: &&u8| byte.is_ascii_hexdigit() || b":.".contains(byte);
    let length = behind.iter().take_while(belongs).count();
    let goes_on = behind
        .get(length)
        .is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
    let written = std::str::from_utf8(behind.get(..length)?)
        .ok()?
        .trim_end_matches(['.', ':']);
    let address: Ipv6Addr = written.parse().ok()?;
    (!goes_on).then_some((kind_of_v6(address)?, start..start + written.len()))
}

/// Of what is assigned: global, or of a network of one's own.
fn kind_of_v6(address: Ipv6Addr) -> Option<Entity> {
    match address.segments() {
        [first, ..] if first >> 13 == 1 => Some(Entity::Ip),
        [first, ..] if first >> 9 == 0x7e || first >> 6 == 0x3fa => Some(Entity::PrivateIp),
        _ => None,
    }
}
