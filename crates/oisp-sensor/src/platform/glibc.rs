//! The heap of glibc.

/// Lets all threads share one heap. glibc makes one per thread, and memory that
/// one thread allocates and another frees, as events are, stays with the first:
/// the sensor's resident memory doubles by it. To be called before threads
/// start.
pub fn share_one_heap() {
    // SAFETY: `mallopt` takes two numbers and no other thread runs yet.
    unsafe { libc::mallopt(libc::M_ARENA_MAX, 1) };
}
