//! A session: what the client said and what the server made of it, as far as
//! calls refer to it.
//!
//! An answer belongs to the oldest `response.create` that has none, or, where
//! the server begins one when the user stops speaking, to a call of its own. Its
//! events name it. Where messages are missing that would tell which answer is
//! whose, the calls in question get none ([`Pairing`]).

mod pairing;

use oisp_core::Timestamp;
use serde_json::{Map, Value};

use super::{OpenAiRealtime, item, request};
use crate::dialect::json::{Fields, object};
use crate::dialect::socket::{Audio, History, begins_like};
use crate::dialect::{Action, Call, Dialect, Heard, Socket};
use crate::http::{Half, RequestHead};
use pairing::{Begun, Pairing};

/// One session.
pub(in crate::dialect) struct RealtimeSocket {
    head: RequestHead,
    /// What the session says of every call.
    session: Map<String, Value>,
    history: History,
    /// What the user said since the last message.
    audio: Audio,
    pairing: Pairing,
    /// When the server took up what the user said, to answer it.
    heard_at: Option<Timestamp>,
}

impl RealtimeSocket {
    /// A session that begins with that request.
    pub(in crate::dialect) fn new(head: &RequestHead) -> Self {
        Self {
            head: head.clone(),
            session: Map::new(),
            history: History::default(),
            audio: Audio::default(),
            pairing: Pairing::default(),
            heard_at: None,
        }
    }
}

impl Socket for RealtimeSocket {
    fn dialect(&self) -> &'static dyn Dialect {
        &OpenAiRealtime
    }

    fn message(&mut self, half: Half, heard: Heard, out: &mut Vec<Action>) {
        let kind = heard.data.get("type").and_then(Value::as_str);
        let kind = kind.unwrap_or_default().to_owned();
        match half {
            Half::Request => self.client(&kind, heard, out),
            Half::Response => self.server(&kind, heard, out),
        }
    }

    fn unreadable(&mut self, began: Timestamp, start: &[u8], out: &mut Vec<Action>) {
        if begins_like(start, "response.create") {
            self.ask(began, None, None, out);
        } else if begins_like(start, "input_audio_buffer.append") {
            self.audio.tear();
        } else if !begins_like(start, "conversation.item.create") {
            self.pairing.may_have_asked();
        }
    }

    fn torn(&mut self, start: &[u8], out: &mut Vec<Action>) {
        // A delta names its answer, and takes part in no pairing.
        let is_delta = memchr::memmem::find(start, b".delta\"").is_some();
        if !is_delta {
            self.pairing.may_have_begun(out);
        }
    }

    fn client_lost(&mut self) {
        self.pairing.no_more_asks();
    }

    fn keeps_state(&self) -> bool {
        true
    }
}

impl RealtimeSocket {
    fn client(&mut self, kind: &str, heard: Heard, out: &mut Vec<Action>) {
        let Heard { began, data } = heard;
        let mut data = object(data);
        match kind {
            "session.update" => self.update(&mut data),
            "conversation.item.create" => self.create_item(data.take_object("item")),
            "conversation.item.delete" => {
                if let Some(id) = data.take_text("item_id") {
                    self.history.remove(&id);
                }
            }
            "input_audio_buffer.append" => {
                self.audio.add(&data.take_text("audio").unwrap_or_default());
            }
            "input_audio_buffer.clear" => self.audio = Audio::default(),
            "input_audio_buffer.commit" => self.commit(None),
            "response.create" => {
                let event_id = data.take_text("event_id");
                let response = data.take_object("response").unwrap_or_default();
                let call = self.call(response);
                self.ask(began, event_id, Some(Box::new(call)), out);
            }
            _ => {}
        }
    }

    fn server(&mut self, kind: &str, heard: Heard, out: &mut Vec<Action>) {
        let Heard { began, data } = heard;
        match kind {
            "session.created" | "session.updated" => self.update(&mut object(data)),
            "input_audio_buffer.committed" => self.committed(began, &mut object(data)),
            "conversation.item.created" | "conversation.item.added" => {
                self.created_item(object(data).take_object("item"));
            }
            "conversation.item.input_audio_transcription.completed" => {
                self.transcribed(&mut object(data));
            }
            "conversation.item.truncated" => self.truncated(&mut object(data)),
            "response.created" => self.begin_answer(began, data, out),
            "response.done" => self.end_answer(data, out),
            "error" => self.pairing.failed(data, out),
            kind if kind.starts_with("response.") => {
                let id = data.get("response_id").and_then(Value::as_str);
                if let Some(call) = id.and_then(|id| self.pairing.call_of(id)) {
                    out.push(Action::Answer { call, data });
                }
            }
            _ => {}
        }
    }

    /// The session's fields that a call has; what is told later counts.
    fn update(&mut self, data: &mut Map<String, Value>) {
        let session = data.take_object("session").unwrap_or_default();
        let kept = session
            .into_iter()
            .filter(|(key, _)| request::KEPT.contains(&key.as_str()));
        self.session.extend(kept);
    }

    /// A call, from the session's fields and those that it has in their place.
    fn call(&self, response: Map<String, Value>) -> Call {
        let has_input = response.contains_key("input");
        let mut body = self.session.clone();
        body.extend(response);
        let mut call = request::call(&self.head, Value::Object(body));
        if !has_input {
            self.history.add_to(&mut call);
        }
        call
    }

    fn ask(
        &mut self,
        began: Timestamp,
        event_id: Option<String>,
        asked: Option<Box<Call>>,
        out: &mut Vec<Action>,
    ) {
        let call = self.pairing.name();
        out.push(Action::Ask { call, began, asked });
        self.pairing.ask(call, event_id, out);
    }

    fn create_item(&mut self, item: Option<Map<String, Value>>) {
        let Some(mut item) = item else { return };
        let id = item.take_text("id");
        self.history.push(id, item::spoken(item));
    }

    /// An item of the server is one of the client's, or what the user said and
    /// was committed; answers are added when they are whole.
    fn created_item(&mut self, item: Option<Map<String, Value>>) {
        let Some(mut item) = item else { return };
        let Some(id) = item.take_text("id") else {
            return;
        };
        let is_answer = item.get("role").and_then(Value::as_str) == Some("assistant")
            || item.get("type").and_then(Value::as_str) == Some("function_call");
        if self.history.has(&id) {
            return;
        }
        let spoken = item::spoken(item);
        if !self.history.name(spoken.message.role, &id) && !is_answer {
            self.history.push(Some(id), spoken);
        }
    }

    /// The audio so far becomes a message of the user.
    fn commit(&mut self, id: Option<String>) {
        let audio = self.audio.take();
        if audio.is_some() || id.is_some() {
            self.history.push(id, item::said("user", None, audio));
        }
    }

    fn committed(&mut self, began: Timestamp, data: &mut Map<String, Value>) {
        let id = data.take_text("item_id").unwrap_or_default();
        if self.history.name("user", &id) {
            return;
        }
        self.commit(Some(id));
        if self.answers_by_itself() {
            self.heard_at = Some(began);
            self.pairing.server_will_begin();
        }
    }

    /// The server begins an answer when the user stops speaking, unless it is
    /// told not to.
    fn answers_by_itself(&self) -> bool {
        let below_audio = || {
            self.session
                .get("audio")?
                .get("input")?
                .get("turn_detection")
        };
        let detection = self.session.get("turn_detection").or_else(below_audio);
        detection.is_none_or(|detection| {
            detection.is_object() && detection.get("create_response") != Some(&Value::Bool(false))
        })
    }

    fn transcribed(&mut self, data: &mut Map<String, Value>) {
        let id = data.take_text("item_id").unwrap_or_default();
        let text = data.take_text("transcript");
        self.history.change(&id, |spoken| {
            spoken.message.content_length = text.as_deref().map(|text| text.chars().count());
            spoken.message.content = text;
        });
    }

    /// The user interrupted: the server forgets what was not heard, and with it
    /// the text.
    fn truncated(&mut self, data: &mut Map<String, Value>) {
        let id = data.take_text("item_id").unwrap_or_default();
        self.history.change(&id, |spoken| {
            spoken.message.content = None;
            spoken.message.content_length = None;
        });
    }

    fn begin_answer(&mut self, began: Timestamp, data: Value, out: &mut Vec<Action>) {
        let id = data.pointer("/response/id").and_then(Value::as_str);
        let Some(id) = id.map(str::to_owned) else {
            return;
        };
        let call = match self.pairing.begin(&id, out) {
            Begun::Asked(call) => call,
            Begun::ByServer(call) => {
                let began = self.heard_at.take().unwrap_or(began);
                let asked = Some(Box::new(self.call(Map::new())));
                out.push(Action::Ask { call, began, asked });
                call
            }
            Begun::Unknown => return,
        };
        out.push(Action::Answer { call, data });
    }

    fn end_answer(&mut self, data: Value, out: &mut Vec<Action>) {
        let Some(response) = data.get("response") else {
            return;
        };
        let call = self.pairing.end(
            response
                .get("id")
                .and_then(Value::as_str)
                .unwrap_or_default(),
        );
        // One outside the conversation says so.
        let is_outside = response.get("conversation_id").is_some_and(Value::is_null);
        let output = response.get("output").and_then(Value::as_array);
        for item in output.into_iter().flatten().filter(|_| !is_outside) {
            let mut item = object(item.clone());
            let id = item.take_text("id");
            self.history.push(id, item::spoken(item));
        }
        if let Some(call) = call {
            out.push(Action::Answer { call, data });
            out.push(Action::End { call });
        }
    }
}
