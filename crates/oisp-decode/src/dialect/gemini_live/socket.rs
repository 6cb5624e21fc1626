//! A session: its setup, what both sides said, and which answer is under way.
//!
//! Messages of the server name no answer: there is one at a time, from its first
//! content to the end of the turn, or to the call of a function. A turn of the
//! client that comes while nothing of an answer has come takes the answer's
//! place; while one is under way, it is answered after that one's end.

mod news;

use std::collections::{BTreeSet, VecDeque};

use oisp_core::Timestamp;
use serde_json::{Map, Value, json};

use super::GeminiLive;
use crate::dialect::call::{MessageBuilder, SpokenMessage};
use crate::dialect::gemini::GenerateContent;
use crate::dialect::gemini::wire::{Lists, camel};
use crate::dialect::json::Fields;
use crate::dialect::socket::{Audio, History, begins_like};
use crate::dialect::{Action, Dialect, Heard, Socket};
use crate::http::{Half, RequestHead};
use news::News;

/// Most calls of functions whose results are waited for.
const MAX_OPEN: usize = 256;

/// One session.
pub(in crate::dialect) struct LiveSocket {
    head: RequestHead,
    setup: Map<String, Value>,
    history: History,
    /// What the user says and shows, since the last message.
    input: Input,
    next: u64,
    /// The calls that are not answered; the first is being answered.
    waiting: VecDeque<u64>,
    /// Something of the answer under way came.
    has_begun: bool,
    interrupted: bool,
    /// What the model said in the answer under way.
    said: String,
    /// Calls of functions that have no result yet.
    open: BTreeSet<String>,
    /// Messages were missed: the rest of the answer under way is nobody's.
    lost: bool,
}

/// What the user says and shows.
#[derive(Default)]
struct Input {
    audio: Audio,
    video: Audio,
    transcript: String,
    /// When it began, or when the client said that it was over.
    began: Option<Timestamp>,
}

impl LiveSocket {
    /// A session that begins with that request.
    pub(in crate::dialect) fn new(head: &RequestHead) -> Self {
        Self {
            head: head.clone(),
            setup: Map::new(),
            history: History::default(),
            input: Input::default(),
            next: 0,
            waiting: VecDeque::new(),
            has_begun: false,
            interrupted: false,
            said: String::new(),
            open: BTreeSet::new(),
            lost: false,
        }
    }
}

impl Socket for LiveSocket {
    fn dialect(&self) -> &'static dyn Dialect {
        &GeminiLive
    }

    fn message(&mut self, half: Half, heard: Heard, out: &mut Vec<Action>) {
        match half {
            Half::Request => self.client(heard.began, camel(heard.data), out),
            Half::Response => self.server(heard.began, heard.data, out),
        }
    }

    fn unreadable(&mut self, _began: Timestamp, start: &[u8], out: &mut Vec<Action>) {
        let is_input = begins_like(start, "realtimeInput") || begins_like(start, "realtime_input");
        self.input.audio.tear();
        if !is_input {
            self.lose(out);
        }
    }

    fn torn(&mut self, _start: &[u8], out: &mut Vec<Action>) {
        self.lose(out);
    }

    fn keeps_state(&self) -> bool {
        true
    }
}

impl LiveSocket {
    fn client(&mut self, began: Timestamp, mut message: Map<String, Value>, out: &mut Vec<Action>) {
        if let Some(setup) = message.take_camel("setup") {
            self.setup = setup;
        }
        if let Some(mut content) = message.take_camel("clientContent") {
            self.take_turns(content.take_list("turns"));
            if content.get("turnComplete") == Some(&Value::Bool(true)) {
                self.ask(began, out);
            }
        }
        if let Some(input) = message.take_camel("realtimeInput") {
            self.input(began, input);
        }
        if let Some(mut response) = message.take_camel("toolResponse") {
            self.results(began, response.take_list("functionResponses"), out);
        }
    }

    fn take_turns(&mut self, turns: Vec<Value>) {
        for spoken in spoken(turns) {
            self.history.push(None, spoken);
        }
    }

    fn input(&mut self, began: Timestamp, mut input: Map<String, Value>) {
        self.input.began.get_or_insert(began);
        let chunks = input.take_list("mediaChunks").into_iter();
        let media = ["audio", "video"].map(|key| input.get_mut(key).map(Value::take));
        for blob in chunks.chain(media.into_iter().flatten()) {
            self.input.add(camel(blob));
        }
        if let Some(text) = input.take_text("text") {
            self.flush_input();
            self.history.push(None, said("user", text, Vec::new()));
            self.input.began = Some(began);
        }
        if input.contains_key("activityEnd") || input.contains_key("audioStreamEnd") {
            self.input.began = Some(began);
        }
    }

    fn results(&mut self, began: Timestamp, results: Vec<Value>, out: &mut Vec<Action>) {
        for result in &results {
            if let Some(id) = result.get("id").and_then(Value::as_str) {
                self.open.remove(id);
            }
        }
        let parts = results.into_iter();
        let parts: Vec<_> = parts
            .map(|result| json!({ "functionResponse": result }))
            .collect();
        self.take_turns(vec![json!({"role": "user", "parts": parts})]);
        if self.open.is_empty() {
            self.ask(began, out);
        }
    }

    /// A call, of all that was said so far.
    fn ask(&mut self, began: Timestamp, out: &mut Vec<Action>) {
        if !self.has_begun {
            out.extend(self.waiting.drain(..).map(|call| Action::Lost { call }));
        }
        while self.waiting.len() > 1 {
            out.extend(self.waiting.pop_back().map(|call| Action::Lost { call }));
        }
        self.flush_input();
        self.input.began = None;
        let mut asked = GeminiLive.call(&self.head, Value::Object(self.setup.clone()));
        self.history.add_to(&mut asked);
        let call = self.next;
        self.next += 1;
        self.waiting.push_back(call);
        let asked = Some(Box::new(asked));
        out.push(Action::Ask { call, began, asked });
    }

    /// What the user said and showed becomes a message.
    fn flush_input(&mut self) {
        let parts: Vec<_> = [&mut self.input.audio, &mut self.input.video]
            .into_iter()
            .filter_map(Audio::take)
            .collect();
        let text = std::mem::take(&mut self.input.transcript);
        if !parts.is_empty() || !text.is_empty() {
            self.history.push(None, said("user", text, parts));
        }
    }

    fn server(&mut self, began: Timestamp, data: Value, out: &mut Vec<Action>) {
        let news = News::of(&data);
        self.input.transcript.push_str(&news.heard);
        if self.lost {
            self.lost = !news.is_end;
            return;
        }
        if news.has_content {
            if self.interrupted {
                self.end(out);
            }
            if self.waiting.is_empty() {
                let began = self.input.began.unwrap_or(began);
                self.ask(began, out);
            }
            self.has_begun = true;
        }
        let Some(call) = self.waiting.front().copied() else {
            return;
        };
        self.interrupted |= news.is_interrupted;
        self.said.push_str(&news.said);
        out.push(Action::Answer { call, data });
        if news.is_end {
            self.end(out);
            self.calls(news.calls);
        }
    }

    fn end(&mut self, out: &mut Vec<Action>) {
        out.extend(self.waiting.pop_front().map(|call| Action::End { call }));
        self.reset();
    }

    /// Nothing of the next answer has come.
    fn reset(&mut self) {
        self.has_begun = false;
        self.interrupted = false;
        let text = std::mem::take(&mut self.said);
        if !text.is_empty() {
            self.history.push(None, said("assistant", text, Vec::new()));
        }
    }

    /// The functions that the client is to run now.
    fn calls(&mut self, calls: Vec<Value>) {
        if calls.is_empty() {
            return;
        }
        let ids = calls.iter().filter_map(|call| call.get("id")?.as_str());
        let room = MAX_OPEN.saturating_sub(self.open.len());
        self.open.extend(ids.take(room).map(str::to_owned));
        let parts = calls.into_iter();
        let parts: Vec<_> = parts.map(|call| json!({ "functionCall": call })).collect();
        self.take_turns(vec![json!({"role": "model", "parts": parts})]);
    }

    /// A message is missing: whose the answer under way is, and whether it goes
    /// on, cannot be told.
    fn lose(&mut self, out: &mut Vec<Action>) {
        if self.waiting.is_empty() {
            return;
        }
        self.lost = true;
        out.extend(self.waiting.drain(..).map(|call| Action::Lost { call }));
        self.reset();
    }
}

impl Input {
    fn add(&mut self, mut blob: Map<String, Value>) {
        let mime_type = blob.take_text("mimeType").unwrap_or_default();
        let target = match mime_type.starts_with("audio/") {
            true => &mut self.audio,
            false => &mut self.video,
        };
        target.is_of_type(&mime_type);
        target.add(&blob.take_text("data").unwrap_or_default());
    }
}

/// Turns as messages, by the dialect that they are written in.
fn spoken(turns: Vec<Value>) -> Vec<SpokenMessage> {
    let body = json!({ "contents": turns });
    GenerateContent.call(&RequestHead::default(), body).messages
}

fn said(role: &'static str, text: String, parts: Vec<Value>) -> SpokenMessage {
    let mut builder = MessageBuilder::default();
    if !text.is_empty() {
        builder.text(text);
    }
    parts.into_iter().for_each(|part| builder.part(part));
    builder.build(role)
}
