//! What an engine can say of itself in numbers, for those who watch over it.

/// One number, as Prometheus wants it.
#[derive(Debug, Clone, PartialEq)]
pub struct Measurement {
    /// With its unit, without the program's name before it or `_total` behind it: `kafka_sent_bytes`.
    pub name: &'static str,
    /// What it counts. The same wherever the name is.
    pub help: &'static str,
    /// How it moves. The same wherever the name is.
    pub kind: MeasurementKind,
    /// What tells it from others of its name.
    pub labels: Vec<(&'static str, String)>,
    /// In the name's unit.
    pub value: f64,
}

/// How a number moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MeasurementKind {
    /// Up and down.
    Gauge,
    /// Only up, from this process's start.
    Counter,
}

impl Measurement {
    /// Of what goes up and down.
    pub fn gauge(name: &'static str, help: &'static str, value: f64) -> Self {
        Measurement { name, help, kind: MeasurementKind::Gauge, labels: Vec::new(), value }
    }

    /// Of what only goes up.
    pub fn counter(name: &'static str, help: &'static str, value: f64) -> Self {
        Measurement { name, help, kind: MeasurementKind::Counter, labels: Vec::new(), value }
    }

    /// With one more label.
    pub fn of(mut self, label: &'static str, value: impl ToString) -> Self {
        self.labels.push((label, value.to_string()));
        self
    }
}

/// Something that knows numbers about itself.
pub trait Measured: Send + Sync + 'static {
    /// All that are known now. Cheap, and without I/O: it is asked whenever somebody looks.
    fn measurements(&self) -> Vec<Measurement>;
}
