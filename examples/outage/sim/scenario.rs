use std::time::Duration;

use super::driver;
use super::random::{Purpose, Random};
use super::report::Report;
use super::server::{Flaky, Queue};
use super::strategy::Strategy;

/// The seed of everything that is shown; tests use this and the seven after it.
pub(crate) const SEED: u64 = 1;

/// Who calls, and how often.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Traffic {
    pub(crate) clients: usize,
    /// Operations per second of all clients together.
    pub(crate) rate: f64,
    /// For how long operations begin.
    pub(crate) span: Duration,
}

impl Traffic {
    /// Lets this fleet meet a server that fails a share of all requests, whatever the load.
    pub(crate) fn against_failures(&self, failure_rate: f64, strategy: &Strategy, seed: u64) -> Report {
        let server = Flaky {
            failure_rate,
            one_way: Duration::from_millis(10),
            random: Random::new(seed, Purpose::Server),
        };
        driver::run(strategy, self, server, seed)
    }

    /// The mean time between two operations.
    pub(super) fn pause(&self) -> Duration {
        Duration::from_secs_f64(self.rate.recip())
    }
}

/// A server of limited capacity that is slow for a while.
///
/// It serves 1000 requests per second in order of arrival, a fifth of that during the dip, and goes on with requests
/// whose clients have given up after a second.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Dip {
    /// What the operations ask for, as a share of the capacity.
    pub(crate) load: f64,
    /// How long the dip lasts.
    pub(crate) lasts: Duration,
    /// How many processes share the load, each with a budget and a breaker of its own.
    pub(crate) clients: usize,
}

impl Default for Dip {
    fn default() -> Self {
        Self {
            load: 0.8,
            lasts: Duration::from_secs(10),
            clients: 100,
        }
    }
}

impl Dip {
    /// Requests per second that the server can serve.
    pub(crate) const CAPACITY: f64 = 1000.0;
    /// When the dip begins.
    pub(crate) const BEGINS: Duration = Duration::from_secs(20);
    /// How long operations begin.
    pub(crate) const HORIZON: Duration = Duration::from_secs(180);

    /// Lets a fleet go through it.
    pub(crate) fn against(&self, strategy: &Strategy, seed: u64) -> Report {
        let traffic = Traffic {
            clients: self.clients,
            rate: self.load * Self::CAPACITY,
            span: Self::HORIZON,
        };
        let server = Queue {
            service: Duration::from_secs_f64(Self::CAPACITY.recip()),
            dip: Self::BEGINS..self.ends(),
            slowdown: 5,
            timeout: Duration::from_secs(1),
            busy_until: Duration::ZERO,
        };
        driver::run(strategy, &traffic, server, seed)
    }

    /// When the dip ends.
    pub(crate) fn ends(&self) -> Duration {
        Self::BEGINS + self.lasts
    }

    /// How many seconds after the dip the clients were served again.
    pub(crate) fn recovery(&self, report: &Report) -> Option<usize> {
        // A part of a second that still belongs to the dip does not count.
        let ends = self.ends();
        let whole = ends.as_secs() + u64::from(ends.subsec_nanos() > 0);
        report.recovery(usize::try_from(whole).unwrap_or(usize::MAX))
    }
}
