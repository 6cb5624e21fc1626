//! What the sensor knows of providers, programs and prices: its own data, with
//! what the user names, taken up again while it runs.
//!
//! A file that changes is read again; prices from a URL are fetched at start
//! and once a day, kept for the next start, and used only where they prove to
//! be prices. Whatever goes wrong, what was in use stays.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime};

use anyhow::Context as _;
use oisp_registry::{Bundle, Current, Prices, Sources};

use crate::cli::Knowledge;
use crate::failure::Failure;
use crate::platform;

/// How often files are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// How often prices are fetched.
const FETCH_EVERY: Duration = Duration::from_secs(24 * 60 * 60);
/// How long fetching may take.
const FETCH_TIMEOUT: Duration = Duration::from_secs(30);
/// Most bytes of prices.
const MAX_PRICES: u64 = 32 << 20;

/// Reads what the user named; a file that cannot be used is an error.
///
/// # Errors
/// The file, what is wrong with it, and what to do.
pub fn open(options: &Knowledge) -> Result<Current, Failure> {
    let sources = sources(options)?;
    Current::open(sources).map_err(Failure::usage)
}

/// Keeps what is known up to date until it is dropped.
pub struct Watch {
    stop: Option<SyncSender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Watch {
    /// Starts to look; nothing is to be looked at where the user named nothing.
    ///
    /// # Errors
    /// The system has no thread for it.
    pub fn start(current: &Current, options: &Knowledge) -> Result<Self, Failure> {
        let idle = Self {
            stop: None,
            thread: None,
        };
        let mut watched = Watched::new(current.clone(), options)?;
        if watched.files.is_empty() && watched.url.is_none() {
            return Ok(idle);
        }
        let (stop, stopped) = sync_channel(1);
        let thread = std::thread::Builder::new()
            .name("oisp-registry".into())
            .spawn(move || {
                loop {
                    watched.look();
                    match stopped.recv_timeout(LOOK_EVERY) {
                        Err(RecvTimeoutError::Timeout) => {}
                        _ => return,
                    }
                }
            })
            .map_err(|error| Failure::new(format_args!("cannot start a thread: {error}")))?;
        Ok(Self {
            stop: Some(stop),
            thread: Some(thread),
        })
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        drop(self.stop.take());
        // A fetch under way may take its time: the end of the sensor does not
        // wait for it.
        drop(self.thread.take());
    }
}

/// What is looked at.
struct Watched {
    current: Current,
    files: Vec<(PathBuf, Option<SystemTime>)>,
    url: Option<(String, PathBuf)>,
    fetched: Option<Instant>,
    /// Prices that came from the URL: a reload of files must not lose them.
    prices: Option<Arc<Prices>>,
}

impl Watched {
    fn new(current: Current, options: &Knowledge) -> Result<Self, Failure> {
        let sources = sources(options)?;
        let url = options.prices.clone().filter(|named| is_url(named));
        let prices = sources.prices.filter(|_| url.is_none());
        let files = sources.registry.into_iter().chain(prices);
        Ok(Self {
            current,
            files: files.map(|path| (path.clone(), changed(&path))).collect(),
            url: url.zip(kept_prices()),
            fetched: None,
            prices: None,
        })
    }

    fn look(&mut self) {
        if let Some((url, kept)) = &self.url
            && self.fetched.is_none_or(|at| at.elapsed() > FETCH_EVERY)
        {
            self.fetched = Some(Instant::now());
            match fetch(url, kept) {
                Ok(prices) => {
                    tracing::warn!(url, version = prices.version(), "prices fetched");
                    self.prices = Some(Arc::new(prices));
                    self.use_prices();
                }
                Err(error) => {
                    tracing::warn!(
                        url,
                        error = format!("{error:#}"),
                        "prices stay as they were"
                    );
                }
            }
        }
        let mut has_changed = false;
        for (path, at) in &mut self.files {
            let now = changed(path);
            has_changed |= now != *at;
            *at = now;
        }
        if has_changed {
            self.reload();
        }
    }

    fn reload(&self) {
        match self.current.reload() {
            Ok(_) => {
                self.use_prices();
                let bundle = self.current.load();
                tracing::warn!(
                    registry = bundle.registry.version(),
                    prices = bundle.prices.version(),
                    "registry read again"
                );
            }
            Err(error) => tracing::error!(%error, "registry stays as it was"),
        }
    }

    fn use_prices(&self) {
        if let Some(prices) = &self.prices {
            let mut bundle = Bundle::clone(&self.current.load());
            bundle.prices = prices.clone();
            self.current.replace(bundle);
        }
    }
}

fn sources(options: &Knowledge) -> Result<Sources, Failure> {
    let prices = match options.prices.as_deref() {
        Some(url) if is_url(url) => {
            check_url(url)?;
            kept_prices().filter(|kept| kept.is_file())
        }
        named => named.map(PathBuf::from),
    };
    Ok(Sources {
        registry: options.registry.clone(),
        prices,
    })
}

fn is_url(named: &str) -> bool {
    named.contains("://")
}

/// Prices tell what to believe of a bill: they come by a way that nobody can
/// change, or from this machine.
fn check_url(url: &str) -> Result<(), Failure> {
    let is_own = ["http://localhost", "http://127.0.0.1", "http://[::1]"]
        .iter()
        .any(|own| {
            url.strip_prefix(own)
                .is_some_and(|rest| rest.starts_with([':', '/']))
        });
    if url.starts_with("https://") || is_own {
        return Ok(());
    }
    Err(Failure::usage(format_args!(
        "prices cannot be fetched from {url}: use https://, or name a file"
    )))
}

/// Where prices that were fetched are kept.
fn kept_prices() -> Option<PathBuf> {
    Some(platform::state_dir()?.join("prices.json"))
}

fn changed(path: &Path) -> Option<SystemTime> {
    fs::metadata(path).ok()?.modified().ok()
}

fn fetch(url: &str, kept: &Path) -> anyhow::Result<Prices> {
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .timeout_global(Some(FETCH_TIMEOUT))
        .https_only(url.starts_with("https://"))
        .build()
        .into();
    let mut answer = agent.get(url).call().context("cannot be fetched")?;
    let body = answer.body_mut().with_config().limit(MAX_PRICES);
    let text = body.read_to_string().context("cannot be read")?;
    let prices = Prices::parse(&text).context("these are no prices")?;
    if let Err(error) = keep(&text, kept) {
        tracing::warn!(%error, path = %kept.display(), "prices are not kept for the next start");
    }
    Ok(prices)
}

/// Renamed into place: a start at the same moment reads a whole file.
fn keep(text: &str, kept: &Path) -> anyhow::Result<()> {
    let dir = kept.parent().context("no folder")?;
    fs::create_dir_all(dir)?;
    let draft = dir.join(format!("prices.{}", std::process::id()));
    let mut file = platform::private_file(&draft)?;
    file.write_all(text.as_bytes())?;
    fs::rename(&draft, kept)?;
    Ok(())
}
