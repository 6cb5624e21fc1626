//! The proof that capture works here: one TLS call on loopback by a program of
//! this machine, and what the capture saw of it.

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::{Duration, Instant};

use oisp_core::capture::{CaptureError, RunningCapture};
use oisp_core::raw::TlsKind;
use oisp_core::{Direction, ProcessEvent, RawEvent, RawKind};
use oisp_testkit::Provider;
use serde::Serialize;

use crate::backend::{self, BackendSettings};

/// What came of it.
#[derive(Debug, Serialize)]
pub struct SelfTest {
    /// The call was seen whole, both ways.
    pub ok: bool,
    /// What was done and seen.
    pub found: String,
    /// What to do where it failed.
    pub remedy: Option<String>,
}

/// Programs that can make the call, in the order in which they are tried.
const CLIENTS: [&str; 2] = ["curl", "python3"];
/// How long the client may take, and the capture after it.
const PATIENCE: Duration = Duration::from_secs(10);
/// Records that may wait: the whole machine is captured meanwhile.
const RECORDS: usize = 1 << 16;

/// The request's body, to be found again among what was captured.
const BODY: &str =
    r#"{"model":"gpt-4o","messages":[{"role":"user","content":"self-test of the capture"}]}"#;

/// The loopback provider wants a key, and takes any that looks like one.
const KEY: &str = "Bearer sk-made-up-for-the-self-test";

/// For Python, which has no command that makes a request.
const PYTHON: &str = "import ssl, sys, urllib.request as r\n\
    c = ssl.create_default_context(cafile=sys.argv[1])\n\
    h = {'content-type': 'application/json', 'authorization': sys.argv[4]}\n\
    q = r.Request(sys.argv[2], sys.argv[3].encode(), h)\n\
    r.urlopen(q, context=c).read()\n";

/// Makes the call and looks for it.
pub fn run() -> SelfTest {
    match try_run() {
        Ok(found) => SelfTest {
            ok: true,
            found,
            remedy: None,
        },
        Err((found, remedy)) => SelfTest {
            ok: false,
            found,
            remedy,
        },
    }
}

type Failed = (String, Option<String>);

fn try_run() -> Result<String, Failed> {
    let failed = |what: &str, error: &dyn std::fmt::Display| (format!("{what}: {error}"), None);
    let (sender, records) = sync_channel(RECORDS);
    let began = Instant::now();
    let capture = backend::choose(BackendSettings::default())
        .and_then(|backend| backend.start(sender))
        .map_err(attach_failed)?;
    let attached = began.elapsed();
    let dir = tempfile::tempdir().map_err(|error| failed("no temporary folder", &error))?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .map_err(|error| failed("cannot start threads", &error))?;
    let provider = runtime
        .block_on(Provider::builder().dir(dir.path()).start())
        .map_err(|error| failed("cannot serve on loopback", &error))?;
    let url = format!("{}/v1/chat/completions", provider.https_url());
    let (client, pid) = call(&url, provider.ca_pem_path())?;
    let answer = provider
        .exchanges()
        .first()
        .map(|exchange| exchange.response_body.to_vec())
        .ok_or_else(|| (format!("{client} made no request"), None))?;
    let seen = Seen::gather(&records, pid);
    end(capture, &records);
    seen.verdict(client, &answer, attached)
}

fn attach_failed(error: CaptureError) -> Failed {
    match error {
        CaptureError::Privilege { what, remedy } | CaptureError::Unsupported { what, remedy } => {
            (what, Some(remedy))
        }
        other => (other.to_string(), None),
    }
}

/// Lets the first client that is there make the call; its name and process.
fn call(url: &str, authority: &Path) -> Result<(&'static str, u32), Failed> {
    for client in CLIENTS {
        let mut command = Command::new(client);
        match client {
            "curl" => command
                .args(["-q", "--silent", "--http1.1", "--max-time", "5", "--cacert"])
                .arg(authority)
                .args(["--header", "content-type: application/json"])
                .args(["--header", &format!("authorization: {KEY}")])
                .args(["--data", BODY, url]),
            _ => command
                .arg("-c")
                .arg(PYTHON)
                .arg(authority)
                .args([url, BODY, KEY]),
        };
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let Ok(mut child) = command.spawn() else {
            continue;
        };
        let pid = child.id();
        match child.wait() {
            Ok(status) if status.success() => return Ok((client, pid)),
            Ok(status) => return Err((format!("{client} could not call: {status}"), None)),
            Err(error) => return Err((format!("{client} could not call: {error}"), None)),
        }
    }
    let remedy = "install curl or python3: one of them makes the call";
    Err((
        String::from("no program here can make a TLS call"),
        Some(String::from(remedy)),
    ))
}

/// What was captured of the client.
#[derive(Default)]
struct Seen {
    written: Vec<u8>,
    read: Vec<u8>,
    gaps: usize,
    ended: bool,
}

impl Seen {
    fn gather(records: &Receiver<RawEvent>, pid: u32) -> Self {
        let deadline = Instant::now() + PATIENCE;
        let mut seen = Self::default();
        while !seen.ended {
            let left = deadline.saturating_duration_since(Instant::now());
            let Ok(record) = records.recv_timeout(left) else {
                break;
            };
            if record.pid == pid {
                seen.take(&record.kind);
            }
        }
        seen
    }

    fn take(&mut self, kind: &RawKind) {
        match kind {
            RawKind::Process(ProcessEvent::Exit { .. }) => self.ended = true,
            RawKind::Tls(tls) => match &tls.what {
                TlsKind::Data {
                    direction: Direction::Outgoing,
                    bytes,
                    ..
                } => self.written.extend_from_slice(bytes),
                TlsKind::Data { bytes, .. } => self.read.extend_from_slice(bytes),
                TlsKind::Gap { .. } => self.gaps += 1,
                _ => {}
            },
            _ => {}
        }
    }

    fn verdict(&self, client: &str, answer: &[u8], attached: Duration) -> Result<String, Failed> {
        let whole = self.written.starts_with(b"POST /v1/chat/completions")
            && self.written.ends_with(BODY.as_bytes())
            && self.read.starts_with(b"HTTP/1.1 200")
            && !answer.is_empty()
            && self.read.windows(answer.len()).any(|seen| seen == answer)
            && self.gaps == 0;
        let (written, read) = (self.written.len(), self.read.len());
        if whole {
            return Ok(format!(
                "attached in {} ms; {client} made a TLS call, and all of it was seen: {written} bytes written, {read} read",
                attached.as_millis()
            ));
        }
        let what = format!(
            "{client} made a TLS call, of which {written} bytes written and {read} read were seen, with {} gaps",
            self.gaps
        );
        let remedy = format!(
            "`oisp-sensor doctor {client}` while it runs tells which TLS it carries; \
             please report this with the output of `oisp-sensor doctor --json`"
        );
        Err((what, Some(remedy)))
    }
}

/// The capture sends what it has left before it ends: somebody must take it.
fn end(capture: Box<dyn RunningCapture>, records: &Receiver<RawEvent>) {
    let stopping = std::thread::spawn(move || capture.stop());
    while records.recv().is_ok() {}
    let _ = stopping.join();
}
