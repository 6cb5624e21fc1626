//! The eBPF programs of the sensor.
//!
//! Uprobes at the TLS library's boundary take the plaintext: the entry of a
//! call keeps its arguments ([`call`]), the return takes exactly the bytes that
//! the call transferred ([`tls`]) and puts them in the ring ([`ring`]). Raw
//! tracepoints report exec, fork and exit ([`process`]), and what happens to
//! sockets ([`net`]), whose functions in the kernel have programs, too ([`dns`],
//! [`socket`]). Programs at the return of the kernel's own functions take what
//! goes over TCP and pipes without TLS ([`plain`], [`stdio`]); where a kernel has
//! none of those, raw tracepoints and the registers of the system call
//! ([`syscall`], [`transfer`]). Nothing here blocks,
//! waits or writes to the observed process.
//!
//! A uprobe program may be preempted by another one on the same CPU (kernel 6.0
//! and later), so no program keeps anything in per-CPU memory between two
//! instructions: records are built in the ring itself, counters are atomic.

#![no_std]
#![no_main]
#![feature(asm_experimental_arch)]

mod call;
mod conn;
mod counter;
mod dns;
mod file;
mod file_calls;
mod filter;
mod gnutls;
mod go;
mod iter;
mod json_rpc;
mod net;
mod net_programs;
mod nss;
mod path;
mod plain;
mod plain_programs;
mod process;
mod programs;
mod request;
mod ring;
mod server_name;
mod setting;
mod sock;
mod socket;
mod spent;
mod stdio;
mod stream;
mod syscall;
mod task;
mod tls;
mod transfer;
mod who;

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {}
}

#[unsafe(link_section = "license")]
#[unsafe(no_mangle)]
static LICENSE: [u8; 13] = *b"Dual MIT/GPL\0";
