use http::Method;

use crate::breaker::{Cause, State, Transition};
use crate::event::{OTHER_METHOD, standard_method};
use crate::operation::{Ending, NotReplayable, Receipt, StopReason};

/// A label's value, from a fixed list.
pub(super) type Word = &'static str;

/// The states of a breaker, in the order of their gauges.
pub(super) const STATES: [Word; 4] = ["closed", "open", "half_open", "isolated"];

pub(super) fn method(method: &Method) -> Word {
    standard_method(method).unwrap_or(OTHER_METHOD)
}

/// What the caller got: an answer, or an error; what a lookup found done is done, whether or not it found the answer.
pub(super) fn outcome(receipt: &Receipt) -> Word {
    match receipt.stop() {
        StopReason::Accepted | StopReason::LookedUp => "success",
        _ => "failure",
    }
}

/// Whether more than one attempt was made.
pub(super) fn retry(receipt: &Receipt) -> Word {
    if receipt.attempts().len() > 1 {
        "with"
    } else {
        "without"
    }
}

pub(super) fn attempt(number: u32) -> Word {
    if number > 1 { "retry" } else { "first" }
}

pub(super) fn ending(ending: Ending) -> Word {
    match ending {
        Ending::Response { status, .. } => match status.as_u16() / 100 {
            1 => "1xx",
            2 => "2xx",
            3 => "3xx",
            4 => "4xx",
            // Nothing above reaches the receipt: RFC 9110 §15 knows five classes.
            _ => "5xx",
        },
        Ending::Failure { kind, .. } => kind.as_str(),
        Ending::Cancelled => "cancelled",
    }
}

/// What made a repeat unsafe, where that is why the operation stopped.
pub(super) fn obstacle(stop: StopReason) -> Word {
    match stop {
        StopReason::NotReplayable(NotReplayable::NoKey) => "no_key",
        StopReason::NotReplayable(NotReplayable::KeyIgnored) => "key_ignored",
        StopReason::NotReplayable(NotReplayable::OneShotBody) => "one_shot_body",
        StopReason::NotReplayable(NotReplayable::SendOnce) => "send_once",
        _ => NONE,
    }
}

/// What changed, and why.
pub(super) fn transition(transition: &Transition) -> [Word; 2] {
    match transition {
        Transition::Opened { cause, .. } => ["opened", self::cause(*cause)],
        Transition::HalfOpened => ["half_opened", NONE],
        Transition::Closed => ["closed", NONE],
        Transition::Isolated => ["isolated", NONE],
    }
}

/// Where the state stands in [`STATES`].
pub(super) fn state(state: State) -> usize {
    match state {
        State::Closed => 0,
        State::Open => 1,
        State::HalfOpen => 2,
        State::Isolated => 3,
    }
}

fn cause(cause: Cause) -> Word {
    match cause {
        Cause::FailureRate => "failure_rate",
        Cause::SlowRate => "slow_rate",
        Cause::ConsecutiveFailures => "consecutive_failures",
        Cause::ProbeFailed => "probe_failed",
        Cause::RetryAfter => "retry_after",
    }
}

/// Said where a label does not apply: a metric has the same labels always.
const NONE: Word = "none";
