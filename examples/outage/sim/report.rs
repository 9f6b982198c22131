use std::fmt;
use std::time::Duration;

/// What a fleet did, and what came of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Report {
    operations: u32,
    calls: u32,
    succeeded: u32,
    seconds: Vec<Second>,
}

/// What happened within one second.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Second {
    /// Operations that began: what the server would be asked if nothing were repeated.
    pub(crate) begun: u32,
    /// Attempts that were sent.
    pub(crate) calls: u32,
    /// Operations that succeeded, whenever they had begun.
    pub(crate) succeeded: u32,
}

impl Report {
    /// The amplification: attempts per operation.
    pub(crate) fn load(&self) -> f64 {
        f64::from(self.calls) / f64::from(self.operations.max(1))
    }

    /// The share of operations that succeeded.
    pub(crate) fn success(&self) -> f64 {
        f64::from(self.succeeded) / f64::from(self.operations.max(1))
    }

    /// What happened second by second.
    pub(crate) fn seconds(&self) -> &[Second] {
        &self.seconds
    }

    /// How many seconds after a time it took until five seconds in a row had at least 95 % goodput.
    ///
    /// `None` if that did not happen while operations began.
    pub(crate) fn recovery(&self, after: usize) -> Option<usize> {
        let traffic = self.seconds.iter().take_while(|second| second.begun > 0).count();
        let seconds = self.seconds.get(after..traffic)?;
        seconds
            .windows(STEADY)
            .position(|window| window.iter().all(Second::is_good))
    }

    pub(super) fn begun(&mut self, at: Duration) {
        self.operations += 1;
        self.second(at).begun += 1;
    }

    pub(super) fn called(&mut self, at: Duration) {
        self.calls += 1;
        self.second(at).calls += 1;
    }

    pub(super) fn succeeded(&mut self, at: Duration) {
        self.succeeded += 1;
        self.second(at).succeeded += 1;
    }

    fn second(&mut self, at: Duration) -> &mut Second {
        let number = usize::try_from(at.as_secs()).unwrap_or(usize::MAX);
        if number >= self.seconds.len() {
            self.seconds.resize(number + 1, Second::default());
        }
        &mut self.seconds[number]
    }
}

impl Second {
    /// Whether at least 95 % of what began was matched by successes.
    pub(crate) fn is_good(&self) -> bool {
        f64::from(self.succeeded) >= GOOD * f64::from(self.begun)
    }
}

/// A mean over seeds, and how far the seeds lie apart.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Spread {
    pub(crate) mean: f64,
    pub(crate) least: f64,
    pub(crate) most: f64,
}

impl Spread {
    pub(crate) fn of(values: &[f64]) -> Self {
        let count = u32::try_from(values.len().max(1)).unwrap_or(u32::MAX);
        Self {
            mean: values.iter().sum::<f64>() / f64::from(count),
            least: values.iter().copied().fold(f64::INFINITY, f64::min),
            most: values.iter().copied().fold(f64::NEG_INFINITY, f64::max),
        }
    }
}

impl fmt::Display for Spread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { mean, least, most } = self;
        write!(f, "{mean:.4} ({least:.4} to {most:.4})")
    }
}

/// For so many seconds goodput must hold to count as recovered.
const STEADY: usize = 5;
const GOOD: f64 = 0.95;
