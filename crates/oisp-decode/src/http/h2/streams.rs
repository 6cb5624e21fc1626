//! The streams of a connection (RFC 9113, section 5.1): which message parts
//! frames make, and which they may not make any more.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use bytes::Bytes;
use oisp_core::Timestamp;

use super::fields::Fields;
use crate::http::{Ending, Half, HttpEvent, Part, ResponseHead};

/// Longest head that is held, bytes of its fields.
const MAX_HELD: usize = 8 << 10;
/// So many closed streams are remembered: frames of them may be under way.
const REMEMBERED: usize = 256;
/// Highest stream that is believed before any was seen.
const FIRST_BELIEVED: u32 = 1 << 24;
/// So far beyond the highest stream seen may the next one be.
const BELIEVED_AHEAD: u32 = 20_000;

/// The streams that are open, the oldest first.
#[derive(Debug)]
pub(super) struct Streams {
    open: BTreeMap<u32, Stream>,
    /// Those whose request is [`Progress::Open`], so that losing a half costs
    /// no more than what it ends.
    requests: BTreeSet<u32>,
    /// Those whose response is.
    responses: BTreeSet<u32>,
    /// How often the frames of the responses had to be found.
    finds: u64,
    closed: VecDeque<u32>,
    highest: u32,
    limit: usize,
    /// Memory of all [`Stream::held`].
    held: usize,
}

#[derive(Debug)]
struct Stream {
    request: Progress,
    response: Progress,
    /// [`Streams::finds`] when it began: where that is over, the response's
    /// head may have been missed.
    finds: u64,
    /// A head of unknown status: if another follows, it was informational.
    held: Option<ResponseHead>,
}

/// How far a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Progress {
    /// Nothing was seen of it.
    Unseen,
    /// Its head was seen.
    Open,
    /// Its end was given out.
    Over,
}

/// Where parts go, with the time they get.
pub(super) struct Sink<'a> {
    pub(super) at: Timestamp,
    pub(super) out: &'a mut Vec<HttpEvent>,
}

impl Sink<'_> {
    fn part(&mut self, stream: u32, half: Half, part: Part) {
        self.out.push(HttpEvent {
            exchange: u64::from(stream),
            at: self.at,
            half,
            part,
        });
    }
}

impl Streams {
    pub(super) fn new(limit: usize) -> Self {
        Self {
            open: BTreeMap::new(),
            requests: BTreeSet::new(),
            responses: BTreeSet::new(),
            finds: 0,
            closed: VecDeque::new(),
            highest: 0,
            limit,
            held: 0,
        }
    }

    /// Memory of the streams, about.
    pub(super) fn held(&self) -> usize {
        /// Of a stream in the maps.
        const EACH: usize = 256;
        self.open.len() * EACH + self.held
    }

    /// No stream above it is in use, as far as one can tell.
    pub(super) const fn highest_believed(&self) -> u32 {
        match self.highest {
            0 => FIRST_BELIEVED,
            highest => highest.saturating_add(BELIEVED_AHEAD),
        }
    }

    /// The fields of a HEADERS frame and its CONTINUATIONs.
    pub(super) fn fields(
        &mut self,
        half: Half,
        id: u32,
        fields: Fields,
        end_stream: bool,
        began: Timestamp,
        sink: &mut Sink<'_>,
    ) {
        // A server begins even streams, by pushing what nobody asked for.
        if id.is_multiple_of(2) || self.closed.contains(&id) {
            return;
        }
        match half {
            Half::Request => self.request_fields(id, fields, end_stream, began, sink),
            Half::Response => self.response_fields(id, fields, end_stream, sink),
        }
        if end_stream {
            self.end(half, id, Ending::Complete, sink);
        }
    }

    fn request_fields(
        &mut self,
        id: u32,
        fields: Fields,
        end_stream: bool,
        began: Timestamp,
        sink: &mut Sink<'_>,
    ) {
        match self.progress(Half::Request, id) {
            Progress::Unseen if fields.may_be_head() => {
                self.stream(id, sink).request = Progress::Open;
                self.requests.insert(id);
                sink.part(id, Half::Request, Part::Request(fields.into_request(began)));
            }
            Progress::Open if end_stream => {
                sink.part(id, Half::Request, Part::Trailers(fields.headers));
            }
            Progress::Unseen | Progress::Open | Progress::Over => {}
        }
    }

    fn response_fields(&mut self, id: u32, fields: Fields, end_stream: bool, sink: &mut Sink<'_>) {
        match self.progress(Half::Response, id) {
            Progress::Unseen if fields.is_informational() => {}
            Progress::Unseen if self.is_response_head(id, &fields, end_stream) => {
                self.stream(id, sink).response = Progress::Open;
                self.responses.insert(id);
                self.hold_or_give(id, fields, sink);
            }
            Progress::Unseen => self.end(Half::Response, id, Ending::Lost, sink),
            Progress::Open if self.holds(id) && !(end_stream && fields.status.is_none()) => {
                self.hold_or_give(id, fields, sink);
            }
            Progress::Open if end_stream => {
                self.give_held(id, sink);
                sink.part(id, Half::Response, Part::Trailers(fields.headers));
            }
            // Only trailers follow a head, and they end the stream.
            Progress::Open | Progress::Over => {}
        }
    }

    fn holds(&self, id: u32) -> bool {
        self.open
            .get(&id)
            .is_some_and(|stream| stream.held.is_some())
    }

    /// Gives out a response's head; one of unknown status only once it is
    /// clear that it was the final one.
    fn hold_or_give(&mut self, id: u32, fields: Fields, sink: &mut Sink<'_>) {
        let informational = fields.is_informational();
        let is_short = fields.size <= MAX_HELD;
        let head = fields.into_response();
        let Some(stream) = self.open.get_mut(&id) else {
            return;
        };
        self.held -= stream.held_bytes();
        stream.held = None;
        match head.status {
            None if is_short => {
                stream.held = Some(head);
                self.held += stream.held_bytes();
            }
            Some(_) if informational => {
                stream.response = Progress::Unseen;
                self.responses.remove(&id);
            }
            _ => sink.part(id, Half::Response, Part::Response(head)),
        }
    }

    fn give_held(&mut self, id: u32, sink: &mut Sink<'_>) {
        if let Some(stream) = self.open.get_mut(&id) {
            self.held -= stream.held_bytes();
            stream.give_held(id, sink);
        }
    }

    /// False for trailers whose head was missed. Trailers end the stream, and
    /// have no status.
    fn is_response_head(&self, id: u32, fields: &Fields, end_stream: bool) -> bool {
        let missed = self
            .open
            .get(&id)
            .is_none_or(|stream| stream.finds < self.finds);
        fields.status.is_some() || fields.may_be_head() && !(missed && end_stream)
    }

    /// Bytes of a body.
    pub(super) fn body(&mut self, half: Half, id: u32, bytes: Bytes, sink: &mut Sink<'_>) {
        if self.has_body(half, id, sink) {
            sink.part(id, half, Part::Body(bytes));
        }
    }

    /// Missing bytes of a body.
    pub(super) fn gap(&mut self, half: Half, id: u32, len: u64, sink: &mut Sink<'_>) {
        if self.has_body(half, id, sink) {
            sink.part(id, half, Part::Gap(len));
        }
    }

    fn has_body(&mut self, half: Half, id: u32, sink: &mut Sink<'_>) -> bool {
        let progress = self.progress(half, id);
        if half == Half::Response && progress == Progress::Unseen {
            // The head of this body was missed.
            self.end(half, id, Ending::Lost, sink);
        }
        if half == Half::Response {
            self.give_held(id, sink);
        }
        progress == Progress::Open
    }

    /// One message is over.
    pub(super) fn end(&mut self, half: Half, id: u32, ending: Ending, sink: &mut Sink<'_>) {
        let Some(stream) = self.open.get_mut(&id) else {
            return;
        };
        self.held -= stream.held_bytes();
        stream.end(id, half, ending, sink);
        self.held += stream.held_bytes();
        let is_over = stream.is_over();
        self.under_way(half).remove(&id);
        if is_over {
            self.open.remove(&id);
            self.remember(id);
        }
    }

    /// One side gave the stream up.
    pub(super) fn reset(&mut self, id: u32, sink: &mut Sink<'_>) {
        self.end(Half::Request, id, Ending::Reset, sink);
        self.end(Half::Response, id, Ending::Reset, sink);
    }

    /// The server answers no stream above `last`.
    pub(super) fn go_away(&mut self, last: u32, sink: &mut Sink<'_>) {
        let given_up: Vec<u32> = self
            .open
            .range(last.saturating_add(1)..)
            .map(|(id, _)| *id)
            .collect();
        for id in given_up {
            self.reset(id, sink);
        }
    }

    /// The frames of one half are not known any more: ends what is under way.
    pub(super) fn lose(&mut self, half: Half, ending: Ending, sink: &mut Sink<'_>) {
        for id in std::mem::take(self.under_way(half)) {
            self.end(half, id, ending, sink);
        }
    }

    const fn under_way(&mut self, half: Half) -> &mut BTreeSet<u32> {
        match half {
            Half::Request => &mut self.requests,
            Half::Response => &mut self.responses,
        }
    }

    /// The frames of the responses are known again: of the streams that were
    /// begun before, heads may have been missed.
    pub(super) const fn found_responses(&mut self) {
        self.finds += 1;
    }

    /// Nothing more will come.
    pub(super) fn close(&mut self, ending: Ending, sink: &mut Sink<'_>) {
        while let Some((id, stream)) = self.open.pop_first() {
            self.drop_stream(id, stream, ending, sink);
        }
    }

    fn progress(&self, half: Half, id: u32) -> Progress {
        self.open
            .get(&id)
            .map_or(Progress::Unseen, |stream| match half {
                Half::Request => stream.request,
                Half::Response => stream.response,
            })
    }

    /// The stream, begun where it is new.
    fn stream(&mut self, id: u32, sink: &mut Sink<'_>) -> &mut Stream {
        if !self.open.contains_key(&id)
            && self.open.len() >= self.limit
            && let Some((oldest, stream)) = self.open.pop_first()
        {
            self.drop_stream(oldest, stream, Ending::Lost, sink);
        }
        self.highest = self.highest.max(id);
        self.open.entry(id).or_insert(Stream {
            request: Progress::Unseen,
            response: Progress::Unseen,
            finds: self.finds,
            held: None,
        })
    }

    fn drop_stream(&mut self, id: u32, mut stream: Stream, ending: Ending, sink: &mut Sink<'_>) {
        self.held -= stream.held_bytes();
        stream.end(id, Half::Request, ending, sink);
        stream.end(id, Half::Response, ending, sink);
        self.requests.remove(&id);
        self.responses.remove(&id);
        self.remember(id);
    }

    fn remember(&mut self, id: u32) {
        if self.closed.len() >= REMEMBERED {
            self.closed.pop_front();
        }
        self.closed.push_back(id);
    }
}

impl Stream {
    /// Ends a half that is not over; a request that was never seen has none.
    fn end(&mut self, id: u32, half: Half, ending: Ending, sink: &mut Sink<'_>) {
        let progress = match half {
            Half::Request => &mut self.request,
            Half::Response => &mut self.response,
        };
        let is_due = match half {
            Half::Request => *progress == Progress::Open,
            Half::Response => *progress != Progress::Over,
        };
        if is_due {
            *progress = Progress::Over;
            if half == Half::Response {
                self.give_held(id, sink);
            }
            sink.part(id, half, Part::End(ending));
        }
    }

    fn give_held(&mut self, id: u32, sink: &mut Sink<'_>) {
        if let Some(head) = self.held.take() {
            sink.part(id, Half::Response, Part::Response(head));
        }
    }

    fn held_bytes(&self) -> usize {
        self.held.as_ref().map_or(0, |head| head.headers.held())
    }

    fn is_over(&self) -> bool {
        self.request != Progress::Open && self.response == Progress::Over
    }
}
