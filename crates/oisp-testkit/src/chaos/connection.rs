//! One connection: its trouble, its requests, their trouble.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;

use super::Shared;
use super::fault::{Fault, MOMENT};
use super::request::Request;

/// How long a hanging connection hangs at most.
const HANG: Duration = Duration::from_secs(60);
const OK: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

/// Serves a connection until it ends, one way or the other.
pub(super) async fn run(
    stream: TcpStream,
    tls: Option<TlsAcceptor>,
    fault: Option<Fault>,
    shared: Arc<Shared>,
) {
    // How it ends is the client's to notice.
    let _ = match fault {
        Some(Fault::Reset) => stream.set_zero_linger(),
        Some(Fault::Hang) => hang(stream).await,
        Some(Fault::NoTls) => no_tls(stream).await,
        _ => match tls {
            Some(tls) => over_tls(stream, tls, shared).await,
            None => requests(stream, |stream| stream.set_zero_linger(), &shared).await,
        },
    };
}

async fn hang(mut stream: TcpStream) -> io::Result<()> {
    let mut sink = [0; 1024];
    let _ = tokio::time::timeout(HANG, async {
        while stream.read(&mut sink).await.is_ok_and(|read| read > 0) {}
    })
    .await;
    Ok(())
}

async fn no_tls(mut stream: TcpStream) -> io::Result<()> {
    stream
        .write_all(b"\x15\x03\x01\x00\x02\x02\x28\x00\x00")
        .await?;
    stream.shutdown().await
}

async fn over_tls(stream: TcpStream, tls: TlsAcceptor, shared: Arc<Shared>) -> io::Result<()> {
    let stream = tls.accept(stream).await?;
    requests(
        stream,
        |stream| stream.get_ref().0.set_zero_linger(),
        &shared,
    )
    .await
}

async fn requests<S: AsyncRead + AsyncWrite + Unpin>(
    stream: S,
    reset: impl Fn(&S) -> io::Result<()>,
    shared: &Shared,
) -> io::Result<()> {
    let mut stream = BufReader::new(stream);
    loop {
        let fault = shared.draw(&Fault::OF_REQUESTS);
        if fault == Some(Fault::HalfRequest) {
            stream.read_u8().await?;
            return reset(stream.get_ref());
        }
        let Some(request) = Request::read(&mut stream).await? else {
            return Ok(());
        };
        let is_over = answer(stream.get_mut(), fault, request, shared).await?;
        if fault == Some(Fault::LostAnswer) {
            return reset(stream.get_ref());
        }
        if is_over {
            return stream.shutdown().await;
        }
    }
}

/// Answers a request. True where the connection ends with it.
async fn answer<S: AsyncWrite + Unpin>(
    stream: &mut S,
    fault: Option<Fault>,
    request: Request,
    shared: &Shared,
) -> io::Result<bool> {
    let refusal = match fault {
        Some(Fault::TooMany) => "429 Too Many Requests\r\nretry-after: 1",
        Some(Fault::Internal) => "500 Internal Server Error",
        Some(Fault::Unavailable) => "503 Service Unavailable",
        Some(Fault::HalfHead) => {
            stream.write_all(b"HTTP/1.1 200 O").await?;
            return Ok(true);
        }
        taken => {
            shared.take(request);
            return take(stream, taken).await;
        }
    };
    let text = format!("HTTP/1.1 {refusal}\r\ncontent-length: 0\r\n\r\n");
    stream.write_all(text.as_bytes()).await?;
    Ok(false)
}

async fn take<S: AsyncWrite + Unpin>(stream: &mut S, fault: Option<Fault>) -> io::Result<bool> {
    match fault {
        Some(Fault::LostAnswer) => return Ok(true),
        Some(Fault::HalfBody) => {
            stream
                .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\nok")
                .await?;
            return Ok(true);
        }
        Some(Fault::Slow) => {
            for byte in OK.chunks(8) {
                stream.write_all(byte).await?;
                stream.flush().await?;
                tokio::time::sleep(MOMENT / 10).await;
            }
        }
        _ => stream.write_all(OK).await?,
    }
    stream.flush().await?;
    Ok(false)
}
