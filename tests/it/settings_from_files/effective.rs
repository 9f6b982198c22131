use std::convert::Infallible;
use std::time::Duration;

use http::{HeaderMap, HeaderValue, Method, StatusCode};
use steadfast::breaker::CircuitBreaker;
use steadfast::budget::RetryBudget;
use steadfast::classify::{on, on_failure, on_method, on_status, on_timeout};
use steadfast::config::{Effective, Limit, Settings};
use steadfast::{Backoff, Client, ConcurrencyLimit, FailureKind, Finding, Hedge, Jitter, RetryPolicy, Scope, preset};

use super::{refused, toml};

#[test]
fn what_is_in_force_is_read_back_from_code_as_well() {
    let policy = RetryPolicy::builder()
        .max_attempts(7)
        .backoff(Backoff::constant(Duration::from_millis(5)).jitter(Jitter::Decorrelated))
        .strict();
    let client = Client::builder()
        .retry(policy.build().unwrap())
        .circuit_breaker(
            CircuitBreaker::builder()
                .slow_calls(Duration::from_secs(3), 0.75)
                .build()
                .unwrap(),
        )
        .retry_budget(RetryBudget::builder().capacity(2.5).build().unwrap())
        .total_timeout(Duration::from_secs(90))
        .build()
        .unwrap();

    let text = Effective::of(&client).to_string();

    for line in [
        "max_attempts = 7",
        "classify = \"strict\"",
        "base = \"5ms\"",
        "factor = 1.0",
        "jitter = \"decorrelated\"",
        "from = \"3s\"",
        "rate = 0.75",
        "capacity = 2.5",
        "initial = 2.5",
        "total_timeout = \"1m 30s\"",
    ] {
        assert!(text.lines().any(|printed| printed == line), "{line}\n{text}");
    }
    let again = toml(&text).builder().unwrap().build().unwrap();
    assert_eq!(Effective::of(&again).settings(), Effective::of(&client).settings());
}

#[test]
fn limits_waits_and_hedges_of_code_are_read_back_as_settings() {
    let policy = RetryPolicy::builder()
        .max_attempts_for(StatusCode::SERVICE_UNAVAILABLE, 2)
        .max_attempts_for(on_timeout(), 3)
        .max_attempts_for(FailureKind::ConnectionLost, 1)
        .max_attempts_for(FailureKind::Unready, 2)
        .max_elapsed(Duration::from_secs(45))
        .backoff(Backoff::steps([1, 5, 30].map(Duration::from_secs)))
        .build()
        .unwrap();
    let client = Client::builder()
        .retry(policy.clone())
        .concurrency_limit(ConcurrencyLimit::new(16).queue(64).max_wait(Duration::from_secs(2)))
        .hedge(Hedge::percentile(0.95).at_least(Duration::from_millis(20)))
        .build()
        .unwrap();

    let effective = Effective::of(&client);

    assert!(effective.in_code().is_empty());
    let text = effective.to_string();
    for lines in [
        "max_attempts_for = [\"503: 2\", \"timeout: 3\", \"connection_lost: 1\", \"unready: 2\"]\nmax_elapsed = \"45s\"\n",
        "[retry.backoff]\nsteps = [\"1s\", \"5s\", \"30s\"]\nmax = \"1day\"\n",
        "[concurrency]\nattempts = 16\nqueue = 64\nmax_wait = \"2s\"\n",
        "[hedge]\nafter = \"none\"\npercentile = 0.95\nat_least = \"20ms\"\n",
    ] {
        assert!(text.contains(lines), "{lines}\n{text}");
    }
    let again = toml(&text).builder().unwrap().build().unwrap();
    assert_eq!(Effective::of(&again).settings(), effective.settings());
    let json = serde_json::to_string(&policy).unwrap();
    assert_eq!(
        serde_json::to_string(&serde_json::from_str::<RetryPolicy>(&json).unwrap()).unwrap(),
        json
    );
}

#[test]
fn a_fixed_hedge_reads_back_as_one() {
    let hedged = Client::builder().hedge(Hedge::after(Duration::from_millis(300)));
    let effective = Effective::of(&hedged.build().unwrap());
    let hedge = &effective.settings().hedge;
    assert_eq!(hedge.after, Some(Limit::At(Duration::from_millis(300))));
    assert_eq!((hedge.percentile, hedge.at_least), (Some(Limit::None), None));
    assert!(toml(&effective.to_string()).builder().is_ok());
}

#[test]
fn a_limit_for_more_than_a_file_can_name_is_called_code() {
    for which in [
        on_status([500, 503]),
        on_failure([FailureKind::Dns, FailureKind::Connect]),
        on_timeout().or(on_status([503])),
        on_status([503]).except(on_method([Method::POST])),
        on(|_| true),
    ] {
        let policy = RetryPolicy::builder()
            .max_attempts_for(StatusCode::BAD_GATEWAY, 2)
            .max_attempts_for(which, 2);
        let policy = policy.build().unwrap();
        assert_eq!(
            serde_json::to_string(&policy).unwrap_err().to_string(),
            "`max_attempts_for` was set in code and cannot be written"
        );
        let effective = Effective::of(&Client::builder().retry(policy).build().unwrap());
        assert_eq!(effective.in_code(), ["retry.max_attempts_for"]);
        assert_eq!(effective.settings().retry.max_attempts_for, None);
    }
}

#[test]
fn what_is_off_reads_back_as_off() {
    let client = Client::builder()
        .without_circuit_breaker()
        .without_builtin_presets()
        .retry_budget(RetryBudget::unlimited())
        .build()
        .unwrap();
    let effective = Effective::of(&client);
    assert_eq!(effective.settings().breaker.enabled, Some(false));
    assert_eq!(effective.settings().budget.enabled, Some(false));
    let again = toml(&effective.to_string()).builder().unwrap().build().unwrap();
    assert!(again.circuit_breaker().is_none());
    assert_eq!(Effective::of(&again).settings(), effective.settings());
}

#[test]
fn the_default_prints_as_a_file_that_changes_nothing() {
    let text = Effective::of(&Client::new()).to_string();
    assert!(
        text.starts_with("# attempt_timeout: what the origin's preset says, else \"30s\"\ntotal_timeout = \"none\"\n")
    );
    let again = toml(&text);
    assert_eq!(again.attempt_timeout, None, "set, it would overrule every preset");
    assert_eq!(again.total_timeout, Some(Limit::None));
}

#[test]
fn what_only_code_can_set_is_named_and_refused_when_read_back() {
    let mut headers = HeaderMap::new();
    headers.insert("x-api-key", HeaderValue::from_static("secret"));
    let policy = RetryPolicy::builder()
        .max_attempts_for(on(|_| true), 3)
        .stop_when(|_| false)
        .classify_fn(|_| None)
        .backoff(Backoff::custom(|_| Duration::from_secs(1)));
    let breaker = CircuitBreaker::builder().scope_by(|target| Scope::within(target.origin(), "a"));
    let client = Client::builder()
        .retry(policy.build().unwrap())
        .circuit_breaker(breaker.build().unwrap())
        .default_headers(headers)
        .preset(preset::ietf().at("https://api.example.com").unwrap())
        .before_attempt(|_| async { Ok::<_, Infallible>(HeaderMap::new()) })
        .on_unknown(|_| async { Finding::unknown() })
        .on_event(|_| {})
        .build()
        .unwrap();

    let effective = Effective::of(&client);

    assert_eq!(
        effective.in_code(),
        [
            "retry.max_attempts_for",
            "retry.stop_when",
            "retry.classify",
            "retry.backoff",
            "breaker.scope_by",
            "default_headers",
            "before_attempt",
            "on_unknown",
            "preset",
            "observe"
        ]
    );
    let text = effective.to_string();
    assert!(
        !text.contains("secret") && !text.contains("base =") && !text.contains("steps ="),
        "{text}"
    );
    assert!(refused(&text).starts_with("there is no setting `in_code`"));
    let json = serde_json::to_string(&effective).unwrap();
    assert!(!json.contains("secret"));
    assert!(serde_json::from_str::<Settings>(&json).is_err());
}

#[test]
fn the_connect_timeout_in_force_is_known_where_it_reaches_the_wire() {
    let short = toml("attempt_timeout = \"4s\"").builder().unwrap();
    let effective = Effective::of(&short.build().unwrap());
    assert_eq!(effective.settings().connect_timeout, Some(Duration::from_secs(2)));
    let wrapped = Effective::of(&Client::from_reqwest(reqwest::Client::new()));
    assert_eq!(wrapped.settings().connect_timeout, None);
}
