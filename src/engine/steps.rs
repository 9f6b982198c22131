use std::borrow::Borrow;
use std::time::{Duration, Instant};

use super::guard::{Guards, Landing, Shields};
use crate::breaker::{Permit, Refusal, Transition, Try};
use crate::budget::Withdrawal;
use crate::classify::Verdict;
use crate::operation::{Outcome, StopReason};
use crate::retry::{Attempts, Begin, Decision, RetryPolicy};

/// The decisions of one operation, breaker and budget included: leave in, outcome in, decision out.
///
/// It does no I/O and never waits, so every driver takes these same steps: over HTTP, around any function, in a thread.
#[derive(Debug)]
pub(crate) struct Steps<P = RetryPolicy> {
    pub(crate) attempts: Attempts<P>,
    pub(crate) guards: Guards,
}

/// Leave to make an attempt.
#[derive(Debug)]
pub(crate) struct Admitted<'a> {
    pub(crate) begin: Begin,
    pub(crate) permit: Option<Permit<'a>>,
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
    /// Asks breaker, budget and policy for leave to make the next attempt.
    #[inline]
    pub(crate) fn admit<'a>(&mut self, shields: Shields<'a>, now: Instant) -> Result<Admitted<'a>, Box<Refused>> {
        let attempt = if self.attempts.begun() == 0 {
            Try::First
        } else {
            Try::Retry
        };
        let permit = match self.guards.admit(shields, attempt, now) {
            Ok(permit) => permit,
            Err(refusal) => return Err(Refused::by_breaker(&refusal, now).into()),
        };
        // A withdrawal that no attempt follows goes back when it is dropped.
        let withdrawal = match self.guards.pay(shields) {
            Ok(withdrawal) => withdrawal,
            Err(stop) => return Err(self.refused(stop, permit.as_ref()).into()),
        };
        match self.attempts.begin(now) {
            Ok(begin) => {
                self.guards.spend(withdrawal);
                Ok(Admitted { begin, permit })
            }
            Err(stop) => Err(self.refused(stop, permit.as_ref()).into()),
        }
    }

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
    pub(crate) fn hedge<'a>(&mut self, shields: Shields<'a>, now: Instant) -> Result<Admitted<'a>, Option<Transition>> {
        if !self.attempts.may_hedge(now) {
            return Err(None);
        }
        let permit = self.guards.admit(shields, Try::Retry, now).map_err(|_refusal| None)?;
        let transition = permit.as_ref().and_then(Permit::transition).copied();
        let withdrawal = self.guards.pay_for_hedge(shields).map_err(|_stop| transition)?;
        let begin = self.attempts.begin(now).map_err(|_stop| transition)?;
        withdrawal.map(Withdrawal::spend);
        Ok(Admitted { begin, permit })
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
    #[inline]
    pub(crate) fn settle(
        &mut self,
        shields: Shields<'_>,
        spent: Spent<'_, '_>,
        (outcome, verdict, landing): (&Outcome<'_>, &Verdict, Option<&Landing>),
        random: impl Fn() -> f64,
    ) -> Settled {
        let Spent {
            permit,
            began,
            ended,
            at,
        } = spent;
        let transitions = self
            .guards
            .settle(shields, permit, landing, outcome, (began, ended), &random);
        // Only a retry needs a random number.
        let jitter = if verdict.is_retry() { random() } else { 0.0 };
        let mut settled = Settled {
            decision: self.attempts.after(outcome, verdict, at, jitter),
            retry_after: self.attempts.retry_after(),
            transitions,
        };
        self.guards.last_word(shields, &mut settled, outcome, at);
        settled
    }
}
