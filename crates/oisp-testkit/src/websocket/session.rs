//! A session: messages that ask, each answered by messages.

use std::io;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _};

use super::deflate::{Deflater, Inflater};
use super::frame::{self, BINARY, CLOSE, CONTINUATION, Frame, PING, PONG, TEXT};
use crate::exchange::{Ending, Exchange, Journal};
use crate::reply::Reply;

/// Longest message of a client, as long as a body may be.
const MAX_MESSAGE: usize = 64 << 20;

/// Serves a session until either side ends it. `answer` gives the answer to a
/// message, and the exchange that the two make; messages that ask for nothing
/// get none.
pub(crate) async fn serve(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    deflate: bool,
    journal: Arc<Journal>,
    mut answer: impl FnMut(Bytes) -> Option<(Reply, Exchange)>,
) {
    let mut session = Session {
        stream,
        inflater: deflate.then(|| Inflater::new(MAX_MESSAGE)),
        deflater: deflate.then(Deflater::new),
        journal,
    };
    // How a session ends is the client's business, or a cut of ours.
    while let Ok(Some(message)) = session.message().await {
        let Some((reply, exchange)) = answer(message) else {
            continue;
        };
        if !session.deliver(&reply, exchange).await {
            break;
        }
    }
}

struct Session<T> {
    stream: T,
    inflater: Option<Inflater>,
    deflater: Option<Deflater>,
    journal: Arc<Journal>,
}

impl<T: AsyncRead + AsyncWrite + Unpin> Session<T> {
    /// The client's next message; `None` where it closes the session.
    async fn message(&mut self) -> io::Result<Option<Bytes>> {
        let (mut payload, mut compressed) = (Vec::new(), false);
        loop {
            let frame = frame::read(&mut self.stream, MAX_MESSAGE).await?;
            match frame.opcode {
                TEXT | BINARY | CONTINUATION => {
                    compressed |= frame.compressed;
                    payload.extend(frame.payload);
                    if payload.len() > MAX_MESSAGE {
                        return Err(io::ErrorKind::InvalidData.into());
                    }
                    if frame.fin {
                        return self.inflated(payload, compressed).map(Some);
                    }
                }
                PING => self.control(PONG, frame.payload).await?,
                CLOSE => {
                    self.control(CLOSE, frame.payload).await?;
                    return Ok(None);
                }
                _ => {}
            }
        }
    }

    fn inflated(&mut self, payload: Vec<u8>, compressed: bool) -> io::Result<Bytes> {
        let message = match (compressed, self.inflater.as_mut()) {
            (false, _) => Some(payload),
            (true, Some(inflater)) => inflater.message(&payload),
            (true, None) => None,
        };
        message
            .map(Bytes::from)
            .ok_or_else(|| io::ErrorKind::InvalidData.into())
    }

    async fn control(&mut self, opcode: u8, payload: Vec<u8>) -> io::Result<()> {
        let frame = Frame {
            fin: true,
            compressed: false,
            opcode,
            payload,
        };
        self.stream.write_all(&frame::bytes(&frame)).await?;
        self.stream.flush().await
    }

    /// Sends an answer; false where the session ends with it. The exchange is in
    /// the journal before the client has seen the end.
    async fn deliver(&mut self, reply: &Reply, mut exchange: Exchange) -> bool {
        tokio::time::sleep(reply.directive.wait).await;
        let mut sent = BytesMut::new();
        let (last, others) = match reply.frames.split_last() {
            Some((last, others)) if !reply.cut => (Some(last), others),
            _ => (None, reply.frames.as_slice()),
        };
        for message in others {
            let Ok(len) = self.send(message, reply).await else {
                self.end(exchange, Ending::Abandoned, sent);
                return false;
            };
            exchange.encoded_len += len;
            sent.extend_from_slice(message);
            sent.extend_from_slice(b"\n");
            tokio::time::sleep(reply.directive.delay).await;
        }
        let Some(last) = last else {
            self.end(exchange, Ending::Cut, sent);
            return false;
        };
        let wire = self.wire(last, reply);
        exchange.encoded_len += wire.iter().map(Vec::len).sum::<usize>();
        sent.extend_from_slice(last);
        self.end(exchange, Ending::Whole, sent);
        self.write(wire).await.is_ok()
    }

    fn end(&self, mut exchange: Exchange, ending: Ending, sent: BytesMut) {
        exchange.ending = ending;
        exchange.response_body = sent.freeze();
        self.journal.add(exchange);
    }

    async fn send(&mut self, message: &[u8], reply: &Reply) -> io::Result<usize> {
        let wire = self.wire(message, reply);
        let len = wire.iter().map(Vec::len).sum();
        self.write(wire).await.map(|()| len)
    }

    /// The frames of a message, each of `fragment` bytes.
    fn wire(&mut self, message: &[u8], reply: &Reply) -> Vec<Vec<u8>> {
        let deflated = self
            .deflater
            .as_mut()
            .and_then(|deflater| deflater.message(message));
        let compressed = deflated.is_some();
        let payload = deflated.unwrap_or_else(|| message.to_vec());
        let size = reply.directive.fragment.unwrap_or(usize::MAX).max(1);
        let count = payload.len().div_ceil(size).max(1);
        let frame = |nth: usize| Frame {
            fin: nth + 1 == count,
            compressed: compressed && nth == 0,
            opcode: if nth == 0 { TEXT } else { CONTINUATION },
            payload: payload.chunks(size).nth(nth).unwrap_or_default().to_vec(),
        };
        (0..count).map(|nth| frame::bytes(&frame(nth))).collect()
    }

    async fn write(&mut self, frames: Vec<Vec<u8>>) -> io::Result<()> {
        for frame in frames {
            self.stream.write_all(&frame).await?;
            self.stream.flush().await?;
        }
        Ok(())
    }
}
