//! Files and folders that only their owner can read.

#[cfg(not(unix))]
mod other;
#[cfg(unix)]
mod unix;

#[cfg(not(unix))]
pub(crate) use other::{make_dir, open_file};
#[cfg(unix)]
pub(crate) use unix::{make_dir, open_file};
