use std::time::Instant;

use super::super::replay::Touched;
use super::{Attempts, RetryPolicy};
use crate::operation::{Effect, StopReason};

/// Taking up an operation again that a loop around this one repeats.
impl Attempts {
    /// Grants the attempts that are left, or one more if none is; the doubts of the earlier ones remain.
    ///
    /// # Errors
    ///
    /// Why the operation must not be repeated: an attempt may have been processed, and nothing protects from doing it
    /// twice, nor will a lookup be asked what became of it.
    pub(crate) fn resumed(mut self, now: Instant) -> Result<Self, StopReason> {
        if let Some(why) = self.safety.obstacle_after(self.touched)
            && !self.bars(StopReason::NotReplayable(why))
        {
            return Err(StopReason::NotReplayable(why));
        }
        let age = now.saturating_duration_since(self.started);
        if self.safety.is_key_expired(self.touched, age) && !self.bars(StopReason::KeyExpired) {
            return Err(StopReason::KeyExpired);
        }
        self.unprotected |= self.touched == Touched::MayBe && self.safety.may_duplicate();
        self.begun = self.begun.min(self.policy.max_attempts().saturating_sub(1));
        self.resumed = true;
        Ok(self)
    }

    /// The same, for as long as this one is borrowed: by its own policy, with its own deadline.
    pub(crate) fn lent(&self) -> Attempts<&RetryPolicy> {
        self.clone().by(&self.policy)
    }

    /// Assumes that a further attempt was begun of which nothing is known: its future was dropped.
    pub(crate) fn abandoned(mut self) -> Self {
        if self.is_repeated() {
            self.possible_duplicates = self.possible_duplicates.saturating_add(u8::from(self.unprotected));
        }
        self.begun = self.begun.saturating_add(1);
        self.touched = Touched::MayBe;
        self.effect = self.effect.then(Effect::Unknown);
        self
    }
}

impl Attempts<&RetryPolicy> {
    /// The same, for longer than the policy is borrowed.
    pub(crate) fn owned(&self) -> Attempts {
        self.clone().by(self.policy.clone())
    }
}

impl<P> Attempts<P> {
    /// The same state under another hold on the policy.
    fn by<Q>(self, policy: Q) -> Attempts<Q> {
        Attempts {
            policy,
            safety: self.safety,
            started: self.started,
            deadline: self.deadline,
            begun: self.begun,
            resumed: self.resumed,
            ends: self.ends,
            spent: self.spent,
            backoff: self.backoff,
            refusals: self.refusals,
            touched: self.touched,
            effect: self.effect,
            last: self.last,
            hint: self.hint,
            unprotected: self.unprotected,
            possible_duplicates: self.possible_duplicates,
            barred: self.barred,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use http::{HeaderMap, Method, StatusCode};

    use crate::classify::Verdict;
    use crate::fixture::start;
    use crate::operation::{Effect, KeySupport, NotReplayable, Outcome, StopReason};
    use crate::retry::{Attempts, Decision, Replay, ReplaySafety, RetryPolicy};

    fn begun(safety: ReplaySafety, now: Instant) -> Attempts {
        let mut attempts = RetryPolicy::default().attempts(safety, now);
        attempts.begin(now).unwrap();
        attempts
    }

    fn failed(mut attempts: Attempts, now: Instant) -> Attempts {
        let headers = HeaderMap::new();
        let outcome = Outcome::response(StatusCode::SERVICE_UNAVAILABLE, &headers);
        let _: Decision = attempts.after(&outcome, &Verdict::fail(), now, 0.0);
        attempts
    }

    #[test]
    fn one_attempt_more_is_granted_and_doubt_remains() {
        let now = start();
        let mut attempts = RetryPolicy::default().attempts(ReplaySafety::of_method(&Method::PUT), now);
        for _ in 0..5 {
            attempts.begin(now).unwrap();
            attempts = failed(attempts, now);
        }
        assert_eq!(attempts.begin(now), Err(StopReason::AttemptsExhausted));

        let again = attempts.resumed(now).unwrap();
        // By its own policy, whatever the next pass is given: what it counted means something there alone.
        let mut lent = again.lent();

        assert_eq!(lent.effect(), Effect::Unknown);
        assert!(lent.begin(now).is_ok());
        assert_eq!(lent.begin(now), Err(StopReason::AttemptsExhausted));
        assert_eq!(lent.owned().begun(), 5);
    }

    #[test]
    fn a_loop_without_end_around_it_is_counted_as_far_as_there_is_room() {
        let now = start();
        let safety = ReplaySafety::of_method(&Method::POST).with_replay(Replay::AtLeastOnce);
        let mut attempts = failed(begun(safety, now), now);
        for _ in 0..300 {
            attempts = attempts.resumed(now).unwrap();
            attempts.begin(now).unwrap();
            attempts = failed(attempts, now);
        }
        assert_eq!(attempts.possible_duplicates(), 255);
    }

    #[test]
    fn one_that_was_taken_up_again_is_a_repeat_even_if_its_policy_makes_one_attempt() {
        let now = start();
        let safety = ReplaySafety::of_method(&Method::POST).with_replay(Replay::AtLeastOnce);
        let mut first = RetryPolicy::never().attempts(safety, now);
        assert!(!first.is_repeated());
        first.begin(now).unwrap();
        let mut again = failed(first, now).resumed(now).unwrap();
        assert!(again.is_repeated());
        again.begin(now).unwrap();
        assert_eq!(again.possible_duplicates(), 1);
        assert_eq!(again.clone().abandoned().possible_duplicates(), 2);
        assert_eq!(again.begin(now), Err(StopReason::AttemptsExhausted));
    }

    #[test]
    fn what_may_have_been_processed_is_not_repeated_unprotected() {
        let now = start();
        let bare = ReplaySafety::of_method(&Method::POST);
        let why = Some(StopReason::NotReplayable(NotReplayable::NoKey));
        assert_eq!(failed(begun(bare, now), now).resumed(now).err(), why);
        assert_eq!(begun(bare, now).abandoned().resumed(now).err(), why);
        assert!(begun(bare, now).resumed(now).is_ok());

        let keyed = bare
            .with_key(KeySupport::Honored)
            .with_key_lifetime(Duration::from_secs(60));
        let late = now + Duration::from_secs(60);
        assert!(failed(begun(keyed, now), now).resumed(now).is_ok());
        assert_eq!(
            failed(begun(keyed, now), now).resumed(late).err(),
            Some(StopReason::KeyExpired)
        );
    }
}
