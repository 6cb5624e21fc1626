//! Errors: what is tried again, what is refused, and what is remembered.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::runtime::Runtime;
use tonic::Code;

use super::receiver::{Answer, Came, Server};
use super::samples;
use super::travel::{PROTOCOLS, sink};
use crate::compliance::{Pair, Receiver, complies};
use crate::{DeliverError, Delivered, Sink};

struct Steered {
    server: Server,
    is_grpc: bool,
}

impl Receiver for Steered {
    fn received(&self) -> Vec<String> {
        self.server.taken().iter().flat_map(Came::ids).collect()
    }

    fn fail_next(&self, deliveries: usize) -> bool {
        let busy = match self.is_grpc {
            true => Answer::Grpc(Code::Unavailable, None),
            false => Answer::Http(503, None),
        };
        self.server.answer(vec![busy; deliveries]);
        true
    }

    fn refuse(&self, id: &str) -> bool {
        self.server.refuse(id);
        true
    }

    fn largest_batch(&self) -> Option<usize> {
        let came = self.server.came();
        came.iter().map(|came| came.ids().len()).max()
    }
}

#[test]
fn the_sink_complies_over_every_protocol() {
    for protocol in PROTOCOLS {
        let server_runtime = Runtime::new().unwrap();
        complies(|_| -> Pair {
            let server = Server::start(server_runtime.handle(), None);
            let sink = sink(
                json!({"endpoint": server.url(), "protocol": protocol}),
                &server_runtime,
            );
            let is_grpc = protocol == "grpc";
            (Box::new(sink), Box::new(Steered { server, is_grpc }))
        });
    }
}

/// What a receiver's answers to the exchange come to, one delivery after the
/// other.
fn deliveries(
    protocol: &str,
    answers: Vec<Answer>,
    count: usize,
) -> (Vec<Result<Delivered, DeliverError>>, Vec<Came>) {
    let runtime = Runtime::new().unwrap();
    let server = Server::start(runtime.handle(), None);
    let mut sink = sink(
        json!({"endpoint": server.url(), "protocol": protocol}),
        &runtime,
    );
    server.answer(answers);
    let batch = samples::stored(samples::exchange());
    let results = (0..count).map(|_| sink.deliver(&batch)).collect();
    (results, server.came())
}

fn first(protocol: &str, answer: Answer) -> Result<Delivered, DeliverError> {
    deliveries(protocol, vec![answer], 1).0.remove(0)
}

fn wait(result: &Result<Delivered, DeliverError>) -> Option<Duration> {
    match result {
        Err(DeliverError::Retry { after, .. }) => *after,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_busy_receiver_says_when_to_come_again() {
    let seconds = Some(Duration::from_secs(7));
    for status in [429, 503] {
        assert_eq!(
            wait(&first("http/protobuf", Answer::Http(status, Some("7")))),
            seconds
        );
        assert_eq!(wait(&first("http/json", Answer::Http(status, None))), None);
    }
    for status in [502, 504] {
        assert_eq!(
            wait(&first("http/protobuf", Answer::Http(status, None))),
            None
        );
    }
    for code in [Code::Unavailable, Code::ResourceExhausted] {
        assert_eq!(wait(&first("grpc", Answer::Grpc(code, seconds))), seconds);
    }
    assert_eq!(
        wait(&first("grpc", Answer::Grpc(Code::Unavailable, None))),
        None
    );
}

#[test]
fn what_somebody_must_mend_is_waited_for() {
    for status in [301, 401, 403, 404] {
        let result = first("http/protobuf", Answer::Http(status, None));
        let Err(DeliverError::Misconfigured(reason)) = result else {
            panic!("{result:?}")
        };
        assert!(
            reason.contains(&status.to_string()) && reason.contains("mend"),
            "{reason}"
        );
    }
    for code in [Code::Unauthenticated, Code::Unimplemented] {
        let result = first("grpc", Answer::Grpc(code, None));
        assert!(
            matches!(result, Err(DeliverError::Misconfigured(_))),
            "{result:?}"
        );
    }
}

#[test]
fn what_is_done_is_not_sent_again() {
    for (protocol, busy) in [
        ("grpc", Answer::Grpc(Code::Unavailable, None)),
        ("http/json", Answer::Http(503, None)),
    ] {
        // The logs go through, the spans do not, twice.
        let taken = Answer::Partial(0);
        let answers = vec![taken, busy.clone(), busy];
        let (results, came) = deliveries(protocol, answers, 3);
        assert!(results[0].is_err() && results[1].is_err());
        assert!(results[2].as_ref().unwrap().refused.is_empty());
        let signals: Vec<_> = came.iter().map(|came| came.signal).collect();
        assert_eq!(
            signals,
            ["logs", "traces", "traces", "traces", "metrics"],
            "{protocol}"
        );
    }
}

#[test]
fn a_rejection_whose_events_are_not_named_puts_all_aside_and_nothing_is_sent_again() {
    for protocol in PROTOCOLS {
        let (results, came) = deliveries(protocol, vec![Answer::Partial(2)], 1);
        let refused = &results[0].as_ref().unwrap().refused;
        let seqs: Vec<_> = refused.iter().map(|refused| refused.seq).collect();
        assert_eq!(seqs, [1, 2, 3, 4, 5, 6], "{protocol}");
        assert!(
            refused[0].reason.contains("rejected 2 of 6 items: too odd"),
            "{refused:?}"
        );
        assert_eq!(came.len(), 3, "{protocol}");
    }
}

#[test]
fn an_answer_that_ends_it_refuses_without_a_second_try() {
    for (protocol, answer) in [
        ("http/protobuf", Answer::Http(500, None)),
        ("http/json", Answer::Http(500, None)),
        ("grpc", Answer::Grpc(Code::Internal, None)),
        ("grpc", Answer::Grpc(Code::ResourceExhausted, None)),
    ] {
        let (results, came) = deliveries(protocol, vec![answer], 1);
        let refused = &results[0].as_ref().unwrap().refused;
        assert_eq!(refused.len(), 6, "{protocol}");
        assert!(refused[0].reason.ends_with(": as told"), "{refused:?}");
        assert_eq!(came.len(), 3, "{protocol}");
    }
}

#[test]
fn a_receiver_that_takes_nothing_is_not_asked_without_end() {
    let runtime = Runtime::new().unwrap();
    let server = Server::start(runtime.handle(), None);
    let mut sink = sink(json!({"endpoint": server.url()}), &runtime);
    let events: Vec<Value> = (0..500).map(|_| samples::request()).collect();
    server.refuse("01REQUEST");
    let delivered = sink.deliver(&samples::stored(events)).unwrap();
    assert_eq!(delivered.refused.len(), 500);
    assert!(server.came().len() <= 129, "{}", server.came().len());
}

#[test]
fn figures_that_are_refused_refuse_no_event_and_go_with_the_next() {
    let runtime = Runtime::new().unwrap();
    let server = Server::start(runtime.handle(), None);
    let config = json!({"endpoint": server.url(), "temporality": "delta",
        "logs": {"enabled": false}, "traces": {"enabled": false}});
    let mut sink = sink(config, &runtime);
    server.answer([Answer::Http(400, None)]);
    for _ in 0..2 {
        let batch = samples::stored(vec![samples::request(), samples::response()]);
        assert_eq!(sink.deliver(&batch).unwrap(), Delivered::default());
    }
    let metric = &server.came()[1].body["resourceMetrics"][0]["scopeMetrics"][0]["metrics"][0];
    assert_eq!(
        metric["histogram"]["dataPoints"][0]["count"], "2",
        "{metric}"
    );
}

#[test]
fn nobody_there_is_tried_again() {
    let runtime = Runtime::new().unwrap();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    for protocol in PROTOCOLS {
        let config = json!({"endpoint": endpoint, "protocol": protocol});
        let result = sink(config, &runtime).deliver(&samples::stored(samples::exchange()));
        let Err(DeliverError::Retry { reason, .. }) = result else {
            panic!("{result:?}")
        };
        assert!(
            reason.contains("127.0.0.1") && reason.contains("refused"),
            "{reason}"
        );
    }
}

#[test]
fn a_receiver_that_never_answers_is_given_up_in_time() {
    let runtime = Runtime::new().unwrap();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    for protocol in PROTOCOLS {
        let config = json!({"endpoint": endpoint, "protocol": protocol, "timeout": "100ms"});
        let result = sink(config, &runtime).deliver(&samples::stored(samples::exchange()));
        assert!(
            matches!(result, Err(DeliverError::Retry { .. })),
            "{result:?}"
        );
    }
    drop(listener);
}
