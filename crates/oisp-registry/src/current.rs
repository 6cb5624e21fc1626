//! The registry and the prices in use, and how they are exchanged while
//! running.
//!
//! Cheap to clone, free to read: an event takes what is current and keeps it
//! for as long as it is worked on. A reload reads the files that the user
//! named, judges both whole, and only then exchanges; on any error what was in
//! use stays. When to reload is the caller's business.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arc_swap::ArcSwap;

use crate::error::RegistryError;
use crate::file::MAX_FILE_LEN;
use crate::prices::{MAX_PRICES_LEN, Prices, PricesError};
use crate::registry::{Provider, Registry};

/// What is used together.
#[derive(Clone, Debug)]
pub struct Bundle {
    /// Providers, models and programs.
    pub registry: Arc<Registry>,
    /// What calls cost.
    pub prices: Arc<Prices>,
}

impl Bundle {
    /// What is part of the program.
    pub fn embedded() -> Self {
        Self {
            registry: Registry::embedded(),
            prices: Prices::embedded(),
        }
    }

    /// What is part of the program, with the files that the user named.
    pub fn of(sources: &Sources) -> Result<Self, ReloadError> {
        let mut bundle = Self::embedded();
        if let Some(path) = &sources.registry {
            let text = read(path, MAX_FILE_LEN)?;
            let registry = bundle.registry.with_additions(&text);
            bundle.registry = Arc::new(registry.map_err(|error| ReloadError::Registry {
                path: path.clone(),
                error: Box::new(error),
            })?);
        }
        if let Some(path) = &sources.prices {
            let text = read(path, MAX_PRICES_LEN)?;
            bundle.prices =
                Arc::new(Prices::parse(&text).map_err(|error| ReloadError::Prices {
                    path: path.clone(),
                    error,
                })?);
        }
        Ok(bundle)
    }

    /// Providers that name prices which the price data does not have: their
    /// calls have no cost, which is worth a warning.
    pub fn without_prices(&self) -> impl Iterator<Item = &Provider> {
        let lacks = |id: &str| !self.prices.provider_ids().any(|known| known == id);
        let providers = self.registry.providers().iter();
        providers.filter(move |provider| provider.prices.as_deref().is_some_and(lacks))
    }
}

/// Files of the user's.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sources {
    /// Adds to the embedded registry.
    pub registry: Option<PathBuf>,
    /// Takes the place of the embedded prices.
    pub prices: Option<PathBuf>,
}

/// Why what is in use stays.
#[derive(Debug, thiserror::Error)]
pub enum ReloadError {
    /// A file cannot be read.
    #[error("cannot read {}: {error}", .path.display())]
    Read {
        /// Which file.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// The registry file cannot be used.
    #[error("{}: {error}", .path.display())]
    Registry {
        /// Which file.
        path: PathBuf,
        /// Why.
        error: Box<RegistryError>,
    },
    /// The price file cannot be used.
    #[error("{}: {error}", .path.display())]
    Prices {
        /// Which file.
        path: PathBuf,
        /// Why.
        error: PricesError,
    },
}

/// What is in use now. Clones share it.
#[derive(Clone, Debug)]
pub struct Current {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    bundle: ArcSwap<Bundle>,
    sources: Sources,
}

impl Current {
    /// Begins with what is part of the program and the user's files.
    pub fn open(sources: Sources) -> Result<Self, ReloadError> {
        let bundle = ArcSwap::from_pointee(Bundle::of(&sources)?);
        Ok(Self {
            shared: Arc::new(Shared { bundle, sources }),
        })
    }

    /// Begins with what is part of the program.
    pub fn embedded() -> Self {
        Self {
            shared: Arc::new(Shared {
                bundle: ArcSwap::from_pointee(Bundle::embedded()),
                sources: Sources::default(),
            }),
        }
    }

    /// What is in use. It does not change while it is held.
    pub fn load(&self) -> Arc<Bundle> {
        self.shared.bundle.load_full()
    }

    /// Puts another in use.
    pub fn replace(&self, bundle: Bundle) {
        self.shared.bundle.store(Arc::new(bundle));
    }

    /// Reads the user's files again and puts them in use; on an error what was
    /// in use stays.
    pub fn reload(&self) -> Result<Arc<Bundle>, ReloadError> {
        let bundle = Arc::new(Bundle::of(&self.shared.sources)?);
        self.shared.bundle.store(Arc::clone(&bundle));
        Ok(bundle)
    }
}

/// The file's text, one byte more than allowed at most: the parser then says
/// what is wrong with its length.
fn read(path: &Path, max: usize) -> Result<String, ReloadError> {
    let failed = |error| ReloadError::Read {
        path: path.to_owned(),
        error,
    };
    let mut text = String::new();
    let file = File::open(path).map_err(failed)?;
    let limit = u64::try_from(max).unwrap_or(u64::MAX).saturating_add(1);
    file.take(limit).read_to_string(&mut text).map_err(failed)?;
    Ok(text)
}
