use std::time::{Duration, Instant};

use super::operation::News;
use crate::breaker::Permit;
use crate::classify::{Brought, Verdict};
use crate::engine::{Settled, Shields, Spent, Steps};
use crate::operation::{Delivery, Failure, FailureKind, Outcome};
use crate::retry::{Begin, Decision};

/// Leave to make one attempt; it is used up by telling how the attempt ended.
///
/// Dropped before that, it says that the attempt may have acted and that nothing is known of the server.
#[derive(Debug)]
#[must_use = "make the attempt and tell how it ended"]
pub struct Leave<'a> {
    steps: &'a mut Steps,
    news: &'a mut News,
    shields: Shields<'a>,
    permit: Option<Permit<'a>>,
    begin: Begin,
    began: Instant,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum State {
    UnderWay,
    Ended,
}

impl<'a> Leave<'a> {
    pub(super) fn new(
        (steps, news): (&'a mut Steps, &'a mut News),
        shields: Shields<'a>,
        (begin, permit): (Begin, Option<Permit<'a>>),
        now: Instant,
    ) -> Self {
        Self {
            steps,
            news,
            shields,
            permit,
            begin,
            began: now,
            state: State::UnderWay,
        }
    }

    /// The attempt's number; the first is 1.
    #[must_use]
    pub fn number(&self) -> u32 {
        self.begin.number
    }

    /// What is left until the deadline, if there is one: the attempt must not take longer.
    #[must_use]
    pub fn time_left(&self) -> Option<Duration> {
        self.begin.time_left
    }

    /// Ends it with an HTTP outcome, which the policy judges; `random`, in [0, 1), is for jitter.
    pub fn ended(self, outcome: &Outcome<'_>, now: Instant, random: f64) -> Decision {
        let mut outcome = outcome.with_attempt(self.begin.number);
        outcome.has_key(self.steps.attempts.honors_key());
        let verdict = self.steps.attempts.policy().classify(&outcome);
        self.judged(&outcome, &verdict, now, random)
    }

    /// Ends it with an HTTP outcome and the driver's own verdict on it.
    pub fn judged(mut self, outcome: &Outcome<'_>, verdict: &Verdict, now: Instant, random: f64) -> Decision {
        self.state = State::Ended;
        let mut permit = self.permit.take();
        self.settle(permit.as_mut(), (outcome, verdict), now, random)
    }

    /// Ends one that is not HTTP, of which a verdict is all there is; the table of [`function`](crate::function) says
    /// what it means. An accepted one brought what was wanted.
    pub fn told(self, verdict: &Verdict, now: Instant, random: f64) -> Decision {
        self.judged(&verdict.outcome(Brought::Value), verdict, now, random)
    }

    fn settle(
        &mut self,
        permit: Option<&mut Permit<'_>>,
        (outcome, verdict): (&Outcome<'_>, &Verdict),
        at: Instant,
        random: f64,
    ) -> Decision {
        let spent = Spent {
            permit,
            began: self.began,
            ended: at,
            at,
        };
        let mut settled = self
            .steps
            .settle(self.shields, spent, (outcome, verdict, None), || random);
        let (decision, retry_after) = Settled::read(settled.get());
        *self.news = News {
            stop: match decision {
                Decision::Stop(stop) => Some(stop),
                Decision::RetryAfter(_) => None,
            },
            retry_after,
            transitions: settled.take().map_or(Vec::new(), |settled| settled.transitions),
        };
        decision
    }
}

impl Drop for Leave<'_> {
    fn drop(&mut self) {
        if self.state == State::UnderWay {
            // Doubt is noted, so that no later attempt repeats blindly; the permit goes back by itself.
            let lost = Failure::new(FailureKind::Other, Delivery::Unknown);
            let _ = self.settle(None, (&Outcome::failure(&lost), &Verdict::retry()), self.began, 0.0);
        }
    }
}
