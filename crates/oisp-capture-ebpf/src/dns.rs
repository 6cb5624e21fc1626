//! Answers of name servers (RFC 1035), from the bytes that a process received.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use oisp_core::raw::NetEvent;
use simple_dns::rdata::RData;
use simple_dns::{OPCODE, Packet, PacketFlag, QTYPE, RCODE, TYPE};

/// Fewest bytes of an entry of a message: a root name, type and class.
const SHORTEST_ENTRY: usize = 5;
/// Where the entries of a message begin.
const HEADER: usize = 12;

/// What an answer says; `None` where it is none, or damaged, or was cut.
pub(crate) fn resolved(
    bytes: &[u8],
    resolver: Option<SocketAddr>,
    latency_ns: Option<u64>,
) -> Option<NetEvent> {
    // The parser makes room for as many entries as a message says that it has.
    if entries(bytes)? > bytes.len() / SHORTEST_ENTRY {
        return None;
    }
    let packet = Packet::parse(bytes).ok()?;
    if !packet.has_flags(PacketFlag::RESPONSE) || packet.opcode() != OPCODE::StandardQuery {
        return None;
    }
    let [question] = packet.questions.as_slice() else {
        return None;
    };
    let address = |data: &RData<'_>| match data {
        RData::A(a) => Some(IpAddr::V4(Ipv4Addr::from(a.address))),
        RData::AAAA(aaaa) => Some(IpAddr::V6(Ipv6Addr::from(aaaa.address))),
        _ => None,
    };
    Some(NetEvent::Resolved {
        // Some clients mix cases at random, to make forging harder.
        name: question.qname.to_string().to_ascii_lowercase(),
        query_type: query_type(question.qtype),
        response_code: response_code(packet.rcode(), bytes),
        addresses: packet
            .answers
            .iter()
            .filter_map(|record| address(&record.rdata))
            .collect(),
        resolver,
        latency_ns,
    })
}

/// How many entries the message says it has.
fn entries(bytes: &[u8]) -> Option<usize> {
    let counts = bytes.get(4..HEADER)?.chunks_exact(2);
    Some(
        counts
            .map(|count| {
                count
                    .iter()
                    .fold(0, |all, byte| (all << 8) | usize::from(*byte))
            })
            .sum(),
    )
}

fn query_type(of: QTYPE) -> String {
    match of {
        QTYPE::TYPE(TYPE::Unknown(number)) => format!("TYPE{number}"),
        QTYPE::TYPE(known) => format!("{known:?}"),
        other => format!("{other:?}"),
    }
}

/// By the names of the registry of response codes.
fn response_code(code: RCODE, bytes: &[u8]) -> String {
    let name = match code {
        RCODE::NoError => "NOERROR",
        RCODE::FormatError => "FORMERR",
        RCODE::ServerFailure => "SERVFAIL",
        RCODE::NameError => "NXDOMAIN",
        RCODE::NotImplemented => "NOTIMP",
        RCODE::Refused => "REFUSED",
        RCODE::YXDOMAIN => "YXDOMAIN",
        RCODE::YXRRSET => "YXRRSET",
        RCODE::NXRRSET => "NXRRSET",
        RCODE::NOTAUTH => "NOTAUTH",
        RCODE::NOTZONE => "NOTZONE",
        RCODE::BADVERS => "BADVERS",
        _ => return format!("RCODE{}", bytes.get(3).map_or(0, |byte| byte & 0xf)),
    };
    String::from(name)
}

#[cfg(test)]
mod tests {
    use simple_dns::rdata::{A, AAAA, CNAME};
    use simple_dns::{CLASS, Name, Question, ResourceRecord};

    use super::*;

    fn answer(records: Vec<RData<'static>>, code: RCODE) -> Vec<u8> {
        let mut packet = Packet::new_reply(7);
        let name = || Name::new_unchecked("Api.Example.test");
        packet.questions.push(Question::new(
            name(),
            QTYPE::TYPE(TYPE::A),
            CLASS::IN.into(),
            false,
        ));
        for data in records {
            packet
                .answers
                .push(ResourceRecord::new(name(), CLASS::IN, 60, data));
        }
        *packet.rcode_mut() = code;
        packet.build_bytes_vec_compressed().unwrap()
    }

    fn parsed(bytes: &[u8]) -> Option<(String, String, String, Vec<String>)> {
        match resolved(bytes, None, Some(5))? {
            NetEvent::Resolved {
                name,
                query_type,
                response_code,
                addresses,
                ..
            } => Some((
                name,
                query_type,
                response_code,
                addresses.iter().map(ToString::to_string).collect(),
            )),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn all_addresses_of_the_answer_are_taken_through_aliases() {
        let bytes = answer(
            vec![
                RData::CNAME(CNAME(Name::new_unchecked("edge.example.test"))),
                RData::A(A::from(Ipv4Addr::new(192, 0, 2, 7))),
                RData::AAAA(AAAA::from(Ipv6Addr::LOCALHOST)),
            ],
            RCODE::NoError,
        );
        let (name, kind, code, addresses) = parsed(&bytes).unwrap();
        assert_eq!(
            (name.as_str(), kind.as_str(), code.as_str()),
            ("api.example.test", "A", "NOERROR")
        );
        assert_eq!(addresses, ["192.0.2.7", "::1"]);
    }

    #[test]
    fn a_name_that_is_not_there_has_no_address() {
        let (_, _, code, addresses) = parsed(&answer(vec![], RCODE::NameError)).unwrap();
        assert_eq!((code.as_str(), addresses.len()), ("NXDOMAIN", 0));
    }

    #[test]
    fn what_is_cut_or_no_answer_is_none() {
        let bytes = answer(vec![RData::A(A::from(Ipv4Addr::LOCALHOST))], RCODE::NoError);
        for cut in 0..bytes.len() {
            assert_eq!(parsed(&bytes[..cut]), None, "{cut}");
        }
        let mut question = bytes.clone();
        question[2] &= 0x7f;
        assert_eq!(parsed(&question), None);
        let mut many = bytes;
        many[6..8].copy_from_slice(&[0xff; 2]);
        assert_eq!(parsed(&many), None);
    }

    #[test]
    fn a_name_that_points_at_itself_ends() {
        let mut bytes = answer(vec![], RCODE::NoError);
        bytes.truncate(HEADER);
        bytes.extend([0xc0, 12, 0, 1, 0, 1]);
        assert_eq!(parsed(&bytes), None);
    }
}
