//! The heap of glibc.

/// Lets all threads share one heap. glibc makes one per thread, and memory that
/// one thread allocates and another frees, as events are, stays with the first:
/// the sensor's resident memory doubles by it. To be called before threads
/// start.
pub fn share_one_heap() {
    // SAFETY: `mallopt` takes two numbers and no other thread runs yet.
    unsafe { libc::mallopt(libc::M_ARENA_MAX, 1) };
}

/// Gives memory that was freed back to the system. What the start needs once,
/// the kernel's type descriptions and the symbols of every library, is a
/// multiple of what the sensor needs from then on.
pub fn return_freed_memory() {
    // SAFETY: `malloc_trim` may be called at any time from any thread.
    unsafe { libc::malloc_trim(0) };
}
