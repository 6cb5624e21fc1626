//! What the eBPF programs and their loader agree on: the records of the ring
//! buffer, the numbering of the counters and of the settings.
//!
//! Everything is `repr(C)` without padding, in the machine's own byte order:
//! both sides run on one machine and come from one build.

#![no_std]

pub mod conn;
pub mod counter;
pub mod file;
pub mod filter;
pub mod function;
pub mod go;
pub mod net;
pub mod plain;
pub mod record;
pub mod setting;
