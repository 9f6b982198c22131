//! What the unit tests share.

use std::iter::successors;
use std::time::Instant;

use crate::operation::{FailureKind, NotReplayable, Scope, StopReason};

/// The instant at which a test's virtual time starts.
#[expect(
    clippy::disallowed_methods,
    reason = "the tests count from any fixed instant and never ask again"
)]
pub(crate) fn start() -> Instant {
    Instant::now()
}

/// The scope of one of any number of origins.
pub(crate) fn scope(number: usize) -> Scope {
    Scope::of_parts("https", &format!("host-{number}.example"), 443)
}

/// Every kind of failure. Each leads to the next one, so that a new one does not compile until it stands here.
pub(crate) fn failure_kinds() -> impl Iterator<Item = FailureKind> {
    use FailureKind as Kind;
    successors(Some(Kind::Request), |kind| match kind {
        Kind::Request => Some(Kind::Hook),
        Kind::Hook => Some(Kind::Unready),
        Kind::Unready => Some(Kind::Dns),
        Kind::Dns => Some(Kind::Connect),
        Kind::Connect => Some(Kind::ConnectTimeout),
        Kind::ConnectTimeout => Some(Kind::Tls),
        Kind::Tls => Some(Kind::ProxyAuth),
        Kind::ProxyAuth => Some(Kind::Nack),
        Kind::Nack => Some(Kind::ConnectionLost),
        Kind::ConnectionLost => Some(Kind::Protocol),
        Kind::Protocol => Some(Kind::HeadTimeout),
        Kind::HeadTimeout => Some(Kind::BodyTimeout),
        Kind::BodyTimeout => Some(Kind::Body),
        Kind::Body => Some(Kind::BodyTooLarge),
        Kind::BodyTooLarge => Some(Kind::Other),
        Kind::Other => None,
    })
}

/// Everything that makes a repeat unsafe, in the same way.
pub(crate) fn obstacles() -> impl Iterator<Item = NotReplayable> {
    use NotReplayable as Why;
    successors(Some(Why::NoKey), |why| match why {
        Why::NoKey => Some(Why::KeyIgnored),
        Why::KeyIgnored => Some(Why::OneShotBody),
        Why::OneShotBody => Some(Why::SendOnce),
        Why::SendOnce => Some(Why::Nested),
        Why::Nested => None,
    })
}

/// Every reason to stop, in the same way; of those with an obstacle, one.
pub(crate) fn stop_reasons() -> impl Iterator<Item = StopReason> {
    use StopReason as Stop;
    successors(Some(Stop::Accepted), |stop| match stop {
        Stop::Accepted => Some(Stop::Final),
        Stop::Final => Some(Stop::Rejected),
        Stop::Rejected => Some(Stop::Replayed),
        Stop::Replayed => Some(Stop::NotReplayable(NotReplayable::NoKey)),
        Stop::NotReplayable(_) => Some(Stop::KeyExpired),
        Stop::KeyExpired => Some(Stop::AttemptsExhausted),
        Stop::AttemptsExhausted => Some(Stop::OutcomeLimit),
        Stop::OutcomeLimit => Some(Stop::RetryAfterTooLong),
        Stop::RetryAfterTooLong => Some(Stop::TimeExhausted),
        Stop::TimeExhausted => Some(Stop::StopCondition),
        Stop::StopCondition => Some(Stop::Deadline),
        Stop::Deadline => Some(Stop::CircuitOpen),
        Stop::CircuitOpen => Some(Stop::BudgetExhausted),
        Stop::BudgetExhausted => Some(Stop::ConcurrencyLimited),
        Stop::ConcurrencyLimited => Some(Stop::LookedUp),
        Stop::LookedUp => None,
    })
}
