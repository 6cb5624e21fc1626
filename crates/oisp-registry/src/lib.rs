//! Who a host, a model and a program are.
//!
//! In: hosts, model names, user agents, processes. Out: providers, families,
//! programs. Data with lookups: no socket, no clock, no file. What is not known
//! has no answer; nothing is guessed.
//!
//! The data is embedded (`data/registry.toml`), has a version that goes with
//! what is said by it, and a user's file can add to it.

mod apps;
mod error;
mod file;
mod hosts;
mod models;
mod pattern;
mod process;
mod registry;
mod user_agent;
pub mod words;

pub use apps::{App, AppMatch};
pub use error::RegistryError;
pub use file::MAX_FILE_LEN;
pub use process::Process;
pub use registry::{HostMatch, Provider, Registry};
