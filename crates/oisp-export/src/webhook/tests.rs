//! Requests, answers, and bad weather.

use std::collections::{HashSet, VecDeque};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use oisp_config::{HumanDuration, SecretSource};
use oisp_core::{SafeEvent, Secret};
use oisp_store::{Bounds, EventLog, Stored};
use serde_json::{Value, json};
use tokio::runtime::{Handle, Runtime};

use super::*;
use crate::compliance::{Pair, Receiver, complies};
use crate::{DeliverError, Delivered, RunSettings, Sink, TlsConfig, run_with, send_test};

/// A request as it came.
#[derive(Clone, Debug, Default)]
struct Came {
    line: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Came {
    fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        headers
            .find(|(found, _)| found == name)
            .map(|(_, value)| value.as_str())
    }

    fn events(&self) -> Vec<Value> {
        let mut text = String::new();
        match self.header("content-encoding") {
            Some("gzip") => {
                let mut decoder = flate2::read::GzDecoder::new(&*self.body);
                decoder.read_to_string(&mut text).unwrap();
            }
            _ => text = String::from_utf8(self.body.clone()).unwrap(),
        }
        match self.header("content-type") {
            Some("application/x-ndjson") => text
                .lines()
                .map(|line| serde_json::from_str(line).unwrap())
                .collect(),
            _ => match serde_json::from_str(&text).unwrap() {
                Value::Array(events) => events,
                event => vec![event],
            },
        }
    }

    fn ids(&self) -> Vec<String> {
        let id = |event: &Value| event["event_id"].as_str().unwrap().to_owned();
        self.events().iter().map(id).collect()
    }
}

/// A receiver that answers as it is told, then takes what it does not refuse.
#[derive(Clone, Default)]
struct Server {
    url: String,
    answers: Arc<Mutex<VecDeque<String>>>,
    refused: Arc<Mutex<HashSet<String>>>,
    came: Arc<Mutex<Vec<Came>>>,
    taken: Arc<Mutex<Vec<Vec<String>>>>,
}

impl Server {
    /// Listens as long as the test runs.
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let server = Self {
            url: format!("http://{}/in?key=made-up", listener.local_addr().unwrap()),
            ..Self::default()
        };
        let serving = server.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let serving = serving.clone();
                std::thread::spawn(move || serving.serve(stream.unwrap()));
            }
        });
        server
    }

    fn serve(&self, mut stream: TcpStream) {
        let mut reader = BufReader::new(stream.try_clone().unwrap());
        while let Some(came) = read(&mut reader) {
            let answer = self.answer(&came);
            self.came.lock().unwrap().push(came);
            stream.write_all(answer.as_bytes()).unwrap();
        }
    }

    fn answer(&self, came: &Came) -> String {
        if let Some(answer) = self.answers.lock().unwrap().pop_front() {
            return format!("HTTP/1.1 {answer}\r\ncontent-length: 4\r\n\r\nwhy?");
        }
        let ids = came.ids();
        let refused = self.refused.lock().unwrap();
        if ids.iter().any(|id| refused.contains(id)) {
            return "HTTP/1.1 422 Unprocessable Content\r\ncontent-length: 0\r\n\r\n".into();
        }
        self.taken.lock().unwrap().push(ids);
        "HTTP/1.1 204 No Content\r\n\r\n".into()
    }

    fn answers(&self, answer: &str) {
        self.answers.lock().unwrap().push_back(answer.into());
    }

    fn config(&self) -> WebhookConfig {
        WebhookConfig {
            name: "test".into(),
            url: self.url.clone(),
            ..WebhookConfig::default()
        }
    }

    fn last(&self) -> Came {
        self.came.lock().unwrap().last().unwrap().clone()
    }
}

fn read(from: &mut impl BufRead) -> Option<Came> {
    let mut came = Came::default();
    from.read_line(&mut came.line)
        .ok()
        .filter(|read| *read > 0)?;
    loop {
        let mut line = String::new();
        from.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(':') else {
            break;
        };
        came.headers
            .push((name.to_ascii_lowercase(), value.trim().into()));
    }
    came.body = vec![0; came.header("content-length")?.parse().ok()?];
    from.read_exact(&mut came.body).ok()?;
    Some(came)
}

impl Receiver for Server {
    fn received(&self) -> Vec<String> {
        self.taken.lock().unwrap().concat()
    }

    fn fail_next(&self, deliveries: usize) -> bool {
        (0..deliveries).for_each(|_| self.answers("503 Service Unavailable"));
        true
    }

    fn refuse(&self, id: &str) -> bool {
        self.refused.lock().unwrap().insert(id.into());
        true
    }

    fn largest_batch(&self) -> Option<usize> {
        self.taken.lock().unwrap().iter().map(Vec::len).max()
    }
}

fn pair(runtime: &Handle, change: impl Fn(&mut WebhookConfig)) -> Pair {
    let server = Server::start();
    let mut config = server.config();
    change(&mut config);
    let sink = WebhookSink::open(&config, runtime.clone()).unwrap();
    (Box::new(sink), Box::new(server))
}

#[test]
fn arrays_comply() {
    complies(|runtime| pair(runtime, |_| {}));
}

#[test]
fn lines_comply_compressed_and_signed() {
    complies(|runtime| {
        pair(runtime, |config| {
            config.format = Format::Ndjson;
            config.compression = Compression::Gzip;
            config.method = Method::Put;
            config.signing_secret = Some(secret("made-up"));
        })
    });
}

#[test]
fn single_events_comply() {
    complies(|runtime| pair(runtime, |config| config.format = Format::Event));
}

fn secret(text: &str) -> SecretSource {
    SecretSource::Value(Secret::new(text.into()))
}

fn batch(count: usize) -> Vec<Arc<Stored>> {
    let log = EventLog::new(Bounds::default());
    for n in 1..=count {
        let event = json!({"event_id": n.to_string(), "event_type": "x", "text": "ü\n"});
        log.append(SafeEvent::from_redacted(event.as_object().unwrap()));
    }
    log.cursor().read(count)
}

fn deliver(
    server: &Server,
    config: &WebhookConfig,
    count: usize,
) -> Result<Delivered, DeliverError> {
    assert!(config.url == server.url);
    let runtime = Runtime::new().unwrap();
    let mut sink = WebhookSink::open(config, runtime.handle().clone()).unwrap();
    sink.deliver(&batch(count))
}

#[test]
fn a_request_says_who_we_are_and_what_it_is() {
    let server = Server::start();
    let mut config = server.config();
    config.headers = [("X-Team".into(), secret("blue"))].into();
    let cases = [
        (
            Auth::Bearer {
                token: secret("t0ken"),
            },
            "authorization",
            "Bearer t0ken",
        ),
        (
            Auth::Basic {
                username: "me".into(),
                password: secret("pass"),
            },
            "authorization",
            "Basic bWU6cGFzcw==",
        ),
        (
            Auth::ApiKey {
                header: "X-Key".into(),
                key: secret("k"),
            },
            "x-key",
            "k",
        ),
    ];
    for (auth, header, value) in cases {
        config.auth = auth;
        deliver(&server, &config, 2).unwrap();
        let came = server.last();
        assert!(
            came.line.starts_with("POST /in?key=made-up HTTP/1.1"),
            "{}",
            came.line
        );
        assert_eq!(came.header(header), Some(value));
        assert_eq!(came.header("x-team"), Some("blue"));
        assert_eq!(came.header("content-type"), Some("application/json"));
        assert!(
            came.header("user-agent")
                .unwrap()
                .starts_with("oisp-sensor/")
        );
        assert_eq!(came.ids(), ["1", "2"]);
        assert_eq!(came.events()[0]["text"], "ü\n");
    }
}

#[test]
fn the_signature_is_that_of_standard_webhooks() {
    // The example of the specification.
    let key = encode::signing_key("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
    let body = br#"{"test": 2432232314}"#;
    let signature = encode::signature(&key, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, body);
    assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
}

#[test]
fn a_signed_batch_has_the_same_id_whenever_it_comes() {
    let server = Server::start();
    let mut config = server.config();
    config.signing_secret = Some(secret("text"));
    config.compression = Compression::Gzip;
    let mut ids = Vec::new();
    for count in [2, 2, 3, 1] {
        deliver(&server, &config, count).unwrap();
        let came = server.last();
        let id = came.header("webhook-id").unwrap();
        let time: u64 = came.header("webhook-timestamp").unwrap().parse().unwrap();
        let plain = encode::body(Format::Array, &batch(count));
        let expected = encode::signature(b"text", id, time, &plain);
        assert_eq!(came.header("webhook-signature"), Some(expected.as_str()));
        ids.push(id.to_owned());
    }
    assert_eq!(ids[0], ids[1]);
    assert_ne!(ids[1], ids[2]);
    assert_eq!(ids[3], "1");
    assert_eq!(
        STANDARD.encode(encode::signing_key("plain")),
        STANDARD.encode("plain")
    );
}

#[test]
fn answers_say_whether_to_come_again() {
    for (answer, after) in [
        ("408 Request Timeout", None),
        ("429 Too Many Requests\r\nretry-after: 7", Some(7)),
        ("500 Internal Server Error", None),
        ("503 Service Unavailable\r\nretry-after: 120", Some(120)),
        ("599 Whatever", None),
    ] {
        let server = Server::start();
        server.answers(answer);
        let error = deliver(&server, &server.config(), 2).unwrap_err();
        let DeliverError::Retry {
            reason,
            after: asked,
        } = &error
        else {
            panic!("{answer}: {error:?}");
        };
        assert!(
            reason.contains(answer.split(' ').next().unwrap()),
            "{reason}"
        );
        assert_eq!(asked.map(|wait| wait.as_secs()), after, "{answer}");
    }
}

#[test]
fn what_somebody_must_mend_waits_for_them() {
    for answer in [
        "401 Unauthorized",
        "403 Forbidden",
        "302 Found\r\nlocation: http://elsewhere.example.com/in?token=secret",
    ] {
        let server = Server::start();
        server.answers(answer);
        let error = deliver(&server, &server.config(), 2).unwrap_err();
        assert!(matches!(error, DeliverError::Misconfigured(_)), "{error:?}");
        assert!(!error.to_string().contains("secret"), "{error}");
        assert_eq!(
            server.came.lock().unwrap().len(),
            1,
            "no redirection is followed"
        );
    }
}

#[test]
fn a_refusal_of_the_address_is_not_split_and_names_the_answer() {
    let server = Server::start();
    server.answers("404 Not Found");
    let delivered = deliver(&server, &server.config(), 8).unwrap();
    assert_eq!(delivered.refused.len(), 8);
    assert_eq!(
        delivered.refused[0].reason,
        "the receiver answered 404 Not Found: why?"
    );
    assert_eq!(server.came.lock().unwrap().len(), 1);
}

#[test]
fn trouble_amid_a_split_keeps_what_is_settled() {
    let server = Server::start();
    for answer in [
        "400 Bad Request",
        "200 OK",
        "400 Bad Request",
        "400 Bad Request",
        "503 Away",
    ] {
        server.answers(answer);
    }
    let error = deliver(&server, &server.config(), 4).unwrap_err();
    let DeliverError::Partly {
        settled, refused, ..
    } = error
    else {
        panic!("{error:?}");
    };
    assert_eq!(settled, 3);
    assert_eq!(
        refused
            .iter()
            .map(|refused| refused.seq)
            .collect::<Vec<_>>(),
        [3]
    );
}

#[test]
fn errors_tell_neither_address_nor_token() {
    let runtime = Runtime::new().unwrap();
    let free = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let config = WebhookConfig {
        url: format!("http://{free}/in?key=made-up"),
        auth: Auth::Bearer {
            token: secret("t0ken"),
        },
        ..WebhookConfig::default()
    };
    let mut sink = WebhookSink::open(&config, runtime.handle().clone()).unwrap();
    let error = send_test(&mut sink).unwrap_err().to_string();
    assert!(
        error.contains("cannot be reached") && error.contains("refused"),
        "{error}"
    );
    assert!(
        !error.contains("made-up") && !error.contains("t0ken"),
        "{error}"
    );
}

#[test]
fn wrong_configurations_name_the_key_and_the_remedy() {
    let wrong = |change: &dyn Fn(&mut WebhookConfig)| {
        let mut config = WebhookConfig {
            url: "https://receiver.example.com/".into(),
            ..WebhookConfig::default()
        };
        change(&mut config);
        config.check().unwrap_err().to_string()
    };
    for (message, expected) in [
        (
            wrong(&|config| config.url = String::new()),
            "url: not an address such as",
        ),
        (
            wrong(&|config| config.url = "ftp://a/".into()),
            "url: must begin with https",
        ),
        (
            wrong(&|config| config.url = "http://me:pw@a/".into()),
            "url: holds a password",
        ),
        (
            wrong(&|config| config.batch_size = 0),
            "batch_size: 0 is not from 1",
        ),
        (
            wrong(&|config| config.timeout = HumanDuration::from_secs(0)),
            "timeout: must be more",
        ),
        (
            wrong(&|config| config.headers = [("Content-Type".into(), secret("a"))].into()),
            "headers: \"Content-Type\" is set by the sensor itself",
        ),
        (
            wrong(&|config| config.retry.max = HumanDuration::from_millis(1)),
            "retry.max: 1ms is less than retry.initial",
        ),
    ] {
        assert!(message.starts_with(expected), "{message}");
        assert!(!message.contains("pw"), "{message}");
    }
}

#[test]
fn a_configuration_is_read_whole_or_not_at_all() {
    let read = serde_json::from_value::<WebhookConfig>;
    let config = read(json!({
        "name": "audit", "url": "https://a/", "format": "ndjson",
        "auth": {"kind": "api_key", "key": {"env": "KEY"}},
        "retry": {"initial": "1s"}, "filter": {"event_types": ["ai.*"]},
    }))
    .unwrap();
    assert_eq!(config.full_name(), "webhook.audit");
    assert_eq!(config.retry.initial, HumanDuration::from_secs(1));
    let key = SecretSource::Env("KEY".into());
    assert_eq!(
        config.auth,
        Auth::ApiKey {
            header: "x-api-key".into(),
            key
        }
    );
    let text = serde_json::to_value(&config).unwrap();
    assert_eq!(read(text).unwrap(), config);
    for wrong in [
        json!({"urll": "https://a/"}),
        json!({"auth": {"kind": "bearer", "token": "a", "user": "b"}}),
        json!({"auth": {"kind": "bearer"}}),
        json!({"format": "xml"}),
        json!({"timeout": 30}),
    ] {
        assert!(read(wrong.clone()).is_err(), "{wrong}");
    }
}

#[test]
fn a_receiver_that_hangs_does_not_hold_up_the_end() {
    let runtime = Runtime::new().unwrap();
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let config = WebhookConfig {
        url: format!("http://{}/", silent.local_addr().unwrap()),
        timeout: HumanDuration::from_secs(3600),
        ..WebhookConfig::default()
    };
    let log = EventLog::new(Bounds::default());
    log.append(SafeEvent::from_redacted(
        json!({"event_id": "1"}).as_object().unwrap(),
    ));
    let handle = runtime.handle();
    let sink = WebhookSink::open(&config, handle.clone()).unwrap();
    let settings = RunSettings {
        stop_within: std::time::Duration::ZERO,
        ..RunSettings::default()
    };
    let running = run_with(Box::new(sink), log.cursor(), handle.clone(), settings).unwrap();
    // The request is on its way.
    let _connection = silent.accept().unwrap();
    let status = Arc::clone(running.status());
    running.stop();
    assert_eq!(status.report().lag, 1);
    assert_eq!(status.last_error().unwrap(), "the sensor stops");
}

/// A receiver over TLS that asks for our certificate.
fn serve_tls(
    authority: &rcgen::CertifiedIssuer<'static, rcgen::KeyPair>,
) -> (String, std::thread::JoinHandle<bool>) {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut roots = rustls::RootCertStore::empty();
    roots.add(authority.der().clone()).unwrap();
    let asks =
        rustls::server::WebPkiClientVerifier::builder_with_provider(roots.into(), provider.clone())
            .build()
            .unwrap();
    let (chain, key) = certificate(authority);
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_client_cert_verifier(asks)
        .with_single_cert(
            vec![chain.der().clone()],
            rustls::pki_types::PrivateKeyDer::Pkcs8(key.serialize_der().into()),
        )
        .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://{}/", listener.local_addr().unwrap());
    let config = Arc::new(config);
    let served = std::thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        let session = rustls::ServerConnection::new(config).unwrap();
        let mut stream = BufReader::new(rustls::StreamOwned::new(session, stream));
        let came = read(&mut stream);
        let _ = stream
            .get_mut()
            .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
        came.is_some_and(|came| came.ids() == ["1"])
    });
    (url, served)
}

fn certificate(
    authority: &rcgen::CertifiedIssuer<'static, rcgen::KeyPair>,
) -> (rcgen::Certificate, rcgen::KeyPair) {
    let key = rcgen::KeyPair::generate().unwrap();
    let params = rcgen::CertificateParams::new(["127.0.0.1".to_owned()]).unwrap();
    (params.signed_by(&key, authority).unwrap(), key)
}

#[test]
fn tls_trusts_the_file_only_and_shows_our_certificate() {
    let mut params = rcgen::CertificateParams::default();
    params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let authority =
        rcgen::CertifiedIssuer::self_signed(params, rcgen::KeyPair::generate().unwrap()).unwrap();
    let (chain, key) = certificate(&authority);
    let directory = tempfile::tempdir().unwrap();
    let file = |name: &str, pem: String| {
        let path = directory.path().join(name);
        std::fs::write(&path, pem).unwrap();
        Some(path)
    };
    let whole = TlsConfig {
        ca_file: file("ca.pem", authority.pem()),
        cert_file: file("cert.pem", chain.pem()),
        key_file: file("key.pem", key.serialize_pem()),
    };
    let nobody = TlsConfig {
        cert_file: None,
        key_file: None,
        ..whole.clone()
    };
    let system = TlsConfig {
        ca_file: None,
        ..whole.clone()
    };
    for (tls, is_taken) in [(whole, true), (nobody, false), (system, false)] {
        let (url, served) = serve_tls(&authority);
        let config = WebhookConfig {
            url,
            tls,
            ..WebhookConfig::default()
        };
        let runtime = Runtime::new().unwrap();
        let mut sink = WebhookSink::open(&config, runtime.handle().clone()).unwrap();
        let delivered = sink.deliver(&batch(1));
        assert_eq!(served.join().unwrap(), is_taken);
        assert_eq!(delivered.is_ok(), is_taken, "{delivered:?}");
    }
}
