//! The loopback provider by hand: starts it, says where it is, one JSON line,
//! and runs until its standard input ends or it is interrupted.
//!
//! `oisp-testkit-provider [--dir DIR] [--log FILE] [--https-port N]
//! [--http-port N] [--demo ROUNDS]`

use std::error::Error;
use std::io::Write;
use std::path::PathBuf;

use oisp_testkit::{Provider, demo};
use tokio::io::AsyncReadExt;

#[derive(Default)]
struct Options {
    dir: Option<PathBuf>,
    log: Option<PathBuf>,
    https_port: u16,
    http_port: u16,
    /// Run the demo's clients that many times and stop.
    demo_rounds: u32,
}

fn options(mut words: impl Iterator<Item = String>) -> Result<Options, Box<dyn Error>> {
    let mut options = Options::default();
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or(format!("{word} needs a value"));
        match word.as_str() {
            "--dir" => options.dir = Some(value()?.into()),
            "--log" => options.log = Some(value()?.into()),
            "--https-port" => options.https_port = value()?.parse()?,
            "--http-port" => options.http_port = value()?.parse()?,
            "--demo" => options.demo_rounds = value()?.parse()?,
            other => return Err(format!("unknown option {other}; there are --dir, --log, --https-port, --http-port and --demo").into()),
        }
    }
    Ok(options)
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> Result<(), Box<dyn Error>> {
    let options = options(std::env::args().skip(1))?;
    let dir = options.dir.unwrap_or_else(|| {
        std::env::temp_dir().join(format!("oisp-testkit-{}", std::process::id()))
    });
    let mut builder = Provider::builder()
        .dir(&dir)
        .ports(options.https_port, options.http_port)
        .scenarios(demo::scenarios());
    if let Some(log) = options.log {
        builder = builder.log(log);
    }
    let provider = builder.start().await?;
    let line = serde_json::json!({
        "https": provider.https_url(),
        "http": provider.http_url(),
        "ca": provider.ca_pem_path(),
        "pid": std::process::id(),
    });
    writeln!(std::io::stdout(), "{line}")?;
    if options.demo_rounds == 0 {
        until_stdin_ends().await?;
    }
    for _ in 0..options.demo_rounds {
        round(&provider, &dir).await?;
    }
    provider.shutdown().await;
    Ok(())
}

async fn until_stdin_ends() -> std::io::Result<()> {
    let mut ignored = [0; 256];
    let mut stdin = tokio::io::stdin();
    while stdin.read(&mut ignored).await? > 0 {}
    Ok(())
}

async fn round(provider: &Provider, dir: &std::path::Path) -> Result<(), Box<dyn Error>> {
    let clients = demo::clients().await;
    for client in &clients {
        if let Err(why) = &client.available {
            writeln!(std::io::stderr(), "skipped {}: {why}", client.name)?;
        }
    }
    let scripts = dir.join("demo");
    let target = demo::Target {
        address: provider.https_addr(),
        ca: provider.ca_pem_path(),
        dir: &scripts,
    };
    for outcome in demo::run_round(target, &clients).await? {
        let told = outcome
            .result
            .map(|printed| format!("{} bytes printed", printed.len()));
        writeln!(
            std::io::stderr(),
            "{} (pid {:?}, {:?}): {told:?}",
            outcome.name,
            outcome.pid,
            outcome.took
        )?;
    }
    Ok(())
}
