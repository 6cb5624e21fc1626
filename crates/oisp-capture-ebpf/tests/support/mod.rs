//! What the tests of the capture share: the capture and what it saw, a TLS server
//! on loopback, and clients.

#![allow(
    dead_code,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking, and each test binary uses its part"
)]

pub mod place;

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Output, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use oisp_capture_ebpf::{EbpfCapture, EbpfConfig};
use oisp_core::capture::{
    CaptureBackend as _, CaptureControl, CaptureError, CaptureStatus, RunningCapture,
};
use oisp_core::raw::{GapCause, TlsKind, Transport};
use oisp_core::{ConnId, Direction, ProcessEvent, RawEvent, RawKind};

/// How long anything may take before a test fails.
pub const DEADLINE: Duration = Duration::from_secs(60);

/// One capture at a time: each probes the whole machine.
static ONE: Mutex<()> = Mutex::new(());

/// A running capture and what it saw.
pub struct Capture {
    running: Option<Box<dyn RunningCapture>>,
    pub status: Arc<dyn CaptureStatus>,
    pub control: Arc<dyn CaptureControl>,
    inbox: Receiver<RawEvent>,
    pub events: Vec<RawEvent>,
    _one: MutexGuard<'static, ()>,
}

/// Starts a capture; `None`, said aloud, where this machine or user cannot. It
/// goes on by itself for `room` events, and waits for the test then.
pub fn capture(test: &str, config: EbpfConfig, room: usize) -> Option<Capture> {
    let one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    let (out, inbox) = sync_channel(room);
    match Box::new(EbpfCapture::new(config)).start(out) {
        Ok(running) => {
            let status = running.status();
            let control = running.control().expect("can be steered");
            Some(Capture {
                running: Some(running),
                status,
                control,
                inbox,
                events: Vec::new(),
                _one: one,
            })
        }
        // Root that cannot capture is a failure wherever it is meant to work: a
        // test that skips itself there would hide it.
        Err(CaptureError::Unsupported { what, .. }) if std::env::var_os("CI").is_some() => {
            panic!("{test}: {what}")
        }
        Err(error @ (CaptureError::Privilege { .. } | CaptureError::Unsupported { .. })) => {
            skip(&format!("{test}: {error}"));
            None
        }
        Err(error) => panic!("{test}: {error}"),
    }
}

/// Says that a test did not run. Past the test's own output, which is not shown
/// where it passes.
pub fn skip(why: &str) {
    let _ = writeln!(std::io::stderr(), "skipped: {why}");
}

impl Capture {
    /// Takes events until `enough` holds.
    pub fn until(&mut self, what: &str, enough: impl Fn(&Self) -> bool) {
        let deadline = Instant::now() + DEADLINE;
        while !enough(self) {
            assert!(
                Instant::now() < deadline,
                "no {what} after {DEADLINE:?}: {}",
                self.summary()
            );
            match self.inbox.recv_timeout(Duration::from_millis(50)) {
                Ok(event) => self.events.push(event),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => panic!("the capture ended before {what}"),
            }
        }
    }

    /// Takes events until the end of that process.
    pub fn until_exit(&mut self, pid: u32) {
        let deadline = Instant::now() + DEADLINE;
        let mut at = 0;
        loop {
            let seen = self.events.iter().skip(at).any(|event| is_exit(event, pid));
            if seen {
                return;
            }
            at = self.events.len();
            match self
                .inbox
                .recv_timeout(deadline.saturating_duration_since(Instant::now()))
            {
                Ok(event) => self.events.push(event),
                Err(error) => panic!("no end of process {pid}: {error}: {}", self.summary()),
            }
        }
    }

    /// Stops the capture and takes what is left.
    pub fn stop(&mut self) {
        let Some(running) = self.running.take() else {
            return;
        };
        let stopping = std::thread::spawn(move || running.stop());
        while let Ok(event) = self.inbox.recv() {
            self.events.push(event);
        }
        stopping.join().expect("stops");
    }

    /// Stops the capture and takes nothing.
    pub fn stop_without_taking(&mut self) {
        let started = Instant::now();
        self.running.take().expect("running").stop();
        assert!(started.elapsed() < DEADLINE);
    }

    pub fn counter(&self, name: &str) -> u64 {
        *self
            .status
            .counters()
            .get(name)
            .unwrap_or_else(|| panic!("no counter {name}"))
    }

    pub fn process_events(&self, pid: u32) -> Vec<&ProcessEvent> {
        let of = |event: &'_ &RawEvent| event.pid == pid;
        self.events
            .iter()
            .filter(of)
            .filter_map(|event| match &event.kind {
                RawKind::Process(event) => Some(event),
                RawKind::Tls(_) | RawKind::File(_) | RawKind::Net(_) => None,
            })
            .collect()
    }

    /// The connections of a process, each with its two streams.
    pub fn connections(&self, pid: u32) -> BTreeMap<ConnId, Connection> {
        let mut all: BTreeMap<ConnId, Connection> = BTreeMap::new();
        for event in self.events.iter().filter(|event| event.pid == pid) {
            let RawKind::Tls(tls) = &event.kind else {
                continue;
            };
            assert_eq!(tls.conn.pid, pid);
            match &tls.what {
                TlsKind::Opened { transport, .. } => {
                    let new = Connection {
                        transport: *transport,
                        ..Connection::default()
                    };
                    let before = all.insert(tls.conn, new);
                    assert!(before.is_none(), "opened twice");
                }
                TlsKind::Data {
                    direction,
                    offset,
                    bytes,
                } => {
                    all.get_mut(&tls.conn)
                        .expect("opened")
                        .stream(*direction)
                        .data(*offset, bytes);
                }
                TlsKind::Gap {
                    direction,
                    offset,
                    len,
                    cause,
                } => {
                    all.get_mut(&tls.conn)
                        .expect("opened")
                        .stream(*direction)
                        .gap(*offset, *len, *cause);
                }
                TlsKind::Socket { local, remote } => {
                    all.get_mut(&tls.conn).expect("opened").socket = Some((*local, *remote));
                }
                TlsKind::ServerName(_) => {}
                TlsKind::Closed => all.get_mut(&tls.conn).expect("opened").closed = true,
            }
        }
        all
    }

    /// The only connection of a process.
    pub fn connection(&self, pid: u32) -> Connection {
        let mut all: Vec<Connection> = self.connections(pid).into_values().collect();
        assert_eq!(all.len(), 1, "{}", self.summary());
        all.remove(0)
    }

    fn summary(&self) -> String {
        format!(
            "{} events, counters {:?}",
            self.events.len(),
            self.status.counters()
        )
    }
}

impl Drop for Capture {
    fn drop(&mut self) {
        self.stop();
    }
}

fn is_exit(event: &RawEvent, pid: u32) -> bool {
    event.pid == pid && matches!(event.kind, RawKind::Process(ProcessEvent::Exit { .. }))
}

/// Both directions of a connection.
#[derive(Debug, Default)]
pub struct Connection {
    pub written: Stream,
    pub read: Stream,
    pub closed: bool,
    pub transport: Transport,
    /// Its own end, and the other.
    pub socket: Option<(SocketAddr, SocketAddr)>,
}

impl Connection {
    fn stream(&mut self, direction: Direction) -> &mut Stream {
        match direction {
            Direction::Outgoing => &mut self.written,
            Direction::Incoming => &mut self.read,
        }
    }
}

/// One direction: every byte is data or in a gap, and no byte is twice.
#[derive(Default)]
pub struct Stream {
    /// Data in order; gaps are left out.
    pub bytes: Vec<u8>,
    pub gaps: Vec<(u64, u64, GapCause)>,
    pub end: u64,
}

impl std::fmt::Debug for Stream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{} bytes to {}, gaps {:?}",
            self.bytes.len(),
            self.end,
            self.gaps
        )
    }
}

impl Stream {
    fn data(&mut self, offset: u64, bytes: &[u8]) {
        assert_eq!(offset, self.end, "data must follow what was there");
        self.end += bytes.len() as u64;
        self.bytes.extend(bytes);
    }

    fn gap(&mut self, offset: u64, len: u64, cause: GapCause) {
        assert_eq!(offset, self.end, "a gap must follow what was there");
        self.end += len;
        self.gaps.push((offset, len, cause));
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }
}

/// A program of the test. Killed when dropped.
pub struct Program {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Program {
    /// Starts a program, and waits for its first line where it says one.
    pub fn start(command: &mut Command) -> Self {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let (input, output) = (
            child.stdin.take(),
            BufReader::new(child.stdout.take().expect("piped")),
        );
        Self {
            child,
            input,
            output,
        }
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    pub fn line(&mut self) -> String {
        let mut line = String::new();
        self.output.read_line(&mut line).expect("a line");
        String::from(line.trim())
    }

    pub fn say(&mut self, line: &str) {
        let input = self.input.as_mut().expect("open");
        writeln!(input, "{line}")
            .and_then(|()| input.flush())
            .expect("said");
    }

    pub fn kill(&mut self) {
        self.child.kill().expect("killed");
        self.child.wait().expect("waited for");
    }

    pub fn wait(&mut self) {
        let status = self.child.wait().expect("waited for");
        assert!(status.success(), "{status}");
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A file beside this one.
pub fn support(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/support")
        .join(name)
}

/// The interpreter itself: a version manager in front of it would start many
/// programs first.
pub fn python() -> PathBuf {
    let output = Command::new("python3")
        .args(["-c", "import sys; print(sys.executable)"])
        .output()
        .expect("python3");
    PathBuf::from(String::from_utf8_lossy(&output.stdout).trim())
}

/// A TLS server on loopback with a certificate of its own.
pub struct Server {
    program: Program,
    pub port: u16,
    certificate: PathBuf,
}

impl Server {
    pub fn start(test: &str) -> Self {
        let certificate =
            std::env::temp_dir().join(format!("oisp-{test}-{}.pem", std::process::id()));
        make_certificate(&certificate);
        let mut program = Program::start(
            Command::new(python())
                .arg(support("server.py"))
                .arg(&certificate),
        );
        let port = program.line().parse().expect("a port");
        Self {
            program,
            port,
            certificate,
        }
    }

    pub fn pid(&self) -> u32 {
        self.program.pid()
    }

    /// A Python client that has connected and waits to be told to send.
    pub fn client(&self, threads: u32, size: usize, rounds: u32) -> Program {
        self.client_with(threads, size, rounds, &[])
    }

    /// The same with variables in its environment.
    pub fn client_with(
        &self,
        threads: u32,
        size: usize,
        rounds: u32,
        variables: &[(&str, &str)],
    ) -> Program {
        let numbers = [
            u32::from(self.port),
            threads,
            u32::try_from(size).expect("small"),
            rounds,
        ];
        let mut command = Command::new(python());
        command
            .arg(support("client.py"))
            .args(numbers.map(|n| n.to_string()));
        command.envs(variables.iter().copied());
        let mut client = Program::start(&mut command);
        assert_eq!(client.line(), "connected");
        client
    }

    /// Runs curl against a path to its end.
    pub fn curl(&self, args: &[&str], path: &str) -> (u32, Output) {
        let url = format!("https://127.0.0.1:{}/{path}", self.port);
        let child = Command::new("curl")
            .args(["--silent", "--show-error", "--insecure", "--http1.1"])
            .args(args)
            .arg(url)
            .stdout(Stdio::piped())
            .spawn()
            .expect("curl");
        let pid = child.id();
        let output = child.wait_with_output().expect("waited for");
        assert!(output.status.success(), "{output:?}");
        (pid, output)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.certificate);
    }
}

/// A key with its certificate, in a file that goes with this.
pub struct Certificate(PathBuf);

impl Certificate {
    pub fn make(test: &str) -> Self {
        let path = std::env::temp_dir().join(format!("oisp-{test}-{}.pem", std::process::id()));
        make_certificate(&path);
        Self(path)
    }

    pub fn path(&self) -> &std::path::Path {
        &self.0
    }
}

impl Drop for Certificate {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// The library of that name of this machine.
pub fn library(name: &str) -> Option<PathBuf> {
    [
        "/usr/lib/x86_64-linux-gnu",
        "/usr/lib/aarch64-linux-gnu",
        "/usr/lib64",
    ]
    .into_iter()
    .map(|directory| PathBuf::from(directory).join(name))
    .find(|path| path.exists())
}

/// A copy of a library in a directory of its own.
pub struct CopiedLibrary {
    directory: String,
}

impl CopiedLibrary {
    pub fn of(name: &str) -> Option<Self> {
        let original = library(name)?;
        let directory = std::env::temp_dir().join(format!("oisp-library-{}", std::process::id()));
        std::fs::create_dir_all(&directory).expect("a directory");
        std::fs::copy(original, directory.join(name)).expect("a copy");
        Some(Self {
            directory: directory.to_string_lossy().into_owned(),
        })
    }

    pub fn directory(&self) -> &str {
        &self.directory
    }

    pub fn remove(&self) {
        std::fs::remove_dir_all(&self.directory).expect("removed");
    }
}

fn make_certificate(path: &std::path::Path) {
    let status = Command::new("openssl")
        .args([
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:prime256v1",
            "-nodes",
        ])
        .args(["-days", "1", "-subj", "/CN=localhost", "-keyout"])
        .arg(path)
        .arg("-out")
        .arg(path.with_extension("crt"))
        .stderr(Stdio::null())
        .status()
        .expect("openssl");
    assert!(status.success());
    let mut pem = std::fs::read(path).expect("key");
    let crt = path.with_extension("crt");
    pem.extend(std::fs::read(&crt).expect("certificate"));
    std::fs::write(path, pem).expect("written");
    let _ = std::fs::remove_file(crt);
}

/// What `client.py` sends in one round.
pub fn request(thread: u32, size: usize) -> Vec<u8> {
    let mut bytes = format!("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: {size}\r\n\r\n")
        .into_bytes();
    bytes.extend(body(thread, size));
    bytes
}

/// And its body.
pub fn body(thread: u32, size: usize) -> Vec<u8> {
    let mut body = format!("thread {thread:06} ").into_bytes();
    body.extend(b"abcdefghijklmnopqrstuvwxyz".iter().cycle().take(size));
    body.truncate(size);
    body
}
