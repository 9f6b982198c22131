use std::time::{Duration, Instant};

use super::history::{End, Ending, History, Record};
use super::judge::Judge;
use super::judge::sealed::Asked;
use super::notice::{Notice, Retry};
use super::{Attempt, Error};
use crate::breaker::{CircuitBreaker, Permit};
use crate::budget::RetryBudget;
use crate::clock::{Clock, Timer};
use crate::engine::{
    Guards, Settled, Shields, Spent, Steps, check_attempt_timeout, check_key_lifetime, check_total_timeout,
};
use crate::error::ConfigError;
use crate::event::warn_given_up;
use crate::operation::{Delivery, Effect, Failure, FailureKind, IdempotencyKey, KeySupport, Scope, StopReason};
use crate::retry::{Decision, ReplaySafety, RetryPolicy};
use crate::rng::Dice;

/// What an operation is given to go by.
#[derive(Debug)]
pub(super) struct Plan<'a> {
    pub(super) policy: &'a RetryPolicy,
    pub(super) breaker: Option<&'a CircuitBreaker>,
    pub(super) budget: Option<&'a RetryBudget>,
    pub(super) scope: Scope,
    pub(super) safety: Option<ReplaySafety>,
    pub(super) key: Option<IdempotencyKey>,
    pub(super) key_lifetime: Option<Duration>,
    pub(super) attempt_timeout: Option<Duration>,
    pub(super) total_timeout: Option<Duration>,
    pub(super) clock: Clock,
}

/// One operation's [`Steps`], with its history: all but the calling and the waiting.
#[derive(Debug)]
pub(super) struct Call<'a> {
    plan: Plan<'a>,
    history: Log<'a>,
    /// Made when the first attempt is asked for: the time counts from then.
    live: Option<Live<'a>>,
}

#[derive(Debug)]
struct Live<'a> {
    steps: Steps<&'a RetryPolicy>,
    started: Instant,
}

/// Where the history is written.
#[derive(Debug)]
pub(super) enum Log<'a> {
    /// Made when there is something to tell that somebody may read: an operation that succeeds at once does without.
    Own(Option<Box<History>>),
    Lent(&'a mut History),
}

/// Leave to call the closure.
#[derive(Debug)]
pub(super) struct Leave<'a> {
    pub(super) attempt: Attempt,
    pub(super) began: Began<'a>,
}

/// An attempt under way; dropped, it is abandoned, and nothing is owed.
#[derive(Debug)]
pub(super) struct Began<'a> {
    permit: Option<Permit<'a>>,
    at: Instant,
    number: u32,
    /// How long it may take.
    limit: Option<Duration>,
}

/// There is no further attempt.
#[derive(Debug)]
pub(super) struct Over(StopReason);

impl<'a> Call<'a> {
    #[inline]
    pub(super) fn new(plan: Plan<'a>, mut history: Log<'a>) -> Self {
        if let Log::Lent(history) = &mut history {
            **history = plan.history();
        }
        Self {
            plan,
            history,
            live: None,
        }
    }

    pub(super) fn clock(&self) -> &Clock {
        &self.plan.clock
    }

    /// Asks for leave to make the next attempt. A refusal is no attempt and costs nothing.
    #[inline]
    pub(super) fn admit(&mut self) -> Result<Leave<'a>, Over> {
        let now = self.plan.clock.now();
        if self.live.is_none() && self.plan.check().is_err() {
            return Err(self.stop(StopReason::Final, None, now));
        }
        let live = self.live.get_or_insert_with(|| self.plan.start(now));
        let mut permit = None;
        let begin = match live.steps.admit(self.plan.shields(), &mut permit, now) {
            Ok(begin) => begin,
            Err(refused) => return Err(self.stop(refused.stop, refused.retry_after, now)),
        };
        let waited = if begin.number > 1 {
            let history = self.history.get(&self.plan);
            history.possible_duplicates = live.steps.attempts.possible_duplicates();
            history.waited()
        } else {
            Duration::ZERO
        };
        // Who reads it after this was dropped, or has panicked, finds an attempt of which nothing is known.
        if let Log::Lent(history) = &mut self.history {
            history.effect = Some(live.steps.attempts.effect().then(Effect::Unknown));
        }
        let limit = match (begin.time_left, self.plan.attempt_timeout) {
            (Some(left), Some(limit)) => Some(left.min(limit)),
            (left, limit) => left.or(limit),
        };
        Ok(Leave {
            attempt: Attempt {
                number: begin.number,
                time_left: limit,
                key: self.plan.key.clone(),
                waited,
            },
            began: Began {
                permit,
                at: now,
                number: begin.number,
                limit,
            },
        })
    }

    /// Judges a result, or `None` of an attempt that was out of time, and says how long to wait for the next.
    #[inline]
    pub(super) fn settle<T, E>(
        &mut self,
        began: Began<'a>,
        result: Option<&Result<T, E>>,
        judge: &impl Judge<T, E>,
        notice: &mut impl Notice<T, E>,
    ) -> Result<Duration, Over> {
        let at = self.plan.clock.now();
        let live = self.live.get_or_insert_with(|| self.plan.start(at));
        let late;
        let seen = if let Some(result) = result {
            Ok(result)
        } else {
            late = Failure::new(FailureKind::HeadTimeout, Delivery::Unknown);
            Err(&late)
        };
        let asked = Asked {
            policy: self.plan.policy,
            clock: &self.plan.clock,
            number: began.number,
        };
        let (outcome, verdict) = judge.judge(seen, &asked);
        let mut permit = began.permit;
        let spent = Spent {
            permit: permit.as_mut(),
            began: began.at,
            ended: at,
            at,
        };
        let judged = (&outcome, &verdict, None);
        let settled = live
            .steps
            .settle(self.plan.shields(), spent, judged, || Dice::default().roll());
        let (decision, retry_after) = Settled::read(settled.get());
        if let (Log::Own(None), Some(Ok(_)), Decision::Stop(StopReason::Accepted)) = (&self.history, result, decision) {
            return Err(Over(StopReason::Accepted));
        }
        let history = self.history.get(&self.plan);
        history.effect = Some(live.steps.attempts.effect());
        history.attempts.push(Record {
            number: began.number,
            operation: live.started,
            began: began.at,
            ended: at,
            ending: ending(result),
            verdict,
            effect: live.steps.attempts.last_effect(),
            wait: None,
        });
        match decision {
            Decision::Stop(stop) => Err(self.stop(stop, retry_after, at)),
            Decision::RetryAfter(wait) => {
                history.waits(wait);
                if let Some(attempt) = history.attempts().last() {
                    notice.retry(&Retry { attempt, result, wait });
                }
                Ok(wait)
            }
        }
    }

    /// What the caller gets in the end.
    #[inline]
    pub(super) fn conclude<T, E>(&mut self, over: &Over, last: Option<Result<T, E>>) -> Result<T, Error<T, E>> {
        match last {
            Some(Ok(value)) if over.0 == StopReason::Accepted => Ok(value),
            last => Err(self.failed(over, last)),
        }
    }

    #[cold]
    fn failed<T, E>(&mut self, over: &Over, last: Option<Result<T, E>>) -> Error<T, E> {
        let history = self.history.take(&self.plan);
        if let Err(fault) = self.plan.check() {
            return Error::misconfigured(history, fault);
        }
        warn_given_up(history.attempts().len(), over.0, history.effect());
        Error::new(history, last)
    }

    #[cold]
    fn stop(&mut self, stop: StopReason, retry_after: Option<Duration>, at: Instant) -> Over {
        let started = self.live.as_ref().map_or(at, |live| live.started);
        self.history.get(&self.plan).end = Some(End {
            stop,
            retry_after,
            started,
            at,
        });
        Over(stop)
    }
}

impl<'a> Plan<'a> {
    #[inline]
    fn shields(&self) -> Shields<'a> {
        Shields {
            breaker: self.breaker,
            budget: self.budget,
        }
    }

    #[inline]
    fn start(&self, now: Instant) -> Live<'a> {
        let deadline = self.total_timeout.and_then(|limit| now.checked_add(limit));
        Live {
            steps: Steps {
                attempts: self.policy.attempts_until(self.safety(), now, deadline),
                guards: Guards::of_scope(self.scope),
            },
            started: now,
        }
    }

    /// Checks what was set, as a client does before it sends.
    #[inline]
    fn check(&self) -> Result<(), ConfigError> {
        self.attempt_timeout.map_or(Ok(()), check_attempt_timeout)?;
        self.total_timeout.map_or(Ok(()), check_total_timeout)?;
        self.key_lifetime.map_or(Ok(()), check_key_lifetime)?;
        let usable = self.key.as_ref().is_none_or(|key| key.check().is_ok());
        ConfigError::require(
            || usable,
            "key",
            "derived from a part that is not empty",
            "derived from none",
        )
    }

    /// What is known before the first attempt.
    fn history(&self) -> History {
        History {
            key: self.key.clone(),
            ..History::default()
        }
    }

    /// Who gives a key says by it what makes a repeat safe; who says nothing says that a closure may be called again.
    #[inline]
    fn safety(&self) -> ReplaySafety {
        let safety = self.safety.unwrap_or_else(|| match self.key {
            Some(_) => ReplaySafety::not_repeatable().with_key(KeySupport::Honored),
            None => ReplaySafety::repeatable(),
        });
        match self.key_lifetime {
            Some(lifetime) => safety.with_key_lifetime(lifetime),
            None => safety,
        }
    }
}

impl Log<'_> {
    fn get(&mut self, plan: &Plan<'_>) -> &mut History {
        match self {
            Self::Own(history) => history.get_or_insert_with(|| Box::new(plan.history())),
            Self::Lent(history) => history,
        }
    }

    /// A lent history stays with whoever lent it.
    fn take(&mut self, plan: &Plan<'_>) -> History {
        match self {
            Self::Own(history) => history.take().map_or_else(|| plan.history(), |history| *history),
            Self::Lent(history) => history.clone(),
        }
    }
}

impl Began<'_> {
    /// Of its limit; idle if it has none.
    #[inline]
    pub(super) fn timer(&self, clock: &Clock) -> Timer {
        self.limit
            .map_or(Timer::Idle, |limit| clock.limit_timer(self.at, limit))
    }
}

fn ending<T, E>(result: Option<&Result<T, E>>) -> Ending {
    match result {
        Some(Ok(_)) => Ending::Value,
        Some(Err(_)) => Ending::Error,
        None => Ending::TimedOut,
    }
}
