//! Retry loops that nest are reported, and neither multiply attempts nor repeat blindly.

use http::Extensions;
use reqwest::{Request, Response};
use reqwest_middleware::{Middleware, Next};
use steadfast::breaker::{CircuitBreaker, Mode};
use steadfast::middleware::{ErrorExt, PerRequest, Resilience};
use steadfast::testing::{Recorded, Recorder, Recording};
use steadfast::{
    Attempt, Client, Effect, FailureKind, Finding, KeySupport, Nesting, NotReplayable, Replay, ResponseExt,
    RetryPolicy, StopReason,
};

use super::{NewKeys, bare, resilience, retrying};
use crate::support::{After, RawServer, SHORT, Spans, Step, answer, impatient, limit};

async fn ailing() -> RawServer {
    RawServer::start(vec![answer(503, "", "busy"); 30]).await
}

fn keys(server: &RawServer) -> Vec<Option<String>> {
    server.arrivals().iter().map(crate::support::Arrival::key).collect()
}

fn nestings(recorder: &Recorder) -> Vec<Nesting> {
    let events = recorder
        .recordings()
        .into_iter()
        .flat_map(|recording| recording.events().to_vec());
    events
        .filter_map(|event| match event {
            Recorded::RetriesNested(nesting) => Some(nesting),
            _ => None,
        })
        .collect()
}

#[tokio::test]
async fn a_loop_around_us_repeats_under_the_same_key_and_adds_one_attempt_each() {
    let spans = Spans::capture();
    let server = ailing().await;
    let (ours, recorder) = resilience();

    let response = limit(bare().with(retrying()).with(ours).build().post(server.url("/")).send())
        .await
        .unwrap();

    let keys = keys(&server);
    assert_eq!(
        (response.status().as_u16(), keys.len()),
        (503, 5 + 3),
        "5 × 4 if they multiplied"
    );
    assert!(keys[0].is_some() && keys.iter().all(|key| *key == keys[0]), "{keys:?}");
    assert_eq!(nestings(&recorder), [Nesting::Outer; 3]);
    let attempts: Vec<_> = recorder.recordings().iter().map(Recording::attempts).collect();
    assert_eq!(attempts, [5, 1, 1, 1], "{recorder}");
    let warned: Vec<_> = spans
        .own()
        .into_iter()
        .filter(|event| event.field("nesting").is_some())
        .collect();
    assert_eq!(warned.len(), 3);
    assert!(warned.iter().all(|event| event.level == tracing::Level::WARN));
}

#[tokio::test]
async fn a_loop_around_us_cannot_repeat_what_nothing_protects() {
    let server = ailing().await;
    let (ours, recorder) = resilience();
    let chain = bare().with(retrying()).with(ours).build();
    let own = PerRequest::new().key_support(KeySupport::Ignored);

    let error = limit(chain.post(server.url("/")).with_extension(own).send())
        .await
        .unwrap_err();

    let failed = error.operation_error().unwrap();
    let why = StopReason::NotReplayable(NotReplayable::KeyIgnored);
    recorder.assert_operations(2);
    recorder.assert_attempts(0);
    recorder.assert_stopped(why);
    assert_eq!(
        (failed.receipt().unwrap().stop(), failed.effect()),
        (why, Effect::Unknown)
    );
    assert_eq!(server.arrivals().len(), 1);
}

#[tokio::test]
async fn a_repeat_by_a_loop_around_us_is_a_possible_duplicate_however_few_attempts_ours_makes() {
    for most in [1, 2] {
        let mut steps = vec![answer(503, "", ""); most];
        steps.push(answer(200, "", ""));
        let server = RawServer::start(steps).await;
        let policy = RetryPolicy::builder().max_attempts(u32::try_from(most).unwrap());
        let recorder = Recorder::new();
        let ours = impatient().0.retry(policy.build().unwrap());
        let ours = ours.replay(Replay::AtLeastOnce).key_support(KeySupport::Ignored);
        let ours = Resilience::from_builder(ours.observe(recorder.clone())).unwrap();

        let response = limit(bare().with(retrying()).with(ours).build().post(server.url("/")).send())
            .await
            .unwrap();

        assert_eq!(server.arrivals().len(), most + 1);
        let receipt = ResponseExt::receipt(&response).unwrap();
        assert_eq!(receipt.possible_duplicates() as usize, most, "{receipt}");
        let recordings = recorder.recordings();
        let events = recordings.iter().flat_map(Recording::events);
        let told = events.filter(|event| matches!(event, Recorded::DuplicatePossible(_)));
        assert_eq!(told.count(), most, "{recorder}");
    }
}

/// An open breaker in this mode lets first tries through, and this is none.
#[tokio::test]
async fn what_a_loop_around_us_repeats_is_a_retry_for_the_breaker_however_few_attempts_ours_makes() {
    let server = RawServer::start(vec![answer(503, "", ""); 9]).await;
    let breaker = CircuitBreaker::builder().min_attempts(1).mode(Mode::RetriesOnly);
    let ours = impatient().0.retry(RetryPolicy::never());
    let ours = ours.circuit_breaker(breaker.build().unwrap());
    let chain = bare().with(retrying()).with(Resilience::from_builder(ours).unwrap());

    let error = limit(chain.build().post(server.url("/")).send()).await.unwrap_err();

    assert!(error.operation_error().unwrap().is_circuit_open(), "{error}");
    assert_eq!(server.arrivals().len(), 1);
}

#[tokio::test]
async fn doubt_of_an_earlier_pass_outlives_a_rejection_in_a_later_one() {
    let server = RawServer::start([answer(503, "", ""), answer(400, "", "")]).await;
    let ours = Resilience::from_builder(impatient().0.retry(RetryPolicy::never())).unwrap();

    let response = limit(bare().with(retrying()).with(ours).build().post(server.url("/")).send())
        .await
        .unwrap();

    let receipt = ResponseExt::receipt(&response).unwrap();
    assert_eq!((response.status().as_u16(), receipt.effect()), (400, Effect::Unknown));
    let numbers: Vec<_> = receipt.attempts().iter().map(Attempt::number).collect();
    assert_eq!(numbers, [1], "the policy has one attempt, and each pass one more");
}

#[tokio::test]
async fn a_pass_that_was_cut_off_leaves_doubt_and_its_key() {
    for (support, arrivals) in [(KeySupport::Honored, 2), (KeySupport::Ignored, 1)] {
        let server = RawServer::start([Step::Write(Vec::new(), After::Stall)]).await;
        let chain = bare().with(Hasty).with(resilience().0).build();
        let own = PerRequest::new().key_support(support);

        let answer = limit(chain.post(server.url("/")).with_extension(own).send()).await;

        assert_eq!(answer.is_ok(), support == KeySupport::Honored);
        let keys = keys(&server);
        assert_eq!(keys.len(), arrivals, "{support:?}");
        assert!(keys.iter().all(|key| *key == keys[0]), "{keys:?}");
        if let Err(error) = answer {
            assert_eq!(error.operation_error().unwrap().effect(), Effect::Unknown);
        }
    }
}

/// It ends in doubt without a word of its own, so whoever takes it up has to ask.
#[tokio::test]
async fn a_pass_that_was_cut_off_is_looked_up_before_it_is_repeated() {
    for (found, arrivals) in [(Finding::applied as fn() -> Finding, 1), (Finding::not_applied, 2)] {
        for support in [KeySupport::Honored, KeySupport::Ignored] {
            let server = RawServer::start([Step::Write(Vec::new(), After::Stall)]).await;
            let builder = Client::builder().on_unknown(move |_| async move { found() });
            let chain = bare()
                .with(Hasty)
                .with(Resilience::from_builder(builder).unwrap())
                .build();
            let own = PerRequest::new().key_support(support);

            let answer = limit(chain.post(server.url("/")).with_extension(own).send()).await;

            assert_eq!(answer.is_ok(), arrivals == 2, "{support:?} {answer:?}");
            assert_eq!(server.arrivals().len(), arrivals, "{support:?}");
        }
    }
}

/// Of five attempts, the pass that was cut off has made three.
#[tokio::test]
async fn a_pass_that_was_cut_off_has_used_up_its_attempts() {
    let steps = [
        answer(503, "", ""),
        answer(503, "", ""),
        Step::Write(Vec::new(), After::Stall),
    ];
    let server = RawServer::start(steps.into_iter().chain(vec![answer(503, "", ""); 9])).await;
    let builder = impatient().0;
    let chain = bare()
        .with(Hasty)
        .with(Resilience::from_builder(builder).unwrap())
        .build();

    let response = limit(chain.post(server.url("/")).send()).await.unwrap();

    let receipt = response.receipt().unwrap();
    let numbers: Vec<_> = receipt.attempts().iter().map(Attempt::number).collect();
    assert_eq!((numbers, server.arrivals().len()), (vec![4, 5], 5));
}

/// Cuts off the first pass, and makes a second one.
struct Hasty;

#[async_trait::async_trait]
impl Middleware for Hasty {
    #[expect(clippy::disallowed_methods, reason = "somebody else's timeout")]
    async fn handle(
        &self,
        request: Request,
        extensions: &mut Extensions,
        next: Next<'_>,
    ) -> reqwest_middleware::Result<Response> {
        let copy = request.try_clone().unwrap();
        match tokio::time::timeout(SHORT, next.clone().run(copy, extensions)).await {
            Ok(answer) => answer,
            Err(_late) => next.run(request, extensions).await,
        }
    }
}

#[tokio::test]
async fn after_a_success_the_same_request_is_another_operation_and_so_is_another_request() {
    let server = RawServer::start([answer(200, "", ""), answer(501, "", ""), answer(200, "", "")]).await;
    let chain = bare().with(resilience().0).build();
    let mut extensions = Extensions::new();
    for body in ["a", "a", "b", "b"] {
        let request = chain.post(server.url("/")).body(body).build().unwrap();
        limit(chain.execute_with_extensions(request, &mut extensions))
            .await
            .unwrap();
    }
    let mut keys = keys(&server);
    assert_eq!(keys.len(), 4);
    keys.sort();
    keys.dedup();
    assert_eq!(keys.len(), 4, "four operations");
}

#[tokio::test]
async fn a_loop_within_us_is_given_bodies_that_it_cannot_repeat() {
    let server = ailing().await;
    let (ours, recorder) = resilience();

    let error = limit(
        bare()
            .with(ours)
            .with(retrying())
            .build()
            .post(server.url("/"))
            .body("x")
            .send(),
    )
    .await
    .unwrap_err();

    let failed = error.operation_error().unwrap();
    assert_eq!(failed.failure().unwrap().kind(), FailureKind::Hook);
    assert_eq!(
        (failed.receipt().unwrap().attempts().len(), server.connections()),
        (1, 0)
    );
    recorder.assert_stopped(StopReason::Final);
}

#[tokio::test]
async fn of_two_of_us_the_inner_one_stands_aside() {
    let server = ailing().await;
    let (ours, recorder) = resilience();
    let chain = bare().with(ours).with(resilience().0).build();

    limit(chain.post(server.url("/")).send()).await.unwrap();

    assert_eq!((keys(&server).len(), nestings(&recorder)), (5, vec![Nesting::Twin]));
    recorder.assert_operations(1);
    recorder.assert_attempts(5);
    recorder.assert_stopped(StopReason::AttemptsExhausted);
    assert!(keys(&server).iter().all(|key| *key == keys(&server)[0]));
}

#[tokio::test]
async fn a_request_that_a_middleware_within_makes_for_itself_is_its_own_operation() {
    let tokens = RawServer::start([answer(503, "", "")]).await;
    let server = ailing().await;
    let (ours, recorder) = resilience();
    let inner = bare().with(ours.clone()).build();
    let chain = bare()
        .with(retrying())
        .with(ours)
        .with(Fetching(inner, tokens.url("/")))
        .build();

    limit(chain.post(server.url("/")).send()).await.unwrap();

    let (own, fetched) = (keys(&server), keys(&tokens));
    assert_eq!((own.len(), fetched.len()), (8, 9), "the first token took two attempts");
    assert!(
        own.iter().all(|key| *key == own[0] && !fetched.contains(key)),
        "{own:?} {fetched:?}"
    );
    assert_eq!(fetched[0], fetched[1]);
    assert_eq!(nestings(&recorder), [Nesting::Outer; 3]);
}

/// Fetches a token for each attempt, with the extensions that it was given.
struct Fetching(reqwest_middleware::ClientWithMiddleware, String);

#[async_trait::async_trait]
impl Middleware for Fetching {
    async fn handle(
        &self,
        request: Request,
        extensions: &mut Extensions,
        next: Next<'_>,
    ) -> reqwest_middleware::Result<Response> {
        let fetch = self.0.post(&self.1).build()?;
        self.0.execute_with_extensions(fetch, extensions).await?;
        next.run(request, extensions).await
    }
}

#[tokio::test]
async fn what_a_middleware_within_passes_on_as_its_own_error_may_have_been_processed() {
    let nobody = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .unwrap()
        .local_addr()
        .unwrap();
    let chain = bare().with(resilience().0).with(Wrapping).build();
    let own = PerRequest::new().key_support(KeySupport::Ignored);

    let error = limit(chain.post(format!("http://{nobody}/")).with_extension(own).send())
        .await
        .unwrap_err();

    let failed = error.operation_error().unwrap();
    assert!(failed.is_connect() && failed.is_not_replayable(), "{failed}");
    assert_eq!(failed.effect(), Effect::Unknown);
}

/// Passes errors on as its own; it could have sent anything before.
struct Wrapping;

#[derive(Debug, thiserror::Error)]
#[error("wrapped")]
struct Wrapped(#[source] reqwest_middleware::Error);

#[async_trait::async_trait]
impl Middleware for Wrapping {
    async fn handle(
        &self,
        request: Request,
        extensions: &mut Extensions,
        next: Next<'_>,
    ) -> reqwest_middleware::Result<Response> {
        let answer = next.run(request, extensions).await;
        answer.map_err(|error| reqwest_middleware::Error::middleware(Wrapped(error)))
    }
}

#[tokio::test]
async fn reqwest_s_own_retry_and_redirects_cannot_repeat_a_post() {
    let again = reqwest::retry::for_host("127.0.0.1").classify_fn(|answer| match answer.status() {
        Some(status) if status.is_success() => answer.success(),
        _ => answer.retryable(),
    });
    let http = reqwest::Client::builder().retry(again).build().unwrap();
    let chain = || reqwest_middleware::ClientBuilder::new(http.clone());
    let (ours, seal) = resilience().0.sealed();
    let chains = [
        ("alone", chain().with(resilience().0).build()),
        ("sealed", chain().with(ours).with(seal).build()),
        ("bare", chain().build()),
    ];
    for (name, chain) in &chains {
        for body in ["x", ""] {
            let moved = answer(307, "location: /new\r\n", "");
            let server = RawServer::start([answer(503, "", ""), moved]).await;

            let response = limit(chain.post(server.url("/")).body(body).send()).await.unwrap();

            let receipt = ResponseExt::receipt(&response);
            let attempts = receipt.map_or(&[] as &[Attempt], |receipt| receipt.attempts());
            let sent: usize = attempts.iter().map(|attempt| 1 + attempt.hops().len()).sum();
            let expected = if *name == "bare" { 0 } else { 3 };
            assert_eq!((sent, server.arrivals().len()), (expected, 3), "{name} {body:?}");
        }
    }
}

/// What was under way before is under way again when the other operation has ended.
#[tokio::test]
async fn an_operation_within_does_not_blind_the_seal() {
    let (server, tokens) = (RawServer::start([]).await, RawServer::start([]).await);
    let (ours, seal) = resilience().0.sealed();
    let fetching = Fetching(bare().with(resilience().0).build(), tokens.url("/"));
    let chain = bare()
        .with(ours)
        .with(fetching)
        .with(NewKeys::default())
        .with(seal)
        .build();

    let error = limit(chain.post(server.url("/")).body("x").send()).await.unwrap_err();

    assert!(
        format!("{error:?}").contains("replaced the idempotency key"),
        "{error:?}"
    );
    assert_eq!((server.arrivals().len(), tokens.arrivals().len()), (0, 1));
}
