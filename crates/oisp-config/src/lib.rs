//! How the configuration is written: what its values may be.
//!
//! In: text of the user's. Out: typed values, or what is wrong with them.

mod duration;
mod event_filter;
mod secret;
mod size;
mod text;

pub use duration::HumanDuration;
pub use event_filter::{EventFilter, Facts};
pub use secret::{SecretError, SecretSource};
pub use size::ByteSize;
