//! Exchanges as real HTTP/2: a client and a server of the `h2` crate over a
//! pipe that writes down what went through it.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use h2::{RecvStream, SendStream, client, server};
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response};
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf};
use tokio::sync::mpsc;

use super::body::Body;
use super::file::{Fields, Recording};
use super::random::Random;
use super::replay::{Step, Tape};
use super::wire;

/// Wide enough that no window ever stops a recording.
const WINDOW: u32 = 1 << 30;

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// What goes over one connection when the requests are sent at once and
/// answered in another order, in turns of a few hundred bytes.
///
/// # Errors
///
/// Where the client or the server fails.
pub fn tape(recordings: &[&Recording], random: &mut Random) -> Result<Tape, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let steps = runtime.block_on(talk(recordings, random.clone()))?;
    let mut tape: Tape = (0..).zip(steps).collect();
    tape.push((tape.len() as u64, Step::Close));
    Ok(tape)
}

async fn talk(recordings: &[&Recording], random: Random) -> Result<Vec<Step>, Failure> {
    let (ours, theirs) = tokio::io::duplex(16 << 10);
    let steps = Arc::new(Mutex::new(Vec::new()));
    let tap = Tap {
        inner: ours,
        steps: Arc::clone(&steps),
    };
    let answers = recordings
        .iter()
        .map(|recording| response(recording))
        .collect::<Result<Vec<_>, _>>()?;
    let server = tokio::spawn(serve(theirs, answers, random));
    ask(tap, recordings).await?;
    server.await??;
    Ok(std::mem::take(
        &mut *steps.lock().unwrap_or_else(PoisonError::into_inner),
    ))
}

/// Sends all requests, then reads all answers.
async fn ask(tap: Tap, recordings: &[&Recording]) -> Result<(), Failure> {
    let (mut sender, connection) = client::Builder::new()
        .initial_window_size(WINDOW)
        .initial_connection_window_size(WINDOW)
        .handshake(tap)
        .await?;
    let driver = tokio::spawn(connection);
    let mut answers = Vec::new();
    for recording in recordings {
        sender = sender.ready().await?;
        let body = recording.request.coded.clone();
        let (answer, mut stream) = sender.send_request(request(recording)?, body.is_empty())?;
        if !body.is_empty() {
            stream.send_data(body, true)?;
        }
        answers.push(answer);
    }
    for answer in answers {
        drain(answer.await?.into_body()).await?;
    }
    drop(sender);
    driver.await??;
    Ok(())
}

/// Reads all requests, then answers them.
async fn serve(
    pipe: DuplexStream,
    answers: Vec<(Response<()>, Bytes)>,
    mut random: Random,
) -> Result<(), Failure> {
    let mut connection = server::Builder::new()
        .initial_window_size(WINDOW)
        .initial_connection_window_size(WINDOW)
        .handshake::<_, Bytes>(pipe)
        .await?;
    let (sender, mut streams) = mpsc::channel(answers.len().max(1));
    let driver = tokio::spawn(async move {
        while let Some(stream) = connection.accept().await {
            // The receiver lives until every answer is sent.
            let _ = sender.send(stream?).await;
        }
        Ok::<_, h2::Error>(())
    });
    let mut under_way = Vec::new();
    for answer in answers {
        let (request, reply) = streams.recv().await.ok_or("the client sent too few")?;
        drain(request.into_body()).await?;
        under_way.push((reply, answer));
    }
    random.shuffle(&mut under_way);
    let mut left: Vec<(SendStream<Bytes>, Bytes)> = Vec::new();
    for (mut reply, (head, body)) in under_way {
        let stream = reply.send_response(head, body.is_empty())?;
        if !body.is_empty() {
            left.push((stream, body));
        }
    }
    while !left.is_empty() {
        for (stream, body) in &mut left {
            let piece = body.split_to((1 + random.below(900).max(body.len() / 20)).min(body.len()));
            stream.send_data(piece, body.is_empty())?;
        }
        left.retain(|(_, body)| !body.is_empty());
        tokio::task::yield_now().await;
    }
    driver.await??;
    Ok(())
}

async fn drain(mut body: RecvStream) -> Result<(), h2::Error> {
    while let Some(data) = body.data().await {
        body.flow_control().release_capacity(data?.len())?;
    }
    Ok(())
}

fn request(recording: &Recording) -> Result<Request<()>, Failure> {
    let authority = wire::authority(recording);
    let uri = format!("{}://{authority}{}", recording.scheme, recording.target);
    let mut request = Request::builder()
        .method(recording.method.as_str())
        .uri(uri)
        .body(())?;
    *request.headers_mut() = fields(&recording.request_fields, &recording.request)?;
    Ok(request)
}

fn response(recording: &Recording) -> Result<(Response<()>, Bytes), Failure> {
    let mut response = Response::builder().status(recording.status).body(())?;
    let body = if wire::has_body(recording) {
        recording.response.clone()
    } else {
        Body::recorded(Bytes::new(), None)
    };
    *response.headers_mut() = fields(&recording.response_fields, &body)?;
    Ok((response, body.coded))
}

fn fields(fields: &Fields, body: &Body) -> Result<HeaderMap, Failure> {
    let mut map = HeaderMap::new();
    for (name, value) in wire::kept(fields) {
        map.append(
            HeaderName::from_bytes(name.as_bytes())?,
            HeaderValue::from_str(value)?,
        );
    }
    if let Some(encoding) = body.encoding() {
        map.append("content-encoding", HeaderValue::from_str(&encoding)?);
    }
    Ok(map)
}

/// The client's end of the pipe.
struct Tap {
    inner: DuplexStream,
    steps: Arc<Mutex<Vec<Step>>>,
}

impl Tap {
    fn note(&self, step: Step) {
        let mut steps = self.steps.lock().unwrap_or_else(PoisonError::into_inner);
        steps.push(step);
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
        match buf.filled().get(before..) {
            Some(bytes) if !bytes.is_empty() => self.note(Step::In(Bytes::copy_from_slice(bytes))),
            _ => {}
        }
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
        if let Poll::Ready(Ok(written)) = &result
            && let Some(written) = bytes.get(..*written)
        {
            self.note(Step::Out(Bytes::copy_from_slice(written)));
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
