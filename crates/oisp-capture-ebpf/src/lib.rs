//! Linux capture: the plaintext of TLS connections, taken by eBPF probes at the
//! boundary of the TLS library in every process, and the life of processes.
//!
//! In: a running kernel and `/proc`. Out: [`oisp_core::RawEvent`]s, in order
//! within each connection and direction, with a gap wherever bytes are missing.
//!
//! The way of a record: `attach` finds TLS libraries in `/proc` and puts the
//! programs of `object` on their functions; the programs (`ebpf/`) write
//! records to a ring buffer; `ring` drains it, turns records into events and
//! asks `process` who they are about. `status` and `doctor` tell what is
//! captured, and what is not and why.
//!
//! Captured: OpenSSL 1.1 and 3 as a shared library, and any program or library
//! that carries `SSL_read` and `SSL_write` in its symbols (node, static
//! OpenSSL, BoringSSL with symbols). Other TLS implementations have no probe
//! point here; `doctor` says so per process.

#![cfg(target_os = "linux")]

mod attach;
mod btf;
mod budget;
mod capture;
mod clock;
mod config;
mod dns;
mod doctor;
mod error;
mod filter;
#[cfg(target_env = "gnu")]
mod heap;
#[cfg(not(target_env = "gnu"))]
#[path = "heap_other.rs"]
mod heap;
mod kernel;
mod object;
mod plain;
mod process;
mod ring;
mod shared_memory;
pub mod signature;
mod status;
mod tls;

pub use capture::EbpfCapture;
pub use config::{EbpfConfig, ProbeMethod};
pub use doctor::{Check, DoctorReport, ProcessLine, doctor};
pub use error::EbpfError;
pub use kernel::{Feature, KernelFacts};
pub use object::BareProbes;
pub use plain::ports::PlainPorts;
pub use plain::stdio::{KnowsAgents, Stdio};
