//! How the configuration is written: what its values may be.
//!
//! In: text of the user's. Out: typed values, or what is wrong with them.

mod secret;

pub use secret::{SecretError, SecretSource};
