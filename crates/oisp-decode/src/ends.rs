//! Both ends of one call. Where a client and a server on this machine are both
//! captured, each end tells the call: the two are one.
//!
//! Two connections are the ends of one where the addresses of each are those of
//! the other, crossed. A request is the same where it is the same exchange of
//! both and says the same; where bytes of either end were lost, or went by
//! before the capture, where it is the only one that says the same. Anything
//! else is no tie.
//!
//! Limits: [`MAX_CONNECTIONS`], [`MAX_EACH`] requests each, [`MAX_REQUESTS`] in
//! all; above them what was known is forgotten.

use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;

use oisp_core::{ConnId, EventId, Timestamp};

use crate::connection::Side;

/// Most connections that are known.
const MAX_CONNECTIONS: usize = 32_768;
/// Most requests of a connection.
const MAX_EACH: usize = 1024;
/// Most requests.
const MAX_REQUESTS: usize = 1 << 16;
/// So long may events of the one end come after the other has closed.
const AFTER_MS: u64 = 10_000;

/// Its own address and the other end's.
type Socket = (SocketAddr, SocketAddr);

/// The ends that are known.
#[derive(Debug, Default)]
pub struct Ends {
    known: HashMap<ConnId, End>,
    by_socket: HashMap<Socket, Vec<ConnId>>,
    requests: usize,
}

#[derive(Debug, Default)]
struct End {
    socket: Option<Socket>,
    /// Something of the connection went by uncaptured: its exchanges may be
    /// counted wrong.
    is_torn: bool,
    requests: VecDeque<Request>,
    closed: Option<Timestamp>,
}

#[derive(Clone, Copy, Debug)]
struct Request {
    exchange: u64,
    side: Side,
    /// What it says, in short; `None` where not all of it is there.
    print: Option<u64>,
    event: EventId,
}

impl Ends {
    /// The socket below a connection.
    pub fn socket(&mut self, conn: ConnId, socket: Socket, at: Timestamp) {
        self.make_room(at);
        self.forget_closed(socket, conn, at);
        let end = self.known.entry(conn).or_default();
        let before = end.socket.replace(socket);
        if before == Some(socket) {
            return;
        }
        if let Some(before) = before {
            self.unlist(before, conn);
        }
        self.by_socket.entry(socket).or_default().push(conn);
    }

    /// Something of a connection went by uncaptured.
    pub fn torn(&mut self, conn: ConnId, at: Timestamp) {
        self.make_room(at);
        self.known.entry(conn).or_default().is_torn = true;
    }

    /// A connection ended. What the other end still tells finds it for a while.
    pub fn closed(&mut self, conn: &ConnId, at: Timestamp) {
        let Some(end) = self.known.get_mut(conn) else {
            return;
        };
        end.closed = Some(at);
        if end.socket.is_none() {
            self.remove(conn);
        }
    }

    /// A request was told; gives the other end's event of it, where that was
    /// told already.
    pub fn asked(
        &mut self,
        conn: &ConnId,
        side: Side,
        exchange: u64,
        print: Option<u64>,
        event: EventId,
        at: Timestamp,
    ) -> Option<EventId> {
        self.make_room(at);
        let end = self.known.entry(*conn).or_default();
        if end.requests.len() >= MAX_EACH {
            end.requests.pop_front();
            self.requests -= 1;
        }
        end.requests.push_back(Request {
            exchange,
            side,
            print,
            event,
        });
        self.requests += 1;
        self.other(conn, &event, at)
    }

    /// The other end's event of a request that was told.
    pub fn other(&self, conn: &ConnId, event: &EventId, now: Timestamp) -> Option<EventId> {
        let own = self.known.get(conn)?;
        let request = own
            .requests
            .iter()
            .find(|request| request.event == *event)?;
        let other = self.mirror(conn, own, now)?;
        let found = if own.is_torn || other.is_torn {
            let print = request.print?;
            let is_alike = |each: &&Request| each.print == Some(print);
            only(own.requests.iter().filter(is_alike))?;
            only(other.requests.iter().filter(is_alike))?
        } else {
            let is_it = |each: &&Request| each.exchange == request.exchange;
            let found = only(other.requests.iter().filter(is_it))?;
            let says_the_same = match (found.print, request.print) {
                (Some(theirs), Some(ours)) => theirs == ours,
                _ => true,
            };
            says_the_same.then_some(found)?
        };
        (found.side != request.side).then_some(found.event)
    }

    /// The only connection whose addresses are this one's, crossed.
    fn mirror(&self, conn: &ConnId, own: &End, now: Timestamp) -> Option<&End> {
        let (local, remote) = own.socket?;
        let is_here = |end: &&End| {
            end.closed
                .is_none_or(|closed| now.millis_since(closed) <= AFTER_MS)
        };
        let ends_of = |socket: &Socket| {
            let conns = self.by_socket.get(socket).into_iter().flatten();
            conns
                .filter(|other| *other != conn)
                .filter_map(|other| self.known.get(other))
                .filter(is_here)
        };
        // Two that have the same addresses cannot be told apart.
        if ends_of(&(local, remote)).next().is_some() && local != remote {
            return None;
        }
        only(ends_of(&(remote, local)))
    }

    /// A pair of addresses is used again.
    fn forget_closed(&mut self, socket: Socket, conn: ConnId, at: Timestamp) {
        let (local, remote) = socket;
        for pair in [(local, remote), (remote, local)] {
            let closed: Vec<_> = self
                .by_socket
                .get(&pair)
                .into_iter()
                .flatten()
                .filter(|known| **known != conn)
                .filter(|known| {
                    let end = self.known.get(known);
                    // One's close may come before the other's socket is told.
                    let is_old =
                        |closed: Timestamp| pair == socket || at.millis_since(closed) > AFTER_MS;
                    end.and_then(|end| end.closed).is_some_and(is_old)
                })
                .copied()
                .collect();
            closed.iter().for_each(|conn| self.remove(conn));
        }
    }

    fn remove(&mut self, conn: &ConnId) {
        if let Some(end) = self.known.remove(conn) {
            self.requests -= end.requests.len();
            if let Some(socket) = end.socket {
                self.unlist(socket, *conn);
            }
        }
    }

    fn unlist(&mut self, socket: Socket, conn: ConnId) {
        if let Some(conns) = self.by_socket.get_mut(&socket) {
            conns.retain(|known| *known != conn);
            if conns.is_empty() {
                self.by_socket.remove(&socket);
            }
        }
    }

    /// Forgets what is over, and where that does not do, all of it.
    fn make_room(&mut self, now: Timestamp) {
        let is_full =
            |ends: &Self| ends.requests >= MAX_REQUESTS || ends.known.len() >= MAX_CONNECTIONS;
        if !is_full(self) {
            return;
        }
        let is_over = |end: &End| end.closed.is_some_and(|at| now.millis_since(at) > AFTER_MS);
        let over = self.known.iter().filter(|(_, end)| is_over(end));
        let over: Vec<_> = over.map(|(conn, _)| *conn).collect();
        over.iter().for_each(|conn| self.remove(conn));
        if is_full(self) {
            *self = Self::default();
        }
    }
}

/// The only one of them.
fn only<T>(mut items: impl Iterator<Item = T>) -> Option<T> {
    let one = items.next()?;
    items.next().is_none().then_some(one)
}

#[cfg(test)]
mod tests;
