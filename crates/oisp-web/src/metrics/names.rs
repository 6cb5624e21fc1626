//! The sensor's figures under the names that Prometheus users expect.
//!
//! A counter named `part.figure` becomes `oisp_part_figure_total`. What counts
//! one thing by cause becomes one family with the cause as its label, and what
//! counts for a sink bears the sink's name.

/// A figure's place.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// The family, without `_total`.
    pub(super) family: String,
    /// Label and value.
    pub(super) labels: Vec<(String, String)>,
    /// It may fall.
    pub(super) is_gauge: bool,
    /// Which figures of the sensor's the family is made of.
    pub(super) figures: String,
}

/// Prefixes after which the cause stands: family and name of the label.
const BY_CAUSE: [(&str, &str, &str); 5] = [
    ("capture.gaps_", "oisp_capture_gaps", "cause"),
    (
        "capture.bytes_dropped_",
        "oisp_capture_dropped_bytes",
        "cause",
    ),
    (
        "capture.kernel_bytes_dropped_",
        "oisp_capture_kernel_dropped_bytes",
        "cause",
    ),
    (
        "pipeline.dropped.",
        "oisp_pipeline_events_dropped",
        "reason",
    ),
    ("store.dropped.", "oisp_store_events_dropped", "reason"),
];

/// Figures with a name of their own.
const NAMED: [(&str, &str); 5] = [
    ("store.bytes", "oisp_store_size_bytes"),
    ("capture.bytes_delivered", "oisp_capture_bytes"),
    ("pipeline.stored", "oisp_pipeline_events_stored"),
    ("decode.gap_bytes", "oisp_decode_missing_bytes"),
    ("decode.events", "oisp_decode_events"),
];

/// Ends of the names of figures that may fall.
const GAUGES: [&str; 10] = [
    "_open",
    ".open",
    "queued",
    "pending",
    "lag",
    "attached_files",
    "attached_probes",
    "_size",
    "_size_bytes",
    "store.bytes",
];

/// Where the figure of that name stands.
pub(super) fn place(figure: &str) -> Place {
    if let Some(place) = by_cause(figure).or_else(|| of_sink(figure)) {
        return place;
    }
    let named = NAMED.iter().find(|(name, _)| *name == figure);
    let family = named.map_or_else(
        || format!("oisp_{}", word(figure)),
        |(_, family)| String::from(*family),
    );
    Place {
        family,
        labels: Vec::new(),
        is_gauge: is_gauge(figure),
        figures: String::from(figure),
    }
}

fn by_cause(figure: &str) -> Option<Place> {
    BY_CAUSE.iter().find_map(|(prefix, family, label)| {
        let cause = figure.strip_prefix(prefix)?;
        Some(Place {
            family: String::from(*family),
            labels: vec![(String::from(*label), word(cause))],
            is_gauge: false,
            figures: format!("{prefix}*"),
        })
    })
}

/// `sink.NAME.figure` or `sink.NAME.dropped.reason`; a name may hold points.
fn of_sink(figure: &str) -> Option<Place> {
    let rest = figure.strip_prefix("sink.")?;
    let (name, figure, reason) = match rest.rsplit_once(".dropped.") {
        Some((name, reason)) => (name, "dropped", Some(reason)),
        None => {
            let (name, figure) = rest.rsplit_once('.')?;
            (name, figure, None)
        }
    };
    let sink = [(String::from("sink"), String::from(name))];
    let reason = reason.map(|reason| (String::from("reason"), word(reason)));
    Some(Place {
        family: format!("oisp_sink_events_{}", word(figure)),
        labels: sink.into_iter().chain(reason).collect(),
        is_gauge: is_gauge(figure),
        figures: format!("sink.*.{figure}"),
    })
}

fn is_gauge(figure: &str) -> bool {
    GAUGES.iter().any(|end| figure.ends_with(end))
}

/// Only letters, digits and `_`.
fn word(text: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
    text.chars().map(plain).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(figure: &str) -> String {
        let Place {
            family,
            labels,
            is_gauge,
            ..
        } = place(figure);
        let labels: Vec<_> = labels.iter().map(|(k, v)| format!("{k}={v}")).collect();
        let end = if is_gauge { "" } else { "_total" };
        format!("{family}{end}{{{}}}", labels.join(","))
    }

    #[test]
    fn figures_have_the_names_that_are_documented() {
        for (figure, expected) in [
            (
                "capture.gaps_ring_full",
                "oisp_capture_gaps_total{cause=ring_full}",
            ),
            (
                "capture.bytes_dropped_shed",
                "oisp_capture_dropped_bytes_total{cause=shed}",
            ),
            ("capture.bytes_delivered", "oisp_capture_bytes_total{}"),
            (
                "capture.connections_open",
                "oisp_capture_connections_open{}",
            ),
            ("capture.attached_probes", "oisp_capture_attached_probes{}"),
            (
                "pipeline.dropped.filtered",
                "oisp_pipeline_events_dropped_total{reason=filtered}",
            ),
            ("pipeline.stored", "oisp_pipeline_events_stored_total{}"),
            (
                "sink.jsonl.delivered",
                "oisp_sink_events_delivered_total{sink=jsonl}",
            ),
            (
                "sink.webhook.my.hook.queued",
                "oisp_sink_events_queued{sink=webhook.my.hook}",
            ),
            (
                "sink.jsonl.dropped.log_full",
                "oisp_sink_events_dropped_total{sink=jsonl,reason=log_full}",
            ),
            ("store.bytes", "oisp_store_size_bytes{}"),
            (
                "store.dropped.disk",
                "oisp_store_events_dropped_total{reason=disk}",
            ),
            ("some.new figure", "oisp_some_new_figure_total{}"),
        ] {
            assert_eq!(written(figure), expected);
        }
    }
}
