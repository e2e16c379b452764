//! Series by name, in Prometheus's data model.

use prometheus::proto::{self, LabelPair, Metric, MetricFamily, MetricType};
use prometheus::{Encoder, TextEncoder};

use crate::telemetry::{Bounds, Distribution};

/// The label's name and value.
pub(super) type Label<'a> = (&'static str, &'a str);

/// Families of series, in the order of the response.
#[derive(Default)]
pub(super) struct Families(Vec<MetricFamily>);

impl Families {
    /// Begins a family of gauges.
    pub(super) fn gauges(&mut self, name: &str, help: &str) -> Family<'_> {
        self.family(name, help, MetricType::GAUGE)
    }

    /// Begins a family of counters.
    pub(super) fn counters(&mut self, name: &str, help: &str) -> Family<'_> {
        self.family(name, help, MetricType::COUNTER)
    }

    /// Begins a family of histograms.
    pub(super) fn histograms(&mut self, name: &str, help: &str) -> Family<'_> {
        self.family(name, help, MetricType::HISTOGRAM)
    }

    fn family(&mut self, name: &str, help: &str, kind: MetricType) -> Family<'_> {
        let mut family = MetricFamily::default();
        family.set_name(name.to_owned());
        family.set_help(help.to_owned());
        family.set_field_type(kind);
        self.0.push(family);
        Family(self.0.last_mut().expect("it was just pushed"))
    }

    /// Adds a label to all series so far.
    pub(super) fn label(&mut self, name: &'static str, value: &str) {
        let metrics = self.0.iter_mut().flat_map(MetricFamily::mut_metric);
        for metric in metrics {
            let mut labels = metric.take_label();
            labels.push(label(&(name, value)));
            metric.set_label(labels);
        }
    }

    /// The text, without families that have no series.
    pub(super) fn text(mut self) -> Vec<u8> {
        self.0.retain(|family| !family.get_metric().is_empty());
        let mut text = Vec::new();
        let encoded = TextEncoder::new().encode(&self.0, &mut text);
        encoded.expect("every family has a name and series, and a Vec takes all bytes");
        text
    }
}

/// A family to which series are added.
pub(super) struct Family<'a>(&'a mut MetricFamily);

impl Family<'_> {
    pub(super) fn gauge(&mut self, labels: &[Label<'_>], value: f64) {
        let mut gauge = proto::Gauge::default();
        gauge.set_value(value);
        self.add(labels).set_gauge(gauge);
    }

    pub(super) fn counter(&mut self, labels: &[Label<'_>], value: f64) {
        let mut counter = proto::Counter::default();
        counter.set_value(value);
        self.add(labels).set_counter(counter);
    }

    /// A distribution whose values are `unit` times the base unit.
    pub(super) fn histogram(
        &mut self,
        labels: &[Label<'_>],
        values: &Distribution,
        bounds: &Bounds,
        unit: f64,
    ) {
        let mut cumulative = 0;
        let buckets = bounds.iter().zip(values.counts).map(|(bound, count)| {
            cumulative += count;
            let mut bucket = proto::Bucket::default();
            bucket.set_upper_bound(number(*bound) * unit);
            bucket.set_cumulative_count(cumulative);
            bucket
        });
        let mut histogram = proto::Histogram::default();
        histogram.set_bucket(buckets.collect());
        histogram.set_sample_count(values.count());
        histogram.set_sample_sum(number(values.sum) * unit);
        self.add(labels).set_histogram(histogram);
    }

    fn add(&mut self, labels: &[Label<'_>]) -> &mut Metric {
        let mut metric = Metric::default();
        metric.set_label(labels.iter().map(label).collect());
        let metrics = self.0.mut_metric();
        metrics.push(metric);
        metrics.last_mut().expect("it was just pushed")
    }
}

fn label((name, value): &Label<'_>) -> LabelPair {
    let mut label = LabelPair::default();
    label.set_name((*name).to_owned());
    label.set_value((*value).to_owned());
    label
}

/// Prometheus's numbers are floating.
#[expect(clippy::cast_precision_loss)]
pub(super) fn number(value: u64) -> f64 {
    value as f64
}

/// The same for a number of things in memory.
pub(super) fn count(value: usize) -> f64 {
    number(value as u64)
}
