//! The listening socket, and serving until told to stop.

use std::fmt;
use std::future::Future;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::closing::Closing;
use crate::config::WebConfig;
use crate::error::WebError;
use crate::holder;
use crate::metrics::Tally;
use crate::router::closing_router;
use crate::state::AppState;
use crate::tls::{self, TlsListener};

/// How long requests that are being answered may hold up the end.
const DRAIN: Duration = Duration::from_secs(2);

/// A dashboard that has its port and does not answer yet.
pub struct BoundServer {
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    config: WebConfig,
}

impl fmt::Debug for BoundServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BoundServer")
            .field("listener", &self.listener)
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}

/// Takes the port.
///
/// # Errors
/// When it cannot be had; where another program has it, the error names that
/// program. When the certificate cannot be used. When other machines could read
/// without a token.
pub async fn bind(config: WebConfig) -> Result<BoundServer, WebError> {
    let addr = config.addr;
    if !addr.ip().is_loopback() && (config.open_reads || config.token.is_none()) {
        return Err(WebError::OpenToAll { addr });
    }
    let tls = config.tls.as_ref().map(tls::acceptor).transpose()?;
    let listener = TcpListener::bind(addr)
        .await
        .map_err(|source| refused(addr, source))?;
    Ok(BoundServer {
        listener,
        tls,
        config,
    })
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
    /// Under which scheme it answers.
    pub const fn scheme(&self) -> &'static str {
        match self.tls {
            Some(_) => "https",
            None => "http",
        }
    }

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
        let tally = Arc::new(Tally::new(&state.log));
        let router = closing_router(state, &self.config, tally.clone(), closing.clone());
        let shutdown = async move {
            shutdown.await;
            close.send_replace(true);
        };
        tokio::select! {
            ended = run(self.listener, self.tls, router, shutdown) => ended.map_err(WebError::Serve),
            () = drained(closing) => Ok(()),
            () = tally.follow() => Ok(()),
        }
    }
}

async fn run<S>(
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    router: Router,
    shutdown: S,
) -> std::io::Result<()>
where
    S: Future<Output = ()> + Send + 'static,
{
    match tls {
        None => {
            let server = axum::serve(listener, router);
            server.with_graceful_shutdown(shutdown).await
        }
        Some(acceptor) => {
            let server = axum::serve(TlsListener::new(listener, acceptor), router);
            server.with_graceful_shutdown(shutdown).await
        }
    }
}

async fn drained(closing: Closing) {
    closing.said().await;
    tokio::time::sleep(DRAIN).await;
}
