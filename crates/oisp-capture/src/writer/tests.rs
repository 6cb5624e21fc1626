//! What is written reads back the same.

use std::net::{IpAddr, SocketAddr};

use super::*;
use crate::Reader;
use oisp_core::raw::{Access, Container, GapCause, Transport, Usage};
use oisp_core::{FileEvent, NetEvent, Timestamp, TlsEvent};
use proptest::prelude::*;

const CONN: ConnId = ConnId {
    pid: 7,
    start_time: 9,
    handle: 0xabc,
    generation: 2,
};

fn raw(kind: RawKind) -> RawEvent {
    RawEvent {
        at: Timestamp::from_nanos(5),
        pid: 7,
        tid: 8,
        kind,
    }
}

fn tls(what: TlsKind) -> RawEvent {
    raw(RawKind::Tls(TlsEvent { conn: CONN, what }))
}

fn read_back(events: &[RawEvent]) -> Vec<RawEvent> {
    let mut file = Vec::new();
    let mut writer = Writer::new(&mut file);
    events.iter().for_each(|event| writer.write(event).unwrap());
    let mut reader = Reader::new();
    let mut out = Vec::new();
    file.split(|byte| *byte == b'\n')
        .for_each(|line| reader.line(line, &mut out).unwrap());
    assert!(reader.skipped().is_empty());
    out
}

#[test]
fn a_process_and_its_connection() {
    let facts = Arc::new(ProcessFacts {
        pid: 7,
        ppid: Some(1),
        exe: Some("/bin/x".into()),
        script: Some("/project/run.x".into()),
        container: Some(Arc::new(Container {
            id: "c0ffee".into(),
            runtime: Some("docker".into()),
            pod_uid: Some("u".into()),
            ..Container::default()
        })),
        ..ProcessFacts::default()
    });
    let direction = Direction::Incoming;
    let remote = Remote {
        host: "192.0.2.1".into(),
        port: Some(443),
    };
    let events = [
        raw(RawKind::Process(ProcessEvent::Exec(facts))),
        tls(TlsKind::Opened {
            remote: None,
            transport: Transport::Tcp,
        }),
        tls(TlsKind::Opened {
            remote: Some(remote),
            transport: Transport::Tls,
        }),
        tls(TlsKind::Socket {
            local: "[2001:db8::7]:40000".parse().unwrap(),
            remote: "[2001:db8::1]:443".parse().unwrap(),
        }),
        tls(TlsKind::ServerName("api.example.com".into())),
        tls(TlsKind::Data {
            direction,
            offset: 4,
            bytes: vec![0, 255, 10].into(),
        }),
        tls(TlsKind::Gap {
            direction,
            offset: 7,
            len: 3,
            cause: GapCause::RingFull,
        }),
        tls(TlsKind::Closed),
        raw(RawKind::Process(ProcessEvent::Fork { child_pid: 9 })),
        raw(RawKind::Process(ProcessEvent::Exit {
            code: Some(3),
            signal: None,
            core_dumped: false,
            runtime_ms: Some(4),
            usage: Usage {
                cpu_user_ms: Some(5),
                cpu_system_ms: None,
                max_rss_kb: Some(6),
            },
        })),
    ];
    assert_eq!(read_back(&events), events);
}

#[test]
fn a_connection_that_is_only_its_bytes() {
    let data = tls(TlsKind::Data {
        direction: Direction::Outgoing,
        offset: 0,
        bytes: vec![1].into(),
    });
    assert_eq!(read_back(std::slice::from_ref(&data)), [data]);
}

fn socket() -> impl Strategy<Value = SocketAddr> {
    (any::<IpAddr>(), any::<u16>()).prop_map(|(ip, port)| SocketAddr::new(ip, port))
}

fn access() -> impl Strategy<Value = Access> {
    any::<[bool; 5]>().prop_map(|[read, write, append, created, truncated]| Access {
        read,
        write,
        append,
        created,
        truncated,
    })
}

fn file() -> impl Strategy<Value = FileEvent> {
    prop_oneof![
        (any::<String>(), access(), any::<u32>()).prop_map(|(path, access, times)| {
            FileEvent::Open {
                path,
                access,
                times,
            }
        }),
        (
            any::<String>(),
            any::<u64>(),
            any::<u32>(),
            any::<[bool; 2]>(),
            any::<Option<u64>>()
        )
            .prop_map(|(path, bytes, times, [created, truncated], size)| {
                FileEvent::Write {
                    path,
                    bytes,
                    times,
                    created,
                    truncated,
                    size,
                }
            }),
        (any::<String>(), any::<bool>())
            .prop_map(|(path, is_directory)| FileEvent::Delete { path, is_directory }),
        any::<[String; 2]>().prop_map(|[from, to]| FileEvent::Rename { from, to }),
    ]
}

fn net() -> impl Strategy<Value = NetEvent> {
    prop_oneof![
        (
            prop::option::of(socket()),
            socket(),
            any::<Option<i32>>(),
            any::<Option<u64>>()
        )
            .prop_map(|(local, remote, error, latency_ns)| NetEvent::Connect {
                local,
                remote,
                error,
                latency_ns,
            }),
        (socket(), socket()).prop_map(|(local, remote)| NetEvent::Accept { local, remote }),
        (
            socket(),
            socket(),
            any::<Option<bool>>(),
            any::<[Option<u64>; 3]>()
        )
            .prop_map(
                |(local, remote, outbound, [bytes_sent, bytes_received, duration_ns])| {
                    NetEvent::Close {
                        local,
                        remote,
                        outbound,
                        bytes_sent,
                        bytes_received,
                        duration_ns,
                    }
                }
            ),
        (
            any::<[String; 3]>(),
            any::<Vec<IpAddr>>(),
            prop::option::of(socket()),
            any::<Option<u64>>()
        )
            .prop_map(
                |([name, query_type, response_code], addresses, resolver, latency_ns)| {
                    NetEvent::Resolved {
                        name,
                        query_type,
                        response_code,
                        addresses,
                        resolver,
                        latency_ns,
                    }
                }
            ),
    ]
}

proptest! {
    #[test]
    fn whatever_a_process_did(files in prop::collection::vec(file(), 0..8), nets in prop::collection::vec(net(), 0..8)) {
        let files = files.into_iter().map(RawKind::File);
        let events: Vec<_> = files.chain(nets.into_iter().map(RawKind::Net)).map(raw).collect();
        prop_assert_eq!(read_back(&events), events);
    }
}
