//! The kernel's sockets: their two ends, and where a message's bytes are.

use oisp_ebpf_common::net::Addresses;
use oisp_ebpf_common::setting::{
    AT_FAMILY, AT_ITERATOR, AT_ITERATOR_BUFFER, AT_ITERATOR_KIND, AT_ITERATOR_OFFSET,
    AT_ITERATOR_VECTOR, AT_LOCAL_PORT, AT_LOCAL4, AT_LOCAL6, AT_REMOTE_PORT, AT_REMOTE4,
    AT_REMOTE6, ITERATES_BUFFER, ITERATES_VECTOR,
};

use crate::setting;
use crate::task::Kernel;

/// `AF_INET`
pub const IPV4: u16 = 2;
/// `AF_INET6`
pub const IPV6: u16 = 10;

/// `IPPROTO_TCP`
pub const TCP: u16 = 6;
/// `IPPROTO_UDP`
pub const UDP: u16 = 17;

/// Both ends of a socket, as far as it has them.
#[inline(always)]
pub fn addresses(sock: Kernel) -> Option<Addresses> {
    let family: u16 = sock.field(AT_FAMILY)?;
    let (local, remote) = match family {
        IPV4 => (
            mapped(sock.field(AT_LOCAL4)?),
            mapped(sock.field(AT_REMOTE4)?),
        ),
        IPV6 => (sock.field(AT_LOCAL6)?, sock.field(AT_REMOTE6)?),
        _ => return None,
    };
    Some(Addresses {
        local,
        remote,
        local_port: u16::from_be(sock.field(AT_LOCAL_PORT)?),
        remote_port: u16::from_be(sock.field(AT_REMOTE_PORT)?),
        zero: 0,
    })
}

/// The address that `connect` was given: `struct sockaddr_in` or
/// `sockaddr_in6`.
#[inline(always)]
pub fn given(address: Kernel, family: u16) -> Option<([u8; 16], u16)> {
    let given: u16 = address.read()?;
    if given != family {
        return None;
    }
    if family == IPV4 {
        let [_, port, a, b]: [u16; 4] = address.read()?;
        let ([a, b], [c, d]) = (a.to_ne_bytes(), b.to_ne_bytes());
        return Some((mapped([a, b, c, d]), u16::from_be(port)));
    }
    let words: [u32; 6] = address.read()?;
    let mut remote = [0; 16];
    for (word, bytes) in words[2..].iter().zip(remote.chunks_exact_mut(4)) {
        bytes.copy_from_slice(&word.to_ne_bytes());
    }
    // Told by the IPv4 call inside this one.
    if remote[..12] == mapped([0; 4])[..12] {
        return None;
    }
    let port = (words[0].to_ne_bytes()[2], words[0].to_ne_bytes()[3]);
    (family == IPV6).then_some((remote, u16::from_be_bytes([port.0, port.1])))
}

/// An IPv4 address as IPv6 writes it.
#[inline(always)]
pub fn mapped(address: [u8; 4]) -> [u8; 16] {
    let [a, b, c, d] = address;
    [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, a, b, c, d]
}

/// `127.0.0.0/8` or `::1`
#[inline(always)]
pub fn is_loopback(address: &[u8; 16]) -> bool {
    let v6 = address[15] == 1 && address[10] == 0 && address[0] == 0;
    let v4 = address[12] == 127 && address[11] == 0xff && address[10] == 0xff;
    (v4 || v6) && address[1..10] == [0; 9]
}

/// Bytes of the process that a message is about to carry, or carried: where the
/// first piece begins, and how long it is at most.
#[derive(Clone, Copy)]
pub struct Piece {
    pub at: u64,
    pub len: u64,
}

/// The first piece of a message of `len` bytes that is about to be sent.
#[inline(always)]
pub fn to_send(message: Kernel, len: u64) -> Option<Piece> {
    let (at, room) = buffer(message)?;
    let offset = iterator_offset(message)?;
    Some(Piece {
        at: at + offset,
        len: len.min(room.checked_sub(offset)?),
    })
}

/// Where `len` bytes are that were just received, if they are in one piece.
#[inline(always)]
pub fn received(message: Kernel, len: u64) -> Option<Piece> {
    let (at, room) = buffer(message)?;
    // The kernel moved on by what it wrote; not to see where it began is to be
    // in the next piece already.
    let end = iterator_offset(message)?;
    let start = end.checked_sub(len)?;
    (end <= room).then_some(Piece {
        at: at + start,
        len,
    })
}

#[inline(always)]
fn iterator_offset(message: Kernel) -> Option<u64> {
    message.part(AT_ITERATOR)?.field(AT_ITERATOR_OFFSET)
}

/// The buffer that the message's position is in: where it is, and how long.
#[inline(always)]
fn buffer(message: Kernel) -> Option<(u64, u64)> {
    let iterator = message.part(AT_ITERATOR)?;
    let kind = u32::from(iterator.field::<u8>(AT_ITERATOR_KIND)?);
    if kind == setting::get(ITERATES_BUFFER) {
        return Some((iterator.field(AT_ITERATOR_BUFFER)?, u64::MAX));
    }
    if kind == setting::get(ITERATES_VECTOR) {
        // `struct iovec`: two words, part of the system's interface.
        let [at, len] = iterator.follow(AT_ITERATOR_VECTOR)?.read()?;
        return Some((at, len));
    }
    None
}
