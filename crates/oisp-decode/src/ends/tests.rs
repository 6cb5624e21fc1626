//! Which requests of two connections are one.

use super::*;

fn conn(pid: u32) -> ConnId {
    ConnId {
        pid,
        start_time: 1,
        handle: 1,
        generation: 0,
    }
}

fn at(second: u64) -> Timestamp {
    Timestamp::from_nanos(second * 1_000_000_000)
}

fn event(n: u64) -> EventId {
    EventId::derive(Timestamp::default(), &[&n.to_le_bytes()])
}

fn socket(local: u16, remote: u16) -> Socket {
    let end = |port| SocketAddr::from(([127, 0, 0, 1], port));
    (end(local), end(remote))
}

const CLIENT: u32 = 7;
const SERVER: u32 = 8;

/// Both ends of one connection.
fn both() -> Ends {
    let mut ends = Ends::default();
    ends.socket(conn(CLIENT), socket(40_000, 80), at(0));
    ends.socket(conn(SERVER), socket(80, 40_000), at(0));
    ends
}

fn client(ends: &mut Ends, exchange: u64, print: u64, n: u64) -> Option<EventId> {
    let (conn, side) = (conn(CLIENT), Side::Client);
    ends.asked(&conn, side, exchange, Some(print), event(n), at(1))
}

fn server(ends: &mut Ends, exchange: u64, print: u64, n: u64) -> Option<EventId> {
    let (conn, side) = (conn(SERVER), Side::Server);
    ends.asked(&conn, side, exchange, Some(print), event(n), at(1))
}

#[test]
fn calls_of_a_connection_that_stays_open_are_told_apart() {
    let mut ends = both();
    // The same is asked twice; the second time the server tells it first.
    assert_eq!(client(&mut ends, 0, 5, 1), None);
    assert_eq!(server(&mut ends, 0, 5, 101), Some(event(1)));
    assert_eq!(server(&mut ends, 1, 5, 102), None);
    assert_eq!(client(&mut ends, 1, 5, 2), Some(event(102)));
    assert_eq!(
        ends.other(&conn(SERVER), &event(102), at(2)),
        Some(event(2))
    );
}

#[test]
fn what_says_another_thing_is_another_request() {
    let mut ends = both();
    client(&mut ends, 0, 5, 1);
    assert_eq!(server(&mut ends, 0, 6, 101), None);
}

#[test]
fn a_socket_may_become_known_after_the_request() {
    let mut ends = Ends::default();
    client(&mut ends, 0, 5, 1);
    assert_eq!(server(&mut ends, 0, 5, 101), None);
    ends.socket(conn(CLIENT), socket(40_000, 80), at(1));
    ends.socket(conn(SERVER), socket(80, 40_000), at(1));
    assert_eq!(
        ends.other(&conn(SERVER), &event(101), at(2)),
        Some(event(1))
    );
}

#[test]
fn after_a_loss_only_what_is_said_once_is_tied() {
    let mut ends = both();
    ends.torn(conn(SERVER), at(1));
    for (exchange, print, n) in [(0, 5, 1), (1, 6, 2), (2, 6, 3)] {
        client(&mut ends, exchange, print, n);
    }
    // The server's first was lost: its count is one behind.
    assert_eq!(server(&mut ends, 0, 6, 101), None);
    assert_eq!(server(&mut ends, 1, 5, 102), Some(event(1)));
}

#[test]
fn two_that_have_the_same_addresses_cannot_be_told_apart() {
    let mut ends = both();
    ends.socket(conn(9), socket(40_000, 80), at(0));
    client(&mut ends, 0, 5, 1);
    assert_eq!(server(&mut ends, 0, 5, 101), None);
    assert_eq!(ends.other(&conn(CLIENT), &event(1), at(1)), None);
}

#[test]
fn addresses_that_are_used_again_are_another_connection() {
    let mut ends = both();
    client(&mut ends, 0, 5, 1);
    ends.closed(&conn(CLIENT), at(2));
    assert_eq!(
        server(&mut ends, 0, 5, 101),
        Some(event(1)),
        "a moment later"
    );
    let next = conn(17);
    ends.socket(next, socket(40_000, 80), at(60));
    assert_eq!(ends.other(&conn(SERVER), &event(101), at(60)), None);
    assert!(!ends.known.contains_key(&conn(CLIENT)));
}

#[test]
fn two_clients_are_no_ends_of_one_call() {
    let mut ends = both();
    client(&mut ends, 0, 5, 1);
    let (conn, side) = (conn(SERVER), Side::Client);
    let other = ends.asked(&conn, side, 0, Some(5), event(101), at(1));
    assert_eq!(other, None);
}

#[test]
fn what_is_kept_is_bounded() {
    let mut ends = Ends::default();
    for n in 0..u32::try_from(MAX_CONNECTIONS).unwrap() * 2 {
        let port = u16::try_from(n % 60_000).unwrap();
        ends.socket(conn(n), socket(port, 80), at(0));
        for exchange in 0..4 {
            let (conn, side) = (conn(n), Side::Client);
            ends.asked(&conn, side, exchange, None, event(u64::from(n)), at(0));
        }
        if n % 2 == 0 {
            ends.closed(&conn(n), at(0));
        }
    }
    assert!(ends.known.len() <= MAX_CONNECTIONS);
    assert!(ends.requests <= MAX_REQUESTS);
    let listed: usize = ends.by_socket.values().map(Vec::len).sum();
    assert!(listed <= ends.known.len());
    let counted: usize = ends.known.values().map(|end| end.requests.len()).sum();
    assert_eq!(ends.requests, counted);
}
