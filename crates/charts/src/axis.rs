//! Where the grid lines are. Pure.

/// Grid lines of a scale from zero: few, round, and the last at or above the largest value.
#[derive(Debug, Clone, PartialEq)]
pub struct Axis {
    /// The distance of two lines.
    pub step: f64,
    /// How many lines there are above zero.
    pub lines: usize,
}

impl Axis {
    /// For values up to `max`, with at most `lines_max` lines.
    pub fn up_to(max: f64, lines_max: usize) -> Self {
        let max = if max.is_finite() && max > 0.0 { max } else { 1.0 };
        let least = max / lines_max as f64;
        let magnitude = 10_f64.powf(least.log10().floor());
        let step = [1.0, 2.0, 2.5, 5.0, 10.0]
            .into_iter()
            .map(|round| round * magnitude)
            .find(|step| *step >= least * (1.0 - 1e-9))
            .unwrap_or(magnitude * 10.0);
        Self { step, lines: (max / step - 1e-9).ceil().max(1.0) as usize }
    }

    /// The value of the highest line.
    pub fn top(&self) -> f64 {
        self.step * self.lines as f64
    }

    /// The values of all lines, zero included.
    pub fn values(&self) -> impl Iterator<Item = f64> + use<> {
        let step = self.step;
        (0..=self.lines).map(move |line| line as f64 * step)
    }

    /// A line's label: whole numbers where the step is whole.
    pub fn label(&self, value: f64) -> String {
        if self.step >= 1.0 { metering::format::whole(value) } else { metering::format::tenths(value) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_few_and_round() {
        let check = |max, lines, expect: &[f64]| {
            let values: Vec<f64> =
                Axis::up_to(max, lines).values().map(|v| (v * 1e6).round() / 1e6).collect();
            assert_eq!(values, expect, "{max}");
        };
        check(590.0, 3, &[0.0, 200.0, 400.0, 600.0]);
        check(600.0, 3, &[0.0, 200.0, 400.0, 600.0]);
        check(601.0, 3, &[0.0, 250.0, 500.0, 750.0]);
        check(11.3, 3, &[0.0, 5.0, 10.0, 15.0]);
        check(0.7, 3, &[0.0, 0.25, 0.5, 0.75]);
        check(0.0, 3, &[0.0, 0.5, 1.0]);
        check(f64::NAN, 3, &[0.0, 0.5, 1.0]);
    }

    #[test]
    fn the_top_is_never_below_the_largest_value() {
        for n in 1..5000 {
            let max = f64::from(n) * 0.37;
            let axis = Axis::up_to(max, 4);
            assert!(axis.top() >= max * (1.0 - 1e-9) && axis.lines <= 4, "{max}");
        }
    }
}
