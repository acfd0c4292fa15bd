//! What every aggregate has to be, from the acknowledged readings alone.

use std::collections::{BTreeMap, BTreeSet};

use crate::AREAS;
use crate::process::Process;
use crate::sender::Sender;

/// Energy, meters and meter-seconds by area and start of the window.
#[derive(Debug, PartialEq)]
pub(crate) struct Oracle(BTreeMap<(usize, i64), (i64, i64, i64)>);

impl Oracle {
    pub(crate) fn of(senders: &[Sender]) -> Oracle {
        let mut sums: BTreeMap<(usize, i64), (i64, i64, i64)> = BTreeMap::new();
        for meter in senders.iter().flat_map(|sender| &sender.meters) {
            let mut heard = BTreeSet::new();
            for (&start, counted) in &meter.readings {
                let window = start - start % 1800;
                let parts = if counted.duration_s == 3600 {
                    let second = counted.energy_mwh / 2;
                    vec![(window, counted.energy_mwh - second, 1800), (window + 1800, second, 1800)]
                } else {
                    vec![(window, counted.energy_mwh, counted.duration_s)]
                };
                for (window, energy, seconds) in parts {
                    let sum = sums.entry((counted.area, window)).or_default();
                    sum.0 += energy;
                    sum.1 += i64::from(heard.insert((counted.area, window)));
                    sum.2 += seconds;
                }
            }
        }
        Oracle(sums)
    }

    /// Compares with what the program says; gives the number of aggregates.
    pub(crate) async fn check(&self, process: &Process) -> usize {
        let mut found = BTreeMap::new();
        for (area, code) in AREAS.iter().enumerate() {
            let answer = process.client().operate(&format!("/areas/{code}/exact?by=half-hour")).await;
            for point in answer["series"].as_array().unwrap_or_else(|| panic!("{answer}")) {
                let number = |name: &str| point[name].as_i64().unwrap();
                let start = metering::UtcSecond::parse(point["start"].as_str().unwrap()).unwrap().0;
                found
                    .insert((area, start), (number("energy_mwh"), number("meters"), number("meter_seconds")));
            }
        }
        let different: Vec<String> = self
            .0
            .keys()
            .chain(found.keys())
            .collect::<BTreeSet<_>>()
            .into_iter()
            .filter(|key| self.0.get(key) != found.get(key))
            .map(|key| {
                format!("{} {}: {:?}, found {:?}", AREAS[key.0], key.1, self.0.get(key), found.get(key))
            })
            .collect();
        assert!(
            different.is_empty(),
            "{} differ:\n{}",
            different.len(),
            different[..different.len().min(20)].join("\n")
        );
        found.len()
    }
}
