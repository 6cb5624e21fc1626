//! The live feed: each event as one text message, as it happens.
//!
//! - without `after`: what happens from now on;
//! - `after=EVENT_ID`: what came after that event, then what happens;
//! - `after=` (empty): all that the log holds, then what happens.
//!
//! A client that names `ai.streaming_chunk` among its types sees answers grow,
//! also where these events are not kept; they have no place in the log, so
//! `after` does not take their ids.
//!
//! Besides events there are two notices. `{"missed":n}`: the log let go n
//! events before this client took them. `{"reset":true}`: the log does not hold
//! the event of `after` (any more), and all that it holds follows. A slow
//! client holds up only itself: its cursor stays behind, nothing is queued for
//! it, and it is told what it missed instead of being cut off.

use std::sync::Arc;
use std::time::Duration;

use axum::Error;
use axum::extract::ws::{CloseFrame, Message, WebSocket, close_code};
use oisp_core::SafeEvent;
use oisp_store::{EventLog, Onlooker, Told};
use tokio::time::{Interval, MissedTickBehavior, interval};

use crate::closing::Closing;

/// Events taken from the log at once. They are shared with it, not copied.
const BATCH: usize = 64;
/// Keeps the connection alive through what times out idle ones.
const PING_EVERY: Duration = Duration::from_secs(20);
/// Most bytes of a message from a client; there is nothing to say but pong.
pub(crate) const MAX_INCOMING: usize = 4 << 10;

/// One client's feed.
pub(crate) struct Feed {
    log: oisp_store::Feed,
    event_types: Vec<String>,
    /// What passes without being kept, where the client names its type.
    onlooker: Option<Onlooker>,
}

/// The event type of what streamed answers grow by. Without `--stream-chunks`
/// the log does not hold it: it is for those who look on.
const PASSING: &str = "ai.streaming_chunk";

impl Feed {
    /// A feed from `after` on, of these event types (of all where empty).
    pub(crate) fn new(log: &EventLog, after: Option<&str>, event_types: Vec<String>) -> Self {
        let looks_on = event_types.iter().any(|wanted| wanted == PASSING);
        Self {
            log: oisp_store::Feed::new(log, after),
            event_types,
            onlooker: looks_on.then(|| log.look_on()),
        }
    }

    /// Sends until the client goes or the server closes.
    pub(crate) async fn run(mut self, mut socket: WebSocket, closing: Closing) {
        tokio::select! {
            _ = self.send_all(&mut socket) => {}
            () = closing.said() => {}
        }
        let reason = CloseFrame {
            code: close_code::AWAY,
            reason: "the sensor stops".into(),
        };
        let goodbye = socket.send(Message::Close(Some(reason)));
        // A client that does not read must not hold up the end.
        let _ = tokio::time::timeout(Duration::from_millis(200), goodbye).await;
    }

    async fn send_all(&mut self, socket: &mut WebSocket) -> Result<(), Error> {
        let mut ping = heartbeat();
        loop {
            let batch = self.log.take(BATCH);
            for told in batch.iter().filter(|told| self.wants(told)) {
                socket.send(Message::text(&*told.text())).await?;
            }
            if batch.is_empty() && !self.idle(socket, &mut ping).await? {
                return Ok(());
            }
        }
    }

    fn wants(&self, told: &Told) -> bool {
        let Told::Event(stored) = told else {
            return true;
        };
        self.event_types.is_empty()
            || self
                .event_types
                .iter()
                .any(|wanted| wanted == stored.event.event_type())
    }

    /// Waits for an event; false once the client has gone.
    async fn idle(&mut self, socket: &mut WebSocket, ping: &mut Interval) -> Result<bool, Error> {
        tokio::select! {
            () = self.log.wait() => Ok(true),
            passing = next_of(&mut self.onlooker) => {
                socket.send(Message::text(passing.json())).await.map(|()| true)
            }
            _ = ping.tick() => socket.send(Message::Ping(bytes::Bytes::new())).await.map(|()| true),
            incoming = socket.recv() => match incoming {
                None | Some(Ok(Message::Close(_))) => Ok(false),
                Some(message) => message.map(|_| true),
            },
        }
    }
}

/// What passes next; never, for a client that does not look on.
async fn next_of(onlooker: &mut Option<Onlooker>) -> Arc<SafeEvent> {
    match onlooker {
        Some(onlooker) => onlooker.next().await,
        None => std::future::pending().await,
    }
}

fn heartbeat() -> Interval {
    let mut ping = interval(PING_EVERY);
    ping.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ping
}
