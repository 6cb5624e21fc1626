//! The dashboard's API, its live feed and the log on disk, while the calls are
//! made.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use oisp_core::HashKey;
use oisp_core::capture::ControlSlot;
use oisp_pipeline::{Settings, Stages};
use oisp_redact::{Mode, Redactor};
use oisp_store::{EventLog, LogSettings};
use oisp_web::{AppState, Health, SensorStatus, WebConfig, bind};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use super::{Story, assert_silent, planted};

/// Only a failing test waits as long.
const PATIENCE: Duration = Duration::from_secs(60);

struct Running;

impl SensorStatus for Running {
    fn ready(&self) -> bool {
        true
    }

    fn health(&self) -> Health {
        Health::default()
    }

    fn counters(&self) -> BTreeMap<String, u64> {
        BTreeMap::new()
    }

    fn doctor(&self) -> Value {
        json!({})
    }
}

fn stages(mode: Mode, log: EventLog) -> Stages {
    let key = HashKey::new([7; 32]);
    let settings = Settings {
        redactor: Redactor::new(mode).with_key(key.clone()),
        hash_key: key,
        registry: oisp_registry::Current::embedded(),
        host: None,
        policy: oisp_policy::Policy::default(),
        alerts: None,
        without: Vec::new(),
        stream_chunks: false,
        control: ControlSlot::default(),
        save_capture: None,
    };
    Stages::new(settings, log)
}

/// What the feed sends until it has sent the event of that id.
async fn feed(
    mut socket: impl StreamExt<Item = Result<Message, tokio_tungstenite::tungstenite::Error>> + Unpin,
    last: &str,
) -> String {
    let mut told = String::new();
    while !told.contains(last) {
        let message = tokio::time::timeout(PATIENCE, socket.next())
            .await
            .unwrap()
            .unwrap()
            .unwrap();
        told.push_str(&message.into_text().unwrap());
        told.push('\n');
    }
    told
}

async fn get(url: String) -> String {
    let asked = tokio::task::spawn_blocking(move || {
        ureq::get(&url)
            .call()
            .unwrap()
            .body_mut()
            .with_config()
            .limit(1 << 30)
            .read_to_string()
    });
    asked.await.unwrap().unwrap()
}

async fn serve_and_look(mode: Mode) {
    let story = Story::of(&planted(mode.as_str()));
    let dir = tempfile::tempdir().unwrap();
    let settings = LogSettings {
        // The calls were made years ago.
        max_age: None,
        ..LogSettings::default()
    };
    let log = EventLog::open(&dir.path().join("log.db"), settings).unwrap();
    let config = WebConfig {
        addr: ([127, 0, 0, 1], 0).into(),
        open_reads: true,
        ..WebConfig::default()
    };
    let server = bind(config).await.unwrap();
    let addr = server.addr();
    let state = AppState {
        log: log.clone(),
        status: Arc::new(Running),
    };
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let serving = tokio::spawn(server.serve(state, async move { drop(stopped.await) }));
    let (socket, _) = tokio_tungstenite::connect_async(format!("ws://{addr}/ws"))
        .await
        .unwrap();
    let taken = log.clone();
    // The one who looks on sees answers grow.
    let worked = tokio::task::spawn_blocking(move || {
        let mut stages = stages(mode, taken);
        story.raw.iter().for_each(|raw| stages.take(raw));
        stages.finish();
        stages.counters()
    });
    let counters = worked.await.unwrap();
    let newest = log.newest(None, 1, &oisp_store::Filter::default());
    let last = newest[0].event.id().to_owned();
    let fed = feed(socket, &last).await;
    assert_silent(mode.as_str(), "the live feed", &fed);
    let listed = get(format!("http://{addr}/api/events?limit=1000")).await;
    assert_silent(mode.as_str(), "/api/events", &listed);
    let listed: Vec<Value> = serde_json::from_str(&listed).unwrap();
    assert!(
        listed.len() > 100 && counters["pipeline.stored"] > 100,
        "{}",
        listed.len()
    );
    for event in &listed {
        let id = event["event_id"].as_str().unwrap();
        let one = get(format!("http://{addr}/api/events/{id}")).await;
        assert_silent(mode.as_str(), "/api/events/{id}", &one);
    }
    assert!(log.flush(PATIENCE));
    let mut files = 0;
    for file in std::fs::read_dir(dir.path()).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        // The index for searches holds words in lower case.
        let kept = String::from_utf8_lossy(&bytes).to_lowercase();
        files += usize::from(kept.contains("[redacted:"));
        let around = kept.find("cnry").map(|at| {
            let bytes = &kept.as_bytes()[at.saturating_sub(300)..kept.len().min(at + 100)];
            String::from_utf8_lossy(bytes).into_owned()
        });
        assert_eq!(around, None, "the log on disk, mode {mode}");
        assert_silent(mode.as_str(), "the log on disk", &kept);
    }
    assert!(files > 0, "what is on disk cannot be read here");
    log.close();
    drop(stop);
    serving.await.unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_api_the_live_feed_and_the_log_tell_no_secret() {
    for mode in [Mode::Safe, Mode::Minimal, Mode::Full] {
        serve_and_look(mode).await;
    }
}
