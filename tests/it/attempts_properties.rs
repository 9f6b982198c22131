//! `Attempts` as a pure function: any input, no clock, no runtime.
#![expect(clippy::unwrap_used, reason = "a helper that fails is a test that fails")]

use std::time::{Duration, Instant};

use http::{HeaderMap, HeaderValue, Method, StatusCode};
use proptest::prelude::*;
use steadfast::classify::{Condition, on_status, on_timeout};
use steadfast::retry::{Decision, ReplaySafety};
use steadfast::{
    Backoff, Clock, Delivery, Effect, Failure, FailureKind, Jitter, KeySupport, Outcome, RetryPolicy, StopReason,
    Verdict,
};

const LEAST_LEFT: Duration = Duration::from_millis(250);

/// One attempt's end: what came, what a classifier says, when it was, and the random number.
#[derive(Clone, Debug)]
struct End {
    came: Came,
    verdict: Verdict,
    replayed: bool,
    now: i64,
    random: f64,
}

#[derive(Clone, Debug)]
enum Came {
    Status(u16, Option<String>),
    Failure(FailureKind, Delivery, Option<u16>),
}

impl End {
    /// Hands the outcome to a closure: it borrows what this builds.
    fn with<T>(&self, act: impl FnOnce(&Outcome<'_>) -> T) -> T {
        let status = |code| StatusCode::from_u16(code).unwrap();
        let marked = |outcome: Outcome<'_>| act(&if self.replayed { outcome.as_replayed() } else { outcome });
        match &self.came {
            Came::Status(code, hint) => {
                let mut headers = HeaderMap::new();
                if let Some(hint) = hint {
                    headers.insert("retry-after", HeaderValue::from_str(hint).unwrap());
                }
                marked(Outcome::response(status(*code), &headers))
            }
            Came::Failure(kind, delivery, after) => {
                let failure = Failure::new(*kind, *delivery);
                let failure = match after {
                    Some(code) => failure.after_status(status(*code)),
                    None => failure,
                };
                marked(Outcome::failure(&failure))
            }
        }
    }

    /// Nothing else may lift the replay gate.
    fn is_untouched(&self, refusals: u32) -> bool {
        let by_wire = match self.came {
            Came::Failure(_, Delivery::NeverSent, None) => true,
            Came::Failure(_, Delivery::Refused, None) => refusals <= 1,
            _ => false,
        };
        by_wire || self.verdict.is_untouched()
    }

    fn is_refusal(&self) -> bool {
        matches!(self.came, Came::Failure(_, Delivery::Refused, None))
    }
}

fn instant(base: Instant, offset: i64) -> Instant {
    let by = Duration::from_millis(offset.unsigned_abs());
    let moved = if offset < 0 {
        base.checked_sub(by)
    } else {
        base.checked_add(by)
    };
    moved.unwrap_or(base)
}

fn any_duration() -> impl Strategy<Value = Duration> {
    prop_oneof![
        Just(Duration::ZERO),
        Just(Duration::MAX),
        (0_u64..300_000).prop_map(Duration::from_millis),
        any::<u64>().prop_map(Duration::from_nanos),
        any::<u64>().prop_map(Duration::from_secs),
    ]
}

fn any_verdict() -> impl Strategy<Value = Verdict> {
    prop_oneof![
        1 => Just(Verdict::accept()),
        1 => Just(Verdict::fail()),
        8 => Just(Verdict::retry()),
        2 => Just(Verdict::retry_untouched()),
        2 => any_duration().prop_map(Verdict::retry_after),
        1 => any_duration().prop_map(|wait| Verdict::retry_untouched().not_before(wait)),
    ]
}

fn any_came() -> impl Strategy<Value = Came> {
    let hint = prop_oneof![
        Just(None),
        Just(Some("99999999999999999999999".into())),
        (0_u32..300).prop_map(|seconds| Some(seconds.to_string())),
        "[ -~]{0,8}".prop_map(Some),
    ];
    let code = prop_oneof![2 => 100_u16..=999, 1 => 500_u16..=599, 1 => Just(503)];
    let kind = prop_oneof![
        Just(FailureKind::Connect),
        Just(FailureKind::ConnectionLost),
        Just(FailureKind::HeadTimeout),
        Just(FailureKind::Nack),
        Just(FailureKind::Body),
    ];
    let delivery = prop_oneof![
        Just(Delivery::NeverSent),
        Just(Delivery::Refused),
        Just(Delivery::Unknown),
        Just(Delivery::ResponseStarted),
    ];
    prop_oneof![
        (code, hint).prop_map(|(code, hint)| Came::Status(code, hint)),
        (kind, delivery, proptest::option::weighted(0.2, 100_u16..=999))
            .prop_map(|(kind, delivery, status)| Came::Failure(kind, delivery, status)),
    ]
}

fn any_random() -> impl Strategy<Value = f64> {
    prop_oneof![
        4 => 0.0..1.0_f64,
        1 => any::<f64>(),
        1 => prop_oneof![Just(f64::NAN), Just(f64::INFINITY), Just(f64::NEG_INFINITY), Just(-1.0), Just(1e300)],
    ]
}

fn any_end() -> impl Strategy<Value = End> {
    let now = prop_oneof![4 => 0_i64..200_000, 1 => any::<i64>(), 1 => -100_000_i64..0];
    (
        any_came(),
        any_verdict(),
        proptest::bool::weighted(0.1),
        now,
        any_random(),
    )
        .prop_map(|(came, verdict, replayed, now, random)| End {
            came,
            verdict,
            replayed,
            now,
            random,
        })
}

fn any_safety() -> impl Strategy<Value = ReplaySafety> {
    let method = prop_oneof![
        Just(Method::POST),
        Just(Method::PUT),
        Just(Method::GET),
        Just(Method::PATCH)
    ];
    let key = prop_oneof![
        Just(None),
        Just(Some(KeySupport::Honored)),
        Just(Some(KeySupport::Ignored))
    ];
    (method, key, proptest::option::of(any_duration()), 0_u8..10).prop_map(|(method, key, lifetime, special)| {
        let mut safety = ReplaySafety::of_method(&method);
        if let Some(support) = key {
            safety = safety.with_key(support);
        }
        if let Some(lifetime) = lifetime {
            safety = safety.with_key_lifetime(lifetime);
        }
        match special {
            0 => safety.with_one_shot_body(),
            1 => safety.send_once(),
            _ => safety,
        }
    })
}

#[derive(Clone, Debug)]
struct Limits {
    policy: RetryPolicy,
    cap: Duration,
    fraction: f64,
    ways: Vec<(Way, u32)>,
    stop: Option<Stop>,
}

/// A way for attempts to end that has a limit of its own.
#[derive(Clone, Copy, Debug)]
enum Way {
    ServerError,
    Unavailable,
    Lost,
    Timeout,
}

impl Way {
    fn condition(self) -> Condition {
        match self {
            Self::ServerError => on_status(500..=599),
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE.into(),
            Self::Lost => FailureKind::ConnectionLost.into(),
            Self::Timeout => on_timeout(),
        }
    }

    fn is_of(self, came: &Came) -> bool {
        match (self, came) {
            (Self::ServerError, Came::Status(code, _) | Came::Failure(_, _, Some(code))) => (500..=599).contains(code),
            (Self::Unavailable, Came::Status(code, _) | Came::Failure(_, _, Some(code))) => *code == 503,
            (Self::Lost, Came::Failure(kind, ..)) => *kind == FailureKind::ConnectionLost,
            (Self::Timeout, Came::Failure(kind, ..)) => *kind == FailureKind::HeadTimeout,
            _ => false,
        }
    }
}

/// A stop condition of the caller's: from so many attempts on, no wait longer than this.
#[derive(Clone, Copy, Debug)]
struct Stop {
    begun: u32,
    wait: Duration,
}

fn any_ways() -> impl Strategy<Value = Vec<(Way, u32)>> {
    let way = prop_oneof![
        Just(Way::ServerError),
        Just(Way::Unavailable),
        Just(Way::Lost),
        Just(Way::Timeout)
    ];
    prop_oneof![2 => Just(Vec::new()), 1 => prop::collection::vec((way, 1_u32..=4), 1..=6)]
}

fn any_stop() -> impl Strategy<Value = Option<Stop>> {
    let stop = (1_u32..=6, 0_u64..60_000).prop_map(|(begun, wait)| Stop {
        begun,
        wait: Duration::from_millis(wait),
    });
    proptest::option::weighted(0.2, stop)
}

fn any_limits() -> impl Strategy<Value = Limits> {
    let jitter = prop_oneof![
        Just(Jitter::None),
        (0.0..=1.0_f64).prop_map(Jitter::Additive),
        Just(Jitter::Full),
        Just(Jitter::Equal),
        Just(Jitter::Decorrelated),
    ];
    (
        1_u32..=8,
        1_u64..60_000,
        1.0..=100.0_f64,
        0_u64..60_000,
        jitter,
        0_u64..400,
        (any_ways(), proptest::option::weighted(0.2, 1_u64..300_000), any_stop()),
    )
        .prop_map(|(attempts, base, factor, more, jitter, limit, (ways, elapsed, stop))| {
            let cap = Duration::from_millis(base + more);
            let backoff = Backoff::exponential(Duration::from_millis(base))
                .factor(factor)
                .max(cap)
                .jitter(jitter);
            let mut policy = RetryPolicy::builder()
                .max_attempts(attempts)
                .backoff(backoff)
                .retry_after_limit(Duration::from_secs(limit));
            for (way, most) in &ways {
                policy = policy.max_attempts_for(way.condition(), *most);
            }
            if let Some(elapsed) = elapsed {
                policy = policy.max_elapsed(Duration::from_millis(elapsed));
            }
            if let Some(stop) = stop {
                policy = policy.stop_when(move |so_far| so_far.begun() >= stop.begun && so_far.wait() > stop.wait);
            }
            let fraction = if let Jitter::Additive(fraction) = jitter {
                fraction
            } else {
                0.0
            };
            Limits {
                policy: policy.build().unwrap(),
                cap,
                fraction,
                ways,
                stop,
            }
        })
}

fn many() -> ProptestConfig {
    ProptestConfig {
        cases: 20_000,
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(many())]

    #[test]
    fn no_input_panics_and_every_retry_is_within_every_limit(
        limits in any_limits(),
        safety in any_safety(),
        deadline in proptest::option::of(any::<i64>()),
        near in proptest::option::of(0_i64..120_000),
        ends in prop::collection::vec(any_end(), 1..10),
    ) {
        let base = Clock::system().now();
        let deadline = near.or(deadline).map(|offset| instant(base, offset));
        let mut attempts = limits.policy.attempts(safety, base);
        if let Some(deadline) = deadline {
            attempts = attempts.with_deadline(deadline);
        }
        let (mut begun, mut refusals, mut touched) = (0, 0, false);
        let mut counts = vec![0; limits.ways.len()];
        for end in &ends {
            let now = instant(base, end.now);
            let elapsed = now.saturating_duration_since(base);
            let is_late = begun > 0 && limits.policy.max_elapsed().is_some_and(|most| elapsed > most);
            let begin = attempts.begin(now);
            prop_assert!(is_late || begin != Err(StopReason::TimeExhausted));
            if let Ok(begin) = begin {
                prop_assert!(!is_late);
                begun += 1;
                prop_assert_eq!(begin.number, begun);
                prop_assert!(begun <= limits.policy.max_attempts());
                prop_assert_eq!(begin.time_left.is_some(), deadline.is_some());
                prop_assert!(begin.time_left.is_none_or(|left| !left.is_zero()));
            }
            refusals += u32::from(end.is_refusal());
            touched |= !end.is_untouched(refusals);
            let (decision, wish) = end.with(|outcome| {
                (attempts.after(outcome, &end.verdict, now, end.random), end.verdict.after().max(outcome.retry_after()))
            });
            let mut is_spent = begun >= limits.policy.max_attempts();
            for ((way, most), count) in limits.ways.iter().zip(&mut counts) {
                if end.verdict.is_retry() && way.is_of(&end.came) {
                    *count += 1;
                    is_spent |= *count >= *most;
                }
            }
            let wait = match decision {
                Decision::RetryAfter(wait) => wait,
                Decision::Stop(StopReason::AttemptsExhausted) => {
                    prop_assert!(begun >= limits.policy.max_attempts());
                    continue;
                }
                Decision::Stop(StopReason::OutcomeLimit) => {
                    prop_assert!(is_spent && begun < limits.policy.max_attempts());
                    continue;
                }
                Decision::Stop(StopReason::TimeExhausted) => {
                    prop_assert!(limits.policy.max_elapsed().is_some());
                    continue;
                }
                Decision::Stop(StopReason::StopCondition) => {
                    prop_assert!(limits.stop.is_some_and(|stop| begun >= stop.begun));
                    continue;
                }
                Decision::Stop(_) => continue,
            };
            prop_assert!(!is_spent);
            prop_assert!(limits.policy.max_elapsed().is_none_or(|most| elapsed + wait <= most));
            prop_assert!(limits.stop.is_none_or(|stop| begun < stop.begun || wait <= stop.wait));
            prop_assert!(end.verdict.is_retry() && !end.replayed);
            prop_assert!(!touched || safety.obstacle().is_none(), "a blind repeat");
            prop_assert!(wish.is_none_or(|wish| wait >= wish && wish <= limits.policy.retry_after_limit()));
            let by_cap = limits.cap + limits.cap.mul_f64(limits.fraction) + Duration::from_nanos(2);
            let limit = limits.policy.retry_after_limit();
            prop_assert!(wait <= by_cap.max(limit + (limit / 10).min(Duration::from_secs(5))));
            if let Some(deadline) = deadline {
                prop_assert!(now + wait + LEAST_LEFT <= deadline);
            }
        }
        prop_assert_eq!(attempts.begun(), begun);
    }

    #[test]
    fn doubt_is_as_sticky_as_in_a_naive_model(ends in prop::collection::vec(any_end(), 1..8)) {
        let base = Clock::system().now();
        let policy = RetryPolicy::default();
        let mut attempts = policy.attempts(ReplaySafety::of_method(&Method::PUT), base);
        let (mut expected, mut refusals) = (Effect::NotApplied, 0);
        for end in &ends {
            refusals += u32::from(end.is_refusal());
            let alone = end.with(|outcome| {
                let _ = attempts.after(outcome, &end.verdict, base, 0.5);
                match (end.verdict.is_untouched(), end.is_refusal() && refusals > 1) {
                    (true, _) => Effect::NotApplied,
                    (false, true) => Effect::Unknown,
                    (false, false) => outcome.effect(),
                }
            });
            let settled = end.replayed && alone != Effect::Unknown;
            expected = match (expected, alone) {
                (_, alone) if settled => alone,
                (Effect::Applied, _) | (_, Effect::Applied) => Effect::Applied,
                (Effect::Unknown, _) | (_, Effect::Unknown) => Effect::Unknown,
                _ => Effect::NotApplied,
            };
            prop_assert_eq!(attempts.effect(), expected);
        }
    }

    #[test]
    fn an_operation_in_doubt_is_not_repeated_after_its_key_expired(
        lifetime in 1_u64..600,
        ends in prop::collection::vec((any_came(), 0_u64..300, 0.0..1.0_f64), 1..8),
    ) {
        let base = Clock::system().now();
        let lifetime = Duration::from_secs(lifetime);
        let safety = ReplaySafety::of_method(&Method::POST).with_key(KeySupport::Honored).with_key_lifetime(lifetime);
        let policy = RetryPolicy::builder().max_attempts(100).build().unwrap();
        let mut attempts = policy.attempts(safety, base);
        let (mut now, mut refusals, mut touched) = (base, 0, false);
        for (came, took, random) in ends {
            now += Duration::from_secs(took);
            let end = End { came, verdict: Verdict::retry(), replayed: false, now: 0, random };
            refusals += u32::from(end.is_refusal());
            touched |= !end.is_untouched(refusals);
            match end.with(|outcome| attempts.after(outcome, &end.verdict, now, random)) {
                Decision::RetryAfter(wait) => {
                    now += wait;
                    prop_assert!(!touched || now - base < lifetime, "the key may be forgotten: {:?}", now - base);
                }
                Decision::Stop(StopReason::KeyExpired) => {
                    prop_assert!(touched);
                    break;
                }
                Decision::Stop(_) => break,
            }
        }
    }
}

#[test]
fn a_refusal_by_protocol_is_believed_once() {
    let base = Clock::system().now();
    let unkeyed = ReplaySafety::of_method(&Method::POST);
    let mut attempts = RetryPolicy::default().attempts(unkeyed, base);
    let nack = Failure::new(FailureKind::Nack, Delivery::Refused);
    let mut after = || attempts.after(&Outcome::failure(&nack), &Verdict::retry(), base, 0.0);
    assert_eq!(after(), Decision::RetryAfter(Duration::from_secs(1)));
    assert!(matches!(after(), Decision::Stop(StopReason::NotReplayable(_))));
}

#[test]
fn a_connection_that_was_never_made_is_repeated_without_a_key_until_the_attempts_are_used_up() {
    let base = Clock::system().now();
    let mut attempts = RetryPolicy::default().attempts(ReplaySafety::of_method(&Method::POST), base);
    let refused = Failure::new(FailureKind::Connect, Delivery::NeverSent);
    for begun in 1..=5 {
        attempts.begin(base).unwrap();
        let decision = attempts.after(&Outcome::failure(&refused), &Verdict::retry(), base, 0.0);
        let expected = if begun < 5 {
            Decision::RetryAfter(Duration::from_secs(1 << (begun - 1)))
        } else {
            Decision::Stop(StopReason::AttemptsExhausted)
        };
        assert_eq!(decision, expected);
    }
    assert_eq!(attempts.begin(base), Err(StopReason::AttemptsExhausted));
}
