//! Which process listens on a port: `/proc/net/tcp*` names the socket's inode,
//! `/proc/PID/fd` names who has it open. What may not be read is skipped, so
//! that another user's process stays unnamed without privilege.

use std::fs;
use std::net::SocketAddr;

use crate::error::Holder;

/// Column of `/proc/net/tcp`, as the kernel writes a listening socket.
const LISTEN: &str = "0A";

/// The process that listens on the port of `addr`.
pub(crate) fn of(addr: SocketAddr) -> Option<Holder> {
    let inodes: Vec<String> = ["/proc/net/tcp", "/proc/net/tcp6"]
        .iter()
        .filter_map(|table| fs::read_to_string(table).ok())
        .flat_map(|table| listeners(&table, addr.port()))
        .collect();
    let links: Vec<String> = inodes
        .iter()
        .map(|inode| format!("socket:[{inode}]"))
        .collect();
    processes()
        .find(|pid| has_open(*pid, &links))
        .map(|pid| Holder {
            pid,
            name: name(pid),
        })
}

/// Inodes of the sockets of `table` that listen on `port`.
fn listeners(table: &str, port: u16) -> Vec<String> {
    let port = format!("{port:04X}");
    let of_line = |line: &str| {
        let mut columns = line.split_whitespace();
        let local = columns.nth(1)?;
        let state = columns.nth(1)?;
        let inode = columns.nth(5)?;
        (local.rsplit(':').next() == Some(port.as_str()) && state == LISTEN)
            .then(|| inode.to_owned())
    };
    table.lines().skip(1).filter_map(of_line).collect()
}

fn processes() -> impl Iterator<Item = u32> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

fn has_open(pid: u32, links: &[String]) -> bool {
    let files = fs::read_dir(format!("/proc/{pid}/fd"))
        .into_iter()
        .flatten()
        .flatten();
    let targets = files.filter_map(|file| fs::read_link(file.path()).ok());
    targets
        .into_iter()
        .any(|target| links.iter().any(|link| target.as_os_str() == link.as_str()))
}

fn name(pid: u32) -> String {
    let comm = fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
    match comm.trim() {
        "" => String::from("a program"),
        comm => comm.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    #[test]
    fn the_holder_of_a_port_is_this_process() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let holder = of(listener.local_addr().unwrap()).unwrap();
        assert_eq!(holder.pid, std::process::id());
        assert!(!holder.name.is_empty());
    }

    #[test]
    fn only_listening_sockets_of_that_port_count() {
        let table = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n\
             0: 0100007F:1E61 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 111 1 x\n\
             1: 0100007F:1E61 0100007F:D000 01 00000000:00000000 00:00000000 00000000     0        0 222 1 x\n\
             2: 0100007F:0050 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 333 1 x\n";
        assert_eq!(listeners(table, 7777), ["111"]);
        assert!(listeners("garbage\n\n x", 7777).is_empty());
    }
}
