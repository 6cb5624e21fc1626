//! How the configuration is read: file, variables and flags in layers, each
//! value with its origin; what is wrong with them; and the reference that is
//! made from the types.
//!
//! In: a type that implements [`Settings`], and [`Sources`]. Out: [`Loaded`], or
//! every mistake with its place ([`Refused`]). What keys there are is the
//! sensor's matter (`oisp-sensor/src/config/`).

mod check;
mod document;
mod duration;
mod event_filter;
mod example;
mod file;
mod flags;
mod keys;
mod load;
mod mistake;
mod near;
mod origin;
mod path;
mod places;
mod rows;
mod secret;
mod secrets;
mod size;
mod stamp;
mod text;
mod tree;
mod variables;

pub use document::document;
pub use duration::HumanDuration;
pub use event_filter::{EventFilter, Facts};
pub use example::example;
pub use flags::Flags;
pub use load::{Loaded, Settings, Sources, load, schema};
pub use mistake::{Findings, Mistake, Refused};
pub use origin::Origin;
pub use places::places;
pub use rows::{Row, changed};
pub use secret::{SecretError, SecretSource};
pub use size::ByteSize;
pub use stamp::Stamp;
pub use variables::Alias;
