//! A provider, and a sensor that watches this machine while clients call it.

use std::path::Path;
use std::time::Duration;

use oisp_testkit::{Exchange, Provider};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use super::clients::Ran;
use super::events::Events;
use super::sensor::Sensor;
use super::{eventually, is_root, truth, within};

/// A provider on loopback.
pub struct World {
    /// The provider runs in it.
    _runtime: Runtime,
    provider: Provider,
    dir: TempDir,
}

impl World {
    /// Starts a provider.
    pub fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        let dir = TempDir::new().unwrap();
        let provider = runtime
            .block_on(Provider::builder().dir(dir.path()).start())
            .unwrap();
        Self {
            _runtime: runtime,
            provider,
            dir,
        }
    }

    /// Starts a provider and a sensor. `None`, said aloud, where this user or
    /// this machine cannot capture.
    pub fn with_sensor(test: &str, arguments: &[&str]) -> Option<(Self, Sensor)> {
        let sensor = is_root(test).then(|| Sensor::record(test, arguments))??;
        Some((Self::new(), sensor))
    }

    pub fn port(&self) -> u16 {
        self.provider.https_addr().port()
    }

    /// The base URL that a client of that name wants.
    pub fn base_url(&self, script: &str) -> String {
        self.provider.base_url(script)
    }

    /// The authority that clients must trust.
    pub fn ca(&self) -> &Path {
        self.provider.ca_pem_path()
    }

    /// The folder of this world.
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// The exchanges whose request holds `label`, in order of their ends.
    pub fn exchanges(&self, label: &str) -> Vec<Exchange> {
        let mut all = self.provider.exchanges();
        all.retain(|exchange| holds(&exchange.request_body, label));
        all
    }

    /// Waits for the exchanges of one client, as many as it reports calls.
    pub fn exchanges_of(&self, ran: &Ran) -> Vec<Exchange> {
        eventually(&format!("the provider's log of {}", ran.label), || {
            Some(self.exchanges(&ran.label)).filter(|found| found.len() >= ran.calls)
        })
    }

    /// Checks everything that the sensor tells of a client's calls.
    pub fn check(&self, events: &Events, ran: &Ran) {
        let exchanges = self.exchanges_of(ran);
        assert_eq!(exchanges.len(), ran.calls, "{}: calls made", ran.label);
        truth::check_client(events, ran, &exchanges);
    }

    /// Waits until the sensor has told of all calls of these clients, stops it,
    /// and checks what it told.
    pub fn check_all(&self, sensor: Sensor, all: &[Ran]) -> Events {
        for ran in all {
            let enough = |events: &Events| events.answers(ran.pid) >= ran.calls;
            // What is missing, the check below says better.
            let _ = within(Duration::from_secs(20), || {
                enough(&sensor.events()).then_some(())
            });
        }
        // Shown where the test fails.
        eprintln!("lost on the way: {:?}", sensor.losses());
        let ended = sensor.stop();
        eprintln!("{}", ended.stderr);
        assert_eq!(ended.status.code(), Some(0));
        for ran in all {
            self.check(&ended.events, ran);
        }
        ended.events
    }
}

fn holds(body: &[u8], label: &str) -> bool {
    let label = label.as_bytes();
    // Labels stand at the end of filled-up prompts: searching from there is
    // quick where the prompt is large.
    body.windows(label.len())
        .rev()
        .any(|window| window == label)
}
