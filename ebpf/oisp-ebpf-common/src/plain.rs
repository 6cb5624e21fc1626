//! Connections without TLS: which ports may carry calls of a model, by which
//! paths they are told, and the standard streams of children.

/// Nothing of interest is expected at a port.
pub const PORT_NONE: u8 = 0;
/// Any HTTP at that port is taken.
pub const PORT_ANY_PATH: u8 = 1;
/// Only connections on which a request names one of [`PATHS`].
pub const PORT_MODEL_PATH: u8 = 2;
/// How many ports there are.
pub const PORTS: usize = 65536;

/// Bytes of a path that are looked at.
pub const PATH_LEN: usize = 16;

/// The beginning of a path: bytes, and which of them count.
#[derive(Clone, Copy, Debug)]
pub struct Path {
    /// The first and second 8 bytes, as they stand in memory.
    pub bytes: [u64; 2],
    /// Bits that count.
    pub mask: [u64; 2],
}

const fn path(text: &[u8]) -> Path {
    let (mut bytes, mut mask) = ([0; PATH_LEN], [0; PATH_LEN]);
    let mut at = 0;
    while at < text.len() {
        bytes[at] = text[at];
        mask[at] = 0xff;
        at += 1;
    }
    Path {
        bytes: halves(&bytes),
        mask: halves(&mask),
    }
}

const fn halves(bytes: &[u8; PATH_LEN]) -> [u64; 2] {
    [word(bytes, 0), word(bytes, 8)]
}

/// Eight bytes as the machine reads them.
const fn word(bytes: &[u8], from: usize) -> u64 {
    let mut eight = [0; 8];
    let mut at = 0;
    while at < 8 {
        eight[at] = bytes[from + at];
        at += 1;
    }
    u64::from_ne_bytes(eight)
}

/// Paths of the interfaces of model servers, as far as ordinary web servers
/// have no such path.
pub const PATHS: [Path; 24] = [
    path(b"/v1/chat/"),
    path(b"/v1/completions"),
    path(b"/v1/responses"),
    path(b"/v1/messages"),
    path(b"/v1/embeddings"),
    path(b"/v1/rerank"),
    path(b"/v1/audio/"),
    path(b"/v1/images/"),
    path(b"/v1/moderations"),
    path(b"/v1/models"),
    path(b"/v1/realtime"),
    path(b"/api/chat"),
    path(b"/api/generate"),
    path(b"/api/embed"),
    path(b"/api/v1/generate"),
    path(b"/api/v1/chat"),
    path(b"/api/extra/gene"),
    path(b"/completion"),
    path(b"/chat/completion"),
    path(b"/embedding"),
    path(b"/generate"),
    path(b"/infill"),
    path(b"/rerank"),
    path(b"/engines/"),
];

impl Path {
    /// Whether a path with those first bytes begins so.
    #[inline(always)]
    pub const fn begins(&self, first: u64, second: u64) -> bool {
        (first ^ self.bytes[0]) & self.mask[0] == 0 && (second ^ self.bytes[1]) & self.mask[1] == 0
    }
}

/// Whether bytes are the beginning of a request, and where its path stands.
/// `words` are the first 8 and the second 8 bytes.
#[inline(always)]
pub const fn path_at(words: [u64; 2]) -> Option<usize> {
    let first = words[0];
    if is(first, b"GET ") {
        Some(4)
    } else if is(first, b"POST ") || is(first, b"HEAD ") {
        Some(5)
    } else if is(first, b"PUT ") {
        Some(4)
    } else if is(first, b"PATCH ") {
        Some(6)
    } else if is(first, b"DELETE ") {
        Some(7)
    } else if is(first, b"OPTIONS ") {
        Some(8)
    } else {
        None
    }
}

/// Whether bytes are the preface of HTTP/2.
#[inline(always)]
pub const fn is_preface(words: [u64; 2]) -> bool {
    words[0] == word(b"PRI * HTTP/2.0\r\n", 0) && words[1] == word(b"PRI * HTTP/2.0\r\n", 8)
}

#[inline(always)]
const fn is<const N: usize>(first: u64, text: &[u8; N]) -> bool {
    let (mut bytes, mut mask) = ([0; 8], [0; 8]);
    let mut at = 0;
    while at < N {
        bytes[at] = text[at];
        mask[at] = 0xff;
        at += 1;
    }
    (first ^ u64::from_ne_bytes(bytes)) & u64::from_ne_bytes(mask) == 0
}

/// A stream without TLS that is taken, by its handle.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Stream {
    /// Process that the connection is told of: the first that used it.
    pub owner: u32,
    /// Both ports of the socket, as the kernel has them next to each other: a
    /// socket at the same address that has others is another one.
    pub ports: u32,
    /// For TCP, the sequence number that follows what was told: sent, received.
    pub next: [u32; 2],
}

/// Handles of standard streams begin so, which no address does.
pub const STDIO_HANDLE: u64 = 0x5354_4449 << 32;

/// One of the two streams that connect a child's standard input and output.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct End {
    /// Handle of the connection that both are.
    pub handle: u64,
    /// Inode number of the other one.
    pub other: u64,
    /// `record::WRITTEN` for the child's standard input, which its parent
    /// writes, `record::READ` for its output.
    pub direction: u32,
    /// 1 where bytes went by that were not taken.
    pub passed: u32,
}

/// A child with such streams.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Child {
    /// Handle of the connection.
    pub handle: u64,
    /// Inode numbers of its standard input and output.
    pub ends: [u64; 2],
}

/// No process, but a key of the table of agents: what sees writes to standard
/// streams is in place.
pub const IN_PLACE: u32 = 0;

/// Standard streams are not looked at.
pub const STDIO_OFF: u32 = 0;
/// Those of children of programs that are known as agents.
pub const STDIO_AGENTS: u32 = 1;
/// Those of all programs.
pub const STDIO_ALL: u32 = 2;
