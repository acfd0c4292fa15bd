//! When homes do what they do at no set time: as the standard load profile has it.

use geography::reference::{DayType, H25};

/// Steps of the inverse of the distribution: finer than anybody's watch.
const STEPS: usize = 128;

/// Of the lowest half-hour of a day, the part that runs whether anybody is up or not.
const ALWAYS_ON: f64 = 0.9;

/// For each month and kind of day, the times of day by quantile: use above the night's, spread as H25 is.
#[derive(Debug, Clone)]
pub(crate) struct Shape(Vec<[f32; STEPS + 1]>);

impl Shape {
    pub(crate) fn new(h25: &H25) -> Self {
        let of = |month: u8, kind: DayType| {
            let shares: Vec<f64> = (0..48).map(|half_hour| h25.share(month, kind, half_hour)).collect();
            let lowest = shares.iter().copied().fold(f64::INFINITY, f64::min);
            quantiles(&shares.iter().map(|share| share - ALWAYS_ON * lowest).collect::<Vec<_>>())
        };
        Shape((1..=12).flat_map(|month| DayType::ALL.map(|kind| of(month, kind))).collect())
    }

    /// The time of day, minutes after midnight, before which this part of the day's use is over.
    pub(crate) fn minute(&self, month: i8, kind: DayType, quantile: f64) -> f64 {
        let table = &self.0[(month as usize - 1) * DayType::ALL.len() + kind as usize];
        let place = quantile * STEPS as f64;
        let step = (place as usize).min(STEPS - 1);
        let (below, above) = (f64::from(table[step]), f64::from(table[step + 1]));
        below + (above - below) * (place - step as f64)
    }
}

fn quantiles(weights: &[f64]) -> [f32; STEPS + 1] {
    let total: f64 = weights.iter().sum();
    let mut table = [1440.0; STEPS + 1];
    let (mut half_hour, mut before) = (0, 0.0);
    for (step, entry) in table.iter_mut().enumerate() {
        let sought = total * step as f64 / STEPS as f64;
        while half_hour + 1 < weights.len() && before + weights[half_hour] < sought {
            before += weights[half_hour];
            half_hour += 1;
        }
        let within = ((sought - before) / weights[half_hour]).clamp(0.0, 1.0);
        *entry = (30.0 * (half_hour as f64 + within)) as f32;
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_as_frequent_as_the_profile_says() {
        let (h25, n) = (geography::reference::h25(), 20_000);
        let shape = Shape::new(h25);
        let mut counts = [0.0; 48];
        for i in 0..n {
            let minute = shape.minute(1, DayType::Weekday, (f64::from(i) + 0.5) / f64::from(n));
            counts[(minute / 30.0) as usize] += 1.0 / f64::from(n);
        }
        let shares: Vec<f64> = (0..48).map(|h| h25.share(1, DayType::Weekday, h)).collect();
        let lowest = shares.iter().copied().fold(1.0, f64::min) * ALWAYS_ON;
        let total: f64 = shares.iter().map(|s| s - lowest).sum();
        for (half_hour, share) in shares.iter().enumerate() {
            let expect = (share - lowest) / total;
            assert!((counts[half_hour] - expect).abs() < 0.004, "{half_hour}: {}", counts[half_hour]);
        }
    }
}
