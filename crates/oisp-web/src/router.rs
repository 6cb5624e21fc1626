//! The routes, with the guard around all of them.

use std::sync::Arc;

use axum::extract::ws::WebSocketUpgrade;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::middleware;
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};
use axum::{Extension, Router};
use tokio::sync::Semaphore;

use crate::api::{self, Params};
use crate::assets;
use crate::closing::Closing;
use crate::config::WebConfig;
use crate::filters::{self, Token};
use crate::guard::{self, Guard};
use crate::live::{Feed, MAX_INCOMING};
use crate::reply::Refusal;
use crate::state::AppState;

/// The whole dashboard as a service, without a socket. Its live feeds end with
/// their clients.
pub fn router(state: AppState, config: &WebConfig) -> Router {
    closing_router(state, config, Closing::never())
}

/// The same, with feeds that also end at `closing`.
pub(crate) fn closing_router(state: AppState, config: &WebConfig, closing: Closing) -> Router {
    let live = Live {
        state: state.clone(),
        closing,
        slots: Arc::new(Semaphore::new(config.max_live)),
    };
    Router::new()
        .route("/api/health", get(api::health))
        .route("/api/ready", get(api::ready))
        .route("/api/events", get(api::events))
        .route("/api/events/{id}", get(api::event))
        .route("/api/doctor", get(api::doctor))
        .route(
            "/api/filters",
            get(filters::read)
                .put(filters::change)
                .layer(Extension(Token(config.token.clone()))),
        )
        .route("/api", any(api::unknown_path))
        .route("/api/{*rest}", any(api::unknown_path))
        .with_state(state)
        .route("/ws", get(live_feed).with_state(live))
        .fallback(get(assets::page).fallback(read_only))
        .method_not_allowed_fallback(read_only)
        .layer(middleware::from_fn_with_state(
            Arc::new(Guard::new(config)),
            guard::enforce,
        ))
}

#[derive(Clone)]
struct Live {
    state: AppState,
    closing: Closing,
    slots: Arc<Semaphore>,
}

/// `/ws`
async fn live_feed(
    State(live): State<Live>,
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
    let slot = live.slots.try_acquire_owned().map_err(|_| {
        let message = "too many live feeds are open; close some, or read /api/events";
        Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "too_many_feeds", message)
    })?;
    let event_types = api::event_types(params.get("type"));
    let feed = Feed::new(
        &live.state.log,
        params.get("after").map(String::as_str),
        event_types,
    );
    let upgrade = upgrade
        .max_message_size(MAX_INCOMING)
        .max_frame_size(MAX_INCOMING);
    Ok(upgrade
        .on_upgrade(move |socket| async move {
            feed.run(socket, live.closing).await;
            drop(slot);
        })
        .into_response())
}

async fn read_only() -> Refusal {
    Refusal::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "method_not_allowed",
        "the dashboard only reads: use GET",
    )
}
