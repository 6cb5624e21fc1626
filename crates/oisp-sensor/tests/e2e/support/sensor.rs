//! A sensor under test: started, asked, stopped.

use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;

use super::events::{self, Events};
use super::{LIMIT, eventually, in_ci, skipped, within};

/// The binary, without the settings of whoever runs the tests.
pub fn binary() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_oisp-sensor"));
    without_settings(&mut command);
    command
}

/// Takes `OISP_…` out of a command's environment.
pub fn without_settings(command: &mut Command) {
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("OISP_") {
            command.env_remove(name);
        }
    }
    // No file of this machine either.
    command.env("OISP_CONFIG", "/dev/null");
}

/// A running `record`.
pub struct Sensor {
    test: String,
    child: Child,
    dir: TempDir,
    door: Door,
}

/// Where the dashboard is, and what opens it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Door {
    pub is_tls: bool,
    pub port: u16,
    pub token: String,
}

/// A sensor under test sees what all tests send at the same time, is not
/// optimised, and shares two cores with their clients: with room for all of it,
/// what a test sees does not depend on who is scheduled when.
const ROOMY: [&str; 2] = ["--ring-mib", "64"];

/// What a sensor left behind.
pub struct Ended {
    pub status: ExitStatus,
    pub events: Events,
    pub stderr: String,
}

impl Sensor {
    /// Starts `record` with these arguments too, and waits until it captures.
    /// `None`, said aloud, where this machine cannot.
    pub fn record(test: &str, arguments: &[&str]) -> Option<Self> {
        let mut command = binary();
        command.arg("record").args(arguments);
        Self::start(test, command)
    }

    /// Starts a command that is `record`, whatever it runs in.
    pub fn start(test: &str, mut command: Command) -> Option<Self> {
        let dir = TempDir::new().unwrap();
        let child = command
            .arg("--output")
            .arg(dir.path().join("events.jsonl"))
            .arg("--store")
            .arg(dir.path().join("events.db"))
            .args(["--port", "0"])
            .args(ROOMY)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::create(dir.path().join("stderr")).unwrap())
            .spawn()
            .unwrap();
        let mut sensor = Self {
            test: test.to_owned(),
            child,
            dir,
            door: Door::default(),
        };
        match sensor.wait_ready() {
            Ok(door) => sensor.door = door,
            Err(why) if is_impossible(&why) && !in_ci() => {
                skipped(test, &format!("cannot capture here: {}", why.trim()));
                return None;
            }
            Err(why) => panic!("{test}: the sensor did not start: {why}"),
        }
        if !sensor.door.is_tls {
            assert_eq!(sensor.get("/api/ready").0, 200);
        }
        Some(sensor)
    }

    /// The dashboard once capture is attached, or the last words.
    fn wait_ready(&mut self) -> Result<Door, String> {
        let announced = within(LIMIT, || {
            let said = self.stderr();
            if let Some(status) = self.child.try_wait().unwrap() {
                return Some(Err(format!("{status}: {said}")));
            }
            door_of(&said).map(Ok)
        });
        announced.unwrap_or_else(|| Err(format!("silent for {LIMIT:?}: {}", self.stderr())))
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Where `name` stands in the sensor's folder.
    pub fn file(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// What was said on standard error so far.
    pub fn stderr(&self) -> String {
        String::from_utf8_lossy(&fs::read(self.file("stderr")).unwrap()).into_owned()
    }

    /// The events that are in the file so far.
    pub fn events(&self) -> Events {
        events::read(&self.file("events.jsonl"))
    }

    /// Waits for events in the file until `enough` holds.
    pub fn until(&self, what: &str, enough: impl Fn(&Events) -> bool) -> Events {
        eventually(what, || Some(self.events()).filter(|events| enough(events)))
    }

    /// Where the dashboard is, and what opens it.
    pub const fn door(&self) -> &Door {
        &self.door
    }

    /// Asks the API: status and body.
    pub fn get(&self, path: &str) -> (u16, String) {
        get(&self.door, path).unwrap()
    }

    /// `/api/health`.
    pub fn health(&self) -> Value {
        serde_json::from_str(&self.get("/api/health").1).unwrap()
    }

    /// The counters of what was lost on the way, those that are not zero.
    pub fn losses(&self) -> String {
        let health = self.health();
        let counters = health["counters"].as_object().unwrap().iter();
        let lost = counters.filter(|(name, count)| {
            name.contains("dropped") && !name.contains("filtered") && count.as_u64() != Some(0)
        });
        lost.map(|(name, count)| format!("{name}={count} "))
            .collect()
    }

    pub fn signal(&self, signal: Signal) {
        kill(self.pid(), signal);
    }

    /// Stops it by SIGTERM.
    pub fn stop(self) -> Ended {
        self.stop_by(Signal::TERM)
    }

    /// Stops it by that signal and takes what it leaves.
    pub fn stop_by(self, signal: Signal) -> Ended {
        self.signal(signal);
        self.ended()
    }

    /// Waits for its end.
    pub fn ended(mut self) -> Ended {
        let status = wait(&mut self.child, "the sensor ends");
        self.keep_events();
        Ended {
            status,
            events: self.events(),
            stderr: self.stderr(),
        }
    }
}

impl Sensor {
    /// Keeps the events in the build folder, to be looked at, and to be held to
    /// their schema where that is at hand.
    fn keep_events(&self) {
        let kept = Path::new(env!("CARGO_TARGET_TMPDIR")).join("e2e");
        fs::create_dir_all(&kept).unwrap();
        let kept = kept.join(&self.test).with_extension("jsonl");
        fs::copy(self.file("events.jsonl"), kept).unwrap();
    }
}

impl Drop for Sensor {
    /// A failed test leaves no sensor behind.
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The sensor says itself that this machine or this user cannot capture.
fn is_impossible(why: &str) -> bool {
    why.contains("capturing with eBPF needs root") || why.contains("needs Linux 5.10")
}

fn door_of(said: &str) -> Option<Door> {
    let (_, rest) = said.split_once("  link       ")?;
    let (link, _) = rest.split_once(' ')?;
    let (address, token) = link.split_once("/?token=")?;
    let (scheme, port) = address.split_once("://localhost:")?;
    Some(Door {
        is_tls: scheme == "https",
        port: port.parse().ok()?,
        token: token.to_owned(),
    })
}

/// Waits for the end of a process, which a failing test does not leave running.
pub fn wait(child: &mut Child, what: &str) -> ExitStatus {
    within(LIMIT, || child.try_wait().unwrap()).unwrap_or_else(|| {
        let _ = child.kill();
        panic!("{what}: not within {LIMIT:?}")
    })
}

pub fn kill(pid: u32, signal: Signal) {
    let pid = Pid::from_raw(i32::try_from(pid).unwrap()).unwrap();
    kill_process(pid, signal).unwrap();
}

/// A request in HTTP/1.0: the answer ends with the connection.
pub fn get(door: &Door, path: &str) -> std::io::Result<(u16, String)> {
    let Door { port, token, .. } = door;
    let mut stream = TcpStream::connect(("127.0.0.1", *port))?;
    stream.set_read_timeout(Some(Duration::from_secs(20)))?;
    write!(
        stream,
        "GET {path} HTTP/1.0\r\nHost: localhost:{port}\r\nAuthorization: Bearer {token}\r\n\r\n"
    )?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    let answer = String::from_utf8(answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    Ok((status, body.to_owned()))
}

/// The lines of a file that ends with a whole line.
pub fn whole_lines(path: &Path) -> Vec<String> {
    let text = fs::read_to_string(path).unwrap();
    assert!(
        text.is_empty() || text.ends_with('\n'),
        "{} ends within a line",
        path.display()
    );
    text.lines().map(str::to_owned).collect()
}
