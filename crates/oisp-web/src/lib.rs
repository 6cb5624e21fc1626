//! The dashboard: an HTTP API over the event log, a live feed over WebSocket,
//! and the page itself, embedded in the binary.
//!
//! In: the event log (redacted events only) and the sensor's own account of
//! its state. Out: JSON, HTML, and figures for Prometheus. What there is to ask
//! for stands in `/api/openapi.json`, which is made of the routes; one thing can
//! be changed, the rules of `/api/filters`.
//!
//! The page shows prompts, so that neither a foreign web page nor another user
//! may reach any of this: two layers wrap every route at once, `guard` (who
//! sent the request) and `access` (whether the token was shown).

mod access;
mod api;
mod assets;
mod closing;
mod config;
mod cookie;
mod error;
mod filters;
mod guard;
mod headers;
mod health;
#[cfg(target_os = "linux")]
mod holder;
#[cfg(not(target_os = "linux"))]
#[path = "holder_unknown.rs"]
mod holder;
mod live;
mod live_route;
mod locked;
mod metrics;
mod openapi;
mod reply;
mod router;
mod server;
mod sinks;
mod state;
mod tls;
mod token;

pub use config::{TlsFiles, WebConfig};
pub use error::{Holder, WebError};
pub use filters::Filters;
pub use health::{Health, HealthStatus, Reason};
pub use router::router;
pub use server::{BoundServer, bind};
pub use sinks::{Sink, SinkError};
pub use state::{AppState, SensorStatus};
pub use tls::TlsError;
pub use token::Token;
