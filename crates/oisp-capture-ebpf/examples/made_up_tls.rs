//! A program with made-up TLS functions of its own, for the tests of the
//! capture: it does on command what real libraries do only under rare
//! conditions. A line on standard input is a command, a line on standard output
//! its end. `time SIZE COUNT` tells the nanoseconds of a call, for benchmarks.

#![allow(
    non_snake_case,
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "functions of C, and a test program"
)]

use std::ffi::{c_int, c_void};
use std::io::BufRead as _;

/// Gives a handle.
///
/// # Safety
/// Touches nothing.
#[unsafe(no_mangle)]
#[inline(never)]
pub unsafe extern "C" fn SSL_new(context: *mut c_void) -> *mut c_void {
    std::hint::black_box(context)
}

/// Ends a connection.
///
/// # Safety
/// Touches nothing.
#[unsafe(no_mangle)]
#[inline(never)]
pub unsafe extern "C" fn SSL_free(handle: *mut c_void) {
    std::hint::black_box(handle);
}

/// Says that it wrote all, without looking at it.
///
/// # Safety
/// Touches nothing.
#[unsafe(no_mangle)]
#[inline(never)]
pub unsafe extern "C" fn SSL_write(_: *mut c_void, buffer: *const c_void, len: c_int) -> c_int {
    std::hint::black_box(buffer);
    std::hint::black_box(len)
}

/// Says that it read all, without giving any.
///
/// # Safety
/// Touches nothing.
#[unsafe(no_mangle)]
#[inline(never)]
pub unsafe extern "C" fn SSL_read(_: *mut c_void, buffer: *mut c_void, len: c_int) -> c_int {
    std::hint::black_box(buffer);
    std::hint::black_box(len)
}

/// Says that it read something, without saying how much.
///
/// # Safety
/// Touches nothing.
#[unsafe(no_mangle)]
#[inline(never)]
pub unsafe extern "C" fn SSL_read_ex(
    _: *mut c_void,
    buffer: *mut c_void,
    _: usize,
    count: *mut usize,
) -> c_int {
    std::hint::black_box((buffer, count));
    1
}

/// Memory of a file that nobody has looked at yet.
fn cold(path: &str) -> (*const c_void, usize) {
    use std::os::fd::AsRawFd as _;
    let file = std::fs::File::open(path).unwrap();
    let len = file.metadata().unwrap().len() as usize;
    // SAFETY: a new mapping of an open file; the pages are let go before it, so
    // that they are not there when they are asked for.
    unsafe {
        libc::posix_fadvise(file.as_raw_fd(), 0, 0, libc::POSIX_FADV_DONTNEED);
        let at = libc::mmap(
            std::ptr::null_mut(),
            len,
            libc::PROT_READ,
            libc::MAP_PRIVATE,
            file.as_raw_fd(),
            0,
        );
        (at.cast_const(), len)
    }
}

fn main() {
    // Page by page of its own, so that none is there by accident.
    let handle = std::ptr::without_provenance_mut::<c_void>(0x1000);
    let nowhere = std::ptr::without_provenance::<c_void>(0x10);
    let patterned: Vec<u8> = (0..=255).cycle().take(40 << 20).collect();
    for line in std::io::stdin().lock().lines() {
        let line = line.unwrap();
        let mut words = line.split(' ');
        let (command, argument) = (words.next().unwrap(), words.next().unwrap_or_default());
        let number = || argument.parse::<usize>().unwrap();
        // SAFETY: none of the functions touches what it is given.
        unsafe {
            match command {
                "new" => drop(std::hint::black_box(SSL_new(handle))),
                "free" => SSL_free(handle),
                "write" => drop(SSL_write(
                    handle,
                    patterned.as_ptr().cast(),
                    number() as c_int,
                )),
                "write-nowhere" => drop(SSL_write(handle, nowhere, number() as c_int)),
                "write-cold" => {
                    let (at, len) = cold(argument);
                    SSL_write(handle, at, len as c_int);
                }
                "read-uncounted" => {
                    let nowhere = std::ptr::without_provenance_mut(0x10);
                    SSL_read_ex(handle, patterned.as_ptr().cast_mut().cast(), 10, nowhere);
                }
                "burst" => {
                    for _ in 0..number() {
                        SSL_write(handle, patterned.as_ptr().cast(), 1000);
                    }
                }
                "time" => {
                    let count: u32 = words.next().unwrap().parse().unwrap();
                    let began = std::time::Instant::now();
                    for _ in 0..count {
                        SSL_write(handle, patterned.as_ptr().cast(), number() as c_int);
                    }
                    let took = began.elapsed().as_nanos() / u128::from(count);
                    println!("{took}");
                    continue;
                }
                _ => unreachable!("{line}"),
            }
            // So that nothing is thought to be unused.
            SSL_read(handle, patterned.as_ptr().cast_mut().cast(), 0);
        }
        println!("done");
    }
}
