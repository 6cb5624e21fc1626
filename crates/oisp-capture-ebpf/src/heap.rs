//! Giving memory back: symbol tables are read and forgotten, and the C library
//! keeps what they took for itself.

/// Gives free memory back to the kernel.
pub(crate) fn give_back() {
    // SAFETY: the function has no precondition.
    unsafe { libc::malloc_trim(0) };
}
