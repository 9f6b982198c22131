//! What travels with a request and comes back with a response.

use std::sync::{Arc, Mutex};

use http::{HeaderValue, Request, Version};
use steadfast::tower::{AttemptNumber, Notes, ResilienceLayer};
use steadfast::{
    Clock, IdempotencyKey, KeySupport, NotReplayable, Origin, Problem, Replay, ResponseExt, RetryPolicy, StopReason,
    preset,
};
use tower::{Layer, ServiceExt};

use super::mock::{Mock, Reply};
use super::{get, post};
use crate::support_guards::{A, origin};
use crate::support_time::paused;

/// What the service underneath saw of each request.
type Seen<T> = Arc<Mutex<Vec<T>>>;

fn noting<T: Send + 'static>(
    statuses: &'static [u16],
    note: impl Fn(&Request<&'static str>) -> T + Send + Sync + 'static,
) -> (Mock<&'static str>, Seen<T>) {
    let seen = Seen::default();
    let notes = Arc::clone(&seen);
    let (mock, _) = Mock::new(move |request, turn| {
        notes.lock().unwrap().push(note(request));
        Reply::Status(statuses.get(turn).copied().unwrap_or(200))
    });
    (mock, seen)
}

fn key_of(request: &Request<&'static str>) -> Option<String> {
    let key = request.headers().get("idempotency-key")?;
    assert!(key.is_sensitive());
    Some(key.to_str().unwrap().to_owned())
}

#[derive(Clone, Debug, PartialEq)]
struct Tenant(u32);

#[test]
fn every_attempt_carries_the_whole_request() {
    paused(async {
        let (mock, seen) = noting(&[503, 503], |request| {
            let tenant = request.extensions().get::<Tenant>().cloned();
            let number = request.extensions().get::<AttemptNumber>().map(|number| number.get());
            let cookies = request.headers().get_all("cookie").iter().count();
            let line = (request.method().clone(), request.uri().to_string(), request.version());
            (line, *request.body(), cookies, tenant, number)
        });
        let mut request = post("amount=100");
        *request.uri_mut() = "https://a.example/v1/charges?expand=all".parse().unwrap();
        *request.version_mut() = Version::HTTP_2;
        request.headers_mut().append("cookie", HeaderValue::from_static("a=1"));
        request.headers_mut().append("cookie", HeaderValue::from_static("b=2"));
        request.extensions_mut().insert(Tenant(7));
        ResilienceLayer::new().layer(mock).oneshot(request).await.unwrap();

        let uri = "https://a.example/v1/charges?expand=all".to_owned();
        for (index, seen) in seen.lock().unwrap().iter().enumerate() {
            let line = (http::Method::POST, uri.clone(), Version::HTTP_2);
            let number = u32::try_from(index + 1).unwrap();
            assert_eq!(*seen, (line, "amount=100", 2, Some(Tenant(7)), Some(number)));
        }
        assert_eq!(seen.lock().unwrap().len(), 3);
    });
}

#[test]
fn a_key_is_minted_once_or_taken_from_where_the_caller_put_it() {
    paused(async {
        let (mock, seen) = noting(&[503, 503], key_of);
        let service = ResilienceLayer::new().layer(mock);
        let response = service.clone().oneshot(post("x")).await.unwrap();
        let minted = response.receipt().unwrap().key().unwrap().as_str().to_owned();
        assert_eq!(*seen.lock().unwrap(), vec![Some(minted); 3]);
        seen.lock().unwrap().clear();

        let mut extended = post("x");
        extended
            .extensions_mut()
            .insert(IdempotencyKey::derive(["order", "42"]));
        service.clone().oneshot(extended).await.unwrap();
        let mut written = post("x");
        written
            .headers_mut()
            .insert("idempotency-key", HeaderValue::from_static("mine"));
        service.clone().oneshot(written).await.unwrap();
        service.clone().oneshot(get()).await.unwrap();
        let derived = IdempotencyKey::derive(["order", "42"]).as_str().to_owned();
        assert_eq!(*seen.lock().unwrap(), [Some(derived), Some("mine".to_owned()), None]);
        seen.lock().unwrap().clear();

        let mut nothing = post("x");
        nothing.extensions_mut().insert(IdempotencyKey::derive([""; 0]));
        let error = service.clone().oneshot(nothing).await.map(drop).unwrap_err();
        assert!(error.is_key_invalid(), "{error}");

        let mut both = post("x");
        both.headers_mut()
            .insert("idempotency-key", HeaderValue::from_static("mine"));
        both.extensions_mut().insert(IdempotencyKey::derive(["order", "42"]));
        let error = service.oneshot(both).await.map(drop).unwrap_err();
        assert!(error.is_builder(), "{error}");
        assert!(seen.lock().unwrap().is_empty());
    });
}

#[test]
fn one_request_can_set_its_own_policy_and_worth_of_its_key() {
    paused(async {
        let (mock, seen) = noting(&[503; 9], |_| ());
        let service = ResilienceLayer::new().layer(mock);
        let mut impatient = get();
        let policy = RetryPolicy::builder().max_attempts(2).build().unwrap();
        impatient.extensions_mut().insert(policy);
        service.clone().oneshot(impatient).await.unwrap();
        assert_eq!(std::mem::take(&mut *seen.lock().unwrap()).len(), 2);

        let mut ignored = post("x");
        ignored.extensions_mut().insert(KeySupport::Ignored);
        let response = service.clone().oneshot(ignored).await.unwrap();
        let why = StopReason::NotReplayable(NotReplayable::KeyIgnored);
        assert_eq!(response.receipt().unwrap().stop(), why);

        let mut careless = post("x");
        careless.extensions_mut().insert(KeySupport::Ignored);
        careless.extensions_mut().insert(Replay::AtLeastOnce);
        let response = service.oneshot(careless).await.unwrap();
        assert_eq!(response.receipt().unwrap().possible_duplicates(), 4);
    });
}

#[test]
fn presets_apply_by_the_uri() {
    for (uri, header, preset) in [
        ("https://api.stripe.com/v1/charges", "idempotency-key", Some("stripe")),
        ("https://WWW.PayPal.com/", "idempotency-key", None),
        ("https://API.PayPal.com/", "paypal-request-id", Some("paypal")),
        (
            "https://API-M.PayPal.com:443/v2/payments",
            "paypal-request-id",
            Some("paypal"),
        ),
        ("/v1/charges", "idempotency-key", None),
    ] {
        paused(async {
            let (mock, seen) = noting(&[], move |request| request.headers().contains_key(header));
            let mut request = post("x");
            *request.uri_mut() = uri.parse().unwrap();
            let response = ResilienceLayer::new().layer(mock).oneshot(request).await.unwrap();
            assert_eq!(*seen.lock().unwrap(), [true], "{uri}");
            assert_eq!(response.receipt().unwrap().preset(), preset, "{uri}");
        });
    }
}

#[test]
fn a_conflict_is_about_the_key_only_where_the_preset_says_that_keys_are_honoured() {
    for (path, problem, status) in [
        ("payments", Some(Problem::KeyInUse), 200),
        ("accounts/entities", None, 409),
    ] {
        paused(async {
            let (mock, _) = noting(&[409], |_| ());
            let mut request = post("x");
            *request.uri_mut() = format!("https://api.checkout.com/{path}").parse().unwrap();
            let response = ResilienceLayer::new().layer(mock).oneshot(request).await.unwrap();
            let receipt = response.receipt().unwrap();
            assert_eq!(receipt.attempts()[0].problem(), problem, "{path}");
            assert_eq!(
                (response.status().as_u16(), receipt.stop()),
                (status, StopReason::Accepted),
                "{path}"
            );
        });
    }
}

#[test]
fn a_path_alone_has_no_breaker_and_no_budget_unless_its_origin_is_named() {
    paused(async {
        let relative = || {
            let mut request = get();
            *request.uri_mut() = "/v1?x=1".parse().unwrap();
            request
        };
        let (mock, _) = noting(&[503; 9], |_| ());
        let layer = ResilienceLayer::new();
        let response = layer.layer(mock.clone()).oneshot(relative()).await.unwrap();
        let receipt = response.receipt().unwrap();
        assert_eq!((receipt.attempts().len(), receipt.origin()), (5, "-"));
        assert_eq!(layer.circuit_breaker().unwrap().origins(), 0);
        assert_eq!(layer.retry_budget().origins(), 0);

        let origin: Origin = "https://api.stripe.com".parse().unwrap();
        let layer = ResilienceLayer::builder().origin(origin.clone()).build().unwrap();
        let response = layer.layer(mock).oneshot(relative()).await.unwrap();
        let receipt = response.receipt().unwrap();
        assert_eq!(
            (receipt.origin(), receipt.preset()),
            ("https://api.stripe.com", Some("stripe"))
        );
        let seen = layer.circuit_breaker().unwrap().state(&origin, Clock::system().now());
        assert_eq!(seen.failures, 4);
        assert!(layer.retry_budget().balance(&origin) < 5.0);
    });
}

#[test]
fn a_layer_inside_another_makes_one_attempt_and_says_why() {
    paused(async {
        let (mock, seen) = noting(&[503; 9], |_| ());
        let told = Arc::new(Mutex::new(Vec::new()));
        let notes = Arc::clone(&told);
        let inner = ResilienceLayer::builder()
            .on_event(move |event| {
                if let steadfast::Event::Stopped { receipt, .. } = event {
                    notes.lock().unwrap().push(receipt.stop());
                }
            })
            .build()
            .unwrap();
        let outer = ResilienceLayer::new();
        let response = outer.layer(inner.layer(mock)).oneshot(post("x")).await.unwrap();
        assert_eq!(seen.lock().unwrap().len(), 5, "not five times five");
        assert_eq!(
            *told.lock().unwrap(),
            [StopReason::NotReplayable(NotReplayable::Nested); 5]
        );
        assert_eq!(response.receipt().unwrap().stop(), StopReason::AttemptsExhausted);
    });
}

#[test]
fn notes_can_be_left_out_where_nothing_went_wrong() {
    paused(async {
        let (mock, seen) = noting(&[503], |request| request.extensions().get::<AttemptNumber>().copied());
        let layer = ResilienceLayer::builder().notes(Notes::WhenRetried).build().unwrap();
        let service = layer.layer(mock);
        let retried = service.clone().oneshot(get()).await.unwrap();
        assert_eq!(retried.receipt().unwrap().attempts().len(), 2);
        let at_once = service.oneshot(get()).await.unwrap();
        assert!(at_once.receipt().is_none());
        let numbers: Vec<_> = seen
            .lock()
            .unwrap()
            .iter()
            .map(|number| number.map(AttemptNumber::get))
            .collect();
        assert_eq!(numbers, [None, Some(2), None]);

        let (mock, _) = noting(&[501], |_| ());
        let final_one = layer.layer(mock).oneshot(get()).await.unwrap();
        assert_eq!(final_one.receipt().unwrap().stop(), StopReason::Final);
    });
}

#[test]
fn a_preset_of_ones_own_is_found_at_a_named_port() {
    paused(async {
        let ours = preset::ietf().at("https://a.example:8443/v2").unwrap();
        let layer = ResilienceLayer::builder().preset(ours).build().unwrap();
        for (uri, quoted) in [
            ("https://a.example:8443/v2/x", true),
            ("https://a.example:8443/v20", false),
        ] {
            let (mock, seen) = noting(&[], |request| key_of(request).unwrap().starts_with('"'));
            let mut request = post("x");
            *request.uri_mut() = uri.parse().unwrap();
            layer.layer(mock).oneshot(request).await.unwrap();
            assert_eq!(*seen.lock().unwrap(), [quoted], "{uri}");
        }
        assert_eq!(origin(A).host(), "a.example");
    });
}
