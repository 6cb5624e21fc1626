//! Accepts connections and serves HTTP on them; [`socket`] serves what becomes a
//! WebSocket.

mod socket;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response, StatusCode, Version};
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use crate::body::AnswerBody;
use crate::cut::{Cuttable, Cutter};
use crate::deliver;
use crate::directive::Framing;
use crate::exchange::{Ending, Exchange, Journal};
use crate::reply::Reply;
use crate::route::{self, Received, Routing};
use crate::scenario::Scenario;

const MAX_CONNECTIONS: usize = 2_048;
const MAX_REQUEST_BODY: usize = 64 << 20;
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);

/// What all connections of a provider share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) journal: Arc<Journal>,
    pub(crate) scenarios: Vec<Scenario>,
    /// When it started: ids differ from one provider to the next.
    seed: u64,
    connections: AtomicU64,
    exchanges: AtomicU64,
}

impl Shared {
    pub(crate) fn new(journal: Arc<Journal>, scenarios: Vec<Scenario>) -> Self {
        Self {
            journal,
            scenarios,
            seed: nanos(),
            connections: AtomicU64::new(0),
            exchanges: AtomicU64::new(0),
        }
    }

    fn next_serial(&self) -> u64 {
        self.exchanges.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// What an answer given at that time depends on.
    fn routing(&self, at: u64, serial: u64) -> Routing<'_> {
        Routing {
            scenarios: &self.scenarios,
            token: route::token(self.seed, serial),
            now_secs: at / 1_000_000_000,
        }
    }
}

/// One connection, as its exchanges describe it.
#[derive(Clone, Debug)]
struct Connection {
    shared: Arc<Shared>,
    cutter: Cutter,
    number: u64,
    peer: SocketAddr,
    local: SocketAddr,
    tls: bool,
}

/// Serves `listener` until the task is aborted; its connections end with it.
pub(crate) async fn serve(listener: TcpListener, tls: Option<TlsAcceptor>, shared: Arc<Shared>) {
    let room = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let mut connections = JoinSet::new();
    loop {
        let Ok(permit) = Arc::clone(&room).acquire_owned().await else {
            return;
        };
        while connections.try_join_next().is_some() {}
        // What fails here is the client's connection, or a shortage of
        // descriptors that lasts until one of ours is closed.
        let Ok((stream, peer)) = listener.accept().await else {
            tokio::task::yield_now().await;
            continue;
        };
        let (tls, shared) = (tls.clone(), Arc::clone(&shared));
        connections.spawn(async move {
            let _permit = permit;
            serve_stream(stream, peer, tls, shared).await;
        });
    }
}

async fn serve_stream(
    stream: TcpStream,
    peer: SocketAddr,
    tls: Option<TlsAcceptor>,
    shared: Arc<Shared>,
) {
    // Fragments are to arrive as fragments.
    let _ = stream.set_nodelay(true);
    let Ok(local) = stream.local_addr() else {
        return;
    };
    let number = shared.connections.fetch_add(1, Ordering::Relaxed) + 1;
    let connection = Connection {
        shared,
        cutter: Cutter::default(),
        number,
        peer,
        local,
        tls: tls.is_some(),
    };
    match tls {
        None => serve_http(stream, connection).await,
        Some(acceptor) => {
            if let Ok(Ok(stream)) =
                tokio::time::timeout(HANDSHAKE_TIMEOUT, acceptor.accept(stream)).await
            {
                serve_http(stream, connection).await;
            }
        }
    }
}

async fn serve_http<T: AsyncRead + AsyncWrite + Unpin + Send + 'static>(
    stream: T,
    connection: Connection,
) {
    let cutter = connection.cutter.clone();
    let io = TokioIo::new(Cuttable::new(stream, cutter.clone()));
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new());
    builder.http2().timer(TokioTimer::new());
    let service = service_fn(move |request| respond(request, connection.clone()));
    let mut serving = std::pin::pin!(builder.serve_connection_with_upgrades(io, service));
    // How a connection ends is the client's business, or a cut of ours.
    tokio::select! {
        _ = serving.as_mut() => {}
        () = cutter.asked() => {
            let _ = serving.await;
        }
    }
}

async fn respond(
    mut request: Request<Incoming>,
    connection: Connection,
) -> Result<Response<AnswerBody>, hyper::Error> {
    let upgrade = hyper::upgrade::on(&mut request);
    let (at, serial) = (nanos(), connection.shared.next_serial());
    let (head, body) = request.into_parts();
    let version = head.version;
    let host = head.uri.authority().map(ToString::to_string);
    let target = head
        .uri
        .path_and_query()
        .map_or_else(String::new, ToString::to_string);
    let body = Limited::new(body, MAX_REQUEST_BODY)
        .collect()
        .await
        .map(http_body_util::Collected::to_bytes);
    let whole = body.is_ok();
    let path = head.uri.path().to_owned();
    let received = Received {
        method: head.method,
        path,
        query: head.uri.query().unwrap_or_default().to_owned(),
        headers: head.headers,
        body: body.unwrap_or_default(),
    };
    let host = host
        .or_else(|| received.header("host").map(str::to_owned))
        .unwrap_or_default();
    let line = Line {
        serial,
        at,
        version,
        host,
        target,
    };
    if let Some(handshake) = socket::agreed(&received) {
        return Ok(socket::begin(
            upgrade, handshake, received, connection, line,
        ));
    }
    let mut reply = if whole {
        answer(&received, &connection, at, serial)
    } else {
        too_large()
    };
    let gzip = reply.directive.gzip && accepts_gzip(&received);
    if gzip {
        reply.headers.push(("content-encoding", "gzip".to_owned()));
    }
    let exchange = begin(&received, &mut reply, &connection, line);
    Ok(deliver_reply(&reply, gzip, version, exchange, connection).await)
}

fn answer(received: &Received, connection: &Connection, at: u64, serial: u64) -> Reply {
    route::answer(received, &connection.shared.routing(at, serial))
}

fn too_large() -> Reply {
    let message = "the request's body is larger than 64 MiB, or ended too early";
    Reply::json(
        crate::Dialect::None,
        413,
        &serde_json::json!({ "error": { "message": message } }),
    )
}

fn accepts_gzip(received: &Received) -> bool {
    received.header("accept-encoding").is_some_and(|accepted| {
        accepted
            .split(',')
            .any(|coding| coding.trim().starts_with("gzip"))
    })
}

/// What the first line of a request tells, and when it came.
#[derive(Clone, Debug)]
struct Line {
    serial: u64,
    at: u64,
    version: Version,
    host: String,
    target: String,
}

fn begin(received: &Received, reply: &mut Reply, connection: &Connection, line: Line) -> Exchange {
    Exchange {
        serial: line.serial,
        at: line.at,
        connection: connection.number,
        peer: connection.peer,
        local: connection.local,
        tls: connection.tls,
        http: format!("{:?}", line.version),
        method: received.method.to_string(),
        host: line.host,
        target: line.target,
        request_headers: header_list(&received.headers),
        request_body: received.body.clone(),
        dialect: reply.dialect,
        status: reply.status,
        response_headers: reply
            .headers
            .iter()
            .map(|(name, value)| ((*name).to_owned(), value.clone()))
            .collect(),
        response_body: Bytes::new(),
        encoded_len: 0,
        ending: Ending::Abandoned,
        meant: reply.meant.take(),
    }
}

fn header_list(headers: &HeaderMap) -> Vec<(String, String)> {
    headers
        .iter()
        .map(|(name, value)| {
            (
                name.to_string(),
                String::from_utf8_lossy(value.as_bytes()).into_owned(),
            )
        })
        .collect()
}

async fn deliver_reply(
    reply: &Reply,
    gzip: bool,
    version: Version,
    exchange: Exchange,
    connection: Connection,
) -> Response<AnswerBody> {
    tokio::time::sleep(reply.directive.wait).await;
    let framing = reply.directive.framing;
    let exact = match framing {
        Framing::Usual => !reply.stream,
        Framing::Length => true,
        Framing::Chunked | Framing::Close => false,
    };
    let steps = deliver::plan(reply, gzip);
    // A cut answer announces its full length: that is what makes it cut.
    let full: usize = reply.frames.iter().map(Bytes::len).sum();
    let cut = steps.back() == Some(&deliver::Step::Cut);
    let body = AnswerBody::new(
        steps,
        exact && !cut,
        connection.cutter,
        exchange,
        Arc::clone(&connection.shared.journal),
    );
    let mut response = Response::new(body);
    *response.status_mut() =
        StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    set_headers(response.headers_mut(), reply);
    if exact && cut && !gzip {
        response
            .headers_mut()
            .insert(http::header::CONTENT_LENGTH, HeaderValue::from(full));
    }
    if framing == Framing::Close && version <= Version::HTTP_11 {
        *response.version_mut() = Version::HTTP_10;
        response
            .headers_mut()
            .insert(http::header::CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

fn set_headers(headers: &mut HeaderMap, reply: &Reply) {
    for (name, value) in &reply.headers {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.append(HeaderName::from_static(name), value);
        }
    }
}

fn nanos() -> u64 {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    u64::try_from(now.as_nanos()).unwrap_or(u64::MAX)
}
