//! One program: its handshake and its feed.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use http::StatusCode;
use oisp_core::SafeEvent;
use oisp_store::{Feed, Told};
use tokio::net::TcpStream;
use tokio::sync::broadcast;
use tokio::time::{MissedTickBehavior, interval, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Bytes, Error, Message};

use super::request::{Refusal, Wish, admit};
use super::server::Shared;
use crate::filter::Wanted;

/// Events taken from the log at once. They are shared with it, not copied.
const BATCH: usize = 64;
/// Longest handshake.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// How long a program may take nothing before it is let go.
const PATIENCE: Duration = Duration::from_secs(60);
/// Keeps the connection alive through what times out idle ones.
const PING_EVERY: Duration = Duration::from_secs(20);
/// How long a goodbye may take.
const GOODBYE: Duration = Duration::from_millis(200);
/// Most bytes of a message from a program; there is nothing to say but pong.
const MAX_INCOMING: usize = 4 << 10;

type Socket = WebSocketStream<TcpStream>;

/// What a program asked for, from the moment of its request on.
#[derive(Debug)]
struct Program {
    feed: Feed,
    filter: Wanted,
    trials: broadcast::Receiver<Arc<SafeEvent>>,
}

impl Program {
    fn new(wish: Wish, shared: &Shared) -> Self {
        Self {
            feed: Feed::new(&shared.log, wish.after.as_deref()),
            filter: Wanted::new(&wish.filter),
            trials: shared.trials.subscribe(),
        }
    }
}

/// Serves a program until it goes or the server ends.
pub(super) async fn serve(stream: TcpStream, is_full: bool, shared: Arc<Shared>) {
    let shaken = timeout(HANDSHAKE, handshake(stream, is_full, &shared)).await;
    let Ok(Ok((mut socket, program))) = shaken else {
        return;
    };
    let mut stopping = shared.stopping.clone();
    let reason = tokio::select! {
        gone = follow(&mut socket, program, &shared) => gone.err().and_then(|error| match error {
            Error::Io(error) if error.kind() == std::io::ErrorKind::TimedOut => {
                Some((CloseCode::Policy, "nothing was taken for a minute"))
            }
            _ => None,
        }),
        () = stopping.asked() => Some((CloseCode::Away, "the sensor stops")),
    };
    if let Some((code, reason)) = reason {
        let frame = CloseFrame {
            code,
            reason: reason.into(),
        };
        let _ = timeout(GOODBYE, socket.close(Some(frame))).await;
    }
}

async fn handshake(
    stream: TcpStream,
    is_full: bool,
    shared: &Shared,
) -> Result<(Socket, Program), Error> {
    let granted = OnceLock::new();
    let config = WebSocketConfig::default()
        .max_message_size(Some(MAX_INCOMING))
        .max_frame_size(Some(MAX_INCOMING));
    #[expect(clippy::result_large_err, reason = "the library asks for it")]
    let answer = |request: &Request, response: Response| {
        let wish = match is_full {
            true => Err(Refusal::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "there are as many programs as max_clients allows",
            )),
            false => admit(request.uri(), request.headers(), &shared.token),
        };
        let _ = granted.set(Program::new(wish.map_err(refused)?, shared));
        Ok(response)
    };
    let socket =
        tokio_tungstenite::accept_hdr_async_with_config(stream, answer, Some(config)).await?;
    let program = granted.into_inner().ok_or(Error::ConnectionClosed)?;
    Ok((socket, program))
}

fn refused(refusal: Refusal) -> ErrorResponse {
    tracing::warn!(
        status = refusal.status.as_u16(),
        "websocket request refused"
    );
    let mut response = ErrorResponse::new(Some(refusal.message));
    *response.status_mut() = refusal.status;
    response
}

/// Sends what happens, until the program goes.
async fn follow(socket: &mut Socket, mut program: Program, shared: &Shared) -> Result<(), Error> {
    let mut ping = interval(PING_EVERY);
    // The first one would come at once.
    ping.reset();
    ping.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let batch = program.feed.take(BATCH);
        for told in &batch {
            if wants(&[&shared.filter, &program.filter], told) {
                send(socket, Message::text(&*told.text())).await?;
                shared
                    .status
                    .delivered
                    .add(u64::from(matches!(told, Told::Event(_))));
            }
        }
        if !batch.is_empty() {
            continue;
        }
        tokio::select! {
            () = program.feed.wait() => {}
            Ok(trial) = program.trials.recv() => send(socket, Message::text(trial.json())).await?,
            _ = ping.tick() => send(socket, Message::Ping(Bytes::new())).await?,
            incoming = socket.next() => match incoming {
                None | Some(Ok(Message::Close(_))) => return Ok(()),
                Some(message) => drop(message?),
            },
        }
    }
}

fn wants(filters: &[&Wanted], told: &Told) -> bool {
    let Told::Event(stored) = told else {
        return true;
    };
    filters.iter().all(|filter| filter.admits(&stored.event))
}

async fn send(socket: &mut Socket, message: Message) -> Result<(), Error> {
    match timeout(PATIENCE, socket.send(message)).await {
        Ok(sent) => sent,
        Err(_) => Err(Error::Io(std::io::ErrorKind::TimedOut.into())),
    }
}
