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
    let StopReason::NotReplayable(why) = stop else {
        return NONE;
    };
    match why {
        NotReplayable::NoKey => "no_key",
        NotReplayable::KeyIgnored => "key_ignored",
        NotReplayable::OneShotBody => "one_shot_body",
        NotReplayable::SendOnce => "send_once",
        NotReplayable::Nested => "nested",
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use http::StatusCode;

    use super::*;
    use crate::fixture::{failure_kinds, obstacles, stop_reasons};
    use crate::operation::Delivery;

    const DOCS: &str = include_str!("mod.rs");

    /// The values of a label that the table in the module's documentation names; links stand in brackets.
    fn documented(label: &str) -> BTreeSet<&'static str> {
        let start = format!("//! | `{label}` | ");
        let row = DOCS.lines().find_map(|line| line.strip_prefix(&*start)).unwrap();
        let pieces: Vec<_> = row.split('`').collect();
        let code = pieces.windows(2).step_by(2).filter(|pair| !pair[0].ends_with('['));
        code.map(|pair| pair[1]).collect()
    }

    #[test]
    fn every_reason_to_stop_is_documented_and_nothing_else() {
        let words: BTreeSet<_> = stop_reasons().map(StopReason::as_str).collect();
        assert_eq!(words, documented("stop"));
    }

    #[test]
    fn every_obstacle_has_a_word_that_is_documented_and_none_is_said_of_no_obstacle_alone() {
        let words: Vec<_> = obstacles()
            .map(|why| obstacle(StopReason::NotReplayable(why)))
            .collect();
        assert!(!words.contains(&NONE), "{words:?}");
        let others = stop_reasons().filter(|stop| !matches!(stop, StopReason::NotReplayable(_)));
        assert!(others.map(obstacle).all(|word| word == NONE));
        let distinct: BTreeSet<_> = words.iter().copied().chain([NONE]).collect();
        assert_eq!((distinct.len(), distinct), (words.len() + 1, documented("obstacle")));
    }

    #[test]
    fn every_ending_is_documented_and_nothing_else() {
        let statuses = [100, 204, 302, 404, 503].map(|code| StatusCode::from_u16(code).unwrap());
        let answered = statuses.map(|status| Ending::Response { status });
        let delivery = Delivery::Unknown;
        let failed = failure_kinds().map(|kind| Ending::Failure { kind, delivery });
        let endings = answered.into_iter().chain(failed).chain([Ending::Cancelled]);
        let words: BTreeSet<_> = endings.map(ending).collect();
        assert_eq!(words, documented("ending"));
    }
}
