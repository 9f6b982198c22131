use std::time::Duration;

use http::{HeaderMap, HeaderName, Method, StatusCode};
use steadfast::preset::{self, Meaning, Preset, Rule};
use steadfast::retry::{Decision, ReplaySafety};
use steadfast::testing::{Script, Step};
use steadfast::{
    Classify, Client, Clock, KeyHeader, KeySupport, Outcome, Problem, ResponseExt, RetryPolicy, Scope, Verdict, drive,
};

const PAYPAL: &str = "https://api-m.paypal.com/v2/checkout/orders";
const STRIPE: &str = "https://api.stripe.com/v1/charges";

#[tokio::test(start_paused = true)]
async fn facts_come_from_the_request_then_the_preset_then_the_client() {
    let script = Script::new([]);
    let client = Client::builder()
        .script(&script)
        .key_header(HeaderName::from_static("x-ours"))
        .build()
        .unwrap();

    client.post(PAYPAL).send().await.unwrap();
    client.post("https://api.example.com/").send().await.unwrap();
    let arrivals = script.arrivals();
    assert!(arrivals[0].header("paypal-request-id").is_some() && arrivals[0].header("x-ours").is_none());
    assert!(arrivals[1].header("x-ours").is_some());

    let script = Script::new([Step::lost_response()]);
    let client = Client::builder().script(&script).build().unwrap();
    let error = client
        .post(STRIPE)
        .key_support(KeySupport::Ignored)
        .send()
        .await
        .unwrap_err();
    assert!(error.is_not_replayable(), "the request knows better: {error}");
}

#[tokio::test(start_paused = true)]
async fn what_the_caller_set_beats_a_presets_time_limits() {
    for (client, request, expected) in [(None, None, 60), (Some(5), None, 5), (Some(5), Some(2), 2)] {
        let script = Script::new([Step::hang()]);
        let mut builder = Client::builder().script(&script).retry(RetryPolicy::never());
        if let Some(seconds) = client {
            builder = builder.attempt_timeout(Duration::from_secs(seconds));
        }
        let mut operation = builder.build().unwrap().post(STRIPE);
        if let Some(seconds) = request {
            operation = operation.attempt_timeout(Duration::from_secs(seconds));
        }
        let error = operation.send().await.unwrap_err();
        assert!(error.is_timeout());
        assert_eq!(error.receipt().unwrap().elapsed().as_secs(), expected);
    }
}

#[tokio::test(start_paused = true)]
async fn classifiers_are_asked_request_client_preset() {
    let in_flight = || Step::status(StatusCode::CONFLICT);
    let accepting = || {
        RetryPolicy::builder()
            .classify_fn(|outcome| (outcome.status()? == 409).then(Verdict::accept))
            .build()
            .unwrap()
    };

    let script = Script::new([in_flight()]);
    let preset_alone = Client::builder().script(&script).build().unwrap();
    assert_eq!(preset_alone.post(STRIPE).send().await.unwrap().status(), 200);

    let script = Script::new([in_flight(), in_flight()]);
    let client = Client::builder().script(&script).retry(accepting()).build().unwrap();
    assert_eq!(client.post(STRIPE).send().await.unwrap().status(), 409);

    let script = Script::new([in_flight()]);
    let plain = Client::builder().script(&script).build().unwrap();
    assert_eq!(
        plain.post(STRIPE).retry(accepting()).send().await.unwrap().status(),
        409
    );
}

#[tokio::test(start_paused = true)]
async fn a_preset_of_ones_own_starts_from_nothing_or_from_ours() {
    let acme = Preset::builder("acme")
        .origin("https://*.acme.example")
        .key_header(KeyHeader::new(HeaderName::from_static("x-acme-key")))
        .codes_at("code")
        .rule(Rule::status(423).code("locked").means(Meaning::Retry))
        .build()
        .unwrap();
    let script = Script::new([
        Step::status(StatusCode::LOCKED).body(r#"{"code":"locked"}"#),
        Step::status(StatusCode::LOCKED),
    ]);
    let client = Client::builder().script(&script).preset(acme).build().unwrap();

    let response = client.post("https://eu.acme.example/x").send().await.unwrap();

    let receipt = response.receipt().unwrap();
    assert_eq!(
        (response.status(), receipt.attempts().len(), receipt.preset()),
        (StatusCode::LOCKED, 2, Some("acme"))
    );
    assert!(
        script
            .arrivals()
            .iter()
            .all(|arrival| arrival.header("x-acme-key").is_some())
    );

    let mine = preset::stripe()
        .to_builder()
        .name("mine")
        .rule_first(Rule::status(409).means(Meaning::Answer))
        .build()
        .unwrap();
    let script = Script::new([Step::status(StatusCode::CONFLICT)]);
    let client = Client::builder().script(&script).preset(mine).build().unwrap();
    let response = client.post(STRIPE).send().await.unwrap();
    assert_eq!(
        (response.status().as_u16(), response.receipt().unwrap().preset()),
        (409, Some("mine"))
    );
}

#[tokio::test(start_paused = true)]
async fn a_bare_status_is_about_the_key_only_where_the_key_is_honoured() {
    let acme = Preset::builder("acme")
        .origin("https://api.acme.example")
        .honors_keys_under("/pay")
        .codes_at("code")
        .rule(Rule::status(409).code("key_busy").means(Meaning::KeyInUse))
        .rule(Rule::status(409).means(Meaning::KeyInUse))
        .rule(Rule::status(422).means(Meaning::KeyReused))
        .build()
        .unwrap();
    let client = |script: &Script| Client::builder().script(script).preset(acme.clone()).build().unwrap();
    let answer = |status| Step::status(StatusCode::from_u16(status).unwrap());

    let script = Script::new([answer(409)]);
    let response = client(&script)
        .post("https://api.acme.example/pay/1")
        .send()
        .await
        .unwrap();
    assert_eq!((response.status().as_u16(), script.arrivals().len()), (200, 2));
    let script = Script::new([answer(422)]);
    let error = client(&script)
        .post("https://api.acme.example/pay")
        .send()
        .await
        .unwrap_err();
    assert!(error.is_key_reused(), "{error}");

    for status in [409, 422] {
        let script = Script::new([answer(status)]);
        let response = client(&script)
            .post("https://api.acme.example/users")
            .send()
            .await
            .unwrap();
        assert_eq!((response.status().as_u16(), script.arrivals().len()), (status, 1));
        assert_eq!(response.receipt().unwrap().problem(), None);

        let script = Script::new([answer(status)]);
        let ignored = client(&script)
            .post("https://api.acme.example/pay")
            .key_support(KeySupport::Ignored);
        assert_eq!(
            ignored.send().await.unwrap().status(),
            status,
            "the request knows better"
        );

        let script = Script::new([answer(status)]);
        let honored = client(&script)
            .post("https://api.acme.example/users")
            .key_support(KeySupport::Honored);
        match (status, honored.send().await) {
            (409, Ok(response)) => assert_eq!((response.status().as_u16(), script.arrivals().len()), (200, 2)),
            (_, sent) => assert!(sent.unwrap_err().is_key_reused(), "here too"),
        }

        let script = Script::new([answer(status)]);
        let without = client(&script)
            .get("https://api.acme.example/pay")
            .send()
            .await
            .unwrap();
        assert_eq!(without.status(), status, "a GET carries no key");
    }

    let script = Script::new([answer(409).body(r#"{"code":"key_busy"}"#)]);
    let error = client(&script)
        .post("https://api.acme.example/users")
        .send()
        .await
        .unwrap_err();
    assert!(error.is_key_in_use(), "the server's own word is believed: {error}");
}

#[tokio::test(start_paused = true)]
async fn a_presets_classifier_alone_goes_by_its_own_paths() {
    let policy = RetryPolicy::builder().classify(preset::checkout()).build().unwrap();
    for (path, expected, attempts) in [("payments", 200, 2), ("accounts/entities", 409, 1)] {
        let script = Script::new([Step::status(StatusCode::CONFLICT)]);
        let client = Client::builder().script(&script).retry(policy.clone()).build().unwrap();
        let response = client
            .post(format!("https://mock.example/{path}"))
            .send()
            .await
            .unwrap();
        assert_eq!(
            (response.status().as_u16(), script.arrivals().len()),
            (expected, attempts),
            "{path}"
        );
    }

    let headers = HeaderMap::new();
    let conflict = Outcome::response(StatusCode::CONFLICT, &headers);
    let told = |outcome: &Outcome<'_>| {
        preset::checkout()
            .classify(outcome)
            .and_then(|verdict| verdict.problem())
    };
    assert_eq!(told(&conflict.with_path("/payments")), Some(Problem::KeyInUse));
    assert_eq!(told(&conflict.with_path("/accounts/entities")), None);
    assert_eq!(told(&conflict), Some(Problem::KeyInUse), "a driver that tells no path");
}

#[tokio::test(start_paused = true)]
async fn a_key_goes_where_the_preset_says_and_fits() {
    let script = Script::new([]);
    let client = Client::builder().script(&script).build().unwrap();

    let mut request = client.post(STRIPE);
    let key = request.key().unwrap().cloned().unwrap();
    request.send().await.unwrap();
    assert_eq!(script.arrivals()[0].header("idempotency-key"), Some(key.as_str()));
    assert_eq!(client.delete(STRIPE).key().unwrap(), None);
    assert!(client.delete("https://api.stripe.com/v2/x").key().unwrap().is_some());

    let error = client
        .post(PAYPAL)
        .idempotency_key("k".repeat(109).as_str())
        .send()
        .await
        .unwrap_err();
    assert!(error.is_key_invalid(), "{error}");
    let square = "https://connect.squareup.com/v2/payments";
    let error = client
        .post(square)
        .idempotency_key("mine")
        .body("{}")
        .send()
        .await
        .unwrap_err();
    assert!(error.is_builder(), "{error}");
    let sent = client
        .post(square)
        .idempotency_key("mine")
        .body(r#"{"idempotency_key":"mine"}"#)
        .send()
        .await
        .unwrap();
    assert_eq!(
        sent.receipt().unwrap().key().map(steadfast::IdempotencyKey::as_str),
        Some("mine")
    );
    assert_eq!(
        script.arrivals().last().unwrap().header("idempotency-key"),
        None,
        "Square's key is in the body alone"
    );
}

#[test]
fn a_preset_that_cannot_be_is_an_error_of_its_builder() {
    let unbound = Client::builder().preset(preset::ietf()).build().unwrap_err();
    assert!(
        unbound.is_builder() && unbound.to_string().contains("`preset`"),
        "{unbound}"
    );
    for (field, built) in [
        ("origin", Preset::builder("x").origin("https://*.com").build()),
        ("name", Preset::builder("").build()),
        ("key_max_length", Preset::builder("x").key_max_length(0).build()),
        (
            "key_lifetime",
            Preset::builder("x").key_lifetime(Duration::ZERO).build(),
        ),
        (
            "attempt_timeout",
            Preset::builder("x").attempt_timeout(Duration::ZERO).build(),
        ),
        (
            "total_timeout",
            Preset::builder("x").total_timeout(Duration::ZERO).build(),
        ),
    ] {
        assert_eq!(built.unwrap_err().field(), field);
    }
}

#[tokio::test(start_paused = true)]
async fn a_success_through_a_preset_allocates_no_more_than_one_without() {
    async fn allocations(url: &str, builtin: bool) -> u64 {
        let script = Script::new([]);
        let builder = Client::builder().script(&script);
        let builder = if builtin {
            builder
        } else {
            builder.without_builtin_presets()
        };
        let client = builder.without_circuit_breaker().build().unwrap();
        let _ = client.post(url).send().await.unwrap();
        let mut future = Box::pin(client.post(url).send());
        let waker = std::task::Waker::noop();
        let mut context = std::task::Context::from_waker(waker);
        let mut result = None;
        let info = allocation_counter::measure(|| {
            if let std::task::Poll::Ready(ready) = future.as_mut().poll(&mut context) {
                result = Some(ready);
            }
        });
        result.unwrap().unwrap();
        info.count_total
    }
    assert_eq!(allocations(STRIPE, true).await, allocations(STRIPE, false).await);
}

/// Whoever drives the state machine has told it what the key is worth.
#[test]
fn a_driver_without_a_key_meets_no_key_in_use() {
    let policy = RetryPolicy::builder().classify(preset::checkout()).build().unwrap();
    let headers = HeaderMap::new();
    let conflict = Outcome::response(StatusCode::CONFLICT, &headers).with_path("/payments/1");
    for (safety, repeated) in [
        (ReplaySafety::of_method(&Method::PUT), false),
        (
            ReplaySafety::of_method(&Method::PUT).with_key(KeySupport::Honored),
            true,
        ),
    ] {
        let now = Clock::system().now();
        let mut operation = drive::Operation::new(&policy, safety, Scope::named("checkout"), now);
        let decision = operation.begin(now).unwrap().ended(&conflict, now, 0.0);
        assert_eq!(matches!(decision, Decision::RetryAfter(_)), repeated, "{decision:?}");
    }
}
