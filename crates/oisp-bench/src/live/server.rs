//! What capture costs a busy TLS server: nginx under wrk, on its own, while
//! another process is watched, captured alone, and captured with everything.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, ensure};

use super::process::{self, Owned, until};
use super::running::Running;
use crate::report::{Bar, Report};
use crate::stats::{median, quantile};

const ROUNDS: usize = 7;
const SECONDS: u32 = 3;
/// What is too little to be told from noise.
const NO_LOSS: Bar = Bar::AtMost(2.0);

/// Prints a row for each way of watching.
pub(super) fn measure(binary: &Path, report: &mut Report) -> anyhow::Result<()> {
    report.section("capture: a TLS server under wrk, 1 KB answers on 8 kept connections");
    for program in ["nginx", "wrk"] {
        if which(program).is_none() {
            report.skip("a TLS server", &format!("there is no {program}"));
            return Ok(());
        }
    }
    let dir = tempfile::tempdir()?;
    let server = Server::start(dir.path())?;
    let other = Owned::start(Command::new("sleep").arg("600"))?;
    let ways = [
        (
            "another process watched",
            vec![String::from("--pid"), other.id().to_string()],
            NO_LOSS,
        ),
        (
            "this server alone captured",
            vec![String::from("--pid"), server.worker.to_string()],
            Bar::None,
        ),
        ("everything captured", Vec::new(), Bar::None),
        (
            "everything, processor not limited",
            vec![String::from("--cpu-budget"), String::from("0")],
            Bar::None,
        ),
    ];
    for (what, options, bar) in ways {
        let (mut losses, mut bare_rates, mut cpu) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            let bare = server.load()?;
            let sensor = Running::start_with(binary, dir.path(), &options)?;
            let before = process::cpu(sensor.id())?;
            let watched = server.load()?;
            let worked = process::cpu(sensor.id())?.saturating_sub(before);
            sensor.stop()?;
            losses.push((1.0 - watched / bare) * 100.0);
            bare_rates.push(bare);
            cpu.push(worked.as_secs_f64() / f64::from(SECONDS) * 100.0);
        }
        let (low, high) = (quantile(&mut losses, 0.25), quantile(&mut losses, 0.75));
        let beside = format!(
            "of {:.0} requests/s; middle half {low:+.1} to {high:+.1} %; sensor {:.0} % CPU",
            median(&mut bare_rates),
            median(&mut cpu),
        );
        report.row(what, median(&mut losses), "%", bar, &beside);
    }
    Ok(())
}

/// nginx with one worker.
struct Server {
    _master: Owned,
    worker: u32,
    port: u16,
}

impl Server {
    fn start(dir: &Path) -> anyhow::Result<Self> {
        let port = std::net::TcpListener::bind("127.0.0.1:0")?
            .local_addr()?
            .port();
        let at = |name: &str| dir.join(name).display().to_string();
        let made = Command::new("openssl")
            .args([
                "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1",
            ])
            .args([
                "-subj",
                "/CN=localhost",
                "-keyout",
                &at("key"),
                "-out",
                &at("cert"),
            ])
            .stderr(Stdio::null())
            .status()
            .context("openssl")?;
        ensure!(made.success(), "openssl makes no certificate");
        fs::create_dir(dir.join("www"))?;
        fs::write(dir.join("www/1k"), vec![b'x'; 1024])?;
        let root = at("");
        let config = format!(
            "daemon off; worker_processes 1; pid {root}pid; error_log {root}log;\n\
             events {{ worker_connections 64; }}\n\
             http {{ access_log off; keepalive_requests 10000000; client_body_temp_path {root}b; \
             proxy_temp_path {root}p; fastcgi_temp_path {root}f; uwsgi_temp_path {root}u; \
             scgi_temp_path {root}s;\n\
             server {{ listen 127.0.0.1:{port} ssl; ssl_certificate {root}cert; \
             ssl_certificate_key {root}key; root {root}www; }} }}\n"
        );
        fs::write(dir.join("conf"), config)?;
        // The worker is another user where this is root.
        open_to_all(dir)?;
        let mut command = Command::new("nginx");
        command
            .arg("-c")
            .arg(dir.join("conf"))
            .arg("-e")
            .arg(dir.join("log"));
        let master = Owned::start(command.stderr(Stdio::null()))?;
        let mut worker = None;
        until(Duration::from_secs(10), || {
            worker = child_of(master.id());
            worker.is_some() && std::net::TcpStream::connect(("127.0.0.1", port)).is_ok()
        })
        .context("nginx does not answer")?;
        Ok(Self {
            worker: worker.context("no worker")?,
            _master: master,
            port,
        })
    }

    /// Requests a second.
    fn load(&self) -> anyhow::Result<f64> {
        let output = Command::new("wrk")
            .args(["-t", "1", "-c", "8", "-d", &format!("{SECONDS}s")])
            .arg(format!("https://127.0.0.1:{}/1k", self.port))
            .output()
            .context("wrk")?;
        let text = String::from_utf8_lossy(&output.stdout);
        let rate = text
            .lines()
            .find_map(|line| line.strip_prefix("Requests/sec:"));
        let rate: f64 = rate.context("wrk says no rate")?.trim().parse()?;
        ensure!(!text.contains("Non-2xx"), "nginx refused: {text}");
        Ok(rate)
    }
}

fn open_to_all(dir: &Path) -> anyhow::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(dir, fs::Permissions::from_mode(0o755))?;
    Ok(())
}

fn child_of(pid: u32) -> Option<u32> {
    let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).ok()?;
    children.split_whitespace().next()?.parse().ok()
}

fn which(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|dir| dir.join(program))
        .find(|file| file.is_file())
}
