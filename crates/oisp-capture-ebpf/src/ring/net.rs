//! Records about the network, from bytes to events.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use oisp_core::raw::NetEvent;
use oisp_ebpf_common::net::{
    ACCEPT, ANSWER, Addresses, CLOSE, CONNECT, HAS_BYTES, HAS_LOCAL, HAS_TOOK, IS_INBOUND,
    IS_OUTBOUND, NetHead,
};

use super::parse::Fields;
use crate::dns;

/// A record, with what stands behind its head.
pub(super) fn parse(bytes: &[u8]) -> Option<(NetHead, &[u8])> {
    let mut fields = Fields(bytes);
    let head = NetHead {
        kind: fields.u8()?,
        flags: fields.u8()?,
        len: fields.u16()?,
        error: fields.u32()?,
        tgid: fields.u32()?,
        tid: fields.u32()?,
        at_ns: fields.u64()?,
        start_ns: fields.u64()?,
        addresses: addresses(&mut fields)?,
        sent: fields.u64()?,
        received: fields.u64()?,
        took_ns: fields.u64()?,
    };
    Some((head, fields.0.get(..usize::from(head.len))?))
}

fn addresses(fields: &mut Fields<'_>) -> Option<Addresses> {
    Some(Addresses {
        local: fields.take(16)?.try_into().ok()?,
        remote: fields.take(16)?.try_into().ok()?,
        local_port: fields.u16()?,
        remote_port: fields.u16()?,
        zero: fields.u32()?,
    })
}

/// Local and remote end.
pub(super) fn ends(bytes: &[u8]) -> Option<(SocketAddr, SocketAddr)> {
    addresses(&mut Fields(bytes)).map(|ends| (local(&ends), remote(&ends)))
}

fn local(ends: &Addresses) -> SocketAddr {
    SocketAddr::new(address(ends.local), ends.local_port)
}

fn remote(ends: &Addresses) -> SocketAddr {
    SocketAddr::new(address(ends.remote), ends.remote_port)
}

/// The kernel's programs give IPv4 as IPv6 maps it, too.
fn address(bytes: [u8; 16]) -> IpAddr {
    Ipv6Addr::from(bytes).to_canonical()
}

/// What happened; `None` where an answer of a name server says nothing.
pub(super) fn event(head: &NetHead, bytes: &[u8]) -> Option<NetEvent> {
    let has = |flag| head.flags & flag != 0;
    let ends = &head.addresses;
    let took = has(HAS_TOOK).then_some(head.took_ns);
    Some(match head.kind {
        CONNECT => NetEvent::Connect {
            local: has(HAS_LOCAL).then(|| local(ends)),
            remote: remote(ends),
            error: i32::try_from(head.error).ok().filter(|error| *error != 0),
            latency_ns: took,
        },
        ACCEPT => NetEvent::Accept {
            local: local(ends),
            remote: remote(ends),
        },
        CLOSE => NetEvent::Close {
            local: local(ends),
            remote: remote(ends),
            outbound: has(IS_OUTBOUND | IS_INBOUND).then_some(has(IS_OUTBOUND)),
            bytes_sent: has(HAS_BYTES).then_some(head.sent),
            bytes_received: has(HAS_BYTES).then_some(head.received),
            duration_ns: took,
        },
        ANSWER => dns::resolved(bytes, Some(remote(ends)), took)?,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(kind: u8, flags: u8) -> Vec<u8> {
        let mut bytes = vec![kind, flags];
        let mut put = |field: &[u8]| bytes.extend(field);
        put(&2_u16.to_ne_bytes());
        put(&111_u32.to_ne_bytes());
        put(&4_u32.to_ne_bytes());
        put(&5_u32.to_ne_bytes());
        put(&6_u64.to_ne_bytes());
        put(&7_u64.to_ne_bytes());
        put(&[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 192, 0, 2, 1]);
        put(&Ipv6Addr::LOCALHOST.octets());
        put(&8_u16.to_ne_bytes());
        put(&9_u16.to_ne_bytes());
        put(&[0; 4]);
        for number in [10_u64, 11, 12] {
            put(&number.to_ne_bytes());
        }
        put(b"??");
        assert_eq!(bytes.len(), size_of::<NetHead>() + 2);
        bytes
    }

    #[test]
    fn every_field_comes_from_its_place() {
        let bytes = record(CLOSE, HAS_BYTES | HAS_TOOK | IS_INBOUND);
        let (head, behind) = parse(&bytes).unwrap();
        assert_eq!(
            (head.tgid, head.tid, head.at_ns, head.start_ns),
            (4, 5, 6, 7)
        );
        assert_eq!(behind, b"??");
        let expected = NetEvent::Close {
            local: "192.0.2.1:8".parse().unwrap(),
            remote: "[::1]:9".parse().unwrap(),
            outbound: Some(false),
            bytes_sent: Some(10),
            bytes_received: Some(11),
            duration_ns: Some(12),
        };
        assert_eq!(event(&head, behind), Some(expected));
    }

    #[test]
    fn what_is_not_known_is_absent() {
        let bytes = record(CONNECT, 0);
        let (head, behind) = parse(&bytes).unwrap();
        let expected = NetEvent::Connect {
            local: None,
            remote: "[::1]:9".parse().unwrap(),
            error: Some(111),
            latency_ns: None,
        };
        assert_eq!(event(&head, behind), Some(expected));
    }

    #[test]
    fn a_cut_record_is_none() {
        let bytes = record(ANSWER, 0);
        for cut in 0..bytes.len() {
            assert!(parse(&bytes[..cut]).is_none(), "{cut}");
        }
    }
}
