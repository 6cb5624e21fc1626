//! A receiver of HTTP requests that misbehaves: for what must deliver through
//! bad weather.
//!
//! It refuses connections, resets and hangs, breaks TLS, answers 429 and 5xx,
//! answers slowly, halfway or not at all although it took the request. Which
//! comes when is drawn from a seed. [`Chaos::calm`] ends it: from then on every
//! request is taken.

mod connection;
mod fault;
mod request;

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use rustls::ServerConfig;
use tokio::net::{TcpListener, TcpSocket};
use tokio::runtime::Handle;
use tokio::task::{JoinHandle, JoinSet};
use tokio_rustls::TlsAcceptor;

use crate::{Error, certificates};
pub use fault::Fault;
use fault::Weather;
pub use request::Request;

/// Most connections at once. More wait.
const CONNECTIONS: usize = 64;

/// The receiver. It ends when it is dropped.
#[derive(Debug)]
pub struct Chaos {
    addr: SocketAddr,
    ca_pem: Option<String>,
    shared: Arc<Shared>,
    server: JoinHandle<()>,
}

#[derive(Debug)]
struct Shared {
    weather: Mutex<Weather>,
    is_calm: AtomicBool,
    taken: Mutex<Vec<Request>>,
    faults: Mutex<Vec<Fault>>,
}

impl Shared {
    /// What happens next.
    fn draw(&self, among: &[Fault]) -> Option<Fault> {
        if self.is_calm.load(Ordering::Acquire) {
            return None;
        }
        let fault = lock(&self.weather).draw(among)?;
        lock(&self.faults).push(fault);
        Some(fault)
    }

    fn take(&self, request: Request) {
        lock(&self.taken).push(request);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Chaos {
    /// Starts one on a free loopback port, with TLS or without.
    ///
    /// # Errors
    /// When there is no port or no certificate.
    pub async fn start(seed: u64, with_tls: bool) -> Result<Self, Error> {
        let no_port = |source| Error::Listen { port: 0, source };
        let listener = TcpListener::bind("127.0.0.1:0").await.map_err(no_port)?;
        let addr = listener.local_addr().map_err(no_port)?;
        let (ca_pem, tls) = match with_tls {
            true => Some(http1_only(certificates::make()?)).unzip(),
            false => (None, None),
        };
        let shared = Arc::new(Shared {
            weather: Mutex::new(Weather::new(seed)),
            is_calm: AtomicBool::new(false),
            taken: Mutex::default(),
            faults: Mutex::default(),
        });
        let acceptor = tls.map(|config| TlsAcceptor::from(Arc::new(config)));
        let server = Handle::current().spawn(serve(listener, acceptor, shared.clone()));
        Ok(Self {
            addr,
            ca_pem,
            shared,
            server,
        })
    }

    /// Where to send to.
    pub fn url(&self) -> String {
        let scheme = if self.ca_pem.is_some() {
            "https"
        } else {
            "http"
        };
        format!("{scheme}://{}/events", self.addr)
    }

    /// The authority that vouches for it, in PEM.
    pub fn ca_pem(&self) -> Option<&str> {
        self.ca_pem.as_deref()
    }

    /// From now on nothing goes wrong.
    pub fn calm(&self) {
        self.shared.is_calm.store(true, Ordering::Release);
    }

    /// The requests that it took since this was asked last, in order. Those
    /// whose answer was lost are among them.
    pub fn taken(&self) -> Vec<Request> {
        std::mem::take(&mut *lock(&self.shared.taken))
    }

    /// What went wrong, in order.
    pub fn faults(&self) -> Vec<Fault> {
        lock(&self.shared.faults).clone()
    }
}

impl Drop for Chaos {
    fn drop(&mut self) {
        self.server.abort();
    }
}

fn http1_only((pem, config): (String, Arc<ServerConfig>)) -> (String, ServerConfig) {
    let mut config = Arc::unwrap_or_clone(config);
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    (pem, config)
}

async fn serve(mut listener: TcpListener, tls: Option<TlsAcceptor>, shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            return;
        };
        while connections.len() >= CONNECTIONS {
            connections.join_next().await;
        }
        while connections.try_join_next().is_some() {}
        match shared.draw(&Fault::OF_CONNECTIONS) {
            Some(Fault::Refuse) => {
                drop(stream);
                let Some(again) = away(listener).await else {
                    return;
                };
                listener = again;
            }
            fault => {
                connections.spawn(connection::run(stream, tls.clone(), fault, shared.clone()));
            }
        }
    }
}

/// Nobody listens for a moment.
async fn away(listener: TcpListener) -> Option<TcpListener> {
    let addr = listener.local_addr().ok()?;
    drop(listener);
    tokio::time::sleep(fault::MOMENT).await;
    let socket = TcpSocket::new_v4().ok()?;
    socket.set_reuseaddr(true).ok()?;
    socket.bind(addr).ok()?;
    socket.listen(128).ok()
}
