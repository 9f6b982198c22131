//! Bad settings are refused at `build()`, or before anything is sent, by an error that names field and range.

use std::time::Duration;

use http::{HeaderName, Method};
use steadfast::budget::RetryBudget;
use steadfast::testing::Script;
use steadfast::{Backoff, Client, ClientBuilder, Error, IdempotencyKey, Jitter, ResponseExt, RetryPolicy};

use crate::support_time::paused;

fn refused(build: impl FnOnce(ClientBuilder) -> ClientBuilder) -> String {
    build(Client::builder()).build().unwrap_err().to_string()
}

#[test]
fn a_client_names_the_setting_and_its_range() {
    let zero = Duration::ZERO;
    let second = Duration::from_secs(1);
    for (message, expected) in [
        (
            refused(|b| b.attempt_timeout(zero)),
            "`attempt_timeout` must be 1ms to 1day, but was 0s",
        ),
        (
            refused(|b| b.total_timeout(zero)),
            "`total_timeout` must be 1ms to 30days, but was 0s",
        ),
        (
            refused(|b| b.key_lifetime(zero)),
            "`key_lifetime` must be at least 1s, but was 0s",
        ),
        (
            refused(|b| b.attempt_timeout(second).connect_timeout(second)),
            "`connect_timeout` must be at least 1ms and less than the attempt timeout of 1s, but was 1s",
        ),
        (
            refused(|b| b.key_header(HeaderName::from_static("authorization"))),
            "`key_header` must be a header of its own, but was authorization",
        ),
    ] {
        assert_eq!(message, expected);
    }
}

#[test]
fn a_policy_names_the_setting_and_its_range() {
    let refused = |policy: steadfast::RetryPolicyBuilder| policy.build().unwrap_err().to_string();
    let builder = RetryPolicy::builder;
    assert_eq!(
        refused(builder().max_attempts(101)),
        "`max_attempts` must be 1 to 100, but was 101"
    );
    assert_eq!(
        refused(builder().backoff(Backoff::constant(Duration::ZERO))),
        "`backoff.base` must be 1ms to 1day, but was 0s"
    );
    assert_eq!(
        refused(builder().backoff(Backoff::default().factor(f64::NAN))),
        "`backoff.factor` must be 1.0 to 100.0, but was NaN"
    );
    assert_eq!(
        refused(builder().jitter(Jitter::Additive(-0.1))),
        "`backoff.jitter` must be 0.0 to 1.0, but was -0.1"
    );
    let budget = RetryBudget::builder().capacity(f64::INFINITY).build().unwrap_err();
    assert_eq!(budget.field(), "capacity");
}

#[test]
fn a_base_url_is_an_http_url_without_query_and_fragment() {
    for base in [
        "mailto:a@b",
        "ftp://a.example/",
        "https://a.example/?key=1",
        "https://a.example/#top",
    ] {
        assert_eq!(
            refused(|b| b.base_url(base)),
            "`base_url` must be http or https, without query and fragment",
            "{base}"
        );
    }
    let missing = "`base_url` must begin with http:// or https://";
    assert_eq!(refused(|b| b.base_url("api.example.com/v1")), missing);
    assert_eq!(refused(|b| b.base_url("https://[/")), "`base_url` is not valid");
}

#[test]
fn a_request_that_cannot_be_built_sends_nothing_and_says_why() {
    let script = Script::new([]);
    let client = Client::builder().script(&script).build().unwrap();
    let post = || client.post("https://api.example.com/");
    let relative = "the URL is relative, and the client has no base URL";
    let long = "an idempotency key must have 1 to 255 characters, this one has 256";
    for (request, expected) in [
        (client.get("/charges"), relative),
        (
            client.get("ftp://a.example/"),
            "the URL must begin with http:// or https://",
        ),
        (post().header("bad name", "x"), "a header's name is not valid"),
        (
            post().header("x-tenant", "line\nbreak"),
            "the value of header `x-tenant` is not valid",
        ),
        (post().idempotency_key("k".repeat(256)), long),
        (
            post().idempotency_key("a").header("idempotency-key", "b"),
            "the request carries another idempotency key than the one given",
        ),
        (
            post().total_timeout(Duration::from_secs(u64::MAX)),
            "`total_timeout` must be 1ms to 30days, but was 213503982334601days 7h 15s",
        ),
    ] {
        let error: Error = paused(request.send()).unwrap_err();
        assert_eq!(error.to_string(), expected);
        assert!(error.is_builder() && error.receipt().is_none());
    }
    assert_eq!(script.arrivals().len(), 0);
}

#[test]
fn the_first_thing_that_is_wrong_is_told_whatever_is_set_after_it() {
    let script = Script::new([]);
    let client = Client::builder().script(&script).build().unwrap();
    let post = || client.post("https://api.example.com/");
    for (mut request, expected) in [
        (
            client
                .get("ftp://a.example/")
                .query(&[("a", "b")])
                .header("bad name", "x"),
            "the URL must begin with http:// or https://",
        ),
        (
            client
                .post("/charges")
                .idempotency_key("k-1")
                .basic_auth("me", None::<&str>)
                .query(&1),
            "the URL is relative, and the client has no base URL",
        ),
        (
            post().max_attempts(0).total_timeout(Duration::ZERO).query(&1),
            "`max_attempts` must be 1 to 100, but was 0",
        ),
        (
            post().query(&1).query(&[("a", "b")]).header("bad name", "x"),
            "the query could not be serialised",
        ),
    ] {
        let key = request.key().unwrap().is_some();
        assert_eq!(key, expected.contains("relative"), "given, and none minted: {expected}");
        assert!(!format!("{request:?}").contains("invalid"), "{request:?}");

        let error: Error = paused(request.send()).unwrap_err();

        assert_eq!(error.to_string(), expected);
        assert!(error.is_builder() && error.receipt().is_none());
    }
    assert_eq!(script.arrivals().len(), 0);
}

#[test]
fn credentials_in_an_address_are_of_that_request_alone_however_often_its_origin_was_met() {
    let script = Script::new([]);
    let client = Client::builder().script(&script).build().unwrap();
    let (plain, secret) = (
        "https://api.stripe.com/x?y=z",
        "https://me:p%40ss@API.stripe.com:443/x?y=z",
    );
    let url = |text: &str| text.parse::<url::Url>().unwrap();
    let executed = |text| reqwest::Request::new(Method::GET, url(text));
    let expected = "Basic bWU6cEBzcw==";
    for _ in 0..3 {
        for (text, given) in [(secret, Some(expected)), (plain, None)] {
            for answer in [
                paused(client.get(text).send()),
                paused(client.get(url(text)).send()),
                paused(client.execute(executed(text))),
            ] {
                assert_eq!(answer.unwrap().receipt().unwrap().preset(), Some("stripe"));
            }
            for arrival in script.take_arrivals() {
                assert_eq!((arrival.url.as_str(), arrival.header("authorization")), (plain, given));
            }
        }
    }
}

#[test]
fn a_key_is_taken_as_a_value_a_reference_or_a_text() {
    let script = Script::new([]);
    let client = Client::builder().script(&script).build().unwrap();
    let put = || client.request(Method::PUT, "https://api.example.com/");
    let key = IdempotencyKey::derive(["a"]);
    let text = String::from("text");
    for request in [
        put().idempotency_key(&key),
        put().idempotency_key(key.clone()),
        put().idempotency_key(&text),
        put().idempotency_key(text.clone()),
        put().idempotency_key("text"),
    ] {
        paused(request.send()).unwrap();
    }
    let sent: Vec<_> = script
        .arrivals()
        .iter()
        .map(|a| a.header("idempotency-key").unwrap().to_owned())
        .collect();
    assert_eq!(sent, [key.as_str(), key.as_str(), "text", "text", "text"]);
}

#[test]
fn a_default_header_cannot_give_every_operation_the_same_key() {
    let name = HeaderName::from_static("paypal-request-id");
    let mut headers = http::HeaderMap::new();
    headers.insert(name.clone(), http::HeaderValue::from_static("always-the-same"));
    let refused = Client::builder()
        .key_header(name)
        .default_headers(headers.clone())
        .build();
    assert!(
        refused
            .unwrap_err()
            .to_string()
            .starts_with("`default_headers` must be without the key's header")
    );

    // A preset may name a header that the builder could not know of.
    let script = Script::new([]);
    let paypal = steadfast::preset::paypal().at("https://api.example.com").unwrap();
    let client = Client::builder()
        .script(&script)
        .preset(paypal)
        .default_headers(headers)
        .build()
        .unwrap();
    for _ in 0..2 {
        paused(
            client
                .post("https://api.example.com/v2/checkout/orders")
                .body("x")
                .send(),
        )
        .unwrap();
    }
    let keys: Vec<_> = script
        .arrivals()
        .iter()
        .map(|a| a.header("paypal-request-id").map(str::to_owned))
        .collect();
    assert!(keys[0].is_some() && keys[0] != keys[1], "{keys:?}");
    assert_ne!(keys[0].as_deref(), Some("always-the-same"));
}
