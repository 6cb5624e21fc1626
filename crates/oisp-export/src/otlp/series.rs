//! Measurements added up into data points.
//!
//! A batch is added to a copy of the series that it touches, and the copy takes
//! their place once the receiver has it: a batch that comes again counts once.
//! Limits: [`MAX_SERIES`] series; what would be one more counts in a series of
//! its own, marked as the SDK specification has it.

use std::collections::BTreeMap;

use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::number_data_point::Value as Number;
use opentelemetry_proto::tonic::metrics::v1::{
    AggregationTemporality, Histogram, HistogramDataPoint, Metric, NumberDataPoint, Sum,
};
use prost::Message;

use super::config::Temporality;
use super::encode::Item;
use super::encode::attributes::Attributes;
use super::encode::instruments::{Aggregation, Instrument};
use super::encode::measurements::Measurement;

/// Most series of a sink.
const MAX_SERIES: usize = 2000;

/// What tells series apart: instrument, machine and attributes, the latter two
/// as the bytes that they are written as.
type Key = (&'static str, Vec<u8>, Vec<u8>);

/// One series.
#[derive(Clone, Debug)]
struct Series {
    instrument: &'static Instrument,
    host: Attributes,
    attributes: Attributes,
    count: u64,
    sum: f64,
    min: f64,
    max: f64,
    buckets: Vec<u64>,
}

/// The series that a batch touches, with it added.
#[derive(Debug, Default)]
pub(crate) struct Staged(BTreeMap<Key, Series>);

impl Staged {
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// All series.
#[derive(Debug)]
pub(crate) struct Metrics {
    temporality: Temporality,
    /// When counting began: cumulative for the sink, delta for the next points.
    since: u64,
    series: BTreeMap<Key, Series>,
}

impl Metrics {
    /// Nothing counted yet, at that time.
    pub fn new(temporality: Temporality, now: u64) -> Self {
        Self {
            temporality,
            since: now,
            series: BTreeMap::new(),
        }
    }

    /// Adds a batch to a copy.
    pub fn stage(&self, measurements: Vec<Item<Measurement>>) -> Staged {
        let mut staged = Staged::default();
        if self.temporality == Temporality::Delta && !measurements.is_empty() {
            // What an earlier request could not bring.
            staged.0.clone_from(&self.series);
        }
        for item in measurements {
            let Measurement {
                instrument,
                attributes,
                value,
            } = item.value;
            let (key, attributes) = self.room(instrument, &item.host, attributes, &staged);
            let series = staged.0.entry(key.clone()).or_insert_with(|| {
                let known = self.series.get(&key).cloned();
                known.unwrap_or_else(|| Series::new(instrument, item.host, attributes))
            });
            series.add(value);
        }
        staged
    }

    /// The series for a measurement: its own, or where there are too many the
    /// one that takes the rest.
    fn room(
        &self,
        instrument: &'static Instrument,
        host: &Attributes,
        attributes: Attributes,
        staged: &Staged,
    ) -> (Key, Attributes) {
        let key = key(instrument, host, &attributes);
        let is_known = self.series.contains_key(&key) || staged.0.contains_key(&key);
        if is_known || self.series.len() + staged.0.len() < MAX_SERIES {
            return (key, attributes);
        }
        let mut rest = Attributes::default();
        rest.flag("otel.metric.overflow", true);
        (self::key(instrument, host, &rest), rest)
    }

    /// The data points of a batch, by machine.
    pub fn points(&self, staged: &Staged, now: u64) -> Vec<(Attributes, Vec<Metric>)> {
        let mut hosts: Vec<(Attributes, Vec<Metric>)> = Vec::new();
        for series in staged.0.values() {
            let at = hosts.iter().position(|(host, _)| *host == series.host);
            let metrics = match at.and_then(|at| hosts.get_mut(at)) {
                Some((_, metrics)) => metrics,
                None => {
                    hosts.push((series.host.clone(), Vec::new()));
                    match hosts.last_mut() {
                        Some((_, metrics)) => metrics,
                        None => continue,
                    }
                }
            };
            match metrics.last_mut() {
                Some(last) if last.name == series.instrument.name => {
                    self.append(series, last, now);
                }
                _ => {
                    let mut metric = self.metric(series.instrument);
                    self.append(series, &mut metric, now);
                    metrics.push(metric);
                }
            }
        }
        hosts
    }

    fn metric(&self, instrument: &Instrument) -> Metric {
        let aggregation_temporality = match self.temporality {
            Temporality::Cumulative => AggregationTemporality::Cumulative,
            Temporality::Delta => AggregationTemporality::Delta,
        }
        .into();
        let data = match instrument.aggregation {
            Aggregation::Histogram(_) => Data::Histogram(Histogram {
                aggregation_temporality,
                ..Histogram::default()
            }),
            Aggregation::Counter => Data::Sum(Sum {
                aggregation_temporality,
                is_monotonic: true,
                ..Sum::default()
            }),
        };
        Metric {
            name: instrument.name.to_owned(),
            unit: instrument.unit.to_owned(),
            description: instrument.description.to_owned(),
            data: Some(data),
            ..Metric::default()
        }
    }

    fn append(&self, series: &Series, metric: &mut Metric, now: u64) {
        let (since, attributes) = (self.since, series.attributes.clone().into_proto());
        match &mut metric.data {
            Some(Data::Histogram(histogram)) => {
                let point = series.histogram(attributes, since, now);
                histogram.data_points.push(point);
            }
            Some(Data::Sum(sum)) => sum.data_points.push(series.number(attributes, since, now)),
            _ => {}
        }
    }

    /// The receiver has the points of that time.
    pub fn accepted(&mut self, staged: Staged, now: u64) {
        match self.temporality {
            Temporality::Cumulative => self.series.extend(staged.0),
            Temporality::Delta => {
                self.series.clear();
                self.since = now;
            }
        }
    }

    /// The receiver will not take these points: the next ones bring what they
    /// held.
    pub fn refused(&mut self, staged: Staged) {
        self.series.extend(staged.0);
    }
}

fn key(instrument: &'static Instrument, host: &Attributes, attributes: &Attributes) -> Key {
    let bytes = |attributes: &Attributes| {
        let pairs = attributes.clone().into_proto();
        pairs
            .iter()
            .flat_map(Message::encode_length_delimited_to_vec)
            .collect()
    };
    (instrument.name, bytes(host), bytes(attributes))
}

impl Series {
    fn new(instrument: &'static Instrument, host: Attributes, attributes: Attributes) -> Self {
        let buckets = match instrument.aggregation {
            Aggregation::Histogram(bounds) => vec![0; bounds.len() + 1],
            Aggregation::Counter => Vec::new(),
        };
        Self {
            instrument,
            host,
            attributes,
            count: 0,
            sum: 0.0,
            min: f64::INFINITY,
            max: f64::NEG_INFINITY,
            buckets,
        }
    }

    fn add(&mut self, value: f64) {
        self.count += 1;
        self.sum += value;
        self.min = self.min.min(value);
        self.max = self.max.max(value);
        if let Aggregation::Histogram(bounds) = self.instrument.aggregation {
            // A bound belongs to the bucket below it.
            let bucket = bounds.partition_point(|bound| *bound < value);
            if let Some(count) = self.buckets.get_mut(bucket) {
                *count += 1;
            }
        }
    }

    fn histogram(&self, attributes: Vec<KeyValue>, since: u64, now: u64) -> HistogramDataPoint {
        let bounds = match self.instrument.aggregation {
            Aggregation::Histogram(bounds) => bounds,
            Aggregation::Counter => &[],
        };
        HistogramDataPoint {
            attributes,
            start_time_unix_nano: since,
            time_unix_nano: now,
            count: self.count,
            sum: Some(self.sum),
            bucket_counts: self.buckets.clone(),
            explicit_bounds: bounds.to_vec(),
            min: Some(self.min),
            max: Some(self.max),
            ..HistogramDataPoint::default()
        }
    }

    fn number(&self, attributes: Vec<KeyValue>, since: u64, now: u64) -> NumberDataPoint {
        NumberDataPoint {
            attributes,
            start_time_unix_nano: since,
            time_unix_nano: now,
            value: Some(Number::AsDouble(self.sum)),
            ..NumberDataPoint::default()
        }
    }
}
