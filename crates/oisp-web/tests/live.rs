//! The live feed over a real socket, and the server's life: its port, its end.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod common;

use std::net::SocketAddr;
use std::time::Duration;

use common::{event, sensor, sensor_with, sized_event};
use futures_util::{SinkExt, StreamExt};
use oisp_core::SafeEvent;
use oisp_store::{Bounds, EventLog};
use oisp_web::{AppState, WebConfig, WebError, bind};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::{self, Message, client::IntoClientRequest};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// Long enough for a busy machine; only a failing test waits for it.
const PATIENCE: Duration = Duration::from_secs(20);

struct Server {
    addr: SocketAddr,
    stop: oneshot::Sender<()>,
    task: JoinHandle<Result<(), WebError>>,
}

fn any_port() -> WebConfig {
    WebConfig {
        addr: SocketAddr::from(([127, 0, 0, 1], 0)),
        ..common::open()
    }
}

async fn serve(state: AppState, config: WebConfig) -> Server {
    let bound = bind(config).await.unwrap();
    let addr = bound.addr();
    let (stop, stopped) = oneshot::channel::<()>();
    let task = tokio::spawn(bound.serve(state, async move { drop(stopped.await) }));
    Server { addr, stop, task }
}

async fn connect(server: &Server, query: &str) -> Socket {
    connect_async(format!("ws://{}/ws{query}", server.addr))
        .await
        .unwrap()
        .0
}

/// The next text message, as JSON; a close is `null`.
async fn next(socket: &mut Socket) -> Value {
    loop {
        match timeout(PATIENCE, socket.next()).await.unwrap() {
            Some(Ok(Message::Text(text))) => return serde_json::from_str(&text).unwrap(),
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
            Some(Ok(Message::Close(_)) | Err(_)) | None => return Value::Null,
            Some(Ok(other)) => panic!("unexpected {other:?}"),
        }
    }
}

async fn next_ids(socket: &mut Socket, count: usize) -> Vec<String> {
    let mut ids = Vec::new();
    while ids.len() < count {
        ids.push(next(socket).await["event_id"].as_str().unwrap().to_owned());
    }
    ids
}

#[tokio::test]
async fn events_come_as_they_happen() {
    let (state, _) = sensor(3);
    let log = state.log.clone();
    let server = serve(state, any_port()).await;
    let mut socket = connect(&server, "").await;
    log.append(event(4));
    log.append(event(5));
    assert_eq!(next_ids(&mut socket, 2).await, ["E4", "E5"]);
}

#[tokio::test]
async fn pieces_of_an_answer_reach_only_who_names_their_type() {
    let (state, _) = sensor(1);
    let log = state.log.clone();
    let server = serve(state, any_port()).await;
    let mut all = connect(&server, "").await;
    let mut onlooker = connect(&server, "?type=ai.request,ai.streaming_chunk").await;
    timeout(PATIENCE, async {
        while !log.has_onlookers() {
            tokio::task::yield_now().await;
        }
    })
    .await
    .unwrap();
    let piece = json!({"event_id": "P1", "event_type": "ai.streaming_chunk", "data": {}});
    log.tell(SafeEvent::from_redacted(piece.as_object().unwrap()));
    assert_eq!(next_ids(&mut onlooker, 1).await, ["P1"]);
    log.append(event(2));
    assert_eq!(next_ids(&mut all, 1).await, ["E2"]);
}

#[tokio::test]
async fn a_client_that_comes_back_loses_and_doubles_nothing() {
    let (state, _) = sensor(3);
    let log = state.log.clone();
    let server = serve(state, any_port()).await;
    let mut socket = connect(&server, "?after=E1").await;
    assert_eq!(next_ids(&mut socket, 2).await, ["E2", "E3"]);
    drop(socket);
    log.append(event(4));
    let mut socket = connect(&server, "?after=E3").await;
    log.append(event(5));
    assert_eq!(next_ids(&mut socket, 2).await, ["E4", "E5"]);
}

#[tokio::test]
async fn an_empty_after_replays_the_whole_log() {
    let server = serve(sensor(3).0, any_port()).await;
    assert_eq!(
        next_ids(&mut connect(&server, "?after=").await, 3).await,
        ["E1", "E2", "E3"]
    );
}

#[tokio::test]
async fn a_place_that_the_log_does_not_know_is_told_and_replayed_from_the_start() {
    let server = serve(sensor(2).0, any_port()).await;
    let mut socket = connect(&server, "?after=E77").await;
    assert_eq!(next(&mut socket).await, json!({"reset": true}));
    assert_eq!(next_ids(&mut socket, 2).await, ["E1", "E2"]);
}

#[tokio::test]
async fn only_the_wanted_types_come() {
    let server = serve(sensor(4).0, any_port()).await;
    let mut socket = connect(&server, "?after=&type=ai.response").await;
    assert_eq!(next_ids(&mut socket, 2).await, ["E2", "E4"]);
}

#[tokio::test]
async fn a_client_that_lags_is_told_what_it_missed_and_stays() {
    let bounds = Bounds {
        events: 8,
        ..Bounds::default()
    };
    let (state, _) = sensor_with(0, bounds);
    let log = state.log.clone();
    let server = serve(state, any_port()).await;
    let mut socket = connect(&server, "?after=").await;
    // More than sockets buffer, while this client reads nothing.
    let total = 400;
    fill(&log, total, 256 << 10).await;
    let (mut received, mut missed) = (0, 0);
    while received + missed < total {
        let message = next(&mut socket).await;
        assert!(!message.is_null(), "cut off after {received}");
        match message["missed"].as_u64() {
            Some(count) => missed += usize::try_from(count).unwrap(),
            None => received += 1,
        }
    }
    assert!(
        missed > 0 && received > 0,
        "received {received}, missed {missed}"
    );
    log.append(event(total + 1));
    assert_eq!(next_ids(&mut socket, 1).await, [format!("E{}", total + 1)]);
}

async fn fill(log: &EventLog, total: usize, bytes: usize) {
    for id in 1..=total {
        log.append(sized_event(id, bytes));
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn an_event_of_many_megabytes_arrives_whole() {
    let (state, _) = sensor(0);
    let log = state.log.clone();
    let server = serve(state, any_port()).await;
    let mut socket = connect(&server, "?after=").await;
    log.append(sized_event(1, 6 << 20));
    assert_eq!(
        next(&mut socket).await["data"]["text"]
            .as_str()
            .unwrap()
            .len(),
        6 << 20
    );
}

#[tokio::test]
async fn pings_are_answered() {
    let server = serve(sensor(0).0, any_port()).await;
    let mut socket = connect(&server, "").await;
    socket
        .send(Message::Ping(b"here".as_slice().into()))
        .await
        .unwrap();
    loop {
        match timeout(PATIENCE, socket.next())
            .await
            .unwrap()
            .unwrap()
            .unwrap()
        {
            Message::Pong(payload) => return assert_eq!(payload.as_ref(), b"here"),
            Message::Ping(_) => {}
            other => panic!("unexpected {other:?}"),
        }
    }
}

#[tokio::test]
async fn feeds_are_limited_in_number_and_a_closed_one_makes_room() {
    let server = serve(
        sensor(0).0,
        WebConfig {
            max_live: 1,
            ..any_port()
        },
    )
    .await;
    let mut first = connect(&server, "").await;
    assert_eq!(refusal(&server, &[]).await, 503);
    first.close(None).await.unwrap();
    let freed = async {
        while refusal_or_ok(&server, &[]).await != 101 {
            tokio::task::yield_now().await;
        }
    };
    timeout(PATIENCE, freed).await.unwrap();
}

#[tokio::test]
async fn a_foreign_page_gets_no_feed() {
    let server = serve(sensor(1).0, any_port()).await;
    assert_eq!(
        refusal(&server, &[("origin", "http://evil.example")]).await,
        403
    );
    assert_eq!(refusal(&server, &[("origin", "null")]).await, 403);
    assert_eq!(
        refusal(&server, &[("sec-fetch-site", "same-site")]).await,
        403
    );
    assert_eq!(refusal(&server, &[("host", "evil.example")]).await, 421);
    let own = format!("http://{}", server.addr);
    assert_eq!(
        refusal_or_ok(
            &server,
            &[("origin", &own), ("sec-fetch-site", "same-origin")]
        )
        .await,
        101
    );
}

async fn refusal(server: &Server, headers: &[(&'static str, &str)]) -> u16 {
    let status = refusal_or_ok(server, headers).await;
    assert_ne!(status, 101, "let in with {headers:?}");
    status
}

async fn refusal_or_ok(server: &Server, headers: &[(&'static str, &str)]) -> u16 {
    let mut request = format!("ws://{}/ws", server.addr)
        .into_client_request()
        .unwrap();
    for (name, value) in headers {
        request.headers_mut().insert(*name, value.parse().unwrap());
    }
    match connect_async(request).await {
        Ok((_, response)) => response.status().as_u16(),
        Err(tungstenite::Error::Http(response)) => response.status().as_u16(),
        Err(other) => panic!("unexpected {other}"),
    }
}

#[tokio::test]
async fn the_end_closes_feeds_at_once() {
    let server = serve(sensor(0).0, any_port()).await;
    let mut socket = connect(&server, "").await;
    server.stop.send(()).unwrap();
    assert_eq!(next(&mut socket).await, Value::Null);
    timeout(PATIENCE, server.task)
        .await
        .unwrap()
        .unwrap()
        .unwrap();
    assert!(TcpStream::connect(server.addr).await.is_err());
}

#[tokio::test]
async fn a_taken_port_is_an_error_that_says_what_to_do() {
    let first = bind(any_port()).await.unwrap();
    let error = bind(WebConfig {
        addr: first.addr(),
        ..any_port()
    })
    .await
    .unwrap_err();
    let text = error.to_string();
    assert!(matches!(error, WebError::PortTaken { .. }), "{error:?}");
    assert!(
        text.contains(&first.addr().to_string()) && text.contains("--port N"),
        "{text}"
    );
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_taken_port_names_who_has_it() {
    let first = bind(any_port()).await.unwrap();
    let config = WebConfig {
        addr: first.addr(),
        ..any_port()
    };
    let text = bind(config).await.unwrap_err().to_string();
    let me = format!("(pid {})", std::process::id());
    assert!(text.contains(&me), "{text}");
}
