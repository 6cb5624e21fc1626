//! Who a host, a model and a program are, and what a call costs.
//!
//! In: hosts, model names, user agents, processes, token counts. Out:
//! providers, families, programs, US dollars. Data with lookups: no socket, no
//! clock, and no file but the ones that a caller names to [`Current`]. What is
//! not known has no answer; nothing is guessed, and no price is 0 because it
//! is missing.
//!
//! The data is embedded (`data/registry.toml`, `data/prices.json`), has a
//! version that goes with what is said by it, and can be added to or replaced
//! while running: a file is judged whole before it takes the place of one that
//! works.

mod apps;
mod current;
mod error;
mod file;
mod hosts;
mod models;
mod pattern;
mod prices;
mod process;
mod registry;
mod user_agent;
pub mod words;

pub use apps::{App, AppMatch};
pub use current::{Bundle, Current, ReloadError, Sources};
pub use error::RegistryError;
pub use file::MAX_FILE_LEN;
pub use prices::{Cost, PricedUsage, Prices, PricesError, Tier, prune};
pub use process::Process;
pub use registry::{HostMatch, Provider, Registry};
