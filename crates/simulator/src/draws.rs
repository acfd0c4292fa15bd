//! Random numbers that depend on nothing but what they are drawn for.
//!
//! A household's Tuesday must come out the same whether it is asked for as history, live or after a
//! restart, in any order. So there is no generator that runs through the program: each subject (a
//! home, a home's day, a reading) seeds its own, which has to cost next to nothing.

/// What a sequence of draws is about, so that two sequences of one home have nothing in common.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Subject {
    Home = 1,
    Habits,
    Day,
    Presence,
    Weather,
    Neighbourhood,
    Fault,
    Stagger,
}

/// The SplitMix64 sequence (Steele, Lea and Flood 2014): one addition and one mixing a number, and
/// any seed is a good one.
#[derive(Debug, Clone)]
pub(crate) struct Draws(u64);

const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

impl Draws {
    /// The sequence for a subject: of whom (a home, an area), and which one (a day, an interval).
    pub(crate) fn new(seed: u64, subject: Subject, whose: u64, which: i64) -> Self {
        let mut state = mix(seed ^ (subject as u64).wrapping_mul(GOLDEN));
        state = mix(state.wrapping_add(whose.wrapping_mul(GOLDEN)));
        Draws(mix(state ^ (which as u64).wrapping_mul(GOLDEN)))
    }

    pub(crate) fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(GOLDEN);
        mix(self.0)
    }

    /// From 0, to below 1.
    pub(crate) fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// True with this probability.
    pub(crate) fn chance(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }

    /// From 0, to below `count`.
    pub(crate) fn below(&mut self, count: usize) -> usize {
        ((u128::from(self.bits()) * count as u128) >> 64) as usize
    }

    /// Around `middle`, `spread` to either side at most, near the middle most often.
    pub(crate) fn about(&mut self, middle: f64, spread: f64) -> f64 {
        let bits = self.bits();
        let (a, b) = ((bits >> 32) as f64, (bits & 0xffff_ffff) as f64);
        middle + spread * ((a + b) / 4_294_967_295.0 - 1.0)
    }

    /// About a standard normal: the sum of twelve.
    pub(crate) fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.unit()).sum::<f64>() - 6.0
    }

    /// One of these, as often as its weight says.
    pub(crate) fn choose<T: Copy>(&mut self, weighted: &[(T, f64)]) -> T {
        let total: f64 = weighted.iter().map(|&(_, weight)| weight).sum();
        let mut left = self.unit() * total;
        for &(choice, weight) in weighted {
            left -= weight;
            if left < 0.0 {
                return choice;
            }
        }
        weighted[weighted.len() - 1].0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_subject_draws_the_same() {
        let three = |mut draws: Draws| [draws.bits(), draws.bits(), draws.bits()];
        let draws = || Draws::new(7, Subject::Day, 42, 20_000);
        assert_eq!(three(draws()), three(draws()));
        for other in [
            Draws::new(8, Subject::Day, 42, 20_000),
            Draws::new(7, Subject::Presence, 42, 20_000),
            Draws::new(7, Subject::Day, 43, 20_000),
            Draws::new(7, Subject::Day, 42, 20_001),
        ] {
            assert_ne!(three(draws()), three(other));
        }
    }

    #[test]
    fn draws_are_spread_as_they_should_be() {
        let mut draws = Draws::new(1, Subject::Home, 0, 0);
        let n = 20_000;
        let mean = |values: Vec<f64>| values.iter().sum::<f64>() / f64::from(n);
        let check = |name: &str, got: f64, expect: f64| {
            assert!((got - expect).abs() < 0.02, "{name}: {got} instead of {expect}");
        };
        check("unit", mean((0..n).map(|_| draws.unit()).collect()), 0.5);
        check("chance", mean((0..n).map(|_| f64::from(u8::from(draws.chance(0.3)))).collect()), 0.3);
        check("about", mean((0..n).map(|_| draws.about(2.0, 1.0)).collect()), 2.0);
        check("normal", mean((0..n).map(|_| draws.normal()).collect()), 0.0);
        check("normal's variance", mean((0..n).map(|_| draws.normal().powi(2)).collect()), 1.0);
        check("below", mean((0..n).map(|_| draws.below(3) as f64).collect()), 1.0);
        let choices = [(0.0, 1.0), (1.0, 3.0)];
        check("choose", mean((0..n).map(|_| draws.choose(&choices)).collect()), 0.75);
    }
}
