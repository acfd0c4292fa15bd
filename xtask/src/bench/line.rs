//! The lines in which benches speak.

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// One figure.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Line {
    bench: String,
    figure: String,
    value: f64,
    unit: String,
    /// The figure to reach; one that is only watched has none.
    against: Option<f64>,
    /// Under which conditions, where a bench says them.
    #[serde(flatten)]
    conditions: Map<String, Value>,
}

impl Line {
    pub(super) fn new(bench: &str, figure: &str, value: f64, unit: &str, against: Option<f64>) -> Self {
        let conditions = Map::new();
        Self { bench: bench.into(), figure: figure.into(), value, unit: unit.into(), against, conditions }
    }
}

/// Every line has to be one of ours: a figure that a script cannot read is one that nobody compares.
pub(super) fn parse(line: &str) -> Result<Line> {
    serde_json::from_str(line).with_context(|| format!("the bench printed {line:?}, which is no figure"))
}

pub(super) fn print(line: &Line) -> Result<()> {
    println!("{}", serde_json::to_string(line)?);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_a_bench_are_read_and_anything_else_is_refused() {
        let line = r#"{"bench":"pipeline","figure":"readings_per_s","value":1200000,"unit":"1/s","against":1000000}"#;
        assert_eq!(parse(line).unwrap().value, 1_200_000.0);
        let with_conditions =
            r#"{"bench":"log","figure":"records_per_s","value":1,"unit":"1/s","against":null,"callers":8}"#;
        assert_eq!(parse(with_conditions).unwrap().conditions["callers"], 8);
        assert!(parse("1.2 million a second").is_err());
        assert!(parse(r#"{"bench":"pipeline","value":1}"#).is_err());
    }
}
