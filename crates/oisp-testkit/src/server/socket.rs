//! Connections that become a WebSocket: each message that asks makes an
//! exchange of its own; the handshake makes none.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode};
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;

use super::{Connection, Line, begin as exchange, nanos};
use crate::body::AnswerBody;
use crate::exchange::Exchange;
use crate::openai_responses;
use crate::reply::Reply;
use crate::route::{Received, bearer, is_refused};
use crate::websocket::{self, Handshake};

/// The handshake of a request for a WebSocket that something answers.
pub(super) fn agreed(received: &Received) -> Option<Handshake> {
    let is_answered =
        received.method == http::Method::GET && received.path == openai_responses::PATH;
    is_answered.then(|| websocket::of(received)).flatten()
}

/// Answers the handshake, and serves the session that it begins.
pub(super) fn begin(
    upgrade: OnUpgrade,
    handshake: Handshake,
    received: Received,
    connection: Connection,
    line: Line,
) -> Response<AnswerBody> {
    let journal = Arc::clone(&connection.shared.journal);
    let body = AnswerBody::none(connection.cutter.clone(), Arc::clone(&journal));
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    for (name, value) in handshake.headers() {
        if let Ok(value) = HeaderValue::from_str(&value) {
            response.headers_mut().insert(name, value);
        }
    }
    tokio::spawn(async move {
        let Ok(upgraded) = upgrade.await else { return };
        let asked = |message| ask(message, &received, &connection, &line);
        websocket::serve(TokioIo::new(upgraded), handshake.deflate, journal, asked).await;
    });
    response
}

fn ask(
    message: Bytes,
    handshake: &Received,
    connection: &Connection,
    line: &Line,
) -> Option<(Reply, Exchange)> {
    let (at, serial) = (nanos(), connection.shared.next_serial());
    let routing = connection.shared.routing(at, serial);
    let mut reply = openai_responses::hear(&message, is_refused(bearer(handshake)), &routing)?;
    let asked = Received {
        method: handshake.method.clone(),
        path: handshake.path.clone(),
        query: handshake.query.clone(),
        headers: handshake.headers.clone(),
        body: message,
    };
    let line = Line {
        serial,
        at,
        ..line.clone()
    };
    let exchange = exchange(&asked, &mut reply, connection, line);
    Some((reply, exchange))
}
