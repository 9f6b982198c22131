//! What the last hop says proves nothing about the first: the effect stays in doubt.
#![expect(clippy::unwrap_used, reason = "a helper that fails is a test that fails")]

use http::{HeaderMap, StatusCode};
use steadfast::testing::{Arrival, Script, Step};
use steadfast::{Client, ClientBuilder, Effect, FailureKind, KeySupport, ResponseExt, Verdict};

use crate::support_time::paused;

/// A server that acts on a POST, sends the client elsewhere, and answers there as told.
fn redirecting(status: StatusCode, then: impl Fn(&Arrival) -> Step + Send + Sync + 'static) -> Script {
    Script::from_fn(move |arrival| match arrival.url.path() {
        "/charges" => Step::status(status).header("location", "/elsewhere"),
        _ => then(arrival),
    })
}

fn client(script: &Script, build: impl FnOnce(ClientBuilder) -> ClientBuilder) -> Client {
    build(Client::builder().script(script)).build().unwrap()
}

#[test]
fn a_rejection_after_a_redirect_does_not_say_that_the_first_request_did_nothing() {
    for redirect in [StatusCode::FOUND, StatusCode::SEE_OTHER, StatusCode::TEMPORARY_REDIRECT] {
        for rejection in [
            StatusCode::FORBIDDEN,
            StatusCode::METHOD_NOT_ALLOWED,
            StatusCode::UNPROCESSABLE_ENTITY,
        ] {
            let script = redirecting(redirect, move |_| Step::status(rejection));
            let client = client(&script, |builder| builder);
            let response = paused(client.post("https://api.example.com/charges").body("x").send()).unwrap();
            let receipt = response.receipt().unwrap();
            assert_eq!(script.arrivals().len(), 2);
            assert_eq!(receipt.effect(), Effect::Unknown, "{redirect} then {rejection}");
            assert_eq!(receipt.attempts()[0].effect(), Effect::Unknown);
        }
    }
}

/// 301 and 302 turn a POST into a GET by custom only (RFC 9110 §15.4.2, §15.4.3): nobody says that the POST was done. 303
/// says it (§15.4.4), and 307 has it sent again.
#[test]
fn a_success_after_a_redirect_is_the_request_s_own_unless_the_method_was_changed_by_custom() {
    for (redirect, effect) in [
        (StatusCode::MOVED_PERMANENTLY, Effect::Unknown),
        (StatusCode::FOUND, Effect::Unknown),
        (StatusCode::SEE_OTHER, Effect::Applied),
        (StatusCode::TEMPORARY_REDIRECT, Effect::Applied),
    ] {
        let script = redirecting(redirect, |_| Step::status(StatusCode::OK));
        let client = client(&script, |builder| builder);
        let response = paused(client.post("https://api.example.com/charges").body("x").send()).unwrap();
        assert_eq!(response.receipt().unwrap().effect(), effect, "{redirect}");
    }
}

/// The 302 changed nothing: the 303 before it had made a GET, and says that the POST was done.
#[test]
fn a_302_that_a_get_meets_diverts_nothing() {
    let script = redirecting(StatusCode::SEE_OTHER, |arrival| match arrival.url.path() {
        "/elsewhere" => Step::status(StatusCode::FOUND).header("location", "/further"),
        _ => Step::status(StatusCode::OK),
    });
    let client = client(&script, |builder| builder);
    let response = paused(client.post("https://api.example.com/charges").body("x").send()).unwrap();
    assert_eq!(response.receipt().unwrap().attempts()[0].hops().len(), 2);
    assert_eq!(response.receipt().unwrap().effect(), Effect::Applied);
}

#[test]
fn a_rejection_whose_body_is_cut_after_a_redirect_leaves_the_effect_unknown() {
    let script = redirecting(StatusCode::SEE_OTHER, |_| Step::cut_body(StatusCode::FORBIDDEN, "half"));
    let client = client(&script, |builder| builder.buffer(1_024));
    let error = paused(client.post("https://api.example.com/charges").send()).unwrap_err();
    assert_eq!(
        (error.status(), error.effect()),
        (Some(StatusCode::FORBIDDEN), Effect::Unknown)
    );
}

/// The limiter in front of where the redirect led did nothing; the request that was redirected may have.
#[test]
fn an_answer_that_is_known_to_do_nothing_does_not_speak_for_the_request_before_the_redirect() {
    for redirect in [StatusCode::FOUND, StatusCode::SEE_OTHER, StatusCode::TEMPORARY_REDIRECT] {
        let script = redirecting(redirect, |_| Step::status(StatusCode::TOO_MANY_REQUESTS));
        let client = client(&script, |builder| builder.key_support(KeySupport::Ignored));
        let request = client.post("https://api.example.com/charges").body("x");
        let sent = request.classify_fn(|outcome| {
            let busy = outcome.status() == Some(StatusCode::TOO_MANY_REQUESTS);
            busy.then(Verdict::retry_untouched)
        });
        let error = paused(sent.send()).unwrap_err();
        assert!(error.is_not_replayable(), "{redirect}: {error}");
        assert_eq!(
            (script.arrivals().len(), error.effect()),
            (2, Effect::Unknown),
            "{redirect}"
        );
    }
}

#[test]
fn a_connection_refused_after_a_redirect_leaves_the_effect_unknown() {
    let script = redirecting(StatusCode::SEE_OTHER, |_| Step::refused());
    let client = client(&script, |builder| builder);
    let error = paused(client.post("https://api.example.com/charges").send_once().send()).unwrap_err();
    assert_eq!(error.effect(), Effect::Unknown);
}

#[test]
fn a_hook_that_fails_after_a_redirect_leaves_the_effect_unknown() {
    let script = redirecting(StatusCode::TEMPORARY_REDIRECT, |_| Step::status(StatusCode::OK));
    let client = client(&script, |builder| {
        builder.before_attempt(|attempt| async move {
            match attempt.url().path() {
                "/charges" => Ok(HeaderMap::new()),
                _ => Err("no token"),
            }
        })
    });
    let error = paused(client.post("https://api.example.com/charges").send()).unwrap_err();
    assert_eq!(script.arrivals().len(), 1);
    assert_eq!(error.failure().unwrap().kind(), FailureKind::Hook);
    assert_eq!(error.effect(), Effect::Unknown);
}

#[test]
fn a_hook_that_fails_or_hangs_before_anything_was_sent_leaves_no_doubt() {
    let script = Script::new([]);
    let failing = client(&script, |builder| {
        builder.before_attempt(|_| async { Err::<HeaderMap, _>("no token") })
    });
    let error = paused(failing.post("https://api.example.com/charges").send()).unwrap_err();
    assert_eq!(error.effect(), Effect::NotApplied);

    let hanging = client(&script, |builder| {
        builder.before_attempt(|_| std::future::pending::<Result<HeaderMap, std::io::Error>>())
    });
    let error = paused(hanging.post("https://api.example.com/charges").send()).unwrap_err();
    assert!(error.is_timeout());
    assert_eq!((error.effect(), script.arrivals().len()), (Effect::NotApplied, 0));
}
