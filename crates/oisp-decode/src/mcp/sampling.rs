//! `sampling/createMessage`: a call to the client's model that a server makes.

use oisp_core::event::Data;
use oisp_core::event::ai;
use oisp_core::{Event, Timestamp};
use serde_json::{Map, Value};

use super::emit::seen_at;
use super::message::RpcError;
use crate::body::Damage;
use crate::connection::Side;
use crate::dialect::{Answer, Detection, SAMPLING};
use crate::emit::{Emitter, Shared};
use crate::exchange::{Answered, Asked};
use crate::http::{Ending, RequestHead, ResponseHead};

/// How a request was seen.
pub struct Seen {
    /// When it began.
    pub began: Timestamp,
    /// The end that the process is for it.
    pub side: Side,
    /// `pipe` or `tcp`.
    pub transport: &'static str,
    /// `attrs` of both events.
    pub attrs: Map<String, Value>,
}

/// A call that waits for its answer.
pub struct Sampled {
    shared: Shared,
    seen: Seen,
}

/// Makes the `ai.request`.
pub fn request(
    emitter: &mut Emitter<'_>,
    seen: Seen,
    params: Map<String, Value>,
    out: &mut Vec<Event>,
) -> Sampled {
    let head = RequestHead {
        began: seen.began,
        ..RequestHead::default()
    };
    let call = SAMPLING.call(&head, params.into());
    let asked = Asked {
        head,
        dialect: SAMPLING,
        detection: Detection::Payload,
        call: Some(call),
        damage: Damage::default(),
        ending: Ending::Complete,
        print: None,
    };
    let from = out.len();
    let shared = emitter.request(asked, seen.side, out);
    for event in out.iter_mut().skip(from) {
        event.attrs.extend(seen.attrs.clone());
        seen_at(event, seen.transport, seen.side == Side::Client);
    }
    Sampled { shared, seen }
}

/// Makes the `ai.response` of an answer.
pub fn response(
    emitter: &mut Emitter<'_>,
    sampled: Sampled,
    at: Timestamp,
    outcome: Result<Map<String, Value>, RpcError>,
    out: &mut Vec<Event>,
) {
    let answer = match outcome {
        Ok(result) => SAMPLING.answer(result.into()),
        Err(error) => Answer {
            error: Some(ai::Error {
                kind: None,
                message: error.message,
                code: error.code,
            }),
            ..Answer::default()
        },
    };
    let success = !answer.says_nothing();
    let from = out.len();
    emit(emitter, sampled, at, Some(answer), Ending::Complete, out);
    for event in out.iter_mut().skip(from) {
        if let Data::AiResponse(response) = &mut event.data {
            response.success = success.then_some(response.error.is_none());
        }
    }
}

/// Makes the `ai.response` of a call that was not answered.
pub fn cut(
    emitter: &mut Emitter<'_>,
    sampled: Sampled,
    at: Timestamp,
    reason: &str,
    out: &mut Vec<Event>,
) {
    let from = out.len();
    emit(emitter, sampled, at, None, Ending::Reset, out);
    for event in out.iter_mut().skip(from) {
        event.confidence.reasons = vec![reason.to_owned()];
    }
}

fn emit(
    emitter: &mut Emitter<'_>,
    sampled: Sampled,
    at: Timestamp,
    answer: Option<Answer>,
    ending: Ending,
    out: &mut Vec<Event>,
) {
    let Sampled { shared, seen } = sampled;
    let head = answer.is_some().then(ResponseHead::default);
    let answered = Answered {
        first_byte: head.is_some().then_some(at),
        head,
        answer,
        streamed: false,
        damage: Damage::default(),
        ending,
        ended: at,
        first_content: None,
        last_content: None,
        pieces: Vec::new(),
    };
    let from = out.len();
    emitter.response(&shared, answered, out);
    for event in out.iter_mut().skip(from) {
        event.attrs.extend(seen.attrs.clone());
        seen_at(event, seen.transport, seen.side == Side::Server);
    }
}
