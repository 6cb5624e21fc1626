//! The little of HTTP that asking the dashboard's API needs.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

/// The JSON that a GET gives.
pub(super) fn json(port: u16, path: &str) -> Option<serde_json::Value> {
    let answer = get(port, path)?;
    let start = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n")? + 4;
    serde_json::from_slice(answer.get(start..)?).ok()
}

/// Status of a GET; `None` where nobody answers.
pub(super) fn status(port: u16, path: &str) -> Option<u16> {
    let answer = get(port, path)?;
    let head = String::from_utf8_lossy(answer.get(..12)?).into_owned();
    head.strip_prefix("HTTP/1.0 ")?.parse().ok()
}

/// In HTTP/1.0, so that the answer is its body and not chunks of it.
fn get(port: u16, path: &str) -> Option<Vec<u8>> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let mut stream = TcpStream::connect_timeout(&address, Duration::from_secs(1)).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(5))).ok()?;
    let request =
        format!("GET {path} HTTP/1.0\r\nhost: localhost:{port}\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).ok()?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).ok()?;
    Some(answer)
}
