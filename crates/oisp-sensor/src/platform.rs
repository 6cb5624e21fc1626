//! What differs between systems and is not capture.

#[cfg(not(unix))]
mod other;
#[cfg(unix)]
mod unix;

#[cfg(not(unix))]
pub use other::{private_file, state_dir, to_invoking_user};
#[cfg(unix)]
pub use unix::{private_file, state_dir, to_invoking_user};
