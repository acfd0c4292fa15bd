//! What engines say of themselves, for `GET /metrics`.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use engine::{Measured, Measurement, MeasurementKind};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric, MetricEncoder};
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;

/// Engines that are asked whenever somebody looks.
#[derive(Clone, Default)]
pub(super) struct Engines(Arc<Mutex<Vec<Arc<dyn Measured>>>>);

impl Engines {
    pub(super) fn add(&self, engine: Arc<dyn Measured>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(engine);
    }

    fn measurements(&self) -> Vec<Measurement> {
        let engines = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        engines.iter().flat_map(|engine| engine.measurements()).collect()
    }
}

impl fmt::Debug for Engines {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Engines")
    }
}

impl Collector for Engines {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        // A name is described once, however many engines and labels have it.
        let mut by_name: BTreeMap<&str, Vec<Measurement>> = BTreeMap::new();
        for one in self.measurements() {
            by_name.entry(one.name).or_default().push(one);
        }
        for (name, all) in by_name {
            let Some(Measurement { help, kind, .. }) = all.first() else { continue };
            let kind = match kind {
                MeasurementKind::Gauge => ConstGauge::new(0.0).metric_type(),
                MeasurementKind::Counter => ConstCounter::new(0.0).metric_type(),
            };
            // A full stop, as the registry puts one behind all others.
            let mut described = encoder.encode_descriptor(name, &format!("{help}."), None, kind)?;
            if let [only] = all.as_slice()
                && only.labels.is_empty()
            {
                encode(only, described)?;
                continue;
            }
            for one in &all {
                encode(one, described.encode_family(&one.labels)?)?;
            }
        }
        Ok(())
    }
}

fn encode(one: &Measurement, encoder: MetricEncoder<'_>) -> Result<(), fmt::Error> {
    match one.kind {
        MeasurementKind::Gauge => ConstGauge::new(one.value).encode(encoder),
        MeasurementKind::Counter => ConstCounter::new(one.value).encode(encoder),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::Metrics;

    struct Told(Vec<Measurement>);

    impl Measured for Told {
        fn measurements(&self) -> Vec<Measurement> {
            self.0.clone()
        }
    }

    #[test]
    fn a_name_is_described_once_and_has_a_line_for_each_of_its_labels() {
        let sent = |client, count| {
            Measurement::counter("kafka_sent_bytes", "Bytes sent to brokers", count).of("client", client)
        };
        let up = |value| Measurement::gauge("kafka_broker_up", "Whether it is", value);
        let metrics = Metrics::new();
        let engines: [Vec<Measurement>; 3] = [
            vec![sent("append", 12.0), up(1.0).of("client", "append").of("broker", "k1:9092")],
            vec![sent("publish", 3.5)],
            vec![Measurement::gauge("cassandra_connections", "Connections to nodes", 4.0)],
        ];
        for told in engines {
            metrics.watch(Arc::new(Told(told)));
        }
        let text = metrics.encode().unwrap();
        let is_of_engine = |line: &&str| line.contains("wattmap_kafka") || line.contains("wattmap_cassandra");
        let of_engines: Vec<&str> = text.lines().filter(is_of_engine).collect();
        assert_eq!(
            of_engines,
            [
                "# HELP wattmap_cassandra_connections Connections to nodes.",
                "# TYPE wattmap_cassandra_connections gauge",
                "wattmap_cassandra_connections 4.0",
                "# HELP wattmap_kafka_broker_up Whether it is.",
                "# TYPE wattmap_kafka_broker_up gauge",
                "wattmap_kafka_broker_up{client=\"append\",broker=\"k1:9092\"} 1.0",
                "# HELP wattmap_kafka_sent_bytes Bytes sent to brokers.",
                "# TYPE wattmap_kafka_sent_bytes counter",
                "wattmap_kafka_sent_bytes_total{client=\"append\"} 12.0",
                "wattmap_kafka_sent_bytes_total{client=\"publish\"} 3.5",
            ]
        );
    }
}
