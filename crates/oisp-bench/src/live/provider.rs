//! The provider on loopback, on threads of its own.

use std::path::{Path, PathBuf};

use anyhow::Context;
use tokio::runtime::Runtime;

/// A provider at work; it stops when it is dropped.
pub(super) struct Served {
    provider: oisp_testkit::Provider,
    /// Carries the provider: dropped after it.
    _runtime: Runtime,
}

impl Served {
    /// Starts it; its certificate authority goes to `dir`.
    pub(super) fn start(dir: &Path) -> anyhow::Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .context("cannot start threads")?;
        let provider = runtime.block_on(oisp_testkit::Provider::builder().dir(dir).start())?;
        Ok(Self {
            provider,
            _runtime: runtime,
        })
    }

    /// Where chat completions are.
    pub(super) fn chat_url(&self) -> String {
        format!("{}/v1/chat/completions", self.provider.https_url())
    }

    /// The authority to trust.
    pub(super) fn authority(&self) -> PathBuf {
        self.provider.ca_pem_path().to_owned()
    }
}
