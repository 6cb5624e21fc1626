//! WebSocket frames for tests: an upgrade, messages of either side, compressed
//! ones too.

#![allow(dead_code, reason = "each test file uses its part")]

use flate2::{Compress, Compression, FlushCompress};
use serde_json::Value;

use super::{In, Out, Step, inn, out};

/// The handshake on a path.
pub fn upgrade(host: &str, path: &str, extensions: &str) -> Vec<Step> {
    vec![
        out(&format!(
            "GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nAuthorization: Bearer sk-proj-madeup0123456789\r\nSec-WebSocket-Version: 13\r\n\r\n"
        )),
        inn(&format!(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n{extensions}\r\n"
        )),
    ]
}

/// A frame with a mask where one is given.
pub fn frame(first: u8, mask: Option<[u8; 4]>, payload: &[u8]) -> Vec<u8> {
    let bit = if mask.is_some() { 0x80 } else { 0 };
    let mut bytes = vec![first];
    match payload.len() {
        len @ ..126 => bytes.push(bit | u8::try_from(len).unwrap()),
        len @ ..65_536 => {
            bytes.push(bit | 126);
            bytes.extend(u16::try_from(len).unwrap().to_be_bytes());
        }
        len => {
            bytes.push(bit | 127);
            bytes.extend((len as u64).to_be_bytes());
        }
    }
    let mask = mask.inspect(|mask| bytes.extend(mask)).unwrap_or_default();
    let masked = payload.iter().zip(mask.iter().cycle());
    bytes.extend(masked.map(|(byte, key)| byte ^ key));
    bytes
}

const MASK: Option<[u8; 4]> = Some([0x11, 0x22, 0xf3, 0x44]);

/// A message of the client.
pub fn ask(message: &Value) -> Step {
    Out(frame(0x81, MASK, message.to_string().as_bytes()))
}

/// Messages of the server, one frame each.
pub fn tell(messages: &[Value]) -> Step {
    let frames = messages.iter();
    In(frames
        .flat_map(|message| frame(0x81, None, message.to_string().as_bytes()))
        .collect())
}

/// The same messages, deflated with a context that is taken over, in fragments
/// with a ping between them.
pub fn deflated(steps: &[(bool, Value)]) -> Vec<Step> {
    let mut contexts = [false, true].map(|_| Compress::new(Compression::best(), false));
    steps
        .iter()
        .map(|(is_out, message)| {
            let text = message.to_string();
            let mut payload = Vec::with_capacity(text.len() + 1000);
            contexts[usize::from(*is_out)]
                .compress_vec(text.as_bytes(), &mut payload, FlushCompress::Sync)
                .unwrap();
            assert!(payload.ends_with(&[0, 0, 0xff, 0xff]));
            payload.truncate(payload.len() - 4);
            let mask = if *is_out { MASK } else { None };
            let (head, tail) = payload.split_at(payload.len() / 3);
            let bytes = [
                frame(0x41, mask, head),
                frame(0x89, mask, b"ping"),
                frame(0x80, mask, tail),
            ]
            .concat();
            if *is_out { Out(bytes) } else { In(bytes) }
        })
        .collect()
}
