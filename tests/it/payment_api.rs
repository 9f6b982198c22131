//! The payment API of the test kit deduplicates as its profiles say: otherwise nothing tested against it means much.

#![expect(clippy::unwrap_used, reason = "a helper that fails is a test that fails")]

use std::time::Duration;

use reqwest::{RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};
use steadfast::testing::payment_api::{Expiry, Gate, Lapse, PaymentApi, Profile, ServerClock, Turn};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const SECOND: Duration = Duration::from_secs(1);

fn client() -> reqwest::Client {
    // reqwest's own re-sends would blur what the server counts.
    reqwest::Client::builder()
        .no_proxy()
        .retry(reqwest::retry::never())
        .build()
        .unwrap()
}

async fn serving(profile: Profile) -> PaymentApi {
    PaymentApi::builder().profile(profile).start().await.unwrap()
}

/// A server whose keys age by a clock that the test moves.
async fn aging(profile: Profile) -> (PaymentApi, ServerClock) {
    let clock = ServerClock::manual();
    let api = PaymentApi::builder()
        .profile(profile)
        .clock(clock.clone())
        .start()
        .await
        .unwrap();
    (api, clock)
}

fn post(api: &PaymentApi, key: &str) -> RequestBuilder {
    client()
        .post(api.endpoint("/v1/charges"))
        .header("Idempotency-Key", key)
        .body("amount=100")
}

async fn send(request: RequestBuilder) -> Response {
    request.send().await.unwrap()
}

async fn status(request: RequestBuilder) -> u16 {
    send(request).await.status().as_u16()
}

async fn body(response: Response) -> Value {
    response.json().await.unwrap()
}

fn header<'a>(response: &'a Response, name: &str) -> Option<&'a str> {
    response.headers().get(name).map(|value| value.to_str().unwrap())
}

/// Sends a whole request and leaves without reading the answer.
async fn post_and_leave(api: &PaymentApi, key: &str) {
    let mut stream = TcpStream::connect(api.url().trim_start_matches("http://"))
        .await
        .unwrap();
    let request = format!(
        "POST /v1/charges HTTP/1.1\r\nhost: localhost\r\nidempotency-key: {key}\r\ncontent-length: 10\r\n\r\namount=100"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
}

#[tokio::test]
async fn a_repeat_gets_the_stored_answer_byte_for_byte_with_a_marker_and_a_new_request_id() {
    let api = serving(Profile::stripe_v1()).await;

    let first = send(post(&api, "k")).await;
    let again = send(post(&api, "k")).await;

    assert_eq!(first.status(), StatusCode::OK);
    assert_eq!(again.status(), StatusCode::OK);
    assert_eq!(header(&first, "idempotent-replayed"), None);
    assert_eq!(header(&again, "idempotent-replayed"), Some("true"));
    assert_eq!(header(&again, "idempotency-key"), Some("k"));
    assert_ne!(header(&again, "request-id"), header(&first, "request-id"));
    assert_eq!(header(&again, "original-request"), header(&first, "request-id"));
    assert_eq!(first.bytes().await.unwrap(), again.bytes().await.unwrap());
    let history = api.key("k");
    assert_eq!(
        (
            history.arrivals(),
            history.executions(),
            history.effects(),
            history.replays()
        ),
        (2, 1, 1, 1)
    );
    assert_eq!(api.charges()[0].amount(), 100);
}

#[tokio::test]
async fn of_fifty_simultaneous_requests_with_one_key_one_executes_and_the_rest_conflict_or_replay() {
    let api = serving(Profile::stripe_v1()).await;
    api.script(Turn::charge().takes(Duration::from_millis(20)));

    let requests: Vec<_> = (0..50).map(|_| tokio::spawn(status(post(&api, "k")))).collect();
    let mut statuses = Vec::new();
    for request in requests {
        statuses.push(request.await.unwrap());
    }

    let history = api.key("k");
    assert_eq!(
        (history.arrivals(), history.executions(), history.effects()),
        (50, 1, 1)
    );
    assert_eq!(history.conflicts() + history.replays(), 49);
    assert!(
        statuses.iter().all(|status| [200, 409].contains(status)),
        "{statuses:?}"
    );
    api.assert_each_key_executed_at_most_once();
}

#[tokio::test]
async fn a_client_that_leaves_does_not_stop_the_handler_and_fetches_the_outcome_later() {
    let api = serving(Profile::stripe_v1()).await;
    let gate = Gate::new();
    api.script(Turn::charge().held(&gate));

    post_and_leave(&api, "k").await;
    gate.entered().await;
    assert_eq!(status(post(&api, "k")).await, 409);
    gate.release();

    let replay = loop {
        let response = send(post(&api, "k")).await;
        if response.status() != StatusCode::CONFLICT {
            break response;
        }
    };
    assert_eq!(header(&replay, "idempotent-replayed"), Some("true"));
    assert_eq!(api.key("k").effects(), 1);
}

#[tokio::test]
async fn a_client_that_times_out_in_flight_gets_a_conflict_and_then_the_replay() {
    let api = serving(Profile::stripe_v1().in_flight_hint()).await;
    let gate = Gate::new();
    api.script(Turn::charge().held(&gate));

    let timed_out = post(&api, "k").timeout(Duration::from_millis(50)).send().await;
    assert!(timed_out.unwrap_err().is_timeout());
    let conflict = send(post(&api, "k")).await;
    assert_eq!(conflict.status(), StatusCode::CONFLICT);
    assert_eq!(header(&conflict, "stripe-should-retry"), Some("true"));
    assert_eq!(body(conflict).await["error"]["code"], "idempotency_key_in_use");

    gate.release();
    while status(post(&api, "k")).await == 409 {}
    assert_eq!(api.key("k").effects(), 1);
    assert!(api.key("k").replays() >= 1);
}

#[tokio::test]
async fn a_stored_500_is_replayed_with_the_marker() {
    let api = serving(Profile::stripe_v1()).await;
    api.script(Turn::fail());

    let first = send(post(&api, "k")).await;
    let again = send(post(&api, "k")).await;

    assert_eq!(
        (first.status().as_u16(), header(&first, "idempotent-replayed")),
        (500, None)
    );
    assert_eq!(header(&first, "stripe-should-retry"), Some("false"));
    assert_eq!(
        (again.status().as_u16(), header(&again, "idempotent-replayed")),
        (500, Some("true"))
    );
    assert_eq!((api.key("k").executions(), api.key("k").effects()), (1, 0));
}

#[tokio::test]
async fn a_decline_is_stored_too() {
    let api = serving(Profile::stripe_v1()).await;
    api.script(Turn::decline());

    assert_eq!(status(post(&api, "k")).await, 402);
    assert_eq!(status(post(&api, "k")).await, 402);
    assert_eq!((api.key("k").executions(), api.key("k").effects()), (1, 0));
}

#[tokio::test]
async fn a_key_with_other_parameters_or_another_endpoint_is_refused_and_changes_nothing() {
    let api = serving(Profile::stripe_v1()).await;
    assert_eq!(status(post(&api, "k")).await, 200);

    let other_body = send(post(&api, "k").body("amount=200")).await;
    assert_eq!(other_body.status(), StatusCode::BAD_REQUEST);
    assert_eq!(body(other_body).await["error"]["type"], "idempotency_error");

    let elsewhere = client()
        .post(api.endpoint("/v1/refunds"))
        .header("Idempotency-Key", "k")
        .body("amount=100");
    let other_path = send(elsewhere).await;
    assert_eq!(other_path.status(), StatusCode::BAD_REQUEST);
    let message = body(other_path).await["error"]["message"].to_string();
    assert!(message.contains("('/v1/refunds' vs '/v1/charges')"), "{message}");

    assert_eq!(status(post(&api, "k")).await, 200);
    assert_eq!(api.key("k").effects(), 1);
    assert_eq!(api.key("k").distinct_fingerprints(), 3);
}

#[tokio::test]
async fn a_failed_validation_is_not_stored_and_the_corrected_request_executes() {
    let api = serving(Profile::stripe_v1()).await;

    assert_eq!(status(post(&api, "k").body("amount=-1")).await, 400);
    assert_eq!(api.key("k").executions(), 0);
    assert_eq!(status(post(&api, "k")).await, 200);
    assert_eq!(api.key("k").effects(), 1);
}

#[tokio::test]
async fn a_rate_limited_and_a_shed_request_leave_the_key_free() {
    let api = serving(Profile::stripe_v1()).await;
    api.script(Turn::rate_limited(Duration::from_millis(1500)));
    api.script(Turn::shed().header("retry-after", "soon"));

    let limited = send(post(&api, "k")).await;
    assert_eq!(
        (limited.status().as_u16(), header(&limited, "retry-after")),
        (429, Some("2"))
    );
    let shed = send(post(&api, "k")).await;
    assert_eq!(
        (shed.status().as_u16(), header(&shed, "retry-after")),
        (503, Some("soon"))
    );
    let executed = send(post(&api, "k")).await;
    assert_eq!(
        (executed.status().as_u16(), header(&executed, "idempotent-replayed")),
        (200, None)
    );
    assert_eq!((api.key("k").arrivals(), api.key("k").executions()), (3, 1));
}

#[tokio::test]
async fn an_unknown_credential_is_refused_before_anything_else() {
    let api = PaymentApi::builder().credentials(["sk_test"]).start().await.unwrap();
    api.script(Turn::rate_limited(SECOND));

    assert_eq!(status(post(&api, "k")).await, 401);
    assert_eq!(status(post(&api, "k").bearer_auth("sk_test")).await, 429);
    assert_eq!(status(post(&api, "k").bearer_auth("sk_test")).await, 200);
}

#[tokio::test]
async fn the_same_key_of_two_credentials_is_two_keys() {
    let api = serving(Profile::stripe_v1()).await;

    for account in ["sk_a", "sk_b", "sk_a"] {
        assert_eq!(status(post(&api, "k").bearer_auth(account)).await, 200);
    }

    assert_eq!((api.key("k").effects(), api.key("k").replays()), (2, 1));
    api.assert_each_key_executed_at_most_once();
}

#[tokio::test]
async fn a_key_is_forgotten_at_its_retention_and_executes_a_second_time() {
    let cases = [
        (Expiry::AtRetention, Duration::from_secs(86_399), 1),
        (Expiry::AtRetention, DAY, 2),
        (Expiry::AtRetention, DAY + SECOND, 2),
        (Expiry::AfterRetention, DAY, 1),
        (Expiry::AfterRetention, DAY + SECOND, 2),
    ];
    for (expiry, age, effects) in cases {
        let (api, clock) = aging(Profile::stripe_v1().expiry(expiry)).await;
        assert_eq!(status(post(&api, "k")).await, 200);
        clock.advance(age);
        assert_eq!(status(post(&api, "k")).await, 200);
        assert_eq!(api.key("k").effects(), effects, "{expiry:?} at {age:?}");
        assert_eq!(api.key("k").arrival_times()[1], age);
    }
}

#[tokio::test]
async fn a_crashed_execution_holds_its_key_until_the_lease_ends() {
    let cases = [
        (Lapse::Reexecute, 200, 2),
        (Lapse::Resume, 200, 1),
        (Lapse::Indeterminate, 500, 1),
    ];
    for (lapse, answer, effects) in cases {
        let (api, clock) = aging(Profile::stripe_v1().lease(30 * SECOND).lapse(lapse)).await;
        api.script(Turn::crash_after_effect());

        assert!(post(&api, "k").send().await.is_err(), "a dead process answers nothing");
        clock.advance(29 * SECOND);
        assert_eq!(status(post(&api, "k")).await, 409);
        clock.advance(SECOND);
        assert_eq!(status(post(&api, "k")).await, answer, "{lapse:?}");
        assert_eq!(api.key("k").effects(), effects, "{lapse:?}");
    }
}

#[tokio::test]
async fn a_key_on_a_read_is_ignored() {
    let api = serving(Profile::stripe_v1()).await;
    let charge = body(send(post(&api, "k")).await).await;
    let url = api.endpoint(&format!("/v1/charges/{}", charge["id"].as_str().unwrap()));

    for _ in 0..2 {
        let read = send(client().get(&url).header("Idempotency-Key", "k")).await;
        assert_eq!(
            (read.status().as_u16(), header(&read, "idempotent-replayed")),
            (200, None)
        );
    }
    assert_eq!(api.key("k").arrivals(), 1);
    assert_eq!(api.totals().arrivals(), 3);
}

#[tokio::test]
async fn a_key_of_255_characters_is_accepted_and_one_of_256_or_none_is_not() {
    let api = serving(Profile::stripe_v1()).await;

    assert_eq!(status(post(&api, &"k".repeat(255))).await, 200);
    assert_eq!(status(post(&api, &"k".repeat(256))).await, 400);
    assert_eq!(status(post(&api, "")).await, 400);
    assert_eq!(status(post(&api, "tab\tbed")).await, 400);
    assert_eq!(api.totals().executions(), 1);
}

#[tokio::test]
async fn a_post_without_a_key_executes_every_time() {
    let api = serving(Profile::stripe_v1()).await;

    for _ in 0..3 {
        let request = client()
            .post(api.endpoint("/v1/charges"))
            .header("X-Operation-Id", "op")
            .body("amount=100");
        assert_eq!(status(request).await, 200);
    }
    assert_eq!(
        (api.operation("op").executions(), api.operation("op").distinct_keys()),
        (3, 0)
    );
}

#[tokio::test]
async fn the_draft_takes_quoted_and_raw_as_the_same_key_and_requires_one() {
    let api = serving(Profile::ietf()).await;

    assert_eq!(status(post(&api, "\"a b\"")).await, 201);
    assert_eq!(status(post(&api, "a b")).await, 201);
    assert_eq!((api.key("a b").executions(), api.key("a b").replays()), (1, 1));

    let mismatch = send(post(&api, "a b").body("amount=1")).await;
    assert_eq!(
        (mismatch.status().as_u16(), header(&mismatch, "content-type")),
        (422, Some("application/problem+json"))
    );
    assert_eq!(body(mismatch).await["title"], "Idempotency-Key is already used");

    let missing = send(client().post(api.endpoint("/v1/charges"))).await;
    assert_eq!(missing.status(), StatusCode::BAD_REQUEST);
    assert_eq!(body(missing).await["title"], "Idempotency-Key is missing");
}

#[tokio::test]
async fn work_that_has_had_its_effect_is_driven_on_after_a_refusal_too() {
    for refusal in [Turn::shed(), Turn::fail()] {
        let api = serving(Profile::stripe_v2()).await;
        api.script(Turn::fail_after_effect());
        api.script(refusal);
        let mut statuses = Vec::new();
        for _ in 0..3 {
            statuses.push(status(post(&api, "k")).await);
        }
        assert_eq!(statuses[2], 200, "{statuses:?}");
        assert_eq!(api.key("k").effects(), 1, "{statuses:?}");
    }
}

#[tokio::test]
async fn stripe_v2_drives_failed_work_on_and_knows_keys_on_delete() {
    let (api, clock) = aging(Profile::stripe_v2()).await;
    api.script(Turn::fail());

    assert_eq!(status(post(&api, "k")).await, 500);
    assert_eq!(
        status(post(&api, "k").body("amount=1")).await,
        400,
        "a failed request keeps its key"
    );
    assert_eq!(status(post(&api, "k")).await, 200);
    clock.advance(29 * DAY);
    assert_eq!(status(post(&api, "k")).await, 200);
    assert_eq!((api.key("k").executions(), api.key("k").effects()), (2, 1));

    for _ in 0..2 {
        let delete = client()
            .delete(api.endpoint("/v2/accounts/a"))
            .header("Idempotency-Key", "d");
        assert_eq!(status(delete).await, 200);
    }
    assert_eq!(api.key("d").executions(), 1);
}

#[tokio::test]
async fn checkout_stores_only_success() {
    let api = serving(Profile::checkout().in_flight_status(StatusCode::TOO_MANY_REQUESTS)).await;
    let gate = Gate::new();
    api.script(Turn::decline());
    api.script(Turn::charge().held(&gate));
    let request = || {
        client()
            .post(api.endpoint("/payments"))
            .header("Cko-Idempotency-Key", "k")
            .body("{}")
    };

    assert_eq!(status(request()).await, 402);
    let first = tokio::spawn(request().send());
    gate.entered().await;
    assert_eq!(status(request()).await, 429);
    gate.release();
    let first = first.await.unwrap().unwrap();
    let again = send(request()).await;
    assert_eq!(
        (again.status(), again.headers().get("idempotent-replayed")),
        (first.status(), None)
    );
    assert_eq!((api.key("k").executions(), api.key("k").effects()), (2, 1));
}

#[tokio::test]
async fn adyen_answers_704_and_says_whether_waiting_helps() {
    let api = serving(Profile::adyen()).await;
    let gate = Gate::new();
    api.script(Turn::charge().held(&gate));

    let first = tokio::spawn(post(&api, "k").send());
    gate.entered().await;
    let conflict = send(post(&api, "k")).await;
    assert_eq!(
        (conflict.status().as_u16(), header(&conflict, "transient-error")),
        (409, Some("true"))
    );
    assert_eq!(body(conflict).await["errorCode"], "704");
    gate.release();
    first.await.unwrap().unwrap();
    let mismatch = send(post(&api, "k").body("amount=1")).await;
    assert_eq!(
        (mismatch.status().as_u16(), header(&mismatch, "transient-error")),
        (422, None)
    );
    assert_eq!(status(post(&api, &"k".repeat(65))).await, 400);
}

#[tokio::test]
async fn gocardless_names_the_resource_that_a_used_key_made() {
    let api = serving(Profile::gocardless()).await;

    assert_eq!(status(post(&api, "k")).await, 201);
    let conflict = send(post(&api, "k")).await;
    assert_eq!(conflict.status(), StatusCode::CONFLICT);
    let conflict = body(conflict).await;
    let detail = &conflict["error"]["errors"][0];
    assert_eq!(detail["reason"], "idempotent_creation_conflict");
    let id = detail["links"]["conflicting_resource_id"].as_str().unwrap();
    assert_eq!(
        status(client().get(api.endpoint(&format!("/payments/{id}")))).await,
        200
    );
}

#[tokio::test]
async fn paypal_answers_201_first_and_200_later_and_scopes_keys_by_call() {
    let api = serving(Profile::paypal()).await;
    let request = |path: &str| {
        client()
            .post(api.endpoint(path))
            .header("PayPal-Request-Id", "k")
            .body("{}")
    };

    assert_eq!(status(request("/v2/checkout/orders")).await, 201);
    assert_eq!(status(request("/v2/checkout/orders")).await, 200);
    assert_eq!(status(request("/v2/payments/refund")).await, 201);
    assert_eq!(api.key("k").effects(), 2);
}

#[tokio::test]
async fn square_reads_the_key_from_the_body() {
    let api = serving(Profile::square()).await;
    let request = |amount: u64| {
        let body = json!({ "idempotency_key": "k", "amount": amount });
        client().post(api.endpoint("/v2/payments")).body(body.to_string())
    };

    assert_eq!(status(request(100)).await, 200);
    assert_eq!(status(request(100)).await, 200);
    let reused = send(request(200)).await;
    assert_eq!(reused.status(), StatusCode::BAD_REQUEST);
    assert_eq!(body(reused).await["errors"][0]["code"], "IDEMPOTENCY_KEY_REUSED");
    assert_eq!(api.key("k").effects(), 1);
}

#[tokio::test]
async fn increase_names_the_resource_when_a_key_comes_with_another_body() {
    let api = serving(Profile::increase()).await;

    let made = body(send(post(&api, "k")).await).await;
    let mismatch = send(post(&api, "k").body("amount=1")).await;
    assert_eq!(mismatch.status(), StatusCode::CONFLICT);
    let mismatch = body(mismatch).await;
    assert_eq!(mismatch["type"], "idempotency_key_already_used_error");
    assert_eq!(mismatch["resource_id"], made["id"]);
}

#[tokio::test]
async fn the_model_apis_ignore_keys_and_count_what_each_operation_cost() {
    for profile in [Profile::openai(), Profile::anthropic()] {
        let api = serving(profile).await;
        for _ in 0..2 {
            assert_eq!(status(post(&api, "k").header("X-Operation-Id", "op")).await, 200);
        }
        assert_eq!((api.operation("op").effects(), api.key("k").effects()), (2, 2));
        assert_eq!(api.operation("op").distinct_keys(), 1);
    }
}

#[tokio::test]
async fn the_model_apis_tell_a_rate_limit_from_an_empty_account() {
    let openai = serving(Profile::openai()).await;
    openai.script(Turn::rate_limited(Duration::from_millis(250)));
    openai.script(Turn::out_of_quota());
    let limited = send(post(&openai, "k")).await;
    assert_eq!(header(&limited, "retry-after-ms"), Some("250"));
    assert_eq!(header(&limited, "x-should-retry"), Some("true"));
    let broke = send(post(&openai, "k")).await;
    assert_eq!((broke.status().as_u16(), header(&broke, "retry-after")), (429, None));
    assert_eq!(body(broke).await["error"]["code"], "insufficient_quota");

    let anthropic = serving(Profile::anthropic()).await;
    anthropic.script(Turn::overloaded());
    anthropic.script(Turn::out_of_quota());
    assert_eq!(status(post(&anthropic, "k")).await, 529);
    let broke = body(send(post(&anthropic, "k")).await).await;
    assert_eq!(broke["error"]["details"]["error_code"], "enforced_spend_limit_reached");
    assert_eq!(anthropic.totals().executions(), 0);
}

#[tokio::test]
async fn a_streamed_answer_ends_with_its_closing_event_or_an_error_or_not_at_all() {
    let request = |api: &PaymentApi| client().post(api.endpoint("/v1/messages")).body(r#"{"stream":true}"#);
    for (profile, closing) in [
        (Profile::openai(), "data: [DONE]"),
        (Profile::anthropic(), "event: message_stop"),
    ] {
        let api = serving(profile).await;
        api.script(Turn::charge());
        api.script(Turn::stream_error());
        api.script(Turn::stream_cut());

        let whole = send(request(&api)).await;
        assert_eq!(header(&whole, "content-type"), Some("text/event-stream"));
        assert!(whole.text().await.unwrap().contains(closing));
        let failed = send(request(&api)).await;
        assert_eq!(failed.status(), StatusCode::OK);
        let failed = failed.text().await.unwrap();
        assert!(failed.contains("\"error\"") && !failed.contains(closing), "{failed}");
        let mut cut = send(request(&api)).await;
        assert!(cut.chunk().await.unwrap().is_some());
        assert!(cut.bytes().await.unwrap_err().is_decode());
        assert_eq!(api.totals().effects(), 3);
    }
}

#[tokio::test]
async fn it_speaks_http_2_with_prior_knowledge() {
    let api = serving(Profile::stripe_v1()).await;
    let client = reqwest::Client::builder()
        .no_proxy()
        .http2_prior_knowledge()
        .build()
        .unwrap();
    for _ in 0..2 {
        let response = send(client.post(api.endpoint("/v1/charges")).header("Idempotency-Key", "k")).await;
        assert_eq!(
            (response.status(), response.version()),
            (StatusCode::OK, reqwest::Version::HTTP_2)
        );
    }
    assert_eq!(api.key("k").effects(), 1);
}

#[tokio::test]
async fn the_rest_of_the_turns_can_be_chosen_by_arrival() {
    let turns = |arrival| match arrival {
        1 => Turn::fail(),
        2 => Turn::overloaded(),
        _ => Turn::charge(),
    };
    let api = PaymentApi::builder().turns(turns).start().await.unwrap();

    assert_eq!(status(post(&api, "a")).await, 500);
    assert_eq!(status(post(&api, "b")).await, 503);
    api.script(Turn::decline());
    assert_eq!(status(post(&api, "c")).await, 402, "what is scripted goes first");
    assert_eq!(status(post(&api, "d")).await, 200);
    let executions: Vec<_> = api.keys().into_values().map(|history| history.executions()).collect();
    assert_eq!(executions, [1, 0, 1, 1]);
}

#[tokio::test]
#[should_panic(expected = "1 keys that took effect more than once:\n  k: 2 arrivals, 2 executions, 2 effects")]
async fn a_key_that_executed_twice_is_named_by_the_assertion() {
    let (api, clock) = aging(Profile::stripe_v1()).await;
    assert_eq!(status(post(&api, "k")).await, 200);
    clock.advance(2 * DAY);
    assert_eq!(status(post(&api, "k")).await, 200);

    api.assert_each_key_executed_at_most_once();
}

#[tokio::test]
#[should_panic(expected = "1 acknowledged operations without an effect:\n  gone: 0 arrivals")]
async fn an_acknowledged_key_without_an_effect_is_named_by_the_assertion() {
    let api = serving(Profile::stripe_v1()).await;
    assert_eq!(status(post(&api, "k")).await, 200);

    api.assert_no_effect_lost(["k"]);
    api.assert_no_effect_lost(&["k".to_owned(), "gone".to_owned()]);
}

#[tokio::test]
async fn a_stopped_server_leaves_nothing_running() {
    let before = tokio::runtime::Handle::current().metrics().num_alive_tasks();
    let api = serving(Profile::stripe_v1()).await;
    api.script(Turn::charge().held(&Gate::new()));
    post_and_leave(&api, "k").await;
    while api.arrivals() == 0 {
        tokio::task::yield_now().await;
    }
    let address = api.url().trim_start_matches("http://").to_owned();

    api.stop().await;

    assert_eq!(tokio::runtime::Handle::current().metrics().num_alive_tasks(), before);
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn a_dropped_server_stops_too() {
    let before = tokio::runtime::Handle::current().metrics().num_alive_tasks();
    let api = serving(Profile::stripe_v1()).await;
    let idle = client();
    assert_eq!(status(idle.post(api.endpoint("/"))).await, 200);

    drop(api);
    drop(idle);

    while tokio::runtime::Handle::current().metrics().num_alive_tasks() > before {
        tokio::task::yield_now().await;
    }
}
