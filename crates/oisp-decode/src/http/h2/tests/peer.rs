//! A real client and a real server (the `h2` crate) over a pipe that writes
//! down what went through it.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, LazyLock, Mutex};
use std::task::{Context, Poll};

use ::h2::{client, server};
use http::{HeaderMap, Method, Request, Response};
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf};

use super::*;

/// One exchange as it was meant.
#[derive(Debug)]
pub(super) struct Expected {
    pub(super) method: String,
    pub(super) authority: String,
    pub(super) path: String,
    pub(super) status: u16,
    /// Sorted; request, response, response trailers.
    pub(super) fields: [Vec<(String, String)>; 3],
    pub(super) bodies: [Vec<u8>; 2],
}

/// What went through the pipe, and the exchanges by stream.
pub(super) struct Recording {
    pub(super) calls: Calls,
    pub(super) expected: BTreeMap<u64, Expected>,
}

/// Small exchanges, for tests that try every position.
pub(super) static SMALL: LazyLock<Recording> = LazyLock::new(|| record(12, 300));
/// Bodies of many frames.
pub(super) static LARGE: LazyLock<Recording> = LazyLock::new(|| record(24, 90_000));

/// The client's end of the pipe.
struct Tap {
    inner: DuplexStream,
    calls: Arc<Mutex<Calls>>,
}

impl Tap {
    fn note(&self, half: Half, bytes: &[u8]) {
        if !bytes.is_empty() {
            self.calls
                .lock()
                .unwrap()
                .push((half, Bytes::copy_from_slice(bytes)));
        }
    }
}

impl AsyncRead for Tap {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let result = Pin::new(&mut self.inner).poll_read(cx, buf);
        self.note(Half::Response, &buf.filled()[before..]);
        result
    }
}

impl AsyncWrite for Tap {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.inner).poll_write(cx, bytes);
        if let Poll::Ready(Ok(written)) = &result {
            self.note(Half::Request, &bytes[..*written]);
        }
        result
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}

fn record(exchanges: u64, body: usize) -> Recording {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    runtime.block_on(async {
        let (ours, theirs) = tokio::io::duplex(16 << 10);
        let calls = Arc::new(Mutex::new(Calls::new()));
        let tap = Tap {
            inner: ours,
            calls: Arc::clone(&calls),
        };
        let expected: BTreeMap<u64, Expected> = (0..exchanges)
            .map(|number| (1 + 2 * number, exchange(number, body)))
            .collect();
        let server = tokio::spawn(serve(theirs, exchanges, body));
        ask(tap, &expected).await;
        server.await.unwrap();
        let calls = std::mem::take(&mut *calls.lock().unwrap());
        Recording { calls, expected }
    })
}

/// Exchange `number` of a recording: repeated and new fields, so that the
/// tables are used and evict, and some fields that are never indexed.
fn exchange(number: u64, body: usize) -> Expected {
    let field = |name: &str, value: String| (name.to_owned(), value);
    let size = usize::try_from(number % 5).unwrap() * body / 4;
    let request = vec![
        field("authorization", format!("Bearer made-up-{}", number % 3)),
        field("content-type", String::from("application/json")),
        field(
            "x-long",
            "ab~".repeat(usize::try_from(number % 4).unwrap() * 200),
        ),
        field("x-request", format!("\u{7e}{{request}} {number}")),
    ];
    let response = vec![
        field("content-type", String::from("text/event-stream")),
        field(
            "set-cookie",
            "c=1".repeat(usize::try_from(number % 7).unwrap() * 70),
        ),
        field("x-answer", format!("answer {number}")),
    ];
    let trailers = if number.is_multiple_of(3) {
        vec![field("x-sum", number.to_string())]
    } else {
        Vec::new()
    };
    Expected {
        method: String::from(if number.is_multiple_of(2) {
            "POST"
        } else {
            "PUT"
        }),
        authority: String::from("api.example.test"),
        path: format!("/v1/things/{}?n={number}", number % 4),
        status: if number.is_multiple_of(4) { 429 } else { 200 },
        fields: [request, response, trailers],
        bodies: [
            vec![b'q'; size],
            (0..size)
                .map(|at| u8::try_from(at % 251).unwrap())
                .collect(),
        ],
    }
}

fn map(fields: &[(String, String)]) -> HeaderMap {
    fields
        .iter()
        .map(|(name, value)| {
            (
                name.parse::<http::HeaderName>().unwrap(),
                value.parse().unwrap(),
            )
        })
        .collect()
}

/// Sends the requests, four under way at a time.
async fn ask(tap: Tap, expected: &BTreeMap<u64, Expected>) {
    let (mut sender, connection) = client::handshake(tap).await.unwrap();
    let driver = tokio::spawn(connection);
    let mut under_way = Vec::new();
    for expected in expected.values() {
        poll_fn(|cx| sender.poll_ready(cx)).await.unwrap();
        let mut request = Request::builder()
            .method(expected.method.parse::<Method>().unwrap())
            .uri(format!("https://{}{}", expected.authority, expected.path))
            .body(())
            .unwrap();
        *request.headers_mut() = map(&expected.fields[0]);
        let empty = expected.bodies[0].is_empty();
        let (answer, mut stream) = sender.send_request(request, empty).unwrap();
        if !empty {
            stream
                .send_data(expected.bodies[0].clone().into(), true)
                .unwrap();
        }
        under_way.push(tokio::spawn(async move {
            drain(answer.await.unwrap().into_body()).await
        }));
        if under_way.len() == 4 {
            for task in under_way.drain(..) {
                task.await.unwrap();
            }
        }
    }
    for task in under_way {
        task.await.unwrap();
    }
    drop(sender);
    driver.await.unwrap().unwrap();
}

async fn serve(theirs: DuplexStream, exchanges: u64, body: usize) {
    let mut connection = server::handshake(theirs).await.unwrap();
    let mut number = 0;
    while let Some(request) = connection.accept().await {
        let (request, mut respond) = request.unwrap();
        let expected = exchange(number, body);
        let push = number == 2;
        number += 1;
        tokio::spawn(async move {
            drain(request.into_body()).await;
            if push {
                let promised = Request::builder()
                    .uri("https://api.example.test/pushed")
                    .body(())
                    .unwrap();
                let mut pushed = respond.push_request(promised).unwrap();
                let head = Response::builder()
                    .header("x-pushed", "1")
                    .body(())
                    .unwrap();
                pushed
                    .send_response(head, false)
                    .unwrap()
                    .send_data("pushed".into(), true)
                    .unwrap();
            }
            let mut head = Response::builder()
                .status(expected.status)
                .body(())
                .unwrap();
            *head.headers_mut() = map(&expected.fields[1]);
            let [_, body] = expected.bodies;
            let trailers = expected.fields[2].as_slice();
            let mut stream = respond
                .send_response(head, body.is_empty() && trailers.is_empty())
                .unwrap();
            if !body.is_empty() {
                stream.send_data(body.into(), trailers.is_empty()).unwrap();
            }
            if !trailers.is_empty() {
                stream.send_trailers(map(trailers)).unwrap();
            }
        });
    }
    assert_eq!(number, exchanges);
}

async fn drain(mut body: ::h2::RecvStream) {
    while let Some(bytes) = body.data().await {
        body.flow_control()
            .release_capacity(bytes.unwrap().len())
            .unwrap();
    }
    body.trailers().await.unwrap();
}
