use std::fmt;

use serde::Serialize;

/// The median of many measurements, and the quartiles around it.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Spread {
    pub median: f64,
    pub lower: f64,
    pub upper: f64,
}

impl Spread {
    pub fn of(mut values: Vec<f64>) -> Self {
        values.sort_by(f64::total_cmp);
        let at = |quarter: usize| {
            values
                .get((values.len().max(1) - 1) * quarter / 4)
                .copied()
                .unwrap_or(f64::NAN)
        };
        Self {
            median: at(2),
            lower: at(1),
            upper: at(3),
        }
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
