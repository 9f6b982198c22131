use std::time::Duration;

use http::Method;
use steadfast::testing::payment_api::{Profile, Turn};
use steadfast::{Effect, NotReplayable, Problem, StopReason, preset};

use super::table::{FIRST, SECOND, row, run};

const NO_KEY: StopReason = StopReason::NotReplayable(NotReplayable::NoKey);
const IGNORED: StopReason = StopReason::NotReplayable(NotReplayable::KeyIgnored);

#[tokio::test]
async fn adyen_answers_mean_what_adyen_says() {
    const KEYS: &str = "docs.adyen.com/development-resources/api-idempotency";
    const TRANSIENT: (&str, &str) = ("transient-error", "true");
    const BUSY: &str = r#"{"status":422,"errorCode":"704","message":"request already processed or in progress"}"#;
    const NUMBER: &str = r#"{"status":409,"errorCode":704}"#;
    run(
        &preset::adyen(),
        Profile::adyen(),
        8,
        vec![
            row("a success is applied", KEYS).acted(1),
            row("a lost answer is fetched by its key", KEYS)
                .lost()
                .waits([FIRST])
                .acted(1),
            row("704 that is transient is in flight", KEYS)
                .answer(422, &[TRANSIENT], BUSY)
                .waits([FIRST])
                .acted(1),
            row("as a 409 and a number too", KEYS)
                .answer(409, &[TRANSIENT], NUMBER)
                .waits([FIRST])
                .acted(1),
            row("704 that is not is final, and the effect is not known", KEYS)
                .answer(422, &[], BUSY)
                .err(StopReason::Final)
                .effect(Effect::Unknown)
                .problem(Problem::KeyReused)
                .acted(0),
            row("704 that says false is final", KEYS)
                .answer(409, &[("transient-error", "false")], NUMBER)
                .err(StopReason::Final)
                .effect(Effect::Unknown)
                .problem(Problem::KeyReused),
            row("a transient 503 is retried", KEYS)
                .answer(503, &[TRANSIENT], r#"{"errorCode":"703"}"#)
                .waits([FIRST])
                .acted(1),
            row("a 500 without that header is not", KEYS)
                .answer(500, &[], "{}")
                .err(StopReason::Final)
                .effect(Effect::Unknown),
            row("the server's own transient 503", KEYS)
                .turn(Turn::shed())
                .waits([FIRST])
                .acted(1),
            row("a 422 of another kind is the answer", KEYS)
                .answer(422, &[], r#"{"errorCode":"101"}"#)
                .ok(422)
                .effect(Effect::NotApplied),
            row("an answer is judged by its attempt, doubt stays", KEYS)
                .lost()
                .answer(422, &[], r#"{"errorCode":"101"}"#)
                .waits([FIRST])
                .ok(422)
                .effect(Effect::Unknown)
                .acted(1),
        ],
    )
    .await;
}

#[tokio::test]
async fn paypal_honours_ids_where_it_documents_them() {
    const KEYS: &str = "developer.paypal.com/reference/guidelines/idempotency";
    const ERRORS: &str = "developer.paypal.com, error pages";
    let order = |what, source| row(what, source).path("/v2/checkout/orders");
    let reused = r#"{"name":"UNPROCESSABLE_ENTITY","details":[{"issue":"PAYPAL_REQUEST_ID_PREVIOUSLY_USED"}]}"#;
    run(
        &preset::paypal(),
        Profile::paypal(),
        8,
        vec![
            order("a success is applied", KEYS).ok(201).acted(1),
            order("a lost answer: the latest status, 200", KEYS)
                .lost()
                .waits([FIRST])
                .ok(200)
                .acted(1),
            order("a late answer", KEYS).late().waits([FIRST]).ok(200).acted(1),
            order("5xx is retried", KEYS)
                .answer(503, &[], "{}")
                .waits([FIRST])
                .ok(201)
                .acted(1),
            order("id of another request, in the details", ERRORS)
                .answer(422, &[], reused)
                .err(StopReason::Final)
                .effect(Effect::Unknown)
                .problem(Problem::KeyReused),
            order("id of another request, by name", ERRORS)
                .answer(400, &[], r#"{"name":"DUPLICATE_REQUEST_ID"}"#)
                .err(StopReason::Final)
                .effect(Effect::Unknown)
                .problem(Problem::KeyReused),
            order("any other 422 is the answer", ERRORS)
                .answer(422, &[("paypal-debug-id", "f00")], r#"{"name":"UNPROCESSABLE_ENTITY"}"#)
                .ok(422)
                .effect(Effect::NotApplied)
                .ids(1),
            row("elsewhere the id may be ignored", KEYS)
                .path("/v1/payments/payouts")
                .lost()
                .err(IGNORED)
                .effect(Effect::Unknown)
                .acted(1),
            row("a path that only begins alike is elsewhere", KEYS)
                .path("/v2/payments-x")
                .lost()
                .err(IGNORED)
                .effect(Effect::Unknown),
            order("the id is forgotten after three hours", "PayPal Vault reference")
                .waits_up_to(Duration::from_secs(20_000))
                .answer(503, &[("retry-after", "10700")], "{}")
                .err(StopReason::KeyExpired)
                .effect(Effect::Unknown),
        ],
    )
    .await;
}

#[tokio::test]
async fn square_takes_the_key_from_the_body() {
    const KEYS: &str = "developer.squareup.com/docs/working-with-apis/idempotency";
    const KEYED: &str = r#"{"idempotency_key":"order-1","amount":100}"#;
    const REUSED: &str = r#"{"errors":[{"category":"INVALID_REQUEST_ERROR","code":"IDEMPOTENCY_KEY_REUSED"}]}"#;
    let keyed = |what, key: &str| row(what, KEYS).body(&KEYED.replace("order-1", key));
    run(
        &preset::square(),
        Profile::square(),
        8,
        vec![
            keyed("a success is applied", "s0").acted(1),
            keyed("a lost answer is fetched by the key in the body", "s1")
                .lost()
                .waits([FIRST])
                .acted(1),
            keyed("a late one too", "s2").late().waits([FIRST]).acted(1),
            row("without a key in the body nothing is repeated", KEYS)
                .lost()
                .err(NO_KEY)
                .effect(Effect::Unknown)
                .acted(1),
            row("a body that is no JSON has no key", KEYS)
                .body("idempotency_key=1")
                .lost()
                .err(NO_KEY)
                .effect(Effect::Unknown),
            row("nor has one with a number there", KEYS)
                .body(r#"{"idempotency_key":7}"#)
                .lost()
                .err(NO_KEY)
                .effect(Effect::Unknown),
            keyed("other parameters are a bug", "s3")
                .answer(400, &[], REUSED)
                .err(StopReason::Final)
                .effect(Effect::Unknown)
                .problem(Problem::KeyReused),
            keyed("5xx is retried under the key", "s4")
                .answer(503, &[], "")
                .answer(500, &[], "")
                .waits([FIRST, SECOND])
                .acted(1),
            keyed("a rate limit is, too", "s5")
                .answer(429, &[], "{}")
                .waits([FIRST])
                .acted(1),
            row("and without a key it is not", KEYS)
                .answer(429, &[], "{}")
                .err(NO_KEY)
                .effect(Effect::Unknown),
        ],
    )
    .await;
}

#[tokio::test]
async fn checkout_stores_successes_alone() {
    const KEYS: &str = "checkout.com/docs/payments/manage-payments/idempotency, January 2026";
    const BUSY: &str = "support article on concurrent requests";
    const ENTITIES: &str = "api-reference.checkout.com, onboard an entity: 409";
    let payment = |what, source| row(what, source).path("/payments").ok(201);
    run(
        &preset::checkout(),
        Profile::checkout(),
        8,
        vec![
            payment("a success is applied", KEYS).acted(1),
            payment("a lost answer is fetched by its key", KEYS)
                .lost()
                .waits([FIRST])
                .acted(1),
            payment("a failure is attempted again", KEYS)
                .turn(Turn::fail())
                .waits([FIRST])
                .acted(1),
            payment("in flight waits half a minute", BUSY)
                .answer(409, &[], "{}")
                .waits([30.0..=33.0])
                .acted(1),
            payment("in flight was 429", BUSY)
                .answer(429, &[], "{}")
                .waits([30.0..=33.0])
                .acted(1),
            payment("its own wish is honoured instead", BUSY)
                .answer(409, &[("retry-after", "2")], "{}")
                .waits([2.0..=2.2])
                .acted(1),
            row("a conflict where keys are not honoured is the answer", ENTITIES)
                .path("/accounts/entities")
                .answer(409, &[("retry-after", "2")], r#"{"id":"ent_1"}"#)
                .ok(409)
                .effect(Effect::Unknown)
                .acted(0),
            payment("so is one on a path that only begins alike", ENTITIES)
                .path("/payments-x")
                .answer(409, &[], "{}")
                .ok(409)
                .effect(Effect::Unknown),
            payment("and one of a request without a key", KEYS)
                .method(Method::PUT)
                .path("/payments/setups/pay_1")
                .answer(409, &[], "{}")
                .ok(409)
                .effect(Effect::Unknown),
            payment("a rejection is the answer", KEYS)
                .answer(422, &[], "{}")
                .ok(422)
                .effect(Effect::NotApplied),
            row("elsewhere the key may be ignored", KEYS)
                .path("/tokens")
                .lost()
                .err(IGNORED)
                .effect(Effect::Unknown)
                .acted(1),
            payment("below payments it is honoured", KEYS)
                .path("/payments/pay_1/refunds")
                .lost()
                .waits([FIRST])
                .acted(1),
            payment("it is forgotten after a day", KEYS)
                .waits_up_to(Duration::from_secs(86_400))
                .answer(503, &[("retry-after", "86390")], "")
                .err(StopReason::KeyExpired)
                .effect(Effect::Unknown),
        ],
    )
    .await;
}

#[tokio::test]
async fn gocardless_names_what_the_key_made() {
    const SDK: &str = "gocardless-pro libraries";
    const NAMED: &str = r#"{"error":{"type":"invalid_state","errors":[{"reason":"idempotent_creation_conflict","links":{"conflicting_resource_id":"PM1"}}]}}"#;
    const BARE: &str = r#"{"error":{"type":"invalid_state","errors":[{"reason":"idempotent_creation_conflict"}]}}"#;
    run(
        &preset::gocardless(),
        Profile::gocardless(),
        8,
        vec![
            row("a success is applied", SDK).ok(201).acted(1),
            row("after a lost answer the conflict says that it was done", SDK)
                .lost()
                .waits([FIRST])
                .ok(409)
                .effect(Effect::Applied)
                .acted(1),
            row("so after a late one", SDK)
                .late()
                .waits([FIRST])
                .ok(409)
                .effect(Effect::Applied)
                .acted(1),
            row("a conflict that names the resource", SDK)
                .answer(409, &[], NAMED)
                .ok(409)
                .effect(Effect::Applied),
            row("one that names none proves nothing", SDK)
                .answer(409, &[], BARE)
                .ok(409)
                .effect(Effect::Unknown),
            row("any other 409 proves nothing", SDK)
                .answer(409, &[], "{}")
                .ok(409)
                .effect(Effect::Unknown),
            row("5xx is retried", SDK)
                .answer(500, &[], "")
                .waits([FIRST])
                .ok(201)
                .acted(1),
            row("a 422 is the answer", SDK)
                .answer(422, &[], "{}")
                .ok(422)
                .effect(Effect::NotApplied),
            row("DELETE carries no key and is repeated", "RFC 9110 §9.2.2")
                .method(Method::DELETE)
                .answer(500, &[], "")
                .waits([FIRST])
                .ok(201),
        ],
    )
    .await;
}

#[tokio::test]
async fn mollie_ignores_the_second_request() {
    const KEYS: &str = "docs.mollie.com/reference/api-idempotency";
    run(
        &preset::mollie(),
        Profile::stripe_v1(),
        8,
        vec![
            row("a success is applied", KEYS).acted(1),
            row("a lost answer is fetched by its key", KEYS)
                .lost()
                .waits([FIRST])
                .acted(1),
            row("a late answer too", KEYS).late().waits([FIRST]).acted(1),
            row("5xx is retried", KEYS).answer(502, &[], "").waits([FIRST]).acted(1),
            row("429 is left as it came", KEYS)
                .answer(429, &[], "{}")
                .ok(429)
                .effect(Effect::Unknown),
            row("422 is the answer", KEYS)
                .answer(422, &[], "{}")
                .ok(422)
                .effect(Effect::NotApplied),
            row("409 is left as it came", KEYS)
                .answer(409, &[], "{}")
                .ok(409)
                .effect(Effect::Unknown),
            row("after an hour it is not repeated", "this crate's caution")
                .waits_up_to(Duration::from_secs(4_000))
                .answer(503, &[("retry-after", "3400")], "")
                .err(StopReason::KeyExpired)
                .effect(Effect::Unknown),
        ],
    )
    .await;
}

#[tokio::test]
async fn braintree_gets_only_what_never_left_again() {
    const SDK: &str = "braintree-python, braintree-ruby: no key, no retry";
    run(
        &preset::braintree(),
        Profile::openai(),
        8,
        vec![
            row("a success is applied", SDK).acted(1),
            row("a lost answer is not repeated", SDK)
                .lost()
                .err(IGNORED)
                .effect(Effect::Unknown)
                .acted(1),
            row("a late one neither", SDK)
                .late()
                .err(IGNORED)
                .effect(Effect::Unknown)
                .acted(1),
            row("500 is not repeated", SDK)
                .answer(500, &[], "")
                .err(IGNORED)
                .effect(Effect::Unknown),
            row("503 is not repeated", SDK)
                .answer(503, &[("retry-after", "1")], "")
                .err(IGNORED)
                .effect(Effect::Unknown),
            row("429 is left as it came", SDK)
                .answer(429, &[], "")
                .ok(429)
                .effect(Effect::Unknown),
            row("a key of the caller's own changes nothing", SDK)
                .key("mine")
                .lost()
                .err(IGNORED)
                .effect(Effect::Unknown)
                .acted(1),
            row("GET is repeated", "RFC 9110 §9.2.2")
                .method(Method::GET)
                .path("/none")
                .body("")
                .answer(500, &[], "")
                .waits([FIRST])
                .ok(404)
                .effect(Effect::Unknown),
        ],
    )
    .await;
}
