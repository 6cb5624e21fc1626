//! Events as lines of JSON, in a file or on standard output.

mod deliver;

pub use deliver::{JsonlSink, OpenError};

#[cfg(test)]
mod tests;
