//! A condition holds for the outcomes that its name says, and asks for no more bodies than it needs.

#![expect(clippy::unwrap_used, reason = "a helper that fails is a test that fails")]

use http::{HeaderMap, HeaderValue, Method, StatusCode};
use steadfast::classify::{Condition, on, on_body, on_failure, on_method, on_problem_type, on_status, on_timeout};
use steadfast::{Classify, Delivery, Failure, FailureKind, Outcome, Verdict};

fn on_answer(condition: &Condition, code: u16) -> bool {
    condition.holds(&Outcome::response(
        StatusCode::from_u16(code).unwrap(),
        &HeaderMap::new(),
    ))
}

fn on_failed(condition: &Condition, failure: &Failure) -> bool {
    condition.holds(&Outcome::failure(failure))
}

fn lost() -> Failure {
    Failure::new(FailureKind::ConnectionLost, Delivery::Unknown)
}

fn cut(code: u16) -> Failure {
    Failure::new(FailureKind::Body, Delivery::ResponseStarted).after_status(StatusCode::from_u16(code).unwrap())
}

#[test]
fn a_status_is_that_of_the_answer_and_of_an_error_whose_body_was_cut() {
    for condition in [
        on_status([503, 409]),
        on_status([409]).or(StatusCode::SERVICE_UNAVAILABLE.into()),
    ] {
        for code in 100..=999 {
            assert_eq!(on_answer(&condition, code), [409, 503].contains(&code), "{code}");
        }
        assert!(on_failed(&condition, &cut(409)) && on_failed(&condition, &cut(503)));
        assert!(!on_failed(&condition, &cut(500)) && !on_failed(&condition, &lost()));
    }
    // What arrived of a success was not enough: an `accept` meant for successes does not speak of it.
    assert!(on_answer(&on_status(200..=399), 204) && !on_failed(&on_status(200..=399), &cut(204)));
    assert!(!on_answer(&on_status([]), 200));
}

#[test]
fn a_failure_is_one_of_its_kinds_and_a_timeout_is_any_of_the_three() {
    use FailureKind as Kind;
    let dns = on_failure([Kind::Dns, Kind::ConnectTimeout]);
    for kind in [
        Kind::Dns,
        Kind::Connect,
        Kind::ConnectTimeout,
        Kind::HeadTimeout,
        Kind::BodyTimeout,
        Kind::ConnectionLost,
        Kind::Tls,
        Kind::Other,
    ] {
        let failure = Failure::new(kind, Delivery::Unknown);
        let timeouts = [Kind::ConnectTimeout, Kind::HeadTimeout, Kind::BodyTimeout];
        assert_eq!(on_failed(&on_timeout(), &failure), timeouts.contains(&kind), "{kind:?}");
        assert_eq!(
            on_failed(&dns, &failure),
            [Kind::Dns, Kind::ConnectTimeout].contains(&kind),
            "{kind:?}"
        );
        assert!(on_failed(&kind.into(), &failure), "{kind:?}");
    }
    assert!(!on_answer(&on_timeout(), 408) && !on_answer(&dns, 504));
}

#[test]
fn a_method_holds_only_where_it_is_known() {
    let deleting = on_method([Method::DELETE, Method::PUT]);
    let headers = HeaderMap::new();
    let outcome = Outcome::response(StatusCode::OK, &headers);
    assert!(!deleting.holds(&outcome));
    assert!(deleting.holds(&outcome.with_method(&Method::PUT)));
    assert!(!deleting.holds(&outcome.with_method(&Method::POST)));
}

#[test]
fn a_problem_type_is_read_from_problem_details_alone() {
    const TYPE: &str = "https://api.example.com/problems/busy";
    let busy = on_problem_type(TYPE);
    let right = format!(r#"{{"title":"Busy","type":"{TYPE}"}}"#);
    let holds = |condition: &Condition, media_type: Option<&'static str>, body: Option<&str>| {
        let mut headers = HeaderMap::new();
        if let Some(media_type) = media_type {
            headers.insert("content-type", HeaderValue::from_static(media_type));
        }
        let outcome = Outcome::response(StatusCode::CONFLICT, &headers);
        condition.holds(&body.map_or(outcome, |body| outcome.with_body(body.as_bytes())))
    };
    let problem = Some("application/problem+json");
    assert!(holds(&busy, problem, Some(&right)));
    assert!(holds(
        &busy,
        Some("Application/Problem+JSON; charset=utf-8"),
        Some(&right)
    ));
    for other in [None, Some("application/json"), Some("application/problem+jsonx")] {
        assert!(!holds(&busy, other, Some(&right)), "{other:?}");
    }
    for body in [
        "",
        "{",
        "null",
        "7",
        "[]",
        "{}",
        r#"{"type":7}"#,
        r#"{"type":"about:blank"}"#,
        &right[..30],
    ] {
        assert!(!holds(&busy, problem, Some(body)), "{body}");
    }
    assert!(!holds(&busy, problem, None));
    // An absent type, and one that is no text, stand for this one.
    let untyped = on_problem_type("about:blank");
    for (body, expected) in [
        ("{}", true),
        (r#"{"type":7}"#, true),
        (&right, false),
        ("[]", false),
        ("{", false),
    ] {
        assert_eq!(holds(&untyped, problem, Some(body)), expected, "{body}");
    }
    assert!(!on_failed(&busy, &lost()));
}

#[test]
fn conditions_combine_as_their_words_say() {
    let truth = |value: bool| on(move |_| value);
    for one in [false, true] {
        for other in [false, true] {
            assert_eq!(on_answer(&truth(one).and(truth(other)), 200), one && other);
            assert_eq!(on_answer(&truth(one).or(truth(other)), 200), one || other);
            assert_eq!(on_answer(&truth(one).except(truth(other)), 200), one && !other);
        }
    }
    let server_errors = on_status(500..=599).except(on_status([501, 505]));
    for code in 100..=999 {
        let expected = (500..=599).contains(&code) && ![501, 505].contains(&code);
        assert_eq!(on_answer(&server_errors, code), expected, "{code}");
    }
}

#[test]
fn a_meaning_is_given_where_the_condition_holds_and_nowhere_else() {
    let wait = std::time::Duration::from_secs(7);
    for (classifier, expected) in [
        (on_status([409]).accept(), Verdict::accept()),
        (on_status([409]).fail(), Verdict::fail()),
        (on_status([409]).retry(), Verdict::retry()),
        (on_status([409]).retry_after(wait), Verdict::retry_after(wait)),
        (on_status([409]).means(Verdict::key_in_use()), Verdict::key_in_use()),
    ] {
        let headers = HeaderMap::new();
        assert_eq!(
            classifier.classify(&Outcome::response(StatusCode::CONFLICT, &headers)),
            Some(expected)
        );
        assert_eq!(
            classifier.classify(&Outcome::response(StatusCode::LOCKED, &headers)),
            None
        );
    }
}

#[test]
fn bodies_are_read_only_of_the_statuses_that_can_matter() {
    let body = || on_body(|_| true);
    let wants = |condition: &Condition, code: u16| {
        condition
            .clone()
            .retry()
            .wants_body(StatusCode::from_u16(code).unwrap())
    };
    for (condition, at_409, at_500) in [
        (body(), true, true),
        (on_problem_type("about:blank"), true, true),
        (on_status([409]).and(body()), true, false),
        (body().and(on_status([409])), true, false),
        (on_status([409]).or(body()), true, true),
        (on_status([409]).except(body()), true, false),
        (body().except(on_status([409])), true, true),
        (on_status([409]).and(body()).or(on_timeout()), true, false),
        (on_timeout().and(body()), false, false),
        (on_failure([FailureKind::Body]).and(body()), false, false),
        (
            on_status([409])
                .and(on_method([Method::PUT]).or(on_timeout()))
                .and(body()),
            true,
            false,
        ),
        (on(|_| true).and(body()), true, true),
        // What is excepted at this status need not be excepted.
        (
            on(|_| true).except(on_status([409]).and(on(|_| false))).and(body()),
            true,
            true,
        ),
        (on_status([409]).except(on_timeout()), false, false),
    ] {
        assert_eq!(
            (wants(&condition, 409), wants(&condition, 500)),
            (at_409, at_500),
            "{condition:?}"
        );
    }
}

#[test]
fn a_condition_shows_as_the_sentence_that_it_is() {
    let sentence = on_status([409, 425])
        .except(on_method([Method::DELETE]))
        .or(on_timeout());
    assert_eq!(
        format!("{sentence:?}"),
        "((status [409, 425] except method [DELETE]) or timeout)"
    );
}
