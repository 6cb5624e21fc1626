//! The dashboard with made-up events, to work on the page without a capture:
//! `cargo run -p oisp-web --example preview [PORT]`. Nothing here is observed.

#![allow(clippy::unwrap_used, reason = "an example, for developers only")]

mod story;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use oisp_store::{Bounds, EventLog};
use oisp_web::{AppState, Filters, Health, SensorStatus, WebConfig, bind};
use serde_json::{Value, json};

struct Preview(EventLog, Mutex<Filters>);

impl SensorStatus for Preview {
    fn ready(&self) -> bool {
        true
    }

    fn health(&self) -> Health {
        Health {
            version: format!("{}, made-up events", env!("CARGO_PKG_VERSION")),
            ready: true,
            counters: self.counters(),
            ..Health::default()
        }
    }

    fn counters(&self) -> BTreeMap<String, u64> {
        [
            ("capture.records", 18_204),
            ("capture.bytes_delivered", 4_391_022),
            ("capture.gaps_ring_full", 1),
            ("pipeline.stored", self.0.last_seq()),
        ]
        .map(|(name, figure)| (name.to_owned(), figure))
        .into()
    }

    fn filters(&self) -> Filters {
        self.1.lock().unwrap().clone()
    }

    fn set_filters(&self, include: &[String], exclude: &[String]) -> Result<(), String> {
        let mut filters = self.1.lock().unwrap();
        filters.include = include.to_vec();
        filters.exclude = exclude.to_vec();
        Ok(())
    }

    fn doctor(&self) -> Value {
        json!({
            "preview": "these are made-up facts, to see the page",
            "kernel": {"release": "6.1.0", "btf": true, "uprobes": true, "ring_buffer": true},
            "targets": [
                {"file": "/usr/lib/x86_64-linux-gnu/libssl.so.3", "state": "attached", "probes": 6, "processes": 4},
                {"file": "/usr/bin/node", "state": "attached", "probes": 6, "processes": 1},
            ],
            "processes": [
                {"pid": 4211, "name": "node", "captured": true, "by": "SSL_read and SSL_write in the program itself"},
                {"pid": 4388, "name": "python3", "captured": true, "by": "libssl.so.3"},
                {"pid": 5120, "name": "codex", "captured": false, "why": "rustls inside the program: no probe point", "remedy": "nothing in this version"},
            ],
        })
    }
}

#[tokio::main]
async fn main() {
    let port = std::env::args()
        .nth(1)
        .map_or(7777, |port| port.parse().unwrap());
    let config = WebConfig {
        addr: ([127, 0, 0, 1], port).into(),
        // Made-up events are no secret.
        open_reads: true,
        ..WebConfig::default()
    };
    let log = EventLog::new(Bounds::default());
    let server = bind(config).await.unwrap_or_else(|error| fail(&error));
    eprintln!("made-up events at http://{}", server.addr());
    tokio::spawn(tell(log.clone()));
    let state = AppState {
        status: Arc::new(Preview(log.clone(), Mutex::default())),
        log,
    };
    let stop = async { drop(tokio::signal::ctrl_c().await) };
    server
        .serve(state, stop)
        .await
        .unwrap_or_else(|error| fail(&error));
}

fn fail<T>(error: &oisp_web::WebError) -> T {
    eprintln!("{error}");
    std::process::exit(1);
}

/// The past at once, then a call every few seconds.
async fn tell(log: EventLog) {
    for event in story::past() {
        log.append(event);
    }
    for turn in 0.. {
        for event in story::live(turn) {
            log.append(event);
            tokio::time::sleep(Duration::from_millis(120)).await;
        }
        tokio::time::sleep(Duration::from_secs(4)).await;
    }
}
