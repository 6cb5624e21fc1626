//! Two programs in roots of their own, each with another OpenSSL, in the control
//! groups of two containers: both are captured, and each is told apart.
//!
//! The program is this test itself, copied with the libraries that it needs. Of
//! the two libraries one is the machine's; the other, of another generation, is
//! the one inside a Python wheel (`scripts/clients-setup.sh` fetches it).

#![cfg(target_os = "linux")]
#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test states its assumptions by panicking"
)]

mod support;

use std::ffi::{CStr, CString, c_char, c_int, c_long, c_void};
use std::io::{BufRead as _, Write as _};
use std::net::TcpStream;
use std::os::fd::AsRawFd as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use oisp_capture_ebpf::EbpfConfig;
use oisp_core::{ProcessEvent, ProcessFacts, RawKind};
use support::place::{Folder, Group};
use support::{Capture, Program, Server, capture, skip};

const BODY: &str = "made-up prompt";

#[test]
fn two_containers_with_different_openssl_are_captured_and_told_apart() {
    let (Some(new), Some(old)) = (of_machine(), of_wheel()) else {
        return skip("containers: no OpenSSL 3 of this machine, or no OpenSSL 1.1 of a wheel");
    };
    let id = |which: u32| format!("{:0>63x}{which}", std::process::id());
    let (Some(one), Some(two)) = (
        Group::new(&format!("docker/{}", id(1))),
        Group::new(&format!("docker/{}", id(2))),
    ) else {
        return skip("containers: no control groups of version 2 to write to");
    };
    let config = EbpfConfig {
        ring_bytes: Some(64 << 20),
        ..EbpfConfig::default()
    };
    let Some(mut capture) = capture("containers", config, 100_000) else {
        return;
    };
    let server = Server::start("containers");
    let mut inside = [
        (
            Inside::start("new", &one, &new, server.port),
            id(1),
            "OpenSSL 3.",
        ),
        (
            Inside::start("old", &two, &old, server.port),
            id(2),
            "OpenSSL 1.1.",
        ),
    ];
    for (inside, _, version) in &mut inside {
        assert!(inside.version.starts_with(*version), "{}", inside.version);
        let root = inside.root.path().to_path_buf();
        capture.until("the probes", |capture| is_probed(capture, &root));
    }
    for (inside, ..) in &mut inside {
        inside.program.say("go");
    }
    for (inside, id, _) in &mut inside {
        inside.program.wait();
        let pid = facts_in(&mut capture, id).pid;
        capture.until_exit(pid);
        // Its folder is not of this machine's, and so is its number.
        let facts = facts_in(&mut capture, id);
        assert_eq!(
            facts.container.as_ref().unwrap().runtime.as_deref(),
            Some("docker")
        );
        let connection = capture.connection(pid);
        assert_eq!(connection.written.text(), request());
        let answer: String = BODY.chars().rev().collect();
        assert!(connection.read.text().starts_with("HTTP/1.1 200 OK\r\n"));
        assert!(
            connection
                .read
                .text()
                .ends_with(&format!("\r\n\r\n{answer}"))
        );
        assert!(connection.closed);
        assert!(connection.written.gaps.is_empty() && connection.read.gaps.is_empty());
    }
}

/// The program as it was started in that container.
fn facts_in(capture: &mut Capture, id: &str) -> Arc<ProcessFacts> {
    let find = |capture: &Capture| {
        capture.events.iter().find_map(|event| match &event.kind {
            RawKind::Process(ProcessEvent::Exec(facts))
                if facts
                    .args
                    .iter()
                    .flatten()
                    .any(|arg| arg == "program_inside")
                    && facts
                        .exe
                        .as_deref()
                        .is_some_and(|exe| exe.ends_with("/program"))
                    && facts.container.as_ref().is_some_and(|of| of.id == id) =>
            {
                Some(Arc::clone(facts))
            }
            _ => None,
        })
    };
    capture.until("the program in its container", |capture| {
        find(capture).is_some()
    });
    find(capture).unwrap()
}

/// A library below that folder is probed.
fn is_probed(capture: &Capture, root: &Path) -> bool {
    let name = root.file_name().unwrap().to_str().unwrap().to_owned();
    let details = capture.status.details();
    let targets = details["targets"].as_array().unwrap();
    targets.iter().any(|target| {
        target["path"].as_str().unwrap().contains(&name) && target["probes"].as_u64() > Some(0)
    })
}

/// The two libraries of an OpenSSL: `libcrypto` and `libssl`.
type Libraries = [PathBuf; 2];

fn of_machine() -> Option<Libraries> {
    let folders = [
        "/usr/lib/x86_64-linux-gnu",
        "/usr/lib/aarch64-linux-gnu",
        "/usr/lib64",
    ];
    folders
        .into_iter()
        .map(|folder| ["libcrypto.so.3", "libssl.so.3"].map(|name| Path::new(folder).join(name)))
        .find(|both| both.iter().all(|path| path.exists()))
}

fn of_wheel() -> Option<Libraries> {
    let tools = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.tools/openssl-1.1");
    let find = |prefix: &str| {
        let entries = std::fs::read_dir(&tools).ok()?;
        entries
            .filter_map(Result::ok)
            .map(|entry| entry.path())
            .find(|path| {
                path.file_name()
                    .is_some_and(|name| name.to_string_lossy().starts_with(prefix))
            })
    };
    Some([find("libcrypto")?, find("libssl")?])
}

/// A program in a root of its own.
struct Inside {
    program: Program,
    version: String,
    root: Folder,
}

impl Inside {
    /// Starts it, and waits until it has loaded its library.
    fn start(name: &str, group: &Group, libraries: &Libraries, port: u16) -> Self {
        let root = Folder::new(&format!("root-{name}"));
        let own = std::env::current_exe().unwrap();
        copy(&own, &root.path().join("program"));
        for needed in [&own]
            .into_iter()
            .chain(libraries)
            .flat_map(|path| needs(path))
        {
            copy(
                &needed,
                &root.path().join(needed.strip_prefix("/").unwrap()),
            );
        }
        let mut inside = vec![port.to_string()];
        for library in libraries {
            let name = library.file_name().unwrap().to_str().unwrap();
            copy(library, &root.path().join("tls").join(name));
            inside.push(format!("/tls/{name}"));
        }
        std::fs::create_dir_all(root.path().join("proc")).unwrap();
        let folder = root.path().display();
        let script = format!(
            "exec unshare --mount --pid --fork --kill-child --mount-proc={folder}/proc \
             chroot {folder} /program program_inside --exact --ignored --nocapture"
        );
        let mut command = group.shell(&script);
        command.env("OISP_TEST_INSIDE", inside.join(" "));
        let mut program = Program::start(&mut command);
        let version = loop {
            let line = program.line();
            if let Some(version) = line.strip_prefix("loaded ") {
                break String::from(version);
            }
            assert!(!line.contains("FAILED"), "{line}");
        };
        Self {
            program,
            version,
            root,
        }
    }
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to.parent().unwrap()).unwrap();
    std::fs::copy(from, to).unwrap_or_else(|error| panic!("{from:?}: {error}"));
}

/// The libraries that a file needs, and what loads them.
fn needs(path: &Path) -> Vec<PathBuf> {
    let output = Command::new("ldd").arg(path).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.split_ascii_whitespace()
        .filter(|word| word.starts_with('/'))
        .map(|word| PathBuf::from(word.trim_end_matches(':')))
        .filter(|needed| needed != path && needed.exists())
        .collect()
}

fn request() -> String {
    format!(
        "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n\r\n{BODY}",
        BODY.len()
    )
}

/// Not a test: the program that is run in the roots above.
#[test]
#[ignore = "it is run by the other test"]
fn program_inside() {
    let told = std::env::var("OISP_TEST_INSIDE").unwrap();
    let [port, crypto, ssl] = told.split(' ').collect::<Vec<_>>()[..] else {
        panic!("{told}")
    };
    let (crypto, ssl) = (Library::load(crypto), Library::load(ssl));
    // Past the line that the test itself begins with.
    writeln!(std::io::stdout(), "\nloaded {}", crypto.version()).unwrap();
    std::io::stdin()
        .lock()
        .read_line(&mut String::new())
        .unwrap();
    let socket = TcpStream::connect(("127.0.0.1", port.parse().unwrap())).unwrap();
    ssl.talk(&socket);
}

/// A shared library, loaded by its path.
struct Library(*mut c_void);

/// What every pointer of the library is here.
type Pointer = *mut c_void;

impl Library {
    fn load(path: &str) -> Self {
        let path = CString::new(path).unwrap();
        // SAFETY: the library's own start is all that runs.
        let handle = unsafe { libc::dlopen(path.as_ptr(), libc::RTLD_NOW | libc::RTLD_GLOBAL) };
        assert!(!handle.is_null(), "{path:?}");
        Self(handle)
    }

    /// The function of that name, as what the caller says that it is.
    fn function<F: Copy>(&self, name: &CStr) -> F {
        // SAFETY: the handle is open.
        let found = unsafe { libc::dlsym(self.0, name.as_ptr()) };
        assert!(!found.is_null(), "{name:?}");
        assert_eq!(size_of::<F>(), size_of::<Pointer>());
        // SAFETY: each caller below writes the type as OpenSSL's headers have it.
        unsafe { std::mem::transmute_copy(&found) }
    }

    fn version(&self) -> String {
        let version: extern "C" fn(c_int) -> *const c_char = self.function(c"OpenSSL_version");
        // SAFETY: a constant of the library.
        unsafe { CStr::from_ptr(version(0)) }
            .to_string_lossy()
            .into_owned()
    }

    /// One request and its answer.
    fn talk(&self, socket: &TcpStream) {
        let method: extern "C" fn() -> Pointer = self.function(c"TLS_client_method");
        let new_context: extern "C" fn(Pointer) -> Pointer = self.function(c"SSL_CTX_new");
        let new: extern "C" fn(Pointer) -> Pointer = self.function(c"SSL_new");
        let set_fd: extern "C" fn(Pointer, c_int) -> c_int = self.function(c"SSL_set_fd");
        let connect: extern "C" fn(Pointer) -> c_int = self.function(c"SSL_connect");
        let write: extern "C" fn(Pointer, *const u8, c_int) -> c_int = self.function(c"SSL_write");
        let read: extern "C" fn(Pointer, *mut u8, c_int) -> c_int = self.function(c"SSL_read");
        let free: extern "C" fn(Pointer) = self.function(c"SSL_free");
        let control: extern "C" fn(Pointer, c_int, c_long, Pointer) -> c_long =
            self.function(c"SSL_ctrl");
        let session = new(new_context(method()));
        // SSL_CTRL_MODE, SSL_MODE_AUTO_RETRY: a read is not ended by a ticket.
        control(session, 33, 4, std::ptr::null_mut());
        assert_eq!(set_fd(session, socket.as_raw_fd()), 1);
        assert_eq!(connect(session), 1);
        let request = request();
        let len = c_int::try_from(request.len()).unwrap();
        assert_eq!(write(session, request.as_ptr(), len), len);
        let mut answer = Vec::new();
        while !answer.ends_with(BODY.chars().rev().collect::<String>().as_bytes()) {
            let mut bytes = [0; 4096];
            let taken = read(session, bytes.as_mut_ptr(), 4096);
            answer.extend(&bytes[..usize::try_from(taken).unwrap()]);
            assert!(taken > 0);
        }
        free(session);
    }
}
