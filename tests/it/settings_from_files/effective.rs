use std::convert::Infallible;
use std::time::Duration;

use http::{HeaderMap, HeaderValue};
use steadfast::breaker::CircuitBreaker;
use steadfast::budget::RetryBudget;
use steadfast::config::{Effective, Limit, Settings};
use steadfast::{Backoff, Client, Jitter, RetryPolicy, Scope, preset};

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
        .classify_fn(|_| None)
        .backoff(Backoff::custom(|_| Duration::from_secs(1)));
    let breaker = CircuitBreaker::builder().scope_by(|target| Scope::within(target.origin(), "a"));
    let client = Client::builder()
        .retry(policy.build().unwrap())
        .circuit_breaker(breaker.build().unwrap())
        .default_headers(headers)
        .preset(preset::ietf().at("https://api.example.com").unwrap())
        .before_attempt(|_| async { Ok::<_, Infallible>(HeaderMap::new()) })
        .on_event(|_| {})
        .build()
        .unwrap();

    let effective = Effective::of(&client);

    assert_eq!(
        effective.in_code(),
        [
            "retry.classify",
            "retry.backoff",
            "breaker.scope_by",
            "default_headers",
            "before_attempt",
            "preset",
            "observe"
        ]
    );
    let text = effective.to_string();
    assert!(!text.contains("secret") && !text.contains("base ="), "{text}");
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
