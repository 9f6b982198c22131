use std::fmt;
use std::time::Duration;

/// A value that has a range, and how messages write it.
pub(crate) trait Bound: PartialOrd + Copy {
    fn shown(self) -> impl fmt::Display;
}

impl Bound for Duration {
    fn shown(self) -> impl fmt::Display {
        Span(self)
    }
}

impl Bound for u32 {
    fn shown(self) -> impl fmt::Display {
        self
    }
}

impl Bound for usize {
    fn shown(self) -> impl fmt::Display {
        self
    }
}

impl Bound for f64 {
    fn shown(self) -> impl fmt::Display {
        // With the point of `1.0`, by which a factor is told from a count.
        format!("{self:?}")
    }
}

/// A duration as settings files write it, "1m 30s", so that what a message says can be pasted back.
#[derive(Clone, Copy)]
pub(crate) struct Span(pub(crate) Duration);

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_zero() {
            return f.write_str("0s");
        }
        let mut left = self.0.as_nanos();
        let mut space = "";
        for (unit, length) in UNITS {
            let count = left / length;
            left %= length;
            if count == 0 {
                continue;
            }
            let plural = if unit == "day" && count > 1 { "s" } else { "" };
            write!(f, "{space}{count}{unit}{plural}")?;
            space = " ";
        }
        Ok(())
    }
}

/// Each with its length in nanoseconds. Nothing longer: a month is a matter of opinion.
const UNITS: [(&str, u128); 7] = [
    ("day", 86_400_000_000_000),
    ("h", 3_600_000_000_000),
    ("m", 60_000_000_000),
    ("s", 1_000_000_000),
    ("ms", 1_000_000),
    ("us", 1_000),
    ("ns", 1),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_written_as_in_a_settings_file() {
        for (duration, written) in [
            (Duration::ZERO, "0s"),
            (Duration::from_millis(250), "250ms"),
            (Duration::from_millis(1_500), "1s 500ms"),
            (Duration::from_secs(90), "1m 30s"),
            (Duration::from_secs(86_400), "1day"),
            (Duration::from_secs(30 * 86_400), "30days"),
            (Duration::new(3_601, 1_001), "1h 1s 1us 1ns"),
        ] {
            assert_eq!(Span(duration).to_string(), written);
        }
    }
}
