//! Breakers that are told what to do: modes, isolation, hints, scopes of their own.

use super::*;

#[test]
fn observe_only_reports_every_change_and_refuses_nothing() {
    let breaker = CircuitBreaker::builder().mode(Mode::ObserveOnly).build().unwrap();
    let now = start();
    fail_until_open(&breaker, now);
    for _ in 0..100 {
        assert_eq!(send(&breaker, Signal::Success, now), None);
        assert!(breaker.would_admit(scope(0), now));
    }
    assert_eq!(state(&breaker, now), State::Open);
    let later = now + 5 * SECOND;
    let closed = (0..3)
        .filter_map(|_| send(&breaker, Signal::Success, later))
        .collect::<Vec<_>>();
    assert_eq!(closed, [Transition::Closed]);
    breaker.isolate(scope(0), now).unwrap();
    assert!(breaker.admit(scope(0), Try::Retry, now).is_ok());
}

#[test]
fn retries_only_refuses_retries_and_lets_first_tries_through() {
    let breaker = CircuitBreaker::builder().mode(Mode::RetriesOnly).build().unwrap();
    let now = start();
    fail_until_open(&breaker, now);
    assert!(breaker.admit(scope(0), Try::First, now).is_ok());
    assert!(breaker.admit(scope(0), Try::Retry, now).is_err());
    assert!(!breaker.would_admit(scope(0), now));
    breaker.isolate(scope(0), now).unwrap();
    assert!(breaker.admit(scope(0), Try::First, now).is_err());
}

#[test]
fn an_isolated_breaker_refuses_until_it_is_reset() {
    let (breaker, now) = (CircuitBreaker::default(), start());
    assert_eq!(breaker.isolate(scope(0), now).unwrap(), Some(Transition::Isolated));
    assert_eq!(breaker.isolate(scope(0), now).unwrap(), None);
    let refusal = breaker.admit(scope(0), Try::First, now + 9999 * SECOND).unwrap_err();
    assert_eq!((refusal.state, refusal.retry_at), (State::Isolated, None));
    assert!(!breaker.would_admit(scope(0), now + 9999 * SECOND));
    assert!(breaker.admit(scope(1), Try::First, now).is_ok());
    assert_eq!(breaker.reset(scope(0)), Some(Transition::Closed));
    assert_eq!(breaker.reset(scope(0)), None);
    assert!(breaker.admit(scope(0), Try::First, now).is_ok());
}

#[test]
fn would_admit_looks_at_the_end_of_the_wait_and_changes_nothing() {
    let (breaker, now) = (CircuitBreaker::default(), start());
    assert!(breaker.would_admit(scope(0), now));
    fail_until_open(&breaker, now);
    assert!(!breaker.would_admit(scope(0), now + 4 * SECOND));
    assert!(breaker.would_admit(scope(0), now + 5 * SECOND));
    assert_eq!(state(&breaker, now + 5 * SECOND), State::Open);
}

#[test]
fn a_servers_retry_after_holds_siblings_back_only_where_asked_for_and_only_so_long() {
    let now = start();
    let breaker = CircuitBreaker::default();
    assert_eq!(breaker.hold(scope(0), 60 * SECOND, now), None);
    assert!(breaker.admit(scope(0), Try::First, now).is_ok());

    let breaker = CircuitBreaker::builder().hold_back(30 * SECOND).build().unwrap();
    let held = breaker.hold(scope(0), 9999 * SECOND, now);
    assert!(matches!(
        held,
        Some(Transition::Opened {
            cause: Cause::RetryAfter,
            ..
        })
    ));
    assert_eq!(breaker.hold(scope(0), SECOND, now), None);
    assert_eq!(
        breaker.admit(scope(0), Try::First, now).unwrap_err().retry_at,
        Some(now + 30 * SECOND)
    );
    assert!(breaker.admit(scope(0), Try::First, now + 30 * SECOND).is_ok());
}

#[test]
fn a_breaker_can_be_kept_per_tenant_within_an_origin() {
    let breaker = CircuitBreaker::builder()
        .scope_by(
            |target| match target.headers().get("x-tenant").and_then(|name| name.to_str().ok()) {
                Some(tenant) => Scope::within(target.origin(), tenant),
                None => target.origin().into(),
            },
        )
        .build()
        .unwrap();
    let origin: Origin = "https://api.example.com".parse().unwrap();
    let headers = |tenant: &'static str| {
        [("x-tenant".parse().unwrap(), tenant.parse().unwrap())]
            .into_iter()
            .collect()
    };
    let (one, two): (http::HeaderMap, http::HeaderMap) = (headers("one"), headers("two"));
    let scope_of = |headers| breaker.scope(&Target::new(&origin, &http::Method::GET, "/", headers));

    breaker.isolate(scope_of(&one), start()).unwrap();
    assert!(breaker.admit(scope_of(&one), Try::First, start()).is_err());
    assert!(breaker.admit(scope_of(&two), Try::First, start()).is_ok());
    assert!(breaker.admit(&origin, Try::First, start()).is_ok());
}
