use std::time::Duration;

use http::Method;
use steadfast::{Effect, NotReplayable, StopReason};

use super::Answer::{Hang, Lost, Nack, Patience, Refused, Replayed, Status};
use super::{Again, Answer, Circuit, Keyed, Of503, Row};

/// Every row; a driver must agree with all of them.
pub(super) fn rows() -> Vec<Row> {
    [
        answered(),
        healed(),
        given_up(),
        not_repeated(),
        said_by_the_caller(),
        limited(),
        guarded(),
    ]
    .concat()
}

/// The server gives its answer.
fn answered() -> Vec<Row> {
    vec![
        row("a success needs one attempt", &[Status(200)]).applied(),
        row("a rejection is an answer", &[Status(400)]).stops(StopReason::Accepted, Effect::NotApplied),
        row("a conflict proves nothing", &[Status(409)]).stops(StopReason::Accepted, Effect::Unknown),
        row("a 429 is an answer", &[Status(429)]).stops(StopReason::Accepted, Effect::Unknown),
        row("a redirect without a target is an answer", &[Status(304)]).stops(StopReason::Accepted, Effect::Unknown),
        row("doubt outlives a rejection", &[Lost, Status(400)])
            .waits(&[1])
            .stops(StopReason::Accepted, Effect::Unknown),
        row("a replayed rejection settles doubt", &[Lost, Replayed(400)])
            .waits(&[1])
            .stops(StopReason::Accepted, Effect::NotApplied),
    ]
}

/// A retry heals it.
fn healed() -> Vec<Row> {
    vec![
        row("a 503 is repeated", &[Status(503), Status(200)])
            .waits(&[1])
            .applied(),
        row("a lost answer is repeated under the key", &[Lost, Status(201)])
            .waits(&[1])
            .applied(),
        row("three different failures", &[Refused, Lost, Status(500), Status(200)])
            .waits(&[1, 2, 4])
            .applied(),
        row("a wish for patience is a floor", &[Patience(503, "7"), Status(200)])
            .waits(&[7])
            .applied(),
        row("a wish never shortens a wait", &[Patience(503, "0"), Status(200)])
            .waits(&[1])
            .applied(),
        row(
            "a wait after a wish goes on where the backoff was",
            &[Patience(503, "7"), Status(503), Status(200)],
        )
        .waits(&[7, 2])
        .applied(),
        row("an attempt out of time is repeated", &[Hang, Status(200)])
            .attempt_timeout(4)
            .waits(&[1])
            .takes(5)
            .applied(),
        row("an idempotent method needs no key", &[Lost, Status(200)])
            .method(Method::PUT)
            .keyed(Keyed::Without)
            .waits(&[1])
            .applied(),
        row("nothing was sent", &[Refused, Refused, Status(200)])
            .keyed(Keyed::Without)
            .waits(&[1, 2])
            .applied(),
        row("a refusal by protocol is believed once", &[Nack, Status(200)])
            .keyed(Keyed::Ignored)
            .waits(&[1])
            .applied(),
    ]
}

/// Attempts or their reason end.
fn given_up() -> Vec<Row> {
    vec![
        row("five attempts", &[Status(503); 5])
            .waits(&[1, 2, 4, 8])
            .stops(StopReason::AttemptsExhausted, Effect::Unknown),
        row("five refusals did nothing", &[Refused; 5])
            .waits(&[1, 2, 4, 8])
            .stops(StopReason::AttemptsExhausted, Effect::NotApplied),
        row("one attempt", &[Status(500)])
            .max_attempts(1)
            .stops(StopReason::AttemptsExhausted, Effect::Unknown),
        row(
            "two of five attempts may end in a 503",
            &[Status(503), Status(500), Status(503)],
        )
        .of_503(Of503::Limited(2))
        .waits(&[1, 2])
        .stops(StopReason::OutcomeLimit, Effect::Unknown),
        row("a classifier calls it final", &[Status(500), Status(503)])
            .of_503(Of503::Final)
            .waits(&[1])
            .stops(StopReason::Rejected, Effect::Unknown),
        row("not implemented cannot heal", &[Status(501)]).stops(StopReason::Final, Effect::Unknown),
        row("a stored failure is replayed for ever", &[Lost, Replayed(500)])
            .waits(&[1])
            .stops(StopReason::Replayed, Effect::Unknown),
        row("two minutes and a second are too long", &[Patience(503, "121")])
            .stops(StopReason::RetryAfterTooLong, Effect::Unknown)
            .hints(),
    ]
}

/// A repeat could act twice.
fn not_repeated() -> Vec<Row> {
    let no_key = StopReason::NotReplayable(NotReplayable::NoKey);
    let ignored = StopReason::NotReplayable(NotReplayable::KeyIgnored);
    vec![
        row("a lost answer without a key", &[Lost])
            .keyed(Keyed::Without)
            .stops(no_key, Effect::Unknown),
        row("a 503 without a key", &[Status(503)])
            .keyed(Keyed::Without)
            .stops(no_key, Effect::Unknown),
        row("a lost answer where keys are ignored", &[Lost])
            .keyed(Keyed::Ignored)
            .stops(ignored, Effect::Unknown),
        row("time over where keys are ignored", &[Hang])
            .keyed(Keyed::Ignored)
            .attempt_timeout(4)
            .takes(4)
            .stops(ignored, Effect::Unknown),
        row("nothing was sent, then doubt", &[Refused, Lost])
            .keyed(Keyed::Without)
            .waits(&[1])
            .stops(no_key, Effect::Unknown),
        row("a second refusal by protocol is not believed", &[Nack, Nack])
            .keyed(Keyed::Without)
            .waits(&[1])
            .stops(no_key, Effect::Unknown),
        row("the key is forgotten by then", &[Lost; 3])
            .key_lifetime(5)
            .waits(&[1, 2])
            .stops(StopReason::KeyExpired, Effect::Unknown),
        row("an old key is no matter when nothing was sent", &[Refused; 5])
            .key_lifetime(5)
            .waits(&[1, 2, 4, 8])
            .stops(StopReason::AttemptsExhausted, Effect::NotApplied),
    ]
}

/// The caller has a word in whether it is repeated.
fn said_by_the_caller() -> Vec<Row> {
    let once = StopReason::NotReplayable(NotReplayable::SendOnce);
    let gone = StopReason::NotReplayable(NotReplayable::OneShotBody);
    vec![
        row("sent once, under a key", &[Lost])
            .again(Again::Never)
            .stops(once, Effect::Unknown),
        row("sent once, by an idempotent method", &[Status(503)])
            .method(Method::PUT)
            .again(Again::Never)
            .stops(once, Effect::Unknown),
        row("sent once, though nothing was sent", &[Refused])
            .again(Again::Never)
            .stops(once, Effect::NotApplied),
        row("sent once, and with success", &[Status(200)])
            .again(Again::Never)
            .applied(),
        row("a body that is gone, under a key", &[Lost])
            .again(Again::BodyGone)
            .stops(gone, Effect::Unknown),
        row("a body that is gone, though nothing was sent", &[Refused])
            .again(Again::BodyGone)
            .stops(gone, Effect::NotApplied),
        row("a body that is gone is no matter to an answer", &[Status(409)])
            .again(Again::BodyGone)
            .stops(StopReason::Accepted, Effect::Unknown),
        row("at least once, without a key", &[Lost, Status(503), Status(200)])
            .keyed(Keyed::Without)
            .again(Again::AtLeastOnce)
            .waits(&[1, 2])
            .duplicates(2)
            .applied(),
        row("at least once, where keys are ignored", &[Refused, Lost, Status(200)])
            .keyed(Keyed::Ignored)
            .again(Again::AtLeastOnce)
            .waits(&[1, 2])
            .duplicates(1)
            .applied(),
        row(
            "at least once changes nothing under an honoured key",
            &[Lost, Status(200)],
        )
        .again(Again::AtLeastOnce)
        .waits(&[1])
        .applied(),
        row("at least once, but not for ever", &[Lost; 2])
            .keyed(Keyed::Ignored)
            .again(Again::AtLeastOnce)
            .max_attempts(2)
            .waits(&[1])
            .duplicates(1)
            .stops(StopReason::AttemptsExhausted, Effect::Unknown),
    ]
}

/// The deadline ends it.
fn limited() -> Vec<Row> {
    vec![
        row("no wait is begun that does not fit", &[Status(503); 3])
            .total_timeout(4)
            .waits(&[1, 2])
            .stops(StopReason::Deadline, Effect::Unknown),
        row("a wish beyond the deadline", &[Patience(503, "20")])
            .total_timeout(10)
            .stops(StopReason::Deadline, Effect::Unknown)
            .hints(),
        row("the last attempt shrinks to fit", &[Hang, Hang])
            .attempt_timeout(4)
            .total_timeout(6)
            .waits(&[1])
            .takes(6)
            .stops(StopReason::Deadline, Effect::Unknown),
    ]
}

/// The breaker or the budget ends it.
fn guarded() -> Vec<Row> {
    vec![
        row("an open circuit lets nothing through", &[])
            .circuit(Circuit::Open)
            .stops(StopReason::CircuitOpen, Effect::NotApplied)
            .hints(),
        row("the second failure opens the circuit", &[Status(503); 2])
            .circuit(Circuit::Touchy)
            .waits(&[1])
            .stops(StopReason::CircuitOpen, Effect::Unknown)
            .hints(),
        row("timeouts open the circuit", &[Hang; 2])
            .circuit(Circuit::Touchy)
            .attempt_timeout(4)
            .waits(&[1])
            .takes(9)
            .stops(StopReason::CircuitOpen, Effect::Unknown)
            .hints(),
        row("rejections keep the circuit closed", &[Status(503), Status(400)])
            .circuit(Circuit::Touchy)
            .waits(&[1])
            .stops(StopReason::Accepted, Effect::Unknown),
        row("one token pays for one retry", &[Status(503); 2])
            .tokens(1.0)
            .waits(&[1])
            .stops(StopReason::BudgetExhausted, Effect::Unknown),
        row("no token", &[Lost])
            .tokens(0.0)
            .stops(StopReason::BudgetExhausted, Effect::Unknown),
        row("a throttled attempt costs half", &[Patience(503, "3"), Status(200)])
            .tokens(0.5)
            .waits(&[3])
            .applied(),
    ]
}

/// A keyed POST that nothing limits; all answers are expected to be used.
fn row(name: &'static str, answers: &[Answer]) -> Row {
    Row {
        name,
        method: Method::POST,
        keyed: Keyed::Honored,
        key_lifetime: None,
        again: Again::Unsaid,
        max_attempts: 5,
        of_503: Of503::Nothing,
        attempt_timeout: Duration::from_secs(30),
        total_timeout: None,
        circuit: Circuit::Closed,
        tokens: 5.0,
        answers: answers.to_vec(),
        attempts: answers.len(),
        waits: Vec::new(),
        stop: StopReason::Accepted,
        effect: Effect::Unknown,
        duplicates: 0,
        hint: false,
        elapsed: Duration::ZERO,
    }
}

impl Row {
    fn method(mut self, method: Method) -> Self {
        self.method = method;
        self
    }

    fn keyed(mut self, keyed: Keyed) -> Self {
        self.keyed = keyed;
        self
    }

    fn key_lifetime(mut self, seconds: u64) -> Self {
        self.key_lifetime = Some(Duration::from_secs(seconds));
        self
    }

    fn again(mut self, again: Again) -> Self {
        self.again = again;
        self
    }

    fn max_attempts(mut self, attempts: u32) -> Self {
        self.max_attempts = attempts;
        self
    }

    fn of_503(mut self, of_503: Of503) -> Self {
        self.of_503 = of_503;
        self
    }

    fn attempt_timeout(mut self, seconds: u64) -> Self {
        self.attempt_timeout = Duration::from_secs(seconds);
        self
    }

    fn total_timeout(mut self, seconds: u64) -> Self {
        self.total_timeout = Some(Duration::from_secs(seconds));
        self
    }

    fn circuit(mut self, circuit: Circuit) -> Self {
        self.circuit = circuit;
        self
    }

    fn tokens(mut self, tokens: f64) -> Self {
        self.tokens = tokens;
        self
    }

    /// The waits, in seconds, of which the operation's time is the sum unless it is said otherwise.
    fn waits(mut self, seconds: &[u64]) -> Self {
        self.waits = seconds.iter().copied().map(Duration::from_secs).collect();
        self.elapsed = self.elapsed.max(self.waits.iter().sum());
        self
    }

    fn takes(mut self, seconds: u64) -> Self {
        self.elapsed = Duration::from_secs(seconds);
        self
    }

    fn stops(mut self, stop: StopReason, effect: Effect) -> Self {
        (self.stop, self.effect) = (stop, effect);
        self
    }

    fn applied(self) -> Self {
        self.stops(StopReason::Accepted, Effect::Applied)
    }

    fn duplicates(mut self, attempts: u32) -> Self {
        self.duplicates = attempts;
        self
    }

    fn hints(mut self) -> Self {
        self.hint = true;
        self
    }
}
