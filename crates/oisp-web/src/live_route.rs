//! `/ws`: the way to a live feed.

use axum::extract::ws::WebSocketUpgrade;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use crate::api::{self, Params};
use crate::live::{Feed, MAX_INCOMING};
use crate::reply::{ErrorBody, Refusal};
use crate::router::Shared;

/// Events as they happen, over a WebSocket: one event a text message.
///
/// `{"missed":n}`: the log let go n events before this client took them.
/// `{"reset":true}`: the event of `after` is not in the log (any more).
#[utoipa::path(
    get, path = "/ws", tag = "events",
    params(
        ("after" = Option<String>, Query, description = "From after the event of this `event_id` on; empty: from the oldest on; absent: from now on"),
        ("type" = Option<String>, Query, description = "Only these event types, with commas between them"),
    ),
    responses(
        (status = 101, description = "The feed"),
        (status = 400, description = "No WebSocket handshake", body = ErrorBody),
        (status = 426, description = "No WebSocket handshake", body = ErrorBody),
        (status = 503, description = "Too many feeds are open", body = ErrorBody),
    ),
)]
pub(crate) async fn live_feed(
    State(shared): State<Shared>,
    params: Params,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, Refusal> {
    let Query(params) = params.map_err(|rejection| Refusal::bad_request(rejection.body_text()))?;
    let upgrade = upgrade.map_err(|rejection| {
        let message = format!(
            "/ws is a WebSocket, to be opened with an upgrade request: {}",
            rejection.body_text()
        );
        Refusal::new(rejection.status(), "not_a_websocket", message)
    })?;
    let slot = shared.slots.try_acquire_owned().map_err(|_| {
        let message = "too many live feeds are open; close some, or read /api/events";
        Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "too_many_feeds", message)
    })?;
    let event_types = api::event_types(params.get("type"));
    let after = params.get("after").map(String::as_str);
    let feed = Feed::new(&shared.app.log, after, event_types);
    let upgrade = upgrade
        .max_message_size(MAX_INCOMING)
        .max_frame_size(MAX_INCOMING);
    Ok(upgrade
        .on_upgrade(move |socket| async move {
            feed.run(socket, shared.closing).await;
            drop(slot);
        })
        .into_response())
}
