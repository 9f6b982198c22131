use std::fmt;

use crate::classify::{Brought, Verdict};
use crate::clock::Clock;
use crate::operation::{Failure, Outcome};
use crate::retry::RetryPolicy;
use sealed::{Asked, Judging, Seen};

/// Says what a result means; sealed.
pub trait Judge<T, E>: Judging<T, E> {}

impl<T, E, J: Judging<T, E>> Judge<T, E> for J {}

pub(super) mod sealed {
    use super::{Clock, Failure, Outcome, RetryPolicy, Verdict};

    #[expect(unnameable_types, reason = "this is what seals the trait above")]
    pub trait Judging<T, E> {
        /// Judges a result, or the failure of an attempt that was out of time.
        fn judge<'r>(&self, seen: Seen<'r, T, E>, asked: &Asked<'_>) -> (Outcome<'r>, Verdict);
    }

    /// A result, or why there is none.
    pub(in crate::function) type Seen<'r, T, E> = Result<&'r Result<T, E>, &'r Failure>;

    /// What a judge may need beside the result.
    #[derive(Clone, Copy, Debug)]
    #[expect(unnameable_types, reason = "this is what seals the trait above")]
    pub struct Asked<'a> {
        pub(in crate::function) policy: &'a RetryPolicy,
        pub(in crate::function) clock: &'a Clock,
        pub(in crate::function) number: u32,
    }
}

/// A value is accepted, an error is retried: the meaning without further word.
#[derive(Clone, Copy, Debug, Default)]
pub struct ErrorsHeal;

/// A closure gives the verdict: [`Run::classify`](super::Run::classify).
#[derive(Clone, Copy)]
pub struct ByVerdict<C>(pub(super) C);

/// A closure makes an HTTP outcome of it, which the policy judges: [`Run::as_http`](super::Run::as_http).
#[derive(Clone, Copy)]
pub struct ByOutcome<C>(pub(super) C);

impl<T, E> Judging<T, E> for ErrorsHeal {
    #[inline]
    fn judge<'r>(&self, seen: Seen<'r, T, E>, _: &Asked<'_>) -> (Outcome<'r>, Verdict) {
        told(seen, |result| match result {
            Ok(_) => Verdict::accept(),
            Err(_) => Verdict::retry(),
        })
    }
}

impl<T, E, C: Fn(&Result<T, E>) -> Verdict> Judging<T, E> for ByVerdict<C> {
    #[inline]
    fn judge<'r>(&self, seen: Seen<'r, T, E>, _: &Asked<'_>) -> (Outcome<'r>, Verdict) {
        told(seen, &self.0)
    }
}

impl<T, E, C> Judging<T, E> for ByOutcome<C>
where
    C: for<'r> Fn(&'r Result<T, E>) -> Outcome<'r>,
{
    fn judge<'r>(&self, seen: Seen<'r, T, E>, asked: &Asked<'_>) -> (Outcome<'r>, Verdict) {
        let outcome = seen.map_or_else(Outcome::failure, &self.0).with_attempt(asked.number);
        let outcome = if outcome.status().is_some_and(|status| status.is_success()) {
            outcome
        } else {
            // For dates in headers, which a success is not asked for.
            outcome.with_received(asked.clock.wall())
        };
        (outcome, asked.policy.classify(&outcome))
    }
}

/// An attempt that is out of time may heal; whether it may be repeated is for the replay gate.
fn told<T, E>(seen: Seen<'_, T, E>, judge: impl FnOnce(&Result<T, E>) -> Verdict) -> (Outcome<'_>, Verdict) {
    match seen {
        Ok(result) => {
            let verdict = judge(result).by_caller();
            let brought = if result.is_ok() { Brought::Value } else { Brought::Error };
            (verdict.outcome(brought), verdict)
        }
        Err(failure) => (Outcome::failure(failure), Verdict::retry()),
    }
}

impl<C> fmt::Debug for ByVerdict<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ByVerdict(..)")
    }
}

impl<C> fmt::Debug for ByOutcome<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ByOutcome(..)")
    }
}
