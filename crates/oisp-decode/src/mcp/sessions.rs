//! What is said in all sessions: calls and answers in, events out.

mod ends;

use oisp_core::event::agent::Tool;
use oisp_core::raw::Transport;
use oisp_core::{Event, Timestamp};
use serde_json::{Map, Value};

use super::asked::{Asked, Implementation, ToolUse, asked, meta_of, short_text};
use super::emit;
use super::message::{Id, Message, RpcError};
use super::names::Names;
use super::outcome::{self, Answer};
use super::place::Place;
use super::sampling;
use super::waiting::{NotOne, Open, Waiting, What};
use crate::connection::Side;
use crate::emit::Emitter;
use crate::trace;

/// All sessions.
#[derive(Default)]
pub struct Sessions {
    names: Names,
    waiting: Waiting,
}

/// Messages heard at one place at a time.
pub struct Heard<'a> {
    /// Where.
    pub place: &'a mut Place,
    /// The process wrote them.
    pub written: bool,
    /// When what holds them began.
    pub began: Timestamp,
    /// When they were complete.
    pub at: Timestamp,
}

/// A request.
struct Request {
    id: Option<Id>,
    method: String,
    meta: Map<String, Value>,
    /// Its number among the messages of its place.
    number: usize,
}

type Outcome = Result<Map<String, Value>, RpcError>;

impl Heard<'_> {
    /// The end that the process is for a request of these.
    const fn side(&self) -> Side {
        if self.written {
            Side::Client
        } else {
            Side::Server
        }
    }
}

impl Sessions {
    /// Takes one message and gives the events that it makes.
    pub fn message(
        &mut self,
        heard: &mut Heard<'_>,
        message: Message,
        emitter: &mut Emitter<'_>,
        out: &mut Vec<Event>,
    ) {
        let number = heard.place.next();
        match message {
            Message::Request {
                id,
                method,
                mut params,
            } => {
                let request = Request {
                    id,
                    meta: meta_of(&mut params),
                    method,
                    number,
                };
                self.request(heard, request, params, emitter, out);
            }
            Message::Notification { method, params } if method == "notifications/cancelled" => {
                self.cancel(heard, &params, emitter, out);
            }
            Message::Notification { .. } => {}
            Message::Answer { id, outcome } => {
                if let Some(open) = self.waiting_for(heard, id.as_ref(), emitter) {
                    self.answer(heard, open, id, outcome, emitter, out);
                }
            }
        }
    }

    fn request(
        &mut self,
        heard: &mut Heard<'_>,
        request: Request,
        params: Map<String, Value>,
        emitter: &mut Emitter<'_>,
        out: &mut Vec<Event>,
    ) {
        let (method, meta) = (&request.method, &request.meta);
        self.names
            .learn_of_client(heard.place, method, &params, meta);
        let what = match asked(method, params) {
            Asked::Other => return,
            Asked::Name => What::Name,
            Asked::Task(task) => What::Task(task),
            Asked::Sampling(params) => {
                let seen = sampling::Seen {
                    began: heard.began,
                    side: heard.side(),
                    transport: heard.place.transport,
                    attrs: self.attrs(heard, &request),
                };
                let (conn, tid) = (*emitter.conn, emitter.tid);
                let own = emitter.exchange | (request.number as u64) << 40;
                let mut emitter = emitter.at(&conn, own, tid);
                let sampled = sampling::request(&mut emitter, seen, params, out);
                What::Sampling(Box::new(sampled))
            }
            Asked::Tool(used) => {
                let open = self.tool(heard, &request, &used, emitter);
                let before = self.names.came_back(heard.place, used.state.as_deref());
                let decision = heard.written.then(|| used.decision(emitter)).flatten();
                out.push(emit::tool_call(emitter, &open, used, before, decision));
                What::Tool(Box::new(open))
            }
        };
        let open = Open {
            link: heard.place.link,
            id: request.id,
            written: heard.written,
            conn: *emitter.conn,
            exchange: emitter.exchange,
            tid: emitter.tid,
            what,
            task: None,
        };
        self.waiting.keep(open, heard.at, emitter, out);
    }

    fn tool(
        &mut self,
        heard: &Heard<'_>,
        request: &Request,
        used: &ToolUse,
        emitter: &Emitter<'_>,
    ) -> emit::Open {
        let mut attrs = self.attrs(heard, request);
        attrs.extend(used.attrs.clone());
        let conn = emitter.conn.to_string();
        attrs.insert("oisp.connection.id".into(), conn.into());
        let traced = request.meta.get("traceparent").and_then(Value::as_str);
        emit::Open {
            event: emitter.event_id(heard.began, "mcp.tool_call", request.number),
            call_id: request.id.as_ref().map(|id| id.as_str().to_owned()),
            agent: self.names.client(heard.place),
            tool: Tool {
                name: used.name.clone(),
                provider: Some("mcp"),
                server: self.names.server(heard.place),
            },
            attrs,
            began: heard.began,
            side: heard.side(),
            transport: heard.place.transport,
            is_plain: emitter.link.transport != Transport::Tls,
            trace: traced
                .and_then(trace::parse)
                .or_else(|| heard.place.trace.clone()),
        }
    }

    /// `attrs` of a request and of its answer.
    fn attrs(&mut self, heard: &Heard<'_>, request: &Request) -> Map<String, Value> {
        let mut attrs = heard.place.attrs(heard.side());
        attrs.insert("mcp.method.name".into(), request.method.as_str().into());
        if let Some(id) = &request.id {
            attrs.insert("jsonrpc.request.id".into(), id.as_str().into());
        }
        if let Some(version) = self.names.version(heard.place) {
            attrs.insert("mcp.protocol.version".into(), version.into());
        }
        attrs
    }

    /// The request that an answer is for: of the same exchange, else of the
    /// session, where it is the only one with that id.
    fn waiting_for(
        &mut self,
        heard: &Heard<'_>,
        id: Option<&Id>,
        emitter: &Emitter<'_>,
    ) -> Option<Open> {
        let waits = |open: &Open| open.written != heard.written && open.task.is_none();
        let (conn, exchange, link) = (*emitter.conn, emitter.exchange, heard.place.link);
        let may_be = |open: &Open| id.is_none() || open.id.is_none() || open.id.as_ref() == id;
        let here = self
            .waiting
            .take_only(|open| waits(open) && open.is_of(&conn, exchange) && may_be(open));
        match here {
            Ok(open) => Some(open),
            Err(NotOne::None) if heard.place.session.is_some() && id.is_some() => self
                .waiting
                .take_only(|open| waits(open) && open.link == link && open.id.as_ref() == id)
                .ok(),
            Err(_) => None,
        }
    }

    fn answer(
        &mut self,
        heard: &Heard<'_>,
        mut open: Open,
        id: Option<Id>,
        mut outcome: Outcome,
        emitter: &mut Emitter<'_>,
        out: &mut Vec<Event>,
    ) {
        let meta = outcome.as_mut().map(meta_of).unwrap_or_default();
        let named = meta.get("io.modelcontextprotocol/serverInfo");
        self.names
            .learn_of_server(heard.place, Implementation::of(named));
        match &mut open.what {
            What::Name => {
                let Ok(result) = outcome else { return };
                let named = Implementation::of(result.get("serverInfo"));
                self.names.learn_of_server(heard.place, named);
                let version = short_text(&result, "protocolVersion");
                self.names.learn_version(heard.place, version);
            }
            What::Task(task) => {
                let is_of = |other: &Open| {
                    other.link == open.link && other.task.as_deref() == Some(task.as_str())
                };
                if let Some(outcome) = outcome::of_task(outcome)
                    && let Ok(call) = self.waiting.take_only(is_of)
                {
                    self.finish(heard, call, outcome, emitter, out);
                }
            }
            What::Tool(tool) => {
                tool.call_id = tool
                    .call_id
                    .take()
                    .or_else(|| id.map(|id| id.as_str().to_owned()));
                self.finish(heard, open, outcome, emitter, out);
            }
            What::Sampling(_) => self.finish(heard, open, outcome, emitter, out),
        }
    }

    /// Ends a call with its answer.
    fn finish(
        &mut self,
        heard: &Heard<'_>,
        open: Open,
        outcome: Outcome,
        emitter: &mut Emitter<'_>,
        out: &mut Vec<Event>,
    ) {
        let mut there = emitter.at(&open.conn, open.exchange, open.tid);
        let mut tool = match open.what {
            What::Tool(tool) => tool,
            What::Sampling(sampled) => {
                return sampling::response(&mut there, *sampled, heard.at, outcome, out);
            }
            What::Name | What::Task(_) => return,
        };
        let state = outcome.as_ref().ok();
        let state = state.and_then(|result| result.get("requestState")?.as_str());
        self.names.expect_back(heard.place, state, tool.event);
        match outcome::answer(outcome) {
            Answer::Task(task) => {
                let open = Open {
                    what: What::Tool(tool),
                    task: Some(task),
                    ..open
                };
                self.waiting.push(open, heard.at, emitter, out);
            }
            Answer::Outcome(outcome) => {
                tool.tool.server = self.names.server(heard.place);
                out.push(emit::tool_result(&there, *tool, heard.at, Ok(outcome)));
            }
        }
    }
}
