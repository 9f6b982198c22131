use std::time::{Duration, Instant};

use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use steadfast::breaker::{CircuitBreaker, Signal, State, Try};
use steadfast::budget::RetryBudget;
use steadfast::classify::on_status;
use steadfast::retry::ReplaySafety;
use steadfast::{
    Backoff, Delivery, Effect, Ending, Failure, FailureKind, Jitter, KeySupport, Receipt, Replay, RetryPolicy, Scope,
    StopReason,
};

/// One operation: what is set, what the server answers, and what must come of it.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) name: &'static str,
    pub(crate) method: Method,
    pub(crate) keyed: Keyed,
    pub(crate) key_lifetime: Option<Duration>,
    pub(crate) again: Again,
    pub(crate) max_attempts: u32,
    pub(crate) of_503: Of503,
    pub(crate) attempt_timeout: Duration,
    pub(crate) total_timeout: Option<Duration>,
    pub(crate) circuit: Circuit,
    /// The tokens with which the budget starts.
    pub(crate) tokens: f64,
    pub(crate) answers: Vec<Answer>,
    pub(crate) attempts: usize,
    pub(crate) waits: Vec<Duration>,
    pub(crate) stop: StopReason,
    pub(crate) effect: Effect,
    /// The attempts that may be duplicates.
    pub(crate) duplicates: u32,
    /// Whether the caller is told when to come again.
    pub(crate) hint: bool,
    pub(crate) elapsed: Duration,
}

/// Whether the operation carries a key, and what that is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Keyed {
    Honored,
    Ignored,
    Without,
}

/// What the caller says of a repeat, beside the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Again {
    /// Nothing: as method and key allow.
    Unsaid,
    /// Not at all, by `send_once`.
    Never,
    /// Not at all, for the body can be read only once.
    BodyGone,
    /// Although it may act twice.
    AtLeastOnce,
}

/// What the policy says of a 503, beside the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Of503 {
    Nothing,
    /// So many attempts at most may end in one.
    Limited(u32),
    /// A classifier calls it a failure for good.
    Final,
}

/// In what state the breaker is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Circuit {
    Closed,
    /// Two failures open it.
    Touchy,
    Open,
}

/// What the server answers to one attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    Status(u16),
    /// A status, and the seconds of a `Retry-After`.
    Patience(u16, &'static str),
    /// A status that was stored under the key.
    Replayed(u16),
    /// The connection dies when the request was sent.
    Lost,
    /// No connection.
    Refused,
    /// Refused by protocol.
    Nack,
    /// Never answers.
    Hang,
}

/// What a driver reports.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Seen {
    pub(crate) endings: Vec<Ended>,
    pub(crate) waits: Vec<Duration>,
    pub(crate) stop: StopReason,
    pub(crate) effect: Effect,
    pub(crate) duplicates: u32,
    pub(crate) retry_after: Option<Duration>,
    pub(crate) elapsed: Duration,
}

/// How an attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    Status(u16),
    Failed(FailureKind),
}

impl Row {
    /// Waits of 1, 2, 4, 8 s without jitter.
    pub(crate) fn policy(&self) -> RetryPolicy {
        let builder = RetryPolicy::builder()
            .max_attempts(self.max_attempts)
            .backoff(Backoff::default().jitter(Jitter::None));
        let builder = match self.of_503 {
            Of503::Nothing => builder,
            Of503::Limited(most) => builder.max_attempts_for(StatusCode::SERVICE_UNAVAILABLE, most),
            Of503::Final => builder.classify(on_status([503]).fail()),
        };
        builder.build().unwrap()
    }

    pub(crate) fn budget(&self) -> RetryBudget {
        RetryBudget::builder().initial(self.tokens).build().unwrap()
    }

    /// The breaker as the row wants it for the scope that the driver uses.
    pub(crate) fn breaker(&self, scope: impl Into<Scope>, now: Instant) -> CircuitBreaker {
        let breaker = match self.circuit {
            Circuit::Closed => CircuitBreaker::default(),
            Circuit::Touchy | Circuit::Open => CircuitBreaker::builder().min_attempts(2).build().unwrap(),
        };
        let scope = scope.into();
        while self.circuit == Circuit::Open && breaker.state(scope, now).state == State::Closed {
            let permit = breaker.admit(scope, Try::First, now).unwrap();
            permit.settle(Signal::Failure, now, Duration::ZERO, 0.0);
        }
        breaker
    }

    /// The key that the operation carries, for drivers that are given one.
    pub(crate) fn key(&self) -> Option<&'static str> {
        (self.keyed != Keyed::Without).then_some("order-42")
    }

    pub(crate) fn key_support(&self) -> KeySupport {
        match self.keyed {
            Keyed::Ignored => KeySupport::Ignored,
            Keyed::Honored | Keyed::Without => KeySupport::Honored,
        }
    }

    /// What the caller wants where nothing makes a repeat safe.
    pub(crate) fn replay(&self) -> Replay {
        match self.again {
            Again::AtLeastOnce => Replay::AtLeastOnce,
            Again::Unsaid | Again::Never | Again::BodyGone => Replay::WhenUntouched,
        }
    }

    /// The replay gate's facts, for drivers that are given them.
    pub(crate) fn safety(&self) -> ReplaySafety {
        let safety = ReplaySafety::of_method(&self.method);
        let safety = match self.keyed {
            Keyed::Without => safety,
            Keyed::Honored | Keyed::Ignored => safety.with_key(self.key_support()),
        };
        let safety = match self.again {
            Again::Never => safety.send_once(),
            Again::BodyGone => safety.with_one_shot_body(),
            Again::Unsaid | Again::AtLeastOnce => safety.with_replay(self.replay()),
        };
        match self.key_lifetime {
            Some(lifetime) => safety.with_key_lifetime(lifetime),
            None => safety,
        }
    }

    /// Everything that a driver reported otherwise.
    pub(super) fn compare(&self, seen: &Seen) -> Vec<String> {
        let endings: Vec<_> = self.answers[..self.attempts]
            .iter()
            .map(|answer| answer.ended())
            .collect();
        let waits_agree = seen.waits.len() == self.waits.len()
            && seen
                .waits
                .iter()
                .zip(&self.waits)
                .all(|(seen, wait)| is_about(*seen, *wait));
        [
            (seen.endings != endings).then(|| format!("attempts {:?}, not {endings:?}", seen.endings)),
            (!waits_agree).then(|| format!("waits {:?}, not {:?}", seen.waits, self.waits)),
            (seen.stop != self.stop).then(|| format!("stopped by {:?}, not {:?}", seen.stop, self.stop)),
            (seen.effect != self.effect).then(|| format!("effect {:?}, not {:?}", seen.effect, self.effect)),
            (seen.duplicates != self.duplicates).then(|| format!("{} possible duplicates", seen.duplicates)),
            (seen.retry_after.is_some() != self.hint).then(|| format!("hint {:?}", seen.retry_after)),
            (!is_about(seen.elapsed, self.elapsed)).then(|| format!("took {:?}, not {:?}", seen.elapsed, self.elapsed)),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    /// What is wrong with the keys that came to the server, one per arrival.
    pub(super) fn compare_keys(&self, keys: &[Option<String>]) -> Option<String> {
        let same = keys.windows(2).all(|pair| pair[0] == pair[1]);
        let there = keys.iter().all(|key| key.is_some() == (self.keyed != Keyed::Without));
        (keys.len() != self.attempts || !same || !there).then(|| format!("arrived with {keys:?}"))
    }
}

impl Answer {
    /// The response's head, if there is one.
    pub(crate) fn response(self) -> Option<(StatusCode, HeaderMap)> {
        let (status, header) = match self {
            Self::Status(status) => (status, None),
            Self::Patience(status, seconds) => (status, Some(("retry-after", seconds))),
            Self::Replayed(status) => (status, Some(("idempotent-replayed", "true"))),
            Self::Lost | Self::Refused | Self::Nack | Self::Hang => return None,
        };
        let headers = header.into_iter().map(|(name, value)| {
            let name = HeaderName::from_static(name);
            (name, HeaderValue::from_static(value))
        });
        Some((StatusCode::from_u16(status).unwrap(), headers.collect()))
    }

    /// The failure, if there is no response; one that hangs fails as who waits for it says when the time is over.
    pub(crate) fn failure(self) -> Option<Failure> {
        let (kind, delivery) = match self {
            Self::Lost => (FailureKind::ConnectionLost, Delivery::Unknown),
            Self::Refused => (FailureKind::Connect, Delivery::NeverSent),
            Self::Nack => (FailureKind::Nack, Delivery::Refused),
            Self::Hang => (FailureKind::HeadTimeout, Delivery::Unknown),
            Self::Status(_) | Self::Patience(..) | Self::Replayed(_) => return None,
        };
        Some(Failure::new(kind, delivery))
    }

    /// The answer as a client's future brings it.
    pub(crate) async fn arrive(self) -> Result<http::Response<()>, Failure> {
        if self == Self::Hang {
            std::future::pending::<()>().await;
        }
        self.now()
    }

    /// The answer as a blocking client brings it; one that hangs is out of time.
    pub(crate) fn now(self) -> Result<http::Response<()>, Failure> {
        let Some((status, headers)) = self.response() else {
            return Err(self.failure().unwrap());
        };
        let mut response = http::Response::new(());
        *response.status_mut() = status;
        *response.headers_mut() = headers;
        Ok(response)
    }

    fn ended(self) -> Ended {
        match (self.response(), self.failure()) {
            (Some((status, _)), _) => Ended::Status(status.as_u16()),
            (None, failure) => Ended::Failed(failure.unwrap().kind()),
        }
    }
}

impl Seen {
    /// What a receipt says.
    pub(crate) fn of(receipt: &Receipt) -> Self {
        Self {
            endings: receipt
                .attempts()
                .iter()
                .map(|attempt| Ended::of(attempt.ending()))
                .collect(),
            waits: receipt.attempts().iter().filter_map(steadfast::Attempt::wait).collect(),
            stop: receipt.stop(),
            effect: receipt.effect(),
            duplicates: receipt.possible_duplicates(),
            retry_after: receipt.retry_after(),
            elapsed: receipt.elapsed(),
        }
    }
}

impl Ended {
    fn of(ending: Ending) -> Self {
        match ending {
            Ending::Response { status, .. } => Self::Status(status.as_u16()),
            Ending::Failure { kind, .. } => Self::Failed(kind),
            _ => panic!("a third ending: {ending:?}"),
        }
    }
}

/// A server's wish is spread by up to a tenth, and timers are rounded to a millisecond.
fn is_about(seen: Duration, wait: Duration) -> bool {
    (wait..=wait + wait / 10 + Duration::from_millis(20)).contains(&seen)
}
