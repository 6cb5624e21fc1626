//! One call of a session, from the message that asks to the end of its answer.

use oisp_core::Timestamp;
use serde_json::Value;

use super::Scene;
use crate::body::{Damage, Held, MAX_BODY};
use crate::dialect::AnswerStream;
use crate::emit::Shared;
use crate::exchange::answer::Seen;
use crate::exchange::pieces::Pieces;
use crate::exchange::{Answered, Asked};
use crate::http::{Ending, ResponseHead};

/// A call that waits for its answer, or for the rest of it.
pub(super) struct Turn {
    name: u64,
    shared: Shared,
    stream: Box<dyn AnswerStream + Send>,
    seen: Seen,
    damage: Damage,
    /// The messages of its answer.
    held: Held,
    first_byte: Option<Timestamp>,
}

impl Turn {
    /// Gives out the request.
    pub(super) fn begin(name: u64, asked: Asked, scene: &mut Scene<'_, '_>) -> Self {
        let stream = asked.dialect.stream();
        let pieces = scene.emitter.stream_chunks.then(Pieces::default);
        let shared = as_call(name, scene, |scene| {
            scene.emitter.request(asked, scene.side, scene.out)
        });
        let seen = Seen {
            pieces,
            ..Seen::default()
        };
        Self {
            name,
            shared,
            stream,
            seen,
            damage: Damage::default(),
            held: Held::new(scene.emitter.room),
            first_byte: None,
        }
    }

    /// A part of the answer, from a message of that size.
    pub(super) fn answer(&mut self, data: Value, size: usize, scene: &mut Scene<'_, '_>) {
        self.first_byte.get_or_insert(scene.at);
        if size > self.held.left(MAX_BODY) {
            return self.tear(Damage {
                cut: true,
                ..Damage::default()
            });
        }
        self.held.add(size);
        let is_content = self.stream.event(None, data);
        self.seen.note(&*self.stream, scene.at, is_content);
        let pieces = self.seen.take_pieces();
        as_call(self.name, scene, |scene| {
            let events = pieces.into_iter();
            let events = events.map(|piece| scene.emitter.chunk(&self.shared, piece));
            scene.out.extend(events);
        });
    }

    /// A part of the answer is missing or unreadable; it may be another call's.
    pub(super) fn tear(&mut self, damage: Damage) {
        self.stream.gap();
        self.damage = self.damage.and(damage);
    }

    /// Gives out the answer.
    pub(super) fn finish(mut self, head: &ResponseHead, ending: Ending, scene: &mut Scene<'_, '_>) {
        let answered = Answered {
            // Where nothing came, there is no answer to have a status.
            head: self.first_byte.is_some().then(|| head.clone()),
            answer: self.first_byte.is_some().then(|| self.stream.finish()),
            streamed: true,
            damage: self.damage,
            ending,
            ended: scene.at,
            first_byte: self.first_byte,
            first_content: self.seen.first,
            last_content: self.seen.last,
            pieces: self.seen.take_pieces(),
        };
        as_call(self.name, scene, |scene| {
            scene.emitter.response(&self.shared, answered, scene.out);
        });
    }
}

/// Names the exchange after the call, so that the calls of a session have ids of
/// their own though they have one exchange.
fn as_call<T>(
    name: u64,
    scene: &mut Scene<'_, '_>,
    step: impl FnOnce(&mut Scene<'_, '_>) -> T,
) -> T {
    let session = scene.emitter.exchange;
    scene.emitter.exchange = session ^ (name.wrapping_add(1) << 32);
    let result = step(scene);
    scene.emitter.exchange = session;
    result
}
