//! The time that this thread has worked: what others do on the machine
//! meanwhile does not count, where the system can tell.

#[cfg(not(unix))]
mod elapsed;
#[cfg(unix)]
mod thread;

#[cfg(not(unix))]
pub use elapsed::now;
#[cfg(unix)]
pub use thread::now;
