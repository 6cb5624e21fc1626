//! Items become export requests: grouped by the machine that they come from,
//! and cut so that no request is larger than a receiver takes.

use std::collections::BTreeMap;
use std::mem;

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::InstrumentationScope;
use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs, ScopeLogs};
use opentelemetry_proto::tonic::metrics::v1::{Metric, ResourceMetrics, ScopeMetrics};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
use prost::Message;

use super::config::SemanticConventions;
use super::encode::Item;
use super::encode::attributes::Attributes;

/// What a request holds beside its items, about.
const FRAME: usize = 1024;
/// What an item costs beside itself.
const ITEM_FRAME: usize = 8;

/// What all requests of a sink have in common.
#[derive(Debug)]
pub(crate) struct Origin {
    resource: Attributes,
    schema_url: &'static str,
}

impl Origin {
    pub fn new(resource: &BTreeMap<String, String>, conventions: SemanticConventions) -> Self {
        let mut attributes = Attributes::default();
        for (name, value) in resource {
            attributes.text(name, value.as_str());
        }
        Self {
            resource: attributes,
            schema_url: match conventions {
                SemanticConventions::V1_41 => "https://opentelemetry.io/schemas/1.41.0",
                // They have no release yet, and so no schema.
                SemanticConventions::Latest => "",
            },
        }
    }

    fn resource(&self, host: &Attributes) -> Resource {
        let mut attributes = self.resource.clone();
        attributes.inherit(host);
        Resource {
            attributes: attributes.into_proto(),
            ..Resource::default()
        }
    }

    fn schema_url(&self) -> String {
        self.schema_url.to_owned()
    }

    /// Items by the machine that they come from, in the order of the first of
    /// each.
    fn grouped<T: Clone>(&self, items: &[Item<T>]) -> Vec<(Resource, Vec<T>)> {
        let mut groups: Vec<(&Attributes, Vec<T>)> = Vec::new();
        for item in items {
            match groups.iter_mut().find(|(host, _)| **host == item.host) {
                Some((_, values)) => values.push(item.value.clone()),
                None => groups.push((&item.host, vec![item.value.clone()])),
            }
        }
        let groups = groups.into_iter();
        groups
            .map(|(host, values)| (self.resource(host), values))
            .collect()
    }

    pub fn logs(&self, items: &[Item<LogRecord>]) -> ExportLogsServiceRequest {
        let groups = self.grouped(items).into_iter();
        let resource_logs = groups.map(|(resource, log_records)| ResourceLogs {
            resource: Some(resource),
            scope_logs: vec![ScopeLogs {
                scope: Some(scope()),
                log_records,
                schema_url: self.schema_url(),
            }],
            schema_url: self.schema_url(),
        });
        ExportLogsServiceRequest {
            resource_logs: resource_logs.collect(),
        }
    }

    pub fn spans(&self, items: &[Item<Span>]) -> ExportTraceServiceRequest {
        let groups = self.grouped(items).into_iter();
        let resource_spans = groups.map(|(resource, spans)| ResourceSpans {
            resource: Some(resource),
            scope_spans: vec![ScopeSpans {
                scope: Some(scope()),
                spans,
                schema_url: self.schema_url(),
            }],
            schema_url: self.schema_url(),
        });
        ExportTraceServiceRequest {
            resource_spans: resource_spans.collect(),
        }
    }

    pub fn metrics(&self, by_host: Vec<(Attributes, Vec<Metric>)>) -> ExportMetricsServiceRequest {
        let resource_metrics = by_host.into_iter().map(|(host, metrics)| ResourceMetrics {
            resource: Some(self.resource(&host)),
            scope_metrics: vec![ScopeMetrics {
                scope: Some(scope()),
                metrics,
                schema_url: self.schema_url(),
            }],
            schema_url: self.schema_url(),
        });
        ExportMetricsServiceRequest {
            resource_metrics: resource_metrics.collect(),
        }
    }
}

fn scope() -> InstrumentationScope {
    InstrumentationScope {
        name: "oisp-sensor".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        ..InstrumentationScope::default()
    }
}

/// Cuts items into pieces of at most about so many bytes, at least one item
/// each.
pub(crate) fn cut<T: Message>(items: Vec<Item<T>>, max: usize) -> Vec<Vec<Item<T>>> {
    let room = max.saturating_sub(FRAME);
    let mut pieces = Vec::new();
    let mut piece: Vec<Item<T>> = Vec::new();
    let mut used = 0;
    for item in items {
        let length = item.value.encoded_len() + ITEM_FRAME;
        if !piece.is_empty() && used + length > room {
            pieces.push(mem::take(&mut piece));
            used = 0;
        }
        used += length;
        piece.push(item);
    }
    if !piece.is_empty() {
        pieces.push(piece);
    }
    pieces
}
