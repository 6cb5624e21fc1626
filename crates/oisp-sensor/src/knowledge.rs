//! What the sensor knows of providers, programs and prices: its own data, with
//! what the user names, taken up again while it runs.
//!
//! A file that changes is read again; what a URL has is fetched at start and
//! once a day, kept for the next start, and used only where it proves to be what
//! it should. Whatever goes wrong, what was in use stays.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use oisp_config::Stamp;
use oisp_registry::{Bundle, Current, Prices, Registry, Sources};

use crate::failure::Failure;
use crate::platform;

/// What the user names beside what the sensor knows: files or URLs.
#[derive(Clone, Debug, Default)]
pub struct Knowledge {
    /// Further providers, models and programs.
    pub registry: Option<String>,
    /// Prices in place of the sensor's own.
    pub prices: Option<String>,
}

/// How often files are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// How often URLs are asked.
const FETCH_EVERY: Duration = Duration::from_secs(24 * 60 * 60);
/// How long fetching may take.
const FETCH_TIMEOUT: Duration = Duration::from_secs(30);
/// Most bytes that are fetched.
const MAX_FETCHED: u64 = 32 << 20;

/// Reads what the user named; a file that cannot be used is an error.
///
/// # Errors
/// The file, what is wrong with it, and what to do.
pub fn open(options: &Knowledge) -> Result<Current, Failure> {
    let given = sources(options)?;
    // What was kept of a URL may be of another version: it is fetched again.
    let file = |named: &Option<String>, path: Option<PathBuf>| {
        path.filter(|_| named.as_deref().is_none_or(|named| !is_url(named)))
    };
    let files = Sources {
        registry: file(&options.registry, given.registry.clone()),
        prices: file(&options.prices, given.prices.clone()),
    };
    Current::open(given)
        .or_else(|_| Current::open(files))
        .map_err(Failure::usage)
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
        if watched.files.is_empty() && watched.urls.is_empty() {
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
    files: Vec<(PathBuf, Stamp)>,
    urls: Vec<(What, String, PathBuf)>,
    fetched: Option<Instant>,
    /// What came from URLs: a reload of files must not lose it.
    prices: Option<Arc<Prices>>,
    registry: Option<Arc<Registry>>,
}

/// What a URL has.
#[derive(Clone, Copy, Debug)]
enum What {
    Registry,
    Prices,
}

impl What {
    /// Where it is kept for the next start.
    fn kept(self) -> Option<PathBuf> {
        let name = match self {
            Self::Registry => "registry.toml",
            Self::Prices => "prices.json",
        };
        Some(platform::state_dir()?.join(name))
    }
}

impl Watched {
    fn new(current: Current, options: &Knowledge) -> Result<Self, Failure> {
        let sources = sources(options)?;
        let named = [
            (What::Registry, &options.registry, sources.registry),
            (What::Prices, &options.prices, sources.prices),
        ];
        let mut files = Vec::new();
        let mut urls = Vec::new();
        for (what, named, file) in named {
            match named.clone().filter(|named| is_url(named)) {
                Some(url) => urls.extend(what.kept().map(|kept| (what, url, kept))),
                None => files.extend(file),
            }
        }
        let files = files.into_iter();
        Ok(Self {
            current,
            files: files.map(|path| (path.clone(), Stamp::of(&path))).collect(),
            urls,
            fetched: None,
            prices: None,
            registry: None,
        })
    }

    fn look(&mut self) {
        if self.fetched.is_none_or(|at| at.elapsed() > FETCH_EVERY) {
            self.fetched = Some(Instant::now());
            for (what, url, kept) in self.urls.clone() {
                if let Err(error) = self.fetch(what, &url, &kept) {
                    let error = format!("{error:#}");
                    tracing::warn!(url, error, "what was in use stays");
                }
            }
        }
        let mut has_changed = false;
        for (path, stamp) in &mut self.files {
            has_changed |= stamp.has_changed(path);
        }
        if has_changed {
            self.reload();
        }
    }

    fn fetch(&mut self, what: What, url: &str, kept: &Path) -> anyhow::Result<()> {
        let text = download(url)?;
        match what {
            What::Prices => {
                let prices = Prices::parse(&text).context("these are no prices")?;
                self.prices = Some(Arc::new(prices));
            }
            What::Registry => {
                let registry = Registry::embedded().with_additions(&text);
                let registry = registry.context("this is no registry")?;
                self.registry = Some(Arc::new(registry));
            }
        }
        tracing::warn!(url, "registry data fetched");
        self.use_fetched();
        if let Err(error) = keep(&text, kept) {
            tracing::warn!(%error, path = %kept.display(), "not kept for the next start");
        }
        Ok(())
    }

    fn reload(&self) {
        match self.current.reload() {
            Ok(_) => {
                self.use_fetched();
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

    fn use_fetched(&self) {
        let mut bundle = Bundle::clone(&self.current.load());
        if let Some(prices) = &self.prices {
            bundle.prices = prices.clone();
        }
        if let Some(registry) = &self.registry {
            bundle.registry = registry.clone();
        }
        self.current.replace(bundle);
    }
}

fn sources(options: &Knowledge) -> Result<Sources, Failure> {
    Ok(Sources {
        registry: source(What::Registry, options.registry.as_deref())?,
        prices: source(What::Prices, options.prices.as_deref())?,
    })
}

/// The file that was named, or what was kept of the URL that was named.
fn source(what: What, named: Option<&str>) -> Result<Option<PathBuf>, Failure> {
    match named {
        Some(url) if is_url(url) => {
            check_url(url)?;
            Ok(what.kept().filter(|kept| kept.is_file()))
        }
        named => Ok(named.map(PathBuf::from)),
    }
}

/// Whether a file or URL of the user's can be used at all.
///
/// # Errors
/// Why not, and what to do.
pub fn check_source(named: &str) -> Result<(), String> {
    if is_url(named) {
        return check_url(named).map_err(|failure| failure.to_string());
    }
    let readable = fs::File::open(named).and_then(|file| Ok(file.metadata()?.is_dir()));
    match readable {
        Ok(false) => Ok(()),
        Ok(true) => Err(format!("{named} is a folder: name a file in it")),
        Err(error) => Err(format!("{named} cannot be read: {error}")),
    }
}

fn is_url(named: &str) -> bool {
    named.contains("://")
}

/// Prices tell what to believe of a bill, a registry whom to believe: they come
/// by a way that nobody can change, or from this machine.
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
        "nothing is fetched from {url}: use https://, or name a file"
    )))
}

fn download(url: &str) -> anyhow::Result<String> {
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .timeout_global(Some(FETCH_TIMEOUT))
        .https_only(url.starts_with("https://"))
        .build()
        .into();
    let mut answer = agent.get(url).call().context("cannot be fetched")?;
    let body = answer.body_mut().with_config().limit(MAX_FETCHED);
    body.read_to_string().context("cannot be read")
}

/// Renamed into place: a start at the same moment reads a whole file.
fn keep(text: &str, kept: &Path) -> anyhow::Result<()> {
    let dir = kept.parent().context("no folder")?;
    fs::create_dir_all(dir)?;
    let draft = dir.join(format!("registry-draft.{}", std::process::id()));
    let mut file = platform::private_file(&draft)?;
    file.write_all(text.as_bytes())?;
    fs::rename(&draft, kept)?;
    Ok(())
}
