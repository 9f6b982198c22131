use std::fmt;

use serde::Serialize;

/// The median of many measurements, the quartiles around it, and how sure the median is.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Spread {
    pub median: f64,
    pub lower: f64,
    pub upper: f64,
    /// Bounds of the median's 95 % confidence interval: infinite (in JSON null) where there are fewer than six values.
    pub median_from: f64,
    pub median_to: f64,
}

/// The one in the middle, or between the two that are there.
pub fn median(values: Vec<f64>) -> f64 {
    Spread::of(values).median
}

impl Spread {
    pub fn of(mut values: Vec<f64>) -> Self {
        values.sort_by(f64::total_cmp);
        let count = values.len();
        let at = |place: usize| values.get(place).copied().unwrap_or(f64::NAN);
        let last = count.saturating_sub(1);
        let (median_from, median_to) = match outside(count) {
            Some(outside) => (at(outside), at(last - outside)),
            None => (f64::NEG_INFINITY, f64::INFINITY),
        };
        Self {
            median: f64::midpoint(at(last / 2), at(count / 2)),
            lower: at(last / 4),
            upper: at(last - last / 4),
            median_from,
            median_to,
        }
    }

    /// The confidence interval alone, for a table.
    pub fn sure(self, places: usize) -> String {
        format!("{:.places$} to {:.places$}", self.median_from, self.median_to)
    }
}

impl fmt::Display for Spread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let places = f.precision().unwrap_or(2);
        write!(
            f,
            "{:.places$} [{:.places$}, {:.places$}]",
            self.median, self.lower, self.upper
        )
    }
}

/// How many of the lowest values, and as many of the highest, lie outside the interval between two of the values that
/// holds the median of what was sampled with at least 95 % confidence.
///
/// Each value is below that median with probability ½, whatever the distribution. So the `k` lowest lie outside when a
/// binomial variable of `count` throws is at most `k` with probability 0.025 or less. Nothing else is assumed but that
/// values do not depend on each other.
fn outside(count: usize) -> Option<usize> {
    let mut logarithm = -as_float(count) * std::f64::consts::LN_2;
    let mut below = 0.0;
    let mut outside = None;
    for throws in 0..count {
        below += logarithm.exp();
        if below > 0.025 {
            break;
        }
        outside = Some(throws);
        logarithm += (as_float(count - throws) / as_float(throws + 1)).ln();
    }
    outside
}

#[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
fn as_float(count: usize) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interval_of_the_median_is_that_of_the_sign_test_tables() {
        // Places from either end, counted from one, in published tables of the sign test at 95 %.
        for (count, place) in [(6, 1), (8, 1), (9, 2), (10, 2), (20, 6), (25, 8), (50, 18), (100, 40)] {
            assert_eq!(outside(count), Some(place - 1), "{count} values");
        }
        assert_eq!(outside(5), None);
        assert_eq!(outside(0), None);
    }

    #[test]
    fn many_values_do_not_underflow() {
        // The normal approximation: n/2 - 0.98 √n.
        let outside = outside(10_000).unwrap_or_default();
        assert!((4_900..=4_902).contains(&outside), "{outside}");
    }

    #[test]
    fn a_spread_has_median_quartiles_and_interval() {
        let spread = Spread::of((0..20).rev().map(as_float).collect());
        assert_eq!(format!("{spread:.1}"), "9.5 [4.0, 15.0]");
        assert_eq!(spread.sure(0), "5 to 14");
    }

    #[test]
    fn nineteen_intervals_of_twenty_hold_the_median() {
        let mut random = fastrand::Rng::with_seed(7);
        let held = (0..2_000)
            .filter(|_| {
                let spread = Spread::of((0..40).map(|_| random.f64().powi(3)).collect());
                (spread.median_from..=spread.median_to).contains(&0.125)
            })
            .count();
        assert!((1_880..=1_980).contains(&held), "{held} of 2,000");
    }
}
