use std::ops::Range;
use std::time::Duration;

use super::random::Random;

/// The far side, network included.
pub(crate) trait Server {
    /// Takes a request and says what its client will see.
    fn receive(&mut self, at: Duration) -> Answer;
}

/// How an attempt ends, as its client sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) after: Duration,
    pub(crate) ending: Ending,
}

/// What comes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    Succeeded,
    Failed,
    TimedOut,
}

/// Fails each request by chance, however many there are, at the end of an exponential way there and back.
#[derive(Debug)]
pub(crate) struct Flaky {
    pub(crate) failure_rate: f64,
    pub(crate) one_way: Duration,
    pub(crate) random: Random,
}

impl Server for Flaky {
    fn receive(&mut self, _at: Duration) -> Answer {
        let there = self.random.exponential(self.one_way);
        let back = self.random.exponential(self.one_way);
        let ending = if self.random.chance(self.failure_rate) {
            Ending::Failed
        } else {
            Ending::Succeeded
        };
        Answer {
            after: there + back,
            ending,
        }
    }
}

/// Serves one request after the other, in order of arrival, however long the line; for a while it is slower.
///
/// Whether the client is still waiting makes no difference to it: that is what keeps an overload alive.
#[derive(Debug)]
pub(crate) struct Queue {
    /// How long one request takes.
    pub(crate) service: Duration,
    /// When it is slower.
    pub(crate) dip: Range<Duration>,
    /// How many times slower it then is.
    pub(crate) slowdown: u32,
    /// How long a client waits.
    pub(crate) timeout: Duration,
    pub(crate) busy_until: Duration,
}

impl Server for Queue {
    fn receive(&mut self, at: Duration) -> Answer {
        self.busy_until = self.served(at.max(self.busy_until));
        let after = self.busy_until.saturating_sub(at);
        if after <= self.timeout {
            Answer {
                after,
                ending: Ending::Succeeded,
            }
        } else {
            Answer {
                after: self.timeout,
                ending: Ending::TimedOut,
            }
        }
    }
}

impl Queue {
    /// When a request is done that the server begins with at some time.
    fn served(&self, begin: Duration) -> Duration {
        let Range { start, end } = self.dip;
        let before = start.saturating_sub(begin);
        if self.service <= before {
            return begin + self.service;
        }
        let left = self.service.saturating_sub(before);
        let begin = begin.max(start);
        let within = end.saturating_sub(begin) / self.slowdown;
        if left <= within {
            return begin + left * self.slowdown;
        }
        begin.max(end) + left.saturating_sub(within)
    }
}
