//! Programs that ask, and those that may not.

use futures_util::StreamExt;
use http::StatusCode;
use oisp_config::{EventFilter, SecretSource};
use oisp_core::{SafeEvent, Secret};
use oisp_store::{Bounds, EventLog};
use serde_json::json;
use tokio::net::TcpStream;
use tokio::runtime::Runtime;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use super::*;
use crate::SinkState;

const TOKEN: &str = "made-up-token-of-a-test";

type Client = WebSocketStream<MaybeTlsStream<TcpStream>>;

struct Fixture {
    runtime: Runtime,
    log: EventLog,
    server: WebsocketServer,
}

fn append(log: &EventLog, n: usize) {
    let kind = if n.is_multiple_of(2) {
        "ai.response"
    } else {
        "ai.request"
    };
    let event = json!({"event_id": format!("e{n}"), "event_type": kind});
    log.append(SafeEvent::from_redacted(event.as_object().unwrap()));
}

impl Fixture {
    fn new(count: usize, change: impl Fn(&mut WebsocketConfig)) -> Self {
        let runtime = Runtime::new().unwrap();
        let log = EventLog::new(Bounds {
            events: 100,
            ..Bounds::default()
        });
        (1..=count).for_each(|n| append(&log, n));
        let mut config = WebsocketConfig {
            port: 0,
            ..WebsocketConfig::default()
        };
        change(&mut config);
        let own = Some(Secret::new(TOKEN.to_owned()));
        let handle = runtime.handle().clone();
        let server = WebsocketServer::start(&config, own, log.clone(), handle).unwrap();
        Self {
            runtime,
            log,
            server,
        }
    }

    fn try_connect(
        &self,
        query: &str,
        header: Option<(&'static str, &str)>,
    ) -> Result<Client, Error> {
        let url = format!("ws://{}/{query}", self.server.addr());
        let mut request = url.into_client_request().unwrap();
        if let Some((name, value)) = header {
            request.headers_mut().insert(name, value.parse().unwrap());
        }
        let connected = self.runtime.block_on(connect_async(request));
        connected.map(|(client, _)| client)
    }

    fn connect(&self, query: &str) -> Client {
        let bearer = format!("Bearer {TOKEN}");
        self.try_connect(query, Some(("authorization", &bearer)))
            .unwrap()
    }

    fn refusal(&self, query: &str, header: Option<(&'static str, &str)>) -> (StatusCode, String) {
        match self.try_connect(query, header).unwrap_err() {
            Error::Http(response) => {
                let (head, body) = response.into_parts();
                (
                    head.status,
                    String::from_utf8(body.unwrap_or_default()).unwrap(),
                )
            }
            other => panic!("{other}"),
        }
    }

    /// The next messages: ids of events, or the notice itself.
    fn next(&self, client: &mut Client, count: usize) -> Vec<String> {
        (0..count).map(|_| self.next_one(client)).collect()
    }

    fn next_one(&self, client: &mut Client) -> String {
        loop {
            match self.runtime.block_on(client.next()).unwrap().unwrap() {
                Message::Text(text) => return id_or_notice(&text),
                Message::Close(frame) => return frame.unwrap().reason.to_string(),
                _ => {}
            }
        }
    }
}

/// The id of an event, else the whole notice. Large texts are not read.
fn id_or_notice(text: &str) -> String {
    let event = text.split_once("\"event_id\":\"");
    let id = event.and_then(|(_, rest)| rest.split('"').next());
    id.unwrap_or(text).to_owned()
}

#[test]
fn history_comes_first_then_what_happens_and_nothing_twice() {
    let fixture = Fixture::new(5, |_| {});
    let mut all = fixture.connect("?after=");
    let mut some = fixture.connect("?after=e3");
    let mut live = fixture.connect("");
    assert_eq!(fixture.next(&mut all, 5), ["e1", "e2", "e3", "e4", "e5"]);
    assert_eq!(fixture.next(&mut some, 2), ["e4", "e5"]);
    append(&fixture.log, 6);
    for client in [&mut all, &mut some, &mut live] {
        assert_eq!(fixture.next_one(client), "e6");
    }
    let status = fixture.server.status().clone();
    fixture.server.stop();
    assert_eq!(status.report().delivered, 10);
    assert_eq!(status.report().state, SinkState::Stopped);
}

#[test]
fn a_program_gets_what_both_filters_admit() {
    let fixture = Fixture::new(4, |config| {
        config.filter = EventFilter {
            event_types: vec!["ai.*".into()],
            ..EventFilter::default()
        };
    });
    let other = json!({"event_id": "exec", "event_type": "process.exec"});
    fixture
        .log
        .append(SafeEvent::from_redacted(other.as_object().unwrap()));
    append(&fixture.log, 6);
    let mut responses = fixture.connect("?after=&types=*.response%2Cprocess.*");
    assert_eq!(fixture.next(&mut responses, 3), ["e2", "e4", "e6"]);
    let mut all = fixture.connect("?after=e3");
    assert_eq!(fixture.next(&mut all, 2), ["e4", "e6"]);
}

#[test]
fn a_program_that_was_away_too_long_is_told_so() {
    let fixture = Fixture::new(250, |_| {});
    let mut client = fixture.connect("?after=e3&types=none");
    assert_eq!(fixture.next_one(&mut client), "{\"reset\":true}");
    let mut client = fixture.connect("?after=");
    assert_eq!(fixture.next_one(&mut client), "e151");
}

#[test]
fn a_slow_program_is_told_what_it_missed_and_holds_up_nobody() {
    let fixture = Fixture::new(0, |_| {});
    let mut slow = fixture.connect("?after=");
    let mut quick = fixture.connect("?after=");
    // More than the buffers of a connection can hold, while the slow one reads
    // nothing.
    let text = "x".repeat(96 << 10);
    for n in 1..=300 {
        let event = json!({"event_id": format!("e{n}"), "event_type": "big", "text": text});
        fixture
            .log
            .append(SafeEvent::from_redacted(event.as_object().unwrap()));
        assert_eq!(fixture.next_one(&mut quick), format!("e{n}"));
    }
    let (mut seen, mut missed) = (0, 0);
    while seen + missed < 300 {
        let message = fixture.next_one(&mut slow);
        match message.strip_prefix("{\"missed\":") {
            Some(rest) => missed += rest.trim_end_matches('}').parse::<usize>().unwrap(),
            None => {
                seen += 1;
                assert_eq!(message, format!("e{}", seen + missed));
            }
        }
    }
    assert!(missed > 0 && seen >= 64, "{seen} seen, {missed} missed");
}

#[test]
fn who_may_not_is_told_why() {
    let fixture = Fixture::new(1, |_| {});
    let (status, message) = fixture.refusal("?after=", None);
    assert_eq!(status, StatusCode::UNAUTHORIZED);
    assert!(message.contains("Authorization: Bearer"), "{message}");
    let wrong = Some(("authorization", "Bearer made-up-token-of-a-tes"));
    assert_eq!(fixture.refusal("", wrong).0, StatusCode::UNAUTHORIZED);
    let token = format!("?token={TOKEN}");
    for origin in ["http://localhost", "https://evil.example", "null", ""] {
        let page = Some(("origin", origin));
        assert_eq!(fixture.refusal(&token, page).0, StatusCode::FORBIDDEN);
    }
    let own = format!("http://{}", fixture.server.addr());
    assert!(fixture.try_connect(&token, Some(("origin", &own))).is_ok());
    assert_eq!(fixture.refusal("nowhere", None).0, StatusCode::NOT_FOUND);
    let (status, message) = fixture.refusal(&format!("{token}&type=a"), None);
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert!(
        message.contains("\"type\" is unknown; there are after, types"),
        "{message}"
    );
    assert!(fixture.try_connect(&token, None).is_ok());
}

#[test]
fn one_over_the_bound_is_turned_away_until_another_goes() {
    let fixture = Fixture::new(1, |config| config.max_clients = 1);
    let mut first = fixture.connect("?after=");
    assert_eq!(fixture.next_one(&mut first), "e1");
    let bearer = format!("Bearer {TOKEN}");
    let header = Some(("authorization", bearer.as_str()));
    assert_eq!(
        fixture.refusal("", header).0,
        StatusCode::SERVICE_UNAVAILABLE
    );
    fixture.runtime.block_on(first.close(None)).unwrap();
    while fixture.runtime.block_on(first.next()).is_some() {}
    drop(first);
    // The server learns of it when it has answered the goodbye.
    while let Err(error) = fixture.try_connect("", header) {
        assert!(error.to_string().contains("503"), "{error}");
    }
}

#[test]
fn a_test_event_reaches_whoever_is_connected_and_is_not_kept() {
    let fixture = Fixture::new(1, |_| {});
    let error = fixture.server.send_test().unwrap_err().to_string();
    assert!(error.contains("no program is connected"), "{error}");
    let mut client = fixture.connect("?types=none");
    let id = fixture.server.send_test().unwrap();
    assert_eq!(fixture.next_one(&mut client), id);
    assert!(fixture.log.get(&id).is_none());
}

#[test]
fn the_end_is_said() {
    let fixture = Fixture::new(1, |_| {});
    let mut client = fixture.connect("?after=");
    assert_eq!(fixture.next_one(&mut client), "e1");
    let Fixture {
        runtime,
        log,
        server,
    } = fixture;
    server.stop();
    let last = runtime.block_on(async {
        let mut last = None;
        while let Some(Ok(message)) = client.next().await {
            last = Some(message);
        }
        last
    });
    assert!(
        matches!(&last, Some(Message::Close(Some(frame))) if frame.reason == "the sensor stops"),
        "{last:?}"
    );
    drop(log);
}

#[test]
fn wrong_configurations_name_the_key_and_the_remedy() {
    let runtime = Runtime::new().unwrap();
    let start = |config: &WebsocketConfig, own: Option<&str>| {
        let own = own.map(|own| Secret::new(own.to_owned()));
        let log = EventLog::new(Bounds::default());
        WebsocketServer::start(config, own, log, runtime.handle().clone())
            .unwrap_err()
            .to_string()
    };
    let fine = WebsocketConfig {
        port: 0,
        ..WebsocketConfig::default()
    };
    let remote = WebsocketConfig {
        host: "0.0.0.0".parse().unwrap(),
        ..fine.clone()
    };
    assert!(start(&remote, Some(TOKEN)).contains("host: other machines reach 0.0.0.0"));
    assert!(start(&fine, None).contains("token: the sensor has none"));
    let short = WebsocketConfig {
        token: Some(SecretSource::Value(Secret::new("short".into()))),
        ..fine.clone()
    };
    assert!(start(&short, Some(TOKEN)).contains("at least 16 characters"));
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let message = start(&WebsocketConfig { port, ..fine }, Some(TOKEN));
    assert!(
        message.contains(&port.to_string()) && message.contains("another port"),
        "{message}"
    );
}
