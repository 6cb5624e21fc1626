//! All stages from captured bytes to the event log: decode, enrich, policy,
//! redact, store.

use oisp_core::capture::ControlSlot;
use oisp_pipeline::{Settings, Stages};
use oisp_policy::Policy;
use oisp_redact::{Mode, Redactor};
use oisp_store::{Bounds, EventLog};

use crate::corpus::{self, Case};
use crate::decode::speed;
use crate::report::{Bar, Report};
use crate::stats::cost;

/// Prints the rows of the stages.
pub fn measure(report: &mut Report) -> anyhow::Result<()> {
    report.section("all stages: decode, enrich, policy, redact, store in memory");
    for case in corpus::all()? {
        let mut stages = stages();
        let nanos = cost(|| take(&mut stages, &case));
        report.row(
            case.name,
            1e9 / nanos * case.texts.len() as f64,
            "pairs/s",
            Bar::None,
            &speed(&case, nanos),
        );
    }
    Ok(())
}

fn take(stages: &mut Stages, case: &Case) {
    for raw in &case.records {
        stages.take(raw);
    }
}

fn stages() -> Stages {
    let settings = Settings {
        hash_key: corpus::hash_key(),
        host: None,
        policy: Policy::default(),
        alerts: None,
        redactor: Redactor::new(Mode::Safe),
        without: vec!["process"],
        registry: oisp_registry::Current::embedded(),
        stream_chunks: false,
        control: ControlSlot::default(),
        save_capture: None,
    };
    Stages::new(settings, EventLog::new(Bounds::default()))
}
