//! A request as it was taken.

use std::io;

use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncReadExt};

/// Longest head and longest body of a request.
const MAX_HEAD: usize = 64 << 10;
const MAX_BODY: usize = 64 << 20;

/// A request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Request {
    /// `POST`, …
    pub method: String,
    /// The path with its query.
    pub target: String,
    /// Names in lower case, with their values.
    pub headers: Vec<(String, String)>,
    /// The body as it was sent.
    pub body: Vec<u8>,
}

impl Request {
    /// The value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        headers
            .find(|(found, _)| found.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// Reads the next request of a connection; none at its end.
    pub(super) async fn read<R: AsyncBufRead + Unpin>(from: &mut R) -> io::Result<Option<Self>> {
        let Some(mut request) = head(from).await? else {
            return Ok(None);
        };
        let length = request
            .header("content-length")
            .and_then(|length| length.parse().ok())
            .unwrap_or(0);
        if length > MAX_BODY {
            return Err(io::Error::other("the body is too long"));
        }
        request.body = vec![0; length];
        from.read_exact(&mut request.body).await?;
        Ok(Some(request))
    }
}

async fn head<R: AsyncBufRead + Unpin>(from: &mut R) -> io::Result<Option<Request>> {
    let mut request = Request::default();
    let mut read = 0;
    loop {
        let mut line = String::new();
        let mut bounded = (&mut *from).take(MAX_HEAD as u64);
        read += bounded.read_line(&mut line).await?;
        if line.is_empty() {
            return Ok(None);
        }
        if read > MAX_HEAD {
            return Err(io::Error::other("the head is too long"));
        }
        match line.trim_end() {
            "" => return Ok(Some(request)),
            start if request.method.is_empty() => {
                let mut words = start.split(' ').map(str::to_owned);
                request.method = words.next().unwrap_or_default();
                request.target = words.next().unwrap_or_default();
            }
            field => {
                let (name, value) = field.split_once(':').unwrap_or((field, ""));
                let name = name.to_ascii_lowercase();
                request.headers.push((name, value.trim().to_owned()));
            }
        }
    }
}
