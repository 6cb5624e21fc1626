//! What differs between systems and is not capture.

#[cfg(all(target_os = "linux", target_env = "gnu"))]
mod glibc;
#[cfg(not(unix))]
mod other;
#[cfg(unix)]
mod unix;

#[cfg(not(unix))]
pub use other::{
    is_private, private_appended, private_dir, private_file, says_to_journal, state_dir,
    system_state_dir, tell_ready, tell_stopping, to_invoking_user,
};
#[cfg(unix)]
pub use unix::{
    is_private, private_appended, private_dir, private_file, says_to_journal, state_dir,
    system_state_dir, tell_ready, tell_stopping, to_invoking_user,
};

#[cfg(all(target_os = "linux", target_env = "gnu"))]
pub use glibc::{return_freed_memory, share_one_heap};

/// Only glibc makes a heap per thread.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub const fn share_one_heap() {}

/// Other allocators do so by themselves.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub const fn return_freed_memory() {}
