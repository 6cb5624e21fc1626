//! `ai.streaming_chunk`.

use oisp_core::Event;
use oisp_core::event::ai::StreamingChunk;
use oisp_core::event::{Confidence, Data, Related, Relationship};

use super::{Emitter, Shared};
use crate::exchange::Piece;

/// The event of a piece of an answer.
pub(super) fn emit(emitter: &Emitter<'_>, shared: &Shared, piece: Piece) -> Event {
    let nth = usize::try_from(piece.index).unwrap_or(usize::MAX);
    let id = emitter.event_id(piece.at, "ai.streaming_chunk", nth);
    let data = Data::StreamingChunk(Box::new(StreamingChunk {
        request_id: shared.request_id.clone(),
        chunk_index: piece.index,
        delta: piece.delta,
        finish_reason: piece.finish,
    }));
    let point = shared.answer_point();
    let mut event = emitter.event(id, piece.at, point, Confidence::full(), data);
    event.attrs = shared.attrs.clone();
    if piece.choice > 0 {
        event
            .attrs
            .insert("oisp.choice.index".into(), piece.choice.into());
    }
    event.trace_context = Some(shared.trace.clone());
    event.related_events.push(Related {
        event_id: shared.request_event,
        relationship: Relationship::Parent,
    });
    event
}
