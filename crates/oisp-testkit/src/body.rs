//! The body of an answer: carries out the plan and notes what was sent.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body::{Body, Frame, SizeHint};
use tokio::time::Sleep;

use crate::cut::Cutter;
use crate::deliver::Step;
use crate::exchange::{Ending, Exchange, Journal};

/// Delivers an answer step by step. The exchange goes to the journal with the
/// last step, so it is there before the client has seen the end; or when the
/// body is dropped before.
pub(crate) struct AnswerBody {
    steps: VecDeque<Step>,
    waiting: Option<Waiting>,
    cutter: Cutter,
    sent: BytesMut,
    exchange: Option<Exchange>,
    journal: Arc<Journal>,
    known_len: Option<u64>,
}

enum Waiting {
    /// The connection gets one turn to write.
    Turn,
    Until(Pin<Box<Sleep>>),
    /// The connection is about to be dropped.
    Forever,
}

impl AnswerBody {
    /// `exact` tells the length of the body in its head.
    pub(crate) fn new(
        steps: VecDeque<Step>,
        exact: bool,
        cutter: Cutter,
        exchange: Exchange,
        journal: Arc<Journal>,
    ) -> Self {
        let len: usize = steps.iter().map(wire_len).sum();
        let known_len = exact.then(|| u64::try_from(len).unwrap_or(u64::MAX));
        let mut body = Self {
            steps,
            waiting: None,
            cutter,
            sent: BytesMut::new(),
            exchange: Some(exchange),
            journal,
            known_len,
        };
        body.end_if_done();
        body
    }

    /// A body that is none, of an answer that is in no journal.
    pub(crate) fn none(cutter: Cutter, journal: Arc<Journal>) -> Self {
        Self {
            steps: VecDeque::new(),
            waiting: None,
            cutter,
            sent: BytesMut::new(),
            exchange: None,
            journal,
            known_len: None,
        }
    }

    fn wait(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        match self.waiting.take() {
            None => Poll::Ready(()),
            Some(Waiting::Turn) => {
                cx.waker().wake_by_ref();
                Poll::Pending
            }
            Some(Waiting::Until(mut sleep)) => {
                let polled = sleep.as_mut().poll(cx);
                if polled.is_pending() {
                    self.waiting = Some(Waiting::Until(sleep));
                }
                polled
            }
            Some(Waiting::Forever) => {
                self.waiting = Some(Waiting::Forever);
                Poll::Pending
            }
        }
    }

    fn send(&mut self, wire: Bytes, decoded: &[u8]) -> Frame<Bytes> {
        self.sent.extend_from_slice(decoded);
        if let Some(exchange) = self.exchange.as_mut() {
            exchange.encoded_len += wire.len();
        }
        self.end_if_done();
        Frame::data(wire)
    }

    fn end_if_done(&mut self) {
        if self.steps.is_empty() {
            self.end(Ending::Whole);
        }
    }

    fn end(&mut self, ending: Ending) {
        let Some(mut exchange) = self.exchange.take() else {
            return;
        };
        exchange.ending = ending;
        exchange.response_body = std::mem::take(&mut self.sent).freeze();
        self.journal.add(exchange);
    }
}

fn wire_len(step: &Step) -> usize {
    match step {
        Step::Send { wire, .. } => wire.len(),
        Step::Pause(_) | Step::Cut => 0,
    }
}

fn pause(wait: Duration) -> Waiting {
    if wait.is_zero() {
        Waiting::Turn
    } else {
        Waiting::Until(Box::pin(tokio::time::sleep(wait)))
    }
}

impl Body for AnswerBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        loop {
            ready!(self.wait(cx));
            match self.steps.pop_front() {
                None => return Poll::Ready(None),
                Some(Step::Send { wire, decoded }) => {
                    return Poll::Ready(Some(Ok(self.send(wire, &decoded))));
                }
                Some(Step::Pause(wait)) => self.waiting = Some(pause(wait)),
                Some(Step::Cut) => {
                    self.end(Ending::Cut);
                    self.cutter.cut();
                    self.waiting = Some(Waiting::Forever);
                }
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.steps.is_empty() && self.waiting.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        self.known_len
            .map_or_else(SizeHint::new, SizeHint::with_exact)
    }
}

impl Drop for AnswerBody {
    fn drop(&mut self) {
        self.end(Ending::Abandoned);
    }
}
