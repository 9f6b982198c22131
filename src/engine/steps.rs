use std::borrow::Borrow;
use std::time::{Duration, Instant};

use super::guard::{Guards, Landing, Shields};
use crate::breaker::{Permit, Refusal, Transition, Try};
use crate::budget::Withdrawal;
use crate::classify::Verdict;
use crate::operation::{Outcome, Seldom, StopReason};
use crate::retry::{Attempts, Begin, Decision, RetryPolicy, Touched};

/// The decisions of one operation, breaker and budget included: leave in, outcome in, decision out.
///
/// It does no I/O and never waits, so every driver takes these same steps: over HTTP, around any function, in a thread.
#[derive(Debug)]
pub(crate) struct Steps<P = RetryPolicy> {
    pub(crate) attempts: Attempts<P>,
    pub(crate) guards: Guards,
}

/// No leave: no attempt was made, and it cost nothing. Boxed, so that leave is handed on without it.
#[derive(Debug)]
pub(crate) struct Refused {
    pub(crate) stop: StopReason,
    pub(crate) retry_after: Option<Duration>,
    /// The breaker changed all the same.
    pub(crate) transition: Option<Transition>,
}

impl Refused {
    #[cold]
    fn by_breaker(refusal: &Refusal, now: Instant) -> Self {
        Self {
            stop: StopReason::CircuitOpen,
            retry_after: refusal.retry_at.map(|at| at.saturating_duration_since(now)),
            transition: None,
        }
    }
}

/// An attempt that ended, and when.
#[derive(Debug)]
pub(crate) struct Spent<'p, 'a> {
    /// Settled where it lies.
    pub(crate) permit: Option<&'p mut Permit<'a>>,
    pub(crate) began: Instant,
    pub(crate) ended: Instant,
    /// When what follows is decided: later, where another attempt was under way beside it.
    pub(crate) at: Instant,
}

/// What follows an attempt.
#[derive(Debug)]
pub(crate) struct Settled {
    pub(crate) decision: Decision,
    /// The wait that was asked for, if it stops.
    pub(crate) retry_after: Option<Duration>,
    pub(crate) transitions: Vec<Transition>,
}

impl<P: Borrow<RetryPolicy>> Steps<P> {
    /// Asks breaker, budget and policy for leave to make the next attempt; the breaker's is written where it stays.
    ///
    /// It may have been given although budget or policy refused: whoever is refused drops it, which gives it back.
    #[inline]
    pub(crate) fn admit<'a>(
        &mut self,
        shields: Shields<'a>,
        permit: &mut Option<Permit<'a>>,
        now: Instant,
    ) -> Result<Begin, Box<Refused>> {
        let attempt = if self.attempts.is_repeated() {
            Try::Retry
        } else {
            Try::First
        };
        if let Err(refusal) = self.guards.admit(shields, permit, attempt, now) {
            return Err(Refused::by_breaker(&refusal, now).into());
        }
        // A withdrawal that no attempt follows goes back when it is dropped.
        let withdrawal = match self.guards.pay(shields) {
            Ok(withdrawal) => withdrawal,
            Err(stop) => return Err(self.refused(stop, permit.as_ref()).into()),
        };
        match self.attempts.begin(now) {
            Ok(begin) => {
                self.guards.spend(withdrawal);
                Ok(begin)
            }
            Err(stop) => Err(self.refused(stop, permit.as_ref()).into()),
        }
    }

    /// By budget or policy. What was asked to wait is told again only if nobody has waited for it yet: of an operation that
    /// a loop around it repeats.
    #[cold]
    fn refused(&self, stop: StopReason, permit: Option<&Permit<'_>>) -> Refused {
        Refused {
            stop,
            retry_after: self.attempts.retry_after(),
            transition: permit.and_then(Permit::transition).copied(),
        }
    }

    /// Asks for leave to send a hedge beside the attempt under way.
    ///
    /// # Errors
    ///
    /// How the breaker changed all the same, if it did.
    pub(crate) fn hedge<'a>(
        &mut self,
        shields: Shields<'a>,
        permit: &mut Option<Permit<'a>>,
        now: Instant,
    ) -> Result<Begin, Option<Transition>> {
        if !self.attempts.may_hedge(now) {
            return Err(None);
        }
        self.guards
            .admit(shields, permit, Try::Retry, now)
            .map_err(|_refusal| None)?;
        let transition = permit.as_ref().and_then(Permit::transition).copied();
        let withdrawal = self.guards.pay_for_hedge(shields).map_err(|_stop| transition)?;
        let begin = self.attempts.begin(now).map_err(|_stop| transition)?;
        withdrawal.map(Withdrawal::spend);
        Ok(begin)
    }

    /// Tells the breaker how an attempt ended that has no say in what follows, since another one is under way.
    pub(crate) fn put_aside(
        &mut self,
        shields: Shields<'_>,
        spent: Spent<'_, '_>,
        (outcome, verdict, landing): (&Outcome<'_>, &Verdict, Option<&Landing>),
        random: impl Fn() -> f64,
    ) -> Vec<Transition> {
        let Spent {
            permit, began, ended, ..
        } = spent;
        self.attempts.aside(outcome, verdict);
        self.guards
            .settle(shields, permit, landing, outcome, (began, ended), random)
    }

    /// Tells breaker and budget how an attempt ended, and decides what follows; `random` draws from [0, 1).
    ///
    /// Nothing if the attempt was accepted and there is no more to tell, as of most: that fits into a register.
    #[inline]
    pub(crate) fn settle(
        &mut self,
        shields: Shields<'_>,
        spent: Spent<'_, '_>,
        (outcome, verdict, landing): (&Outcome<'_>, &Verdict, Option<&Landing>),
        random: impl Fn() -> f64,
    ) -> Seldom<Settled> {
        let Spent {
            permit,
            began,
            ended,
            at,
        } = spent;
        let transitions = self
            .guards
            .settle(shields, permit, landing, outcome, (began, ended), &random);
        match self.attempts.accepts(outcome, verdict) {
            Ok(()) => {
                self.guards.earn(shields, outcome);
                let retry_after = self.attempts.retry_after();
                let is_plain = retry_after.is_none() && transitions.is_empty();
                if is_plain {
                    Seldom::NONE
                } else {
                    Settled::accepted(retry_after, transitions)
                }
            }
            Err(touched) => {
                let failed = (outcome, verdict, touched);
                self.settle_failed(shields, failed, at, &random, transitions)
            }
        }
    }

    #[cold]
    fn settle_failed(
        &mut self,
        shields: Shields<'_>,
        (outcome, verdict, touched): (&Outcome<'_>, &Verdict, Touched),
        at: Instant,
        random: &dyn Fn() -> f64,
        transitions: Vec<Transition>,
    ) -> Seldom<Settled> {
        // Only a retry needs a random number.
        let jitter = if verdict.is_retry() { random() } else { 0.0 };
        let decision = self.attempts.after_failure((outcome, verdict), touched, at, jitter);
        let hint = self.attempts.retry_after();
        let (decision, retry_after) = match decision {
            Decision::Stop(_) => (decision, hint),
            Decision::RetryAfter(wait) => match self.guards.retry(shields, outcome, wait, at) {
                Ok(()) => {
                    self.attempts.waits();
                    (decision, None)
                }
                Err((stop, retry_after)) => (Decision::Stop(stop), retry_after.max(hint)),
            },
        };
        Seldom::of(Settled {
            decision,
            retry_after,
            transitions,
        })
    }
}

impl Settled {
    /// What follows, and the wait that was asked for; of what [`Steps::settle`] gave.
    pub(crate) fn read(settled: Option<&Self>) -> (Decision, Option<Duration>) {
        settled.map_or((Decision::Stop(StopReason::Accepted), None), |settled| {
            (settled.decision, settled.retry_after)
        })
    }

    #[cold]
    fn accepted(retry_after: Option<Duration>, transitions: Vec<Transition>) -> Seldom<Self> {
        Seldom::of(Self {
            decision: Decision::Stop(StopReason::Accepted),
            retry_after,
            transitions,
        })
    }
}
