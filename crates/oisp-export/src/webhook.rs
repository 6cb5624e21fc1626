//! Events as HTTP requests to an address of the user's.
//!
//! A 2xx answer is a delivery. 408, 425, 429, 5xx and whatever goes wrong on
//! the way are tried again; a `Retry-After` is kept to. 401, 403, 407 and a
//! redirection are for somebody to mend: the sink waits, says so, and loses
//! nothing. Any other 4xx is a refusal: the event goes to the dead letters. A
//! batch that is answered with 400, 413 or 422 is halved until the events are
//! found that are meant.
//!
//! Redirections are not followed: the credentials are for the address that was
//! configured.

pub(crate) mod answer;
mod config;
mod deliver;
mod encode;

pub use config::{Auth, Compression, Format, Method, WebhookConfig};
pub use deliver::{OpenError, WebhookSink};

#[cfg(test)]
mod tests;
