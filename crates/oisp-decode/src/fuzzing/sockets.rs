//! WebSocket: its frames, and the sessions that are spoken over it.

use oisp_core::raw::TlsKind;
use oisp_core::{Direction, Timestamp};

use super::{check, record};
use crate::body::Room;
use crate::websocket::{Compression, Item, Reader};
use crate::{Decoder, HashKey};

/// The first byte chooses the compression and where the bytes are cut.
pub fn websocket(data: &[u8]) {
    const COMPRESSIONS: [Compression; 4] = [
        Compression::None,
        Compression::Unknown,
        Compression::Deflate { takeover: true },
        Compression::Deflate { takeover: false },
    ];
    let Some((choice, bytes)) = data.split_first() else {
        return;
    };
    let compression = COMPRESSIONS[usize::from(*choice) % COMPRESSIONS.len()];
    let (one, other) = bytes.split_at(usize::from(*choice) % (bytes.len() + 1));
    let at = Timestamp::default();
    let read = |pieces: &[&[u8]], gap: u64| {
        let mut items: Vec<Item> = Vec::new();
        let mut reader = Reader::new(compression, &Room::default());
        for (n, piece) in pieces.iter().enumerate() {
            if n > 0 {
                reader.gap(gap, &mut |item| items.push(item));
            }
            reader.push(at, piece, &mut |item| items.push(item));
        }
        items
    };
    assert_eq!(read(&[one, other], 0), read(&[bytes], 0));
    read(&[one, other], u64::from(*choice) + 1);
}

/// The first byte chooses the API. Each line is a message; whether its first
/// byte is even says which side it is of.
pub fn session(data: &[u8]) {
    const PATHS: [&str; 3] = [
        "/v1/responses",
        "/v1/realtime?model=m",
        "/ws/google.ai.GenerativeService.BidiGenerateContent",
    ];
    let Some((path, lines)) = data.split_first() else {
        return;
    };
    let path = PATHS[usize::from(*path) % PATHS.len()];
    let upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
    let mut out = format!("GET {path} HTTP/1.1\r\nHost: x\r\n{upgrade}").into_bytes();
    let mut inn = format!("HTTP/1.1 101 Switching Protocols\r\n{upgrade}").into_bytes();
    let mut decoder = Decoder::new(HashKey::new([1; 32]));
    decoder.stream_chunks(true);
    let mut events = Vec::new();
    let mut offsets = [0, 0];
    let mut send = |way: usize, bytes: &mut Vec<u8>| {
        let direction = [Direction::Outgoing, Direction::Incoming][way];
        let offset = offsets[way];
        offsets[way] += bytes.len() as u64;
        let bytes = std::mem::take(bytes).into();
        let what = TlsKind::Data {
            direction,
            offset,
            bytes,
        };
        decoder.push(&record(1, what), &mut events);
    };
    send(0, &mut out);
    send(1, &mut inn);
    for line in lines.split(|byte| *byte == b'\n') {
        let Some((side, text)) = line.split_first() else {
            continue;
        };
        let mut frame = vec![0x81, 127];
        frame.extend((text.len() as u64).to_be_bytes());
        frame.extend(text);
        send(usize::from(side & 1), &mut frame);
    }
    decoder.finish(&mut events);
    check(&events);
}
