//! What is set on a request comes before what its client says, and that before what is known of the provider.

use std::time::Duration;

use http::StatusCode;
use steadfast::preset::Preset;
use steadfast::testing::{Script, Step};
use steadfast::{
    Client, ClientBuilder, Error, Finding, KeySupport, Receipt, Replay, RequestBuilder, RetryPolicy, StopReason,
};

use crate::support_time::paused;

const URL: &str = "https://api.acme.example/charges";

/// Three times over: as the preset has it, as the client has it over that, and as the request has it over both.
fn three(
    step: fn() -> Step,
    of_client: impl Fn(ClientBuilder) -> ClientBuilder,
    of_request: impl Fn(RequestBuilder) -> RequestBuilder,
) -> [Result<StatusCode, Error>; 3] {
    let client = |change: &dyn Fn(ClientBuilder) -> ClientBuilder| {
        let script = Script::from_fn(move |_| step());
        change(Client::builder().script(&script).preset(acme()))
            .build()
            .unwrap()
    };
    let (bare, set) = (client(&|builder| builder), client(&of_client));
    [bare.post(URL), set.post(URL), of_request(set.post(URL))]
        .map(|request| paused(request.send()).map(|response| response.status()))
}

fn acme() -> Preset {
    Preset::builder("acme")
        .origin("https://*.acme.example")
        .attempt_timeout(Duration::from_secs(3))
        .total_timeout(Duration::from_secs(40))
        .key_support(KeySupport::Ignored)
        .build()
        .unwrap()
}

fn told<T>(ended: [Result<StatusCode, Error>; 3], tell: impl Fn(&Receipt) -> T) -> [T; 3] {
    ended.map(|ended| tell(ended.unwrap_err().receipt().unwrap()))
}

#[test]
fn the_time_of_an_attempt() {
    let ended = three(
        Step::hang,
        |client| client.attempt_timeout(Duration::from_secs(2)),
        |request| request.attempt_timeout(Duration::from_secs(1)),
    );
    let took = told(ended, |receipt| receipt.attempts()[0].took().as_secs());
    assert_eq!(took, [3, 2, 1]);
}

#[test]
fn the_time_of_an_operation() {
    let ended = three(
        || Step::status(StatusCode::SERVICE_UNAVAILABLE).after(Duration::from_millis(2_900)),
        |client| client.total_timeout(Duration::from_secs(2)),
        |request| request.total_timeout(Duration::from_secs(1)),
    );
    let took = told(ended, |receipt| receipt.attempts()[0].took().as_millis());
    assert_eq!(took, [2_900, 2_000, 1_000]);
}

#[test]
fn whether_keys_are_honoured() {
    let ended = three(
        Step::lost_response,
        |client| client.key_support(KeySupport::Ignored),
        |request| request.key_support(KeySupport::Honored),
    );
    assert_eq!(told(ended, |receipt| receipt.attempts().len()), [1, 1, 5]);
}

#[test]
fn whether_a_duplicate_is_the_lesser_evil() {
    let ended = three(
        Step::lost_response,
        |client| client.replay(Replay::AtLeastOnce),
        |request| request.replay(Replay::WhenUntouched),
    );
    assert_eq!(told(ended, |receipt| receipt.attempts().len()), [1, 5, 1]);
}

#[test]
fn the_policy() {
    let policy = |attempts| RetryPolicy::builder().max_attempts(attempts).build().unwrap();
    let ended = three(
        Step::refused,
        |client| client.retry(policy(2)),
        |request| request.retry(policy(3)),
    );
    assert_eq!(told(ended, |receipt| receipt.attempts().len()), [5, 2, 3]);
}

#[test]
fn how_much_of_an_answer_is_read() {
    let ended = three(
        || Step::status(StatusCode::OK).body("twenty bytes, and no more"),
        |client| client.buffer(10),
        |request| request.buffer(100),
    );
    assert_eq!(ended.map(|ended| ended.is_ok()), [true, false, true]);
}

#[test]
fn who_is_asked_what_became_of_it() {
    let ended = three(
        Step::lost_response,
        |client| client.on_unknown(|_| async { Finding::unknown() }),
        |request| request.on_unknown(|_| async { Finding::applied() }),
    );
    let stops = told(ended, Receipt::stop);
    assert_eq!(stops[2], StopReason::LookedUp);
    assert_ne!(stops[1], StopReason::LookedUp);
}
