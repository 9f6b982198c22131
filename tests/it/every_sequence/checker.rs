use std::time::Duration;

use http::Method;
use steadfast::testing::Arrival;
use steadfast::{Effect, NotReplayable, Receipt, StopReason};

use super::alphabet::Symbol;

/// What is known of one operation: both sides' stories, and the truth.
pub(super) struct History<'a> {
    pub(super) sequence: &'a [Symbol],
    pub(super) mode: Mode,
    pub(super) max_attempts: usize,
    pub(super) deadline: Option<Duration>,
    pub(super) arrivals: &'a [Arrival],
    pub(super) sends: usize,
    pub(super) executions: usize,
    pub(super) answer: Option<u16>,
    pub(super) receipt: &'a Receipt,
    pub(super) began: std::time::Instant,
    pub(super) elapsed: Duration,
}

/// What makes the operation repeatable, or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    /// A POST with a key that the server honours.
    Honored,
    /// A POST with a key, to a server that is known to ignore it.
    Ignored,
    /// An idempotent method, without a key.
    Bare,
}

impl Mode {
    pub(super) fn method(self) -> Method {
        match self {
            Self::Honored | Self::Ignored => Method::POST,
            Self::Bare => Method::PUT,
        }
    }
}

pub(super) const BODY: &str = "amount=100&currency=eur";
pub(super) const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(30);

/// The invariants that this history breaks, by the names of the fault model; none is right.
pub(super) fn violations(history: &History<'_>) -> Vec<&'static str> {
    let mut broken = Vec::new();
    let mut check = |holds: bool, name: &'static str| {
        if !holds {
            broken.push(name);
        }
    };
    let answered = history.answer.is_some_and(|status| status < 300);
    let effect = history.receipt.effect();
    let once = history.mode == Mode::Bare || history.executions <= 1;
    check(history.mode != Mode::Honored || once, "I1 one execution per key");
    check(
        history.mode != Mode::Ignored || once,
        "I2 at most once without an honoured key",
    );
    check(!answered || history.executions >= 1, "I3 ok means executed");
    check(
        effect != Effect::NotApplied || history.executions == 0,
        "I4 not applied means not executed",
    );
    check(
        effect != Effect::Applied || history.executions >= 1,
        "I4 applied means executed",
    );
    check(keys_are_one(history), "I6 one key");
    check(
        history.arrivals.iter().all(|arrival| arrival.body == BODY),
        "I7 the same body",
    );
    check(history.sends <= history.max_attempts, "I8 sends within the attempts");
    check(
        history.deadline.is_none_or(|deadline| history.elapsed <= deadline),
        "I9 within the deadline",
    );
    check(waits_are_right(history), "I10 waits");
    check(receipt_is_true(history), "receipt");
    if history.deadline.is_none() {
        check(agrees_with_the_model(history), "model");
    }
    broken
}

fn keys_are_one(history: &History<'_>) -> bool {
    let mut keys = history.arrivals.iter().map(|arrival| arrival.header("idempotency-key"));
    match (history.mode, history.receipt.key()) {
        (Mode::Bare, None) => keys.all(|key| key.is_none()),
        (Mode::Honored | Mode::Ignored, Some(own)) => keys.all(|key| key == Some(own.as_str())),
        _ => false,
    }
}

/// Each gap is the wait that the receipt tells, each wait is within backoff, hint, cap and jitter.
fn waits_are_right(history: &History<'_>) -> bool {
    let attempts = history.receipt.attempts();
    let gaps = history.arrivals.windows(2).zip(attempts);
    gaps.enumerate().all(|(index, (pair, attempt))| {
        let Some(wait) = attempt.wait() else { return false };
        let gap = (pair[1].at - pair[0].at).saturating_sub(attempt.took());
        let backoff = Duration::from_secs(1 << index.min(3));
        let hint = history
            .sequence
            .get(index)
            .map_or(Duration::ZERO, |symbol| symbol.hint());
        let (least, most) = (backoff.max(hint), (backoff * 5 / 4).max(hint * 11 / 10));
        (least..=most).contains(&wait) && (wait..=wait + TICK).contains(&gap)
    })
}

fn receipt_is_true(history: &History<'_>) -> bool {
    let attempts = history.receipt.attempts();
    let arrived = attempts.len() == history.arrivals.len();
    let numbered = attempts
        .iter()
        .zip(1..)
        .all(|(attempt, number)| attempt.number() == number);
    let timed = attempts
        .iter()
        .zip(history.arrivals)
        .all(|(attempt, arrival)| arrival.at - history.began == attempt.started());
    let mut refusals = 0;
    let ended = attempts.iter().zip(history.sequence).all(|(attempt, symbol)| {
        refusals += usize::from(*symbol == Symbol::RefusedStream);
        attempt.ending().status().map(|status| status.as_u16()) == symbol.status()
            && attempt.effect() == symbol.effect(refusals)
    });
    let last_waits_not = attempts.last().is_some_and(|last| last.wait().is_none());
    let took = attempts.last().map(|last| last.started() + last.took());
    arrived
        && numbered
        && timed
        && ended
        && last_waits_not
        && took == Some(history.elapsed)
        && history.receipt.elapsed() == history.elapsed
        && (history.receipt.stop() == StopReason::Accepted) == history.answer.is_some()
}

/// How the operation must go, said in the simplest way: how many sends, why it stops, what it may have done.
fn agrees_with_the_model(history: &History<'_>) -> bool {
    let (mut refusals, mut effect) = (0, Effect::NotApplied);
    for (index, symbol) in history.sequence.iter().enumerate() {
        refusals += usize::from(*symbol == Symbol::RefusedStream);
        effect = match (effect, symbol.effect(refusals)) {
            (Effect::Applied, _) | (_, Effect::Applied) => Effect::Applied,
            (Effect::Unknown, _) | (_, Effect::Unknown) => Effect::Unknown,
            _ => Effect::NotApplied,
        };
        let touched = !symbol.is_untouched() || (*symbol == Symbol::RefusedStream && refusals > 1);
        let stop = if symbol.is_answer() {
            StopReason::Accepted
        } else if history.mode == Mode::Ignored && touched {
            StopReason::NotReplayable(NotReplayable::KeyIgnored)
        } else if index + 1 == history.max_attempts {
            StopReason::AttemptsExhausted
        } else {
            continue;
        };
        let answer = symbol.status().filter(|_| symbol.is_answer());
        return (index + 1, stop, effect, answer)
            == (
                history.sends,
                history.receipt.stop(),
                history.receipt.effect(),
                history.answer,
            );
    }
    false
}

/// The grain of tokio's timers.
pub(super) const TICK: Duration = Duration::from_millis(1);
