//! The demo: realistic conversations between real programs and the provider.
//!
//! Start a provider with [`scenarios`], ask [`clients`] which programs this
//! machine has, and let [`run_round`] run them. Each is a child process that
//! knows nothing of the sensor: curl, python3 with its standard library, node
//! with its own fetch. They reach `api.openai.com` and `api.anthropic.com` by
//! name, at the loopback provider's address; nothing leaves the machine.

mod conversations;
mod programs;
mod run;

pub use conversations::scenarios;
pub use programs::{DemoClient, clients};
pub use run::{Outcome, Target, run_round};
