//! Events as lines of JSON, in a file or on standard output.
//!
//! Only whole lines are written: a batch that could not be written to its end
//! is taken back, and what an earlier run left unfinished because the machine
//! stopped is cut off; its event comes again. A file that somebody else moved
//! away (logrotate) is made anew.
//!
//! A file that is large or old enough becomes `NAME.TIME`, is compressed to
//! `NAME.TIME.gz` in the background, and goes when there are too many. A crash
//! at any moment leaves either the one or the whole of the other.

mod archive;
mod config;
mod deliver;
mod file;

pub use config::{JsonlConfig, Rotation, Sync};
pub use deliver::{JsonlSink, OpenError};

#[cfg(test)]
mod tests;
