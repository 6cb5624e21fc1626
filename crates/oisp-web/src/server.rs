//! The listening socket, and serving until told to stop.

use std::future::Future;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::TcpListener;

use crate::closing::Closing;
use crate::config::WebConfig;
use crate::error::WebError;
use crate::holder;
use crate::router::closing_router;
use crate::state::AppState;

/// How long requests that are being answered may hold up the end.
const DRAIN: Duration = Duration::from_secs(2);

/// A dashboard that has its port and does not answer yet.
#[derive(Debug)]
pub struct BoundServer {
    listener: TcpListener,
    config: WebConfig,
}

/// Takes the port.
///
/// # Errors
/// When it cannot be had; where another program has it, the error names that
/// program.
pub async fn bind(config: WebConfig) -> Result<BoundServer, WebError> {
    match TcpListener::bind(config.addr).await {
        Ok(listener) => Ok(BoundServer { listener, config }),
        Err(source) => Err(refused(config.addr, source)),
    }
}

fn refused(addr: SocketAddr, source: std::io::Error) -> WebError {
    match source.kind() {
        ErrorKind::AddrInUse => WebError::PortTaken {
            addr,
            holder: holder::of(addr),
        },
        ErrorKind::PermissionDenied => WebError::Forbidden { addr },
        _ => WebError::Bind { addr, source },
    }
}

impl BoundServer {
    /// Where it listens; the port is the real one also where 0 was asked for.
    pub fn addr(&self) -> SocketAddr {
        self.listener.local_addr().unwrap_or(self.config.addr)
    }

    /// Answers until `shutdown` is done. Live feeds are then closed, requests
    /// get two seconds to end.
    ///
    /// # Errors
    /// When the socket fails.
    pub async fn serve<S>(self, state: AppState, shutdown: S) -> Result<(), WebError>
    where
        S: Future<Output = ()> + Send + 'static,
    {
        let (close, closing) = Closing::channel();
        let router = closing_router(state, &self.config, closing.clone());
        let shutdown = async move {
            shutdown.await;
            close.send_replace(true);
        };
        let server = axum::serve(self.listener, router).with_graceful_shutdown(shutdown);
        tokio::select! {
            ended = async { server.await } => ended.map_err(WebError::Serve),
            () = drained(closing) => Ok(()),
        }
    }
}

async fn drained(closing: Closing) {
    closing.said().await;
    tokio::time::sleep(DRAIN).await;
}
