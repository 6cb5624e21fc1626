//! A receiver on loopback that takes OTLP over gRPC and HTTP on one port, with
//! TLS or without, and answers as it is told.

use std::collections::{HashSet, VecDeque};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use opentelemetry_proto::tonic::collector::logs::v1 as logs;
use opentelemetry_proto::tonic::collector::metrics::v1 as metrics;
use opentelemetry_proto::tonic::collector::trace::v1 as trace;
use prost::Message;
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Handle;
use tokio_rustls::TlsAcceptor;
use tonic::service::Routes;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};

/// An answer to one request.
#[derive(Clone, Debug)]
pub(super) enum Answer {
    /// HTTP status and the wait that it asks for.
    Http(u16, Option<&'static str>),
    /// gRPC status and the wait that it asks for.
    Grpc(Code, Option<Duration>),
    /// So many items are rejected.
    Partial(i64),
}

/// A request as it came.
#[derive(Clone, Debug)]
pub(super) struct Came {
    /// `logs`, `traces` or `metrics`.
    pub signal: &'static str,
    /// Its header fields.
    pub headers: HeaderMap,
    /// Its content as OTLP's JSON.
    pub body: Value,
}

impl Came {
    /// The ids of the events whose records are in it.
    pub fn ids(&self) -> Vec<String> {
        let mut ids = Vec::new();
        collect_ids(&self.body, &mut ids);
        ids
    }
}

fn collect_ids(value: &Value, ids: &mut Vec<String>) {
    match value {
        Value::Object(object) if object.get("key") == Some(&json!("oisp.event_id")) => {
            ids.push(object["value"]["stringValue"].as_str().unwrap().to_owned());
        }
        Value::Object(object) => object.values().for_each(|value| collect_ids(value, ids)),
        Value::Array(items) => items.iter().for_each(|item| collect_ids(item, ids)),
        _ => {}
    }
}

#[derive(Debug, Default)]
struct Told {
    answers: VecDeque<Answer>,
    refused: HashSet<String>,
    came: Vec<Came>,
    taken: Vec<Came>,
}

/// The receiver. Clones share it; it listens as long as its runtime runs.
#[derive(Clone, Debug)]
pub(super) struct Server {
    told: Arc<Mutex<Told>>,
    address: SocketAddr,
    scheme: &'static str,
}

impl Server {
    pub fn start(runtime: &Handle, tls: Option<TlsAcceptor>) -> Self {
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let server = Self {
            told: Arc::default(),
            address: listener.local_addr().unwrap(),
            scheme: if tls.is_some() { "https" } else { "http" },
        };
        let router = server.router();
        runtime.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(accept(stream, tls.clone(), router.clone()));
            }
        });
        server
    }

    pub fn url(&self) -> String {
        format!("{}://localhost:{}", self.scheme, self.address.port())
    }

    /// The next requests get these answers.
    pub fn answer(&self, answers: impl IntoIterator<Item = Answer>) {
        self.told.lock().unwrap().answers.extend(answers);
    }

    /// Requests that hold the record of that event are bad.
    pub fn refuse(&self, id: &str) {
        self.told.lock().unwrap().refused.insert(id.to_owned());
    }

    /// All requests that came.
    pub fn came(&self) -> Vec<Came> {
        self.told.lock().unwrap().came.clone()
    }

    /// Those that were taken.
    pub fn taken(&self) -> Vec<Came> {
        self.told.lock().unwrap().taken.clone()
    }

    fn note(&self, came: Came) -> Option<Answer> {
        let mut told = self.told.lock().unwrap();
        let is_bad = came.ids().iter().any(|id| told.refused.contains(id));
        let bad = || match came.headers.get("content-type") {
            Some(kind) if kind == "application/grpc" => Answer::Grpc(Code::InvalidArgument, None),
            _ => Answer::Http(400, None),
        };
        let answer = told.answers.pop_front().or_else(|| is_bad.then(bad));
        if matches!(answer, None | Some(Answer::Partial(_))) {
            told.taken.push(came.clone());
        }
        told.came.push(came);
        answer
    }

    fn router(&self) -> Router {
        let http = Router::new()
            .route("/v1/{signal}", post(http))
            .with_state(self.clone());
        Routes::default()
            .add_service(accepting(
                logs::logs_service_server::LogsServiceServer::new(self.clone()),
            ))
            .add_service(trace::trace_service_server::TraceServiceServer::new(
                self.clone(),
            ))
            .add_service(metrics::metrics_service_server::MetricsServiceServer::new(
                self.clone(),
            ))
            .into_axum_router()
            .merge(http)
    }
}

fn accepting(
    service: logs::logs_service_server::LogsServiceServer<Server>,
) -> logs::logs_service_server::LogsServiceServer<Server> {
    service.accept_compressed(tonic::codec::CompressionEncoding::Gzip)
}

async fn accept(stream: TcpStream, tls: Option<TlsAcceptor>, router: Router) {
    match tls {
        Some(tls) => {
            if let Ok(stream) = tls.accept(stream).await {
                serve(stream, router).await;
            }
        }
        None => serve(stream, router).await,
    }
}

async fn serve(stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static, router: Router) {
    let service = TowerToHyperService::new(router);
    // A client may go in the middle.
    let _ = auto::Builder::new(TokioExecutor::new())
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

fn read<R: Message + Default + serde::Serialize + serde::de::DeserializeOwned>(
    headers: &HeaderMap,
    body: &Bytes,
) -> Value {
    let mut plain = body.to_vec();
    if headers
        .get("content-encoding")
        .is_some_and(|coding| coding == "gzip")
    {
        plain.clear();
        let mut decoder = flate2::read::GzDecoder::new(body.as_ref());
        std::io::Read::read_to_end(&mut decoder, &mut plain).unwrap();
    }
    match headers["content-type"].to_str().unwrap() {
        "application/json" => {
            // What was sent, and proof that it is what the proto means.
            let request: R = serde_json::from_slice(&plain).unwrap();
            serde_json::to_value(request).unwrap()
        }
        "application/x-protobuf" => {
            serde_json::to_value(R::decode(plain.as_slice()).unwrap()).unwrap()
        }
        other => panic!("{other}"),
    }
}

/// An answer in the form of the request.
fn formed(is_json: bool, json: Value, proto: Vec<u8>) -> Response {
    match is_json {
        true => ([("content-type", "application/json")], json.to_string()).into_response(),
        false => ([("content-type", "application/x-protobuf")], proto).into_response(),
    }
}

/// The number of rejected items and why: the fields have the same numbers in
/// the answers of all signals.
fn partial(is_json: bool, name: &str, count: i64) -> Response {
    let json = json!({"partialSuccess": {name: count.to_string(), "errorMessage": "too odd"}});
    let proto = logs::ExportLogsServiceResponse {
        partial_success: Some(logs::ExportLogsPartialSuccess {
            rejected_log_records: count,
            error_message: "too odd".to_owned(),
        }),
    };
    formed(is_json, json, proto.encode_to_vec())
}

async fn http(State(server): State<Server>, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    let (signal, body, rejected) = match uri.path() {
        "/v1/logs" => {
            let body = read::<logs::ExportLogsServiceRequest>(&headers, &body);
            ("logs", body, "rejectedLogRecords")
        }
        "/v1/traces" => {
            let body = read::<trace::ExportTraceServiceRequest>(&headers, &body);
            ("traces", body, "rejectedSpans")
        }
        "/v1/metrics" => {
            let body = read::<metrics::ExportMetricsServiceRequest>(&headers, &body);
            ("metrics", body, "rejectedDataPoints")
        }
        _ => return StatusCode::NOT_FOUND.into_response(),
    };
    let is_json = headers["content-type"] == "application/json";
    match server.note(Came {
        signal,
        headers,
        body,
    }) {
        None => formed(is_json, json!({}), Vec::new()),
        Some(Answer::Partial(count)) => partial(is_json, rejected, count),
        Some(Answer::Http(status, after)) => {
            let words = tonic_types::Status {
                message: "as told".to_owned(),
                ..Default::default()
            };
            let mut answer = formed(
                is_json,
                json!({"message": "as told"}),
                words.encode_to_vec(),
            );
            *answer.status_mut() = StatusCode::from_u16(status).unwrap();
            if let Some(after) = after {
                answer
                    .headers_mut()
                    .insert("retry-after", after.parse().unwrap());
            }
            answer
        }
        Some(Answer::Grpc(..)) => panic!("a gRPC answer to HTTP"),
    }
}

/// The number of rejected items, where there is one.
fn grpc<R: serde::Serialize>(
    server: &Server,
    signal: &'static str,
    request: tonic::Request<R>,
) -> Result<Option<i64>, Status> {
    let came = Came {
        signal,
        headers: request.metadata().clone().into_headers(),
        body: serde_json::to_value(request.get_ref()).unwrap(),
    };
    match server.note(came) {
        None => Ok(None),
        Some(Answer::Partial(count)) => Ok(Some(count)),
        Some(Answer::Grpc(code, None)) => Err(Status::new(code, "as told")),
        Some(Answer::Grpc(code, wait)) => {
            let details = ErrorDetails::with_retry_info(wait);
            Err(Status::with_error_details(code, "as told", details))
        }
        Some(Answer::Http(..)) => panic!("an HTTP answer to gRPC"),
    }
}

#[tonic::async_trait]
impl logs::logs_service_server::LogsService for Server {
    async fn export(
        &self,
        request: tonic::Request<logs::ExportLogsServiceRequest>,
    ) -> Result<tonic::Response<logs::ExportLogsServiceResponse>, Status> {
        let rejected = grpc(self, "logs", request)?;
        Ok(tonic::Response::new(logs::ExportLogsServiceResponse {
            partial_success: rejected.map(|rejected_log_records| logs::ExportLogsPartialSuccess {
                rejected_log_records,
                error_message: "too odd".to_owned(),
            }),
        }))
    }
}

#[tonic::async_trait]
impl trace::trace_service_server::TraceService for Server {
    async fn export(
        &self,
        request: tonic::Request<trace::ExportTraceServiceRequest>,
    ) -> Result<tonic::Response<trace::ExportTraceServiceResponse>, Status> {
        grpc(self, "traces", request)?;
        Ok(tonic::Response::new(Default::default()))
    }
}

#[tonic::async_trait]
impl metrics::metrics_service_server::MetricsService for Server {
    async fn export(
        &self,
        request: tonic::Request<metrics::ExportMetricsServiceRequest>,
    ) -> Result<tonic::Response<metrics::ExportMetricsServiceResponse>, Status> {
        grpc(self, "metrics", request)?;
        Ok(tonic::Response::new(Default::default()))
    }
}

/// Certificates of a test, as files.
pub(super) struct Certificates {
    pub ca: PathBuf,
    pub cert: PathBuf,
    pub key: PathBuf,
    /// A server that asks for a certificate of the client's.
    pub acceptor: TlsAcceptor,
    _dir: tempfile::TempDir,
}

impl Certificates {
    pub fn new() -> Self {
        use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
        let ca_key = KeyPair::generate().unwrap();
        let mut ca = CertificateParams::new(vec![]).unwrap();
        ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let ca_cert = ca.self_signed(&ca_key).unwrap();
        let issuer = Issuer::new(ca, ca_key);
        let signed = |name: &str| {
            let key = KeyPair::generate().unwrap();
            let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
            (params.signed_by(&key, &issuer).unwrap(), key)
        };
        let (server, server_key) = signed("localhost");
        let (client, client_key) = signed("sensor");
        let dir = tempfile::tempdir().unwrap();
        let file = |name: &str, text: String| {
            let path = dir.path().join(name);
            std::fs::write(&path, text).unwrap();
            path
        };
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut roots = rustls::RootCertStore::empty();
        roots.add(ca_cert.der().clone()).unwrap();
        let verifier = rustls::server::WebPkiClientVerifier::builder_with_provider(
            Arc::new(roots),
            provider.clone(),
        );
        let mut config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_client_cert_verifier(verifier.build().unwrap())
            .with_single_cert(
                vec![server.der().clone()],
                rustls::pki_types::PrivateKeyDer::try_from(server_key.serialize_der()).unwrap(),
            )
            .unwrap();
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Self {
            ca: file("ca.pem", ca_cert.pem()),
            cert: file("cert.pem", client.pem()),
            key: file("key.pem", client_key.serialize_pem()),
            acceptor: TlsAcceptor::from(Arc::new(config)),
            _dir: dir,
        }
    }
}
