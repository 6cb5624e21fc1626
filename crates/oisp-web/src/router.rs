//! The routes, with the guard and the access rules around all of them.

use std::sync::Arc;

use axum::Router;
use axum::extract::FromRef;
use axum::http::StatusCode;
use axum::middleware;
use axum::routing::{any, get};
use tokio::sync::Semaphore;
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::access::{self, Access};
use crate::closing::Closing;
use crate::config::WebConfig;
use crate::guard::{self, Guard};
use crate::metrics::{self, Tally};
use crate::reply::Refusal;
use crate::state::AppState;
use crate::{api, assets, filters, health, live_route, locked, openapi, sinks};

/// What all routes share.
#[derive(Clone)]
pub(crate) struct Shared {
    pub(crate) app: AppState,
    pub(crate) tally: Arc<Tally>,
    pub(crate) closing: Closing,
    /// One for each live feed.
    pub(crate) slots: Arc<Semaphore>,
}

impl FromRef<Shared> for AppState {
    fn from_ref(shared: &Shared) -> Self {
        shared.app.clone()
    }
}

/// The whole dashboard as a service, without a socket. Its live feeds end with
/// their clients.
pub fn router(state: AppState, config: &WebConfig) -> Router {
    let tally = Arc::new(Tally::new(&state.log));
    closing_router(state, config, tally, Closing::never())
}

/// The same, with feeds that also end at `closing`.
pub(crate) fn closing_router(
    app: AppState,
    config: &WebConfig,
    tally: Arc<Tally>,
    closing: Closing,
) -> Router {
    let shared = Shared {
        app,
        tally,
        closing,
        slots: Arc::new(Semaphore::new(config.max_live)),
    };
    let (routes, _) = described().split_for_parts();
    routes
        .with_state(shared)
        .route("/api", any(api::unknown_path))
        .route("/api/{*rest}", any(api::unknown_path))
        .route(locked::STYLE, get(locked::style))
        .fallback(get(assets::page).fallback(read_only))
        .method_not_allowed_fallback(read_only)
        .layer(middleware::from_fn_with_state(
            Arc::new(Access::new(config)),
            access::enforce,
        ))
        .layer(middleware::from_fn_with_state(
            Arc::new(Guard::new(config)),
            guard::enforce,
        ))
}

/// The routes of the API, each with its description.
pub(crate) fn described() -> OpenApiRouter<Shared> {
    OpenApiRouter::with_openapi(openapi::Base::openapi())
        .routes(routes!(health::health))
        .routes(routes!(health::live))
        .routes(routes!(health::ready))
        .routes(routes!(api::doctor))
        .routes(routes!(sinks::read))
        .routes(routes!(openapi::read))
        .routes(routes!(api::events))
        .routes(routes!(api::event))
        .routes(routes!(live_route::live_feed))
        .routes(routes!(metrics::prometheus))
        .routes(routes!(metrics::figures))
        .routes(routes!(metrics::processes))
        .routes(routes!(filters::read, filters::change))
}

async fn read_only() -> Refusal {
    Refusal::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "method_not_allowed",
        "not with this method; /api/openapi.json lists what there is",
    )
}
