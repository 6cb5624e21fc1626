//! A connection that can be dropped once everything written is flushed.
//!
//! HTTP libraries end a broken answer in their own good time and may throw
//! away what they still hold. Here the cut is made below them: the body asks
//! for it, and the next flush that succeeds is followed by an error.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::Notify;

/// Asks for the end of a connection.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cutter(Arc<State>);

#[derive(Debug, Default)]
struct State {
    asked: AtomicBool,
    wake: Notify,
}

impl Cutter {
    pub(crate) fn cut(&self) {
        self.0.asked.store(true, Ordering::Release);
        self.0.wake.notify_one();
    }

    /// Returns when a cut was asked for: the connection must be polled again.
    pub(crate) async fn asked(&self) {
        self.0.wake.notified().await;
    }

    fn is_asked(&self) -> bool {
        self.0.asked.load(Ordering::Acquire)
    }
}

/// A stream that a [`Cutter`] can end.
#[derive(Debug)]
pub(crate) struct Cuttable<T> {
    inner: T,
    cutter: Cutter,
}

impl<T> Cuttable<T> {
    pub(crate) const fn new(inner: T, cutter: Cutter) -> Self {
        Self { inner, cutter }
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Cuttable<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_read(cx, buf)
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Cuttable<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.inner).poll_flush(cx))?;
        if self.cutter.is_asked() {
            return Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()));
        }
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}
