//! Starting, asking and stopping a provider.

use std::fs::{self, File};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

use crate::exchange::{Exchange, Journal};
use crate::scenario::Scenario;
use crate::server::{self, Shared};
use crate::{Error, certificates};

/// Settings of a provider that is not started yet.
#[derive(Debug, Default)]
pub struct Builder {
    dir: PathBuf,
    https_port: u16,
    http_port: u16,
    log: Option<PathBuf>,
    scenarios: Vec<Scenario>,
}

impl Builder {
    /// The folder for `ca.pem`; made where it is missing.
    #[must_use]
    pub fn dir(mut self, dir: impl Into<PathBuf>) -> Self {
        self.dir = dir.into();
        self
    }

    /// The ports for TLS and for plain HTTP; 0, the default, is any free one.
    #[must_use]
    pub const fn ports(mut self, https: u16, http: u16) -> Self {
        self.https_port = https;
        self.http_port = http;
        self
    }

    /// Write every exchange to this file too, one JSON object a line, bodies
    /// in base64. It holds whatever the clients sent, keys included.
    #[must_use]
    pub fn log(mut self, path: impl Into<PathBuf>) -> Self {
        self.log = Some(path.into());
        self
    }

    /// Answers written beforehand; the first that fits is given.
    #[must_use]
    pub fn scenarios(mut self, scenarios: Vec<Scenario>) -> Self {
        self.scenarios = scenarios;
        self
    }

    /// Starts it on the current tokio runtime.
    pub async fn start(self) -> Result<Provider, Error> {
        fs::create_dir_all(&self.dir).map_err(|source| Error::Write {
            path: self.dir.clone(),
            source,
        })?;
        let (ca, config) = certificates::make()?;
        let ca_pem_path = self.dir.join("ca.pem");
        fs::write(&ca_pem_path, ca).map_err(|source| Error::Write {
            path: ca_pem_path.clone(),
            source,
        })?;
        let log = self.log.map(create).transpose()?;
        let journal = Arc::new(Journal::new(log));
        let shared = Arc::new(Shared::new(Arc::clone(&journal), self.scenarios));
        let (https, https_addr) = listen(self.https_port).await?;
        let (http, http_addr) = listen(self.http_port).await?;
        let tasks = [
            tokio::spawn(server::serve(
                https,
                Some(TlsAcceptor::from(config)),
                Arc::clone(&shared),
            )),
            tokio::spawn(server::serve(http, None, shared)),
        ];
        Ok(Provider {
            https_addr,
            http_addr,
            ca_pem_path,
            journal,
            tasks,
        })
    }
}

fn create(path: PathBuf) -> Result<File, Error> {
    File::create(&path).map_err(|source| Error::Write { path, source })
}

async fn listen(port: u16) -> Result<(TcpListener, SocketAddr), Error> {
    let failed = |source| Error::Listen { port, source };
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))
        .await
        .map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    Ok((listener, address))
}

/// A running provider. It stops when it is dropped.
#[derive(Debug)]
pub struct Provider {
    https_addr: SocketAddr,
    http_addr: SocketAddr,
    ca_pem_path: PathBuf,
    journal: Arc<Journal>,
    tasks: [JoinHandle<()>; 2],
}

impl Provider {
    /// Settings to start one with.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// `https://localhost:PORT`, without a path.
    pub fn https_url(&self) -> String {
        format!("https://localhost:{}", self.https_addr.port())
    }

    /// `http://127.0.0.1:PORT`, without a path.
    pub fn http_url(&self) -> String {
        format!("http://{}", self.http_addr)
    }

    /// The base URL over TLS that client libraries of an API want. `api` begins
    /// with its name: `anthropic`, `bedrock`, `cohere`, `gemini` or `ollama`; what
    /// begins otherwise is OpenAI's.
    pub fn base_url(&self, api: &str) -> String {
        let apis = [
            ("anthropic", "api.anthropic.com", ""),
            ("bedrock", "bedrock-runtime.us-east-1.amazonaws.com", ""),
            ("cohere", "api.cohere.com", ""),
            ("gemini", "generativelanguage.googleapis.com", ""),
            ("ollama", "localhost", ""),
        ];
        let found = apis.into_iter().find(|(name, ..)| api.starts_with(name));
        let (_, host, path) = found.unwrap_or(("openai", "api.openai.com", "/v1"));
        format!("https://{host}:{}{path}", self.https_addr.port())
    }

    /// Where it listens for TLS. The certificate is also good for the names of
    /// the providers whose formats it speaks, for clients that can be told to
    /// reach these names here.
    pub const fn https_addr(&self) -> SocketAddr {
        self.https_addr
    }

    /// Where it listens without TLS.
    pub const fn http_addr(&self) -> SocketAddr {
        self.http_addr
    }

    /// The certificate of the authority that clients must trust.
    pub fn ca_pem_path(&self) -> &Path {
        &self.ca_pem_path
    }

    /// The exchanges that have ended, in order of their ends.
    pub fn exchanges(&self) -> Vec<Exchange> {
        self.journal.all()
    }

    /// How many exchanges were given up to keep memory bounded.
    pub fn forgotten(&self) -> u64 {
        self.journal.forgotten()
    }

    /// The exchanges once `count` have ended since the start, or those that
    /// there are after `limit`.
    pub async fn wait_for(&self, count: u64, limit: Duration) -> Vec<Exchange> {
        let _ = tokio::time::timeout(limit, self.journal.ended(count)).await;
        self.exchanges()
    }

    /// Stops it and returns once its ports are closed.
    pub async fn shutdown(mut self) {
        for task in &mut self.tasks {
            task.abort();
            // Cancelled, as asked.
            let _ = task.await;
        }
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}
