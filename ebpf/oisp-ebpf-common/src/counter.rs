//! Numbering of the kernel's counters.
//!
//! `BYTES_SEEN == BYTES_SENT + BYTES_RING_FULL + BYTES_READ_FAULT +
//! BYTES_TOO_LARGE + BYTES_SHED` at any moment at which no probe runs.

/// TLS calls that transferred bytes.
pub const CALLS: u32 = 0;
/// Plaintext bytes that those calls transferred.
pub const BYTES_SEEN: u32 = 1;
/// Bytes put in the ring.
pub const BYTES_SENT: u32 = 2;
/// Data records put in the ring.
pub const RECORDS_SENT: u32 = 3;
/// Bytes that found the ring full.
pub const BYTES_RING_FULL: u32 = 4;
/// Bytes that could not be read from the process.
pub const BYTES_READ_FAULT: u32 = 5;
/// Bytes over the limit of one call.
pub const BYTES_TOO_LARGE: u32 = 6;
/// Calls whose arguments could not be kept until their return.
pub const CALLS_UNTRACKED: u32 = 7;
/// Calls whose byte count could not be read.
pub const CALLS_UNKNOWN_LENGTH: u32 = 8;
/// Connections that found no room in the table.
pub const CONNS_UNTRACKED: u32 = 9;
/// Records other than data that found the ring full.
pub const NOTES_RING_FULL: u32 = 10;
/// Bytes left out to save time.
pub const BYTES_SHED: u32 = 11;
/// Calls of processes that are not observed.
pub const CALLS_FILTERED: u32 = 12;
/// Calls whose memory was not there at first, and was read in for us.
pub const FAULTS_WAITED: u32 = 13;
/// Connections that were not told: too many of one process in a short time.
pub const NET_OVER_RATE: u32 = 14;
/// Answers of name servers that could not be read.
pub const ANSWERS_UNREAD: u32 = 15;
/// How many counters there are.
pub const COUNTERS: u32 = 16;
