mod beside;
#[cfg(feature = "middleware")]
mod resume;

use std::borrow::Borrow;
use std::time::{Duration, Instant};

use super::jitter::spread;
use super::limits::Ends;
use super::replay::{ReplaySafety, Touched};
use super::{Progress, RetryPolicy};
use crate::classify::Verdict;
use crate::operation::{Delivery, Effect, Outcome, StopReason};

/// The state machine of one operation: outcome in, decision out.
///
/// Call [`begin`](Self::begin) before each attempt and [`after`](Self::after) when it ended. Every input gives a
/// decision; nothing here panics, sleeps, or reads a clock. The breaker and the budget are not asked here: they are
/// shared between operations, and the driver asks them last.
///
/// It shares its policy. Only within this crate it is borrowed (`P`), which spares a count that all threads write.
#[derive(Clone, Debug)]
pub struct Attempts<P = RetryPolicy> {
    policy: P,
    safety: ReplaySafety,
    started: Instant,
    deadline: Option<Instant>,
    begun: u32,
    /// Whether it was taken up again, so that whatever it begins is a repeat.
    resumed: bool,
    ends: Ends,
    /// What an attempt used up that ended beside another one, and so had no say in what follows.
    spent: Option<StopReason>,
    backoff: Option<Duration>,
    /// Small counts, so that an operation that waits holds little; no policy makes more than 100 attempts, and they stop at 255.
    refusals: u8,
    touched: Touched,
    effect: Effect,
    last: Effect,
    hint: Option<Duration>,
    /// Set once an attempt may have been processed whose repeat nothing protects.
    unprotected: bool,
    possible_duplicates: u8,
    /// What forbids the next attempt unless a lookup finds that nothing happened.
    barred: Option<StopReason>,
}

/// Leave to make an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Begin {
    /// The attempt's number; the first is 1.
    pub number: u32,
    /// What is left until the deadline, if there is one: the attempt must not take longer.
    pub time_left: Option<Duration>,
}

/// What to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
#[expect(
    clippy::exhaustive_enums,
    reason = "a driver must handle both; a third would change what driving means"
)]
pub enum Decision {
    /// Wait this long, then make the next attempt.
    RetryAfter(Duration),
    /// The operation is over.
    Stop(StopReason),
}

impl Attempts {
    /// The least time that must remain for the attempt after a wait; else the wait is not begun.
    ///
    /// A wait that ends at the deadline is spent in vain, and 250 ms is about what a TLS handshake and one request take
    /// across a continent.
    pub const LEAST_TIME_LEFT: Duration = Duration::from_millis(250);
}

impl<P: Borrow<RetryPolicy>> Attempts<P> {
    #[inline]
    pub(super) fn new(policy: P, safety: ReplaySafety, started: Instant, deadline: Option<Instant>) -> Self {
        Self {
            policy,
            safety,
            started,
            deadline,
            begun: 0,
            resumed: false,
            ends: Ends::default(),
            spent: None,
            backoff: None,
            refusals: 0,
            touched: Touched::Untouched,
            effect: Effect::NotApplied,
            last: Effect::NotApplied,
            hint: None,
            unprotected: false,
            possible_duplicates: 0,
            barred: None,
        }
    }

    /// Sets the instant by which the operation must be over.
    #[must_use]
    #[inline]
    pub fn with_deadline(mut self, deadline: Instant) -> Self {
        self.deadline = Some(deadline);
        self
    }

    /// Asks for leave to make the next attempt.
    ///
    /// # Errors
    ///
    /// [`StopReason::Deadline`] if no time is left, [`StopReason::AttemptsExhausted`] if no attempt is,
    /// [`StopReason::TimeExhausted`] or [`StopReason::KeyExpired`] if it is too late for a retry, since the wait took
    /// longer than planned, and what made a repeat unsafe if only a [lookup](ReplaySafety::with_lookup) could have lifted
    /// it and did not.
    #[inline]
    pub fn begin(&mut self, now: Instant) -> Result<Begin, StopReason> {
        if let Some(stop) = self.barred {
            return Err(stop);
        }
        let time_left = self.time_left(now);
        if time_left.is_some_and(|left| left.is_zero()) {
            return Err(StopReason::Deadline);
        }
        if self.is_repeated() {
            self.goes_on(now)?;
        }
        self.begun += 1;
        Ok(Begin {
            number: self.begun,
            time_left,
        })
    }

    /// True if the next attempt is not the operation's first.
    #[inline]
    pub(crate) fn is_repeated(&self) -> bool {
        self.begun > 0 || self.resumed
    }

    /// Asks for leave to make an attempt after the first.
    #[cold]
    fn goes_on(&mut self, now: Instant) -> Result<(), StopReason> {
        if self.begun >= self.policy().max_attempts() {
            return Err(StopReason::AttemptsExhausted);
        }
        if self.policy().stops().is_late(self.elapsed(now)) {
            return Err(StopReason::TimeExhausted);
        }
        if self.safety.is_key_expired(self.touched, self.elapsed(now)) {
            return Err(StopReason::KeyExpired);
        }
        self.hint = None;
        self.possible_duplicates = self.possible_duplicates.saturating_add(u8::from(self.unprotected));
        Ok(())
    }

    /// Decides what follows an attempt, given its outcome, the verdict on it, the time, and a random number in [0, 1).
    ///
    /// The gates, in this order: accepted · final · replayed · safe to repeat · key alive · attempts left, in all and for
    /// such an outcome · the wait within the limit · the wait within the deadline · the policy's time · its stop
    /// conditions.
    #[inline]
    pub fn after(&mut self, outcome: &Outcome<'_>, verdict: &Verdict, now: Instant, random: f64) -> Decision {
        match self.accepts(outcome, verdict) {
            Ok(()) => Decision::Stop(StopReason::Accepted),
            Err(touched) => self.after_failure((outcome, verdict), touched, now, random),
        }
    }

    /// Takes note of an attempt and asks the first gate.
    ///
    /// # Errors
    ///
    /// It is not accepted: whether any attempt so far may have been processed, for [`after_failure`](Self::after_failure).
    #[inline]
    pub(crate) fn accepts(&mut self, outcome: &Outcome<'_>, verdict: &Verdict) -> Result<(), Touched> {
        let touched = self.observe(outcome, verdict);
        self.heed(outcome, verdict);
        if verdict.is_accept() && outcome.error().is_none() {
            Ok(())
        } else {
            Err(touched)
        }
    }

    /// The gates after the first: out of the way of what most operations run through.
    #[cold]
    pub(crate) fn after_failure(
        &mut self,
        (outcome, verdict): (&Outcome<'_>, &Verdict),
        touched: Touched,
        now: Instant,
        random: f64,
    ) -> Decision {
        if !verdict.is_retry() {
            return Decision::Stop(if verdict.is_rejection() {
                StopReason::Rejected
            } else {
                StopReason::Final
            });
        }
        let spent = self.ends.count(self.policy.borrow().limits(), outcome).or(self.spent);
        if outcome.is_replayed() {
            return Decision::Stop(StopReason::Replayed);
        }
        self.unprotected |= touched == Touched::MayBe && self.safety.may_duplicate();
        self.barred = None;
        if let Some(why) = self.safety.obstacle_after(touched)
            && !self.bars(StopReason::NotReplayable(why))
        {
            return Decision::Stop(StopReason::NotReplayable(why));
        }
        let Some(backoff) = self.policy().backoff().checked_wait(self.begun, self.backoff, random) else {
            return Decision::Stop(StopReason::Final);
        };
        let wait = self.hint.map_or(backoff, |hint| backoff.max(spread(hint, random)));
        let elapsed = self.elapsed(now);
        if self.safety.is_key_expired(touched, elapsed.saturating_add(wait)) && !self.bars(StopReason::KeyExpired) {
            return Decision::Stop(StopReason::KeyExpired);
        }
        if self.begun >= self.policy().max_attempts() {
            return Decision::Stop(StopReason::AttemptsExhausted);
        }
        if let Some(stop) = spent {
            return Decision::Stop(stop);
        }
        if self.hint.is_some_and(|hint| hint > self.policy().retry_after_limit()) {
            return Decision::Stop(StopReason::RetryAfterTooLong);
        }
        if !self.fits(now, wait) {
            return Decision::Stop(StopReason::Deadline);
        }
        let progress = Progress {
            begun: self.begun,
            effect: self.effect,
            outcome,
            elapsed,
            wait,
        };
        if let Some(stop) = self.policy().stops().reason(&progress) {
            return Decision::Stop(stop);
        }
        self.backoff = Some(backoff);
        Decision::RetryAfter(wait)
    }

    /// The wait that was decided is begun, and what was asked for is part of it.
    pub(crate) fn waits(&mut self) {
        self.hint = None;
    }

    pub(crate) fn policy(&self) -> &RetryPolicy {
        self.policy.borrow()
    }

    /// Takes note of what a lookup found out about the attempts so far.
    ///
    /// [`Effect::NotApplied`] is a claim like [`Verdict::retry_untouched`]: it makes a repeat safe that was not. With
    /// [`Effect::Applied`] the operation is done, and another attempt is refused. [`Effect::Unknown`] changes nothing.
    pub fn found(&mut self, effect: Effect) {
        match effect {
            Effect::Unknown => {}
            Effect::Applied => {
                self.effect = Effect::Applied;
                self.barred = Some(StopReason::LookedUp);
            }
            Effect::NotApplied => {
                self.effect = Effect::NotApplied;
                self.touched = Touched::Untouched;
                self.unprotected = false;
                self.barred = None;
            }
        }
    }

    /// True if the request carries a key that the server honours.
    #[inline]
    pub(crate) fn honors_key(&self) -> bool {
        self.safety.honors_key()
    }

    /// Forbids a repeat, since the attempt that begins was given the last body there is.
    #[cfg_attr(
        not(feature = "tower"),
        expect(dead_code, reason = "only layers make bodies from the last one")
    )]
    pub(crate) fn sends_the_last_body(&mut self) {
        self.safety = self.safety.with_one_shot_body();
    }

    /// Why the next attempt is forbidden, unless a lookup found that nothing happened.
    pub(crate) fn barred(&self) -> Option<StopReason> {
        self.barred
    }

    /// True if an attempt may have taken effect and nothing since has told.
    #[must_use]
    pub fn is_in_doubt(&self) -> bool {
        self.effect == Effect::Unknown
    }

    /// What is left until the deadline; `None` without one.
    #[must_use]
    pub fn time_left(&self, now: Instant) -> Option<Duration> {
        self.deadline.map(|deadline| deadline.saturating_duration_since(now))
    }

    /// How many attempts were begun.
    #[must_use]
    #[inline]
    pub fn begun(&self) -> u32 {
        self.begun
    }

    /// What the far side may have done because of the attempts so far.
    #[must_use]
    pub fn effect(&self) -> Effect {
        self.effect
    }

    /// What the far side may have done because of the last attempt alone.
    #[inline]
    pub(crate) fn last_effect(&self) -> Effect {
        self.last
    }

    /// How many attempts were begun that may have repeated a processed one; see [`Replay`](super::Replay).
    #[must_use]
    pub fn possible_duplicates(&self) -> u32 {
        u32::from(self.possible_duplicates)
    }

    /// How long the server, or a classifier, asked to wait after the last attempt; an accepted 429 may ask, too.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.hint
    }

    /// Folds the attempt into the effect so far, and says whether any attempt so far may have been processed.
    ///
    /// Any, not this one: after a lost response at noon and a refused connection a minute before the key expires, a
    /// repeat a minute later could run the operation of noon again.
    ///
    /// A refusal by protocol is believed once: servers have been seen that send `REFUSED_STREAM` after acting, and a
    /// second one says that a plain repeat does not help.
    #[inline]
    fn observe(&mut self, outcome: &Outcome<'_>, verdict: &Verdict) -> Touched {
        let refused = outcome
            .error()
            .is_some_and(|failure| failure.delivery() == Delivery::Refused);
        self.refusals = self.refusals.saturating_add(u8::from(refused));
        let is_believed = !refused || self.refusals <= 1;
        // What answers at the end of a redirect says of itself that it did nothing, and nothing of the request before.
        let is_own = outcome.is_direct();
        let untouched = (verdict.is_untouched() && is_own) || (outcome.is_untouched() && is_believed);
        // A classifier that knows better than the status counts.
        let effect = match verdict.effect() {
            Some(Effect::NotApplied) if !is_own => Effect::Unknown,
            Some(effect) => effect,
            None if is_believed => outcome.effect(),
            None => Effect::Unknown,
        };
        self.last = effect;
        let settled = outcome.is_replayed() && effect != Effect::Unknown;
        self.effect = if settled { effect } else { self.effect.then(effect) };
        if !untouched {
            self.touched = Touched::MayBe;
        }
        self.touched
    }

    /// Takes note of the wait that was asked for; of two attempts beside each other, whichever asked for more.
    ///
    /// Not looked for in a success, which comes often and hardly asks for patience.
    #[inline]
    fn heed(&mut self, outcome: &Outcome<'_>, verdict: &Verdict) {
        let succeeded = outcome.status().is_some_and(|status| status.is_success());
        self.hint = if succeeded && !verdict.is_retry() {
            None
        } else {
            self.hint.max(verdict.after()).max(outcome.retry_after())
        };
    }

    /// Leaves a gate to the lookup, if one will be made: the next attempt is barred until it finds that nothing happened.
    fn bars(&mut self, stop: StopReason) -> bool {
        let bars = self.safety.heeds_lookup() && self.is_in_doubt();
        self.barred = self.barred.or(bars.then_some(stop));
        bars
    }

    fn elapsed(&self, now: Instant) -> Duration {
        now.saturating_duration_since(self.started)
    }

    fn fits(&self, now: Instant, wait: Duration) -> bool {
        let Some(deadline) = self.deadline else { return true };
        let needed = wait.saturating_add(Attempts::LEAST_TIME_LEFT);
        deadline.saturating_duration_since(now) >= needed
    }
}
