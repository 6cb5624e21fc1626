//! The dashboard: an HTTP API over the event log, a live feed over WebSocket,
//! and the page itself, embedded in the binary.
//!
//! In: the event log (redacted events only) and the sensor's own account of
//! its state. Out: JSON, and HTML. Everything is read-only.
//!
//! | Path | Answer |
//! |---|---|
//! | `/api/health` | the sensor's figures |
//! | `/api/ready` | 200 once capture is attached, else 503 with the reason |
//! | `/api/events` | a JSON array, newest first: `limit`, `type`, `before`, `request_id` |
//! | `/api/events/{id}` | one event |
//! | `/api/doctor` | what is captured, what is not, and why |
//! | `/ws` | one event a message as it happens: `after`, `type` |
//! | all else | the dashboard |
//!
//! The page shows prompts, so that a foreign web page must reach none of this:
//! the checks of the `guard` module wrap every route at once.

mod api;
mod assets;
mod closing;
mod config;
mod error;
mod filters;
mod guard;
mod headers;
#[cfg(target_os = "linux")]
mod holder;
#[cfg(not(target_os = "linux"))]
#[path = "holder_unknown.rs"]
mod holder;
mod live;
mod reply;
mod router;
mod server;
mod state;

pub use config::WebConfig;
pub use error::{Holder, WebError};
pub use router::router;
pub use server::{BoundServer, bind};
pub use state::{AppState, SensorStatus};
