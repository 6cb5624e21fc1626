//! Listens, and keeps a task for each program.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use oisp_config::SecretError;
use oisp_core::{SafeEvent, Secret};
use oisp_store::EventLog;
use tokio::net::TcpListener;
use tokio::runtime::Handle;
use tokio::sync::broadcast;
use tokio::task::{JoinHandle, JoinSet};

use super::client;
use super::config::WebsocketConfig;
use crate::config::ConfigError;
use crate::filter::Wanted;
use crate::sink::Stopper;
use crate::trial::test_event;
use crate::{DeliverError, SinkStatus, Stopping, TrialError};

/// Programs over the bound that are told so at once. More wait.
const TOLD: usize = 16;
/// How long the programs have to take leave.
const LEAVE: Duration = Duration::from_secs(1);

/// The server at work.
#[derive(Debug)]
pub struct WebsocketServer {
    addr: SocketAddr,
    status: Arc<SinkStatus>,
    stopper: Stopper,
    server: JoinHandle<()>,
    runtime: Handle,
    trials: broadcast::Sender<Arc<SafeEvent>>,
}

/// Why it cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// A key is wrong.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The token is missing.
    #[error("token: {0}")]
    Secret(#[from] SecretError),
    /// There is nothing that a program could show.
    #[error("token: the sensor has none of its own: set one of at least 16 characters")]
    NoToken,
    /// The port is taken or not allowed.
    #[error("cannot listen on {addr}: {source}; choose another port")]
    Listen {
        /// Where.
        addr: SocketAddr,
        /// The operating system's answer.
        source: io::Error,
    },
}

/// What the programs share.
pub(super) struct Shared {
    pub(super) log: EventLog,
    pub(super) filter: Wanted,
    pub(super) token: Secret<String>,
    pub(super) status: Arc<SinkStatus>,
    pub(super) stopping: Stopping,
    /// Test events: they are not kept.
    pub(super) trials: broadcast::Sender<Arc<SafeEvent>>,
}

impl WebsocketServer {
    /// Listens. `own_token` is the sensor's own, for where none is configured.
    ///
    /// # Errors
    /// When the configuration is wrong, there is no token, or the port is taken.
    pub fn start(
        config: &WebsocketConfig,
        own_token: Option<Secret<String>>,
        log: EventLog,
        runtime: Handle,
    ) -> Result<Self, BindError> {
        config.check()?;
        let token = match &config.token {
            Some(source) => Some(source.resolve()?),
            None => own_token,
        };
        let token = token
            .filter(|token| token.expose().len() >= 16)
            .ok_or(BindError::NoToken)?;
        let addr = SocketAddr::new(config.host, config.port);
        let no_port = |source| BindError::Listen { addr, source };
        let listener = runtime.block_on(TcpListener::bind(addr)).map_err(no_port)?;
        let addr = listener.local_addr().map_err(no_port)?;
        let (stopper, stopping) = Stopper::new(LEAVE);
        let status = Arc::new(SinkStatus::new(&config.full_name()));
        status.succeeded();
        let shared = Arc::new(Shared {
            log,
            filter: Wanted::new(&config.filter),
            token,
            status: status.clone(),
            stopping,
            trials: broadcast::Sender::new(4),
        });
        let trials = shared.trials.clone();
        let server = runtime.spawn(serve(listener, config.max_clients, shared));
        Ok(Self {
            addr,
            status,
            stopper,
            server,
            runtime,
            trials,
        })
    }

    /// Where it listens.
    pub const fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// How it is doing. `delivered` counts each program's events; there is no
    /// lag and no loss of its own, since each program is told what it missed.
    pub const fn status(&self) -> &Arc<SinkStatus> {
        &self.status
    }

    /// Sends one marked event to the programs that are connected, whatever they
    /// asked for, and returns its id.
    ///
    /// # Errors
    /// When no program is connected.
    pub fn send_test(&self) -> Result<String, TrialError> {
        let event = Arc::new(test_event());
        let id = event.id().to_owned();
        let nobody = |_| DeliverError::retry("no program is connected");
        self.trials.send(event).map_err(nobody)?;
        Ok(id)
    }

    /// Says goodbye to the programs and ends.
    pub fn stop(self) {
        self.stopper.stop();
        if self.runtime.block_on(self.server).is_err() {
            tracing::error!(sink = self.status.name(), "websocket server panicked");
        }
    }
}

async fn serve(listener: TcpListener, max_clients: usize, shared: Arc<Shared>) {
    let mut clients = JoinSet::new();
    let mut stopping = shared.stopping.clone();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept(), if clients.len() < max_clients + TOLD => accepted,
            _ = clients.join_next(), if !clients.is_empty() => continue,
            () = stopping.asked() => break,
        };
        match accepted {
            Ok((stream, _)) => {
                let is_full = clients.len() >= max_clients;
                clients.spawn(client::serve(stream, is_full, shared.clone()));
                shared.status.succeeded();
            }
            Err(error) => {
                // Mostly that there are no descriptors left for the moment.
                shared.status.failed(&DeliverError::retry(error));
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
    drop(listener);
    while clients.join_next().await.is_some() {}
    shared.status.stopped();
}
