//! Classifiers combine as their table says, and no combination claims what none of its parts claims.

#![expect(clippy::unwrap_used, reason = "a helper that fails is a test that fails")]

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use http::{HeaderMap, Method, StatusCode};
use proptest::prelude::*;
use steadfast::classify::{Classifier, on_body, on_status};
use steadfast::retry::ReplaySafety;
use steadfast::testing::fault_proxy::{Fault, FaultScript};
use steadfast::testing::{FaultProxy, PaymentApi};
use steadfast::{
    Classify, Client, Effect, KeySupport, NotReplayable, Outcome, Problem, RetryPolicy, StopReason, Verdict,
};

use crate::support::{impatient, limit};

const SECOND: Duration = Duration::from_secs(1);

/// Every opinion that the public constructors can make, some with a wait.
fn opinions() -> Vec<Option<Verdict>> {
    vec![
        None,
        Some(Verdict::accept()),
        Some(Verdict::already_done()),
        Some(Verdict::fail()),
        Some(Verdict::key_reused()),
        Some(Verdict::quota_exhausted()),
        Some(Verdict::retry()),
        Some(Verdict::retry_after(SECOND)),
        Some(Verdict::retry_after(2 * SECOND)),
        Some(Verdict::retry_untouched()),
        Some(Verdict::retry_untouched().not_before(SECOND)),
        Some(Verdict::key_in_use()),
    ]
}

fn says(opinion: Option<Verdict>) -> Classifier {
    Classifier::from_fn(move |_| opinion)
}

fn with_outcome<T>(code: u16, act: impl FnOnce(&Outcome<'_>) -> T) -> T {
    let headers = HeaderMap::new();
    act(&Outcome::response(StatusCode::from_u16(code).unwrap(), &headers))
}

fn ask(classifier: &Classifier) -> Option<Verdict> {
    with_outcome(409, |outcome| classifier.classify(outcome))
}

/// `-`, or the first letter of the kind.
fn kind(opinion: Option<Verdict>) -> char {
    match opinion {
        None => '-',
        Some(verdict) if verdict.is_accept() => 'a',
        Some(verdict) if verdict.is_retry() => 'r',
        Some(_) => 'f',
    }
}

#[test]
fn every_pair_of_opinions_combines_as_the_table_says() {
    let kinds = ['-', 'a', 'f', 'r'];
    // By the first's row and the second's column, in the order of `kinds`.
    let or = ["-afr", "aaaa", "ffff", "rrrr"];
    let and = ["----", "-a--", "--f-", "---r"];
    let place = |opinion| kinds.iter().position(|known| *known == kind(opinion)).unwrap();
    let at = |table: [&str; 4], row: usize, column: usize| table[row].chars().nth(column).unwrap();
    for one in opinions() {
        for other in opinions() {
            let (row, column) = (place(one), place(other));
            let (or, and) = (at(or, row, column), at(and, row, column));
            assert_eq!(kind(ask(&says(one).or(says(other)))), or, "{one:?} or {other:?}");
            assert_eq!(kind(ask(&says(one).and(says(other)))), and, "{one:?} and {other:?}");
            // An alternative is one of the two, unchanged.
            assert_eq!(ask(&says(one).or(says(other))), one.or(other));
        }
        assert_eq!(ask(&says(one).only_if(|_| true)), one);
        assert_eq!(ask(&says(one).only_if(|_| false)), None);
        assert_eq!(ask(&says(one).except(|_| true)), None);
        assert_eq!(ask(&says(one).except(|_| false)), one);
    }
}

#[test]
fn an_agreement_keeps_the_longer_wait_and_claims_what_both_claim() {
    let both = |one, other| ask(&says(Some(one)).and(says(Some(other)))).unwrap();
    let untouched = Verdict::retry_untouched;
    assert_eq!(
        both(Verdict::retry_after(SECOND), Verdict::retry_after(2 * SECOND)).after(),
        Some(2 * SECOND)
    );
    assert_eq!(
        both(Verdict::retry(), Verdict::retry_after(SECOND)),
        Verdict::retry_after(SECOND)
    );
    assert_eq!(both(untouched(), untouched()), untouched());
    assert_eq!(both(untouched(), Verdict::retry()), Verdict::retry());
    assert!(!both(Verdict::key_in_use(), untouched()).is_untouched());
    assert_eq!(
        both(Verdict::key_reused(), Verdict::key_reused()),
        Verdict::key_reused()
    );
    assert_eq!(both(Verdict::quota_exhausted(), Verdict::fail()), Verdict::fail());
    assert_eq!(
        both(Verdict::key_in_use(), Verdict::key_in_use()).problem(),
        Some(Problem::KeyInUse)
    );
    assert_eq!(both(Verdict::key_in_use(), Verdict::retry()).problem(), None);
    assert_eq!(both(Verdict::already_done(), Verdict::accept()), Verdict::accept());
}

#[test]
fn an_agreement_keeps_the_doubt_of_either() {
    let headers = HeaderMap::new();
    let now = steadfast::Clock::system().now();
    // By itself, this status says that the server did not act.
    let rejected = Outcome::response(StatusCode::UNPROCESSABLE_ENTITY, &headers);
    let (doubtful, plain) = (|| says(Some(Verdict::key_in_use())), || says(Some(Verdict::retry())));
    for (classifier, expected) in [
        (plain().and(plain()), Effect::NotApplied),
        (plain().and(doubtful()), Effect::Unknown),
        (doubtful().and(plain()), Effect::Unknown),
        (doubtful().and(says(Some(Verdict::retry_untouched()))), Effect::Unknown),
    ] {
        let verdict = classifier.classify(&rejected).unwrap();
        let mut attempts = RetryPolicy::default().attempts(ReplaySafety::of_method(&Method::PUT), now);
        attempts.begin(now).unwrap();
        let _ = attempts.after(&rejected, &verdict, now, 0.0);
        assert_eq!(attempts.effect(), expected);
    }
}

#[test]
fn the_laws_hold_for_all_opinions() {
    let all = opinions();
    let silence = || Classifier::first_of([]);
    for &a in &all {
        let one = || says(a);
        assert_eq!(ask(&one().or(silence())), a);
        assert_eq!(ask(&silence().or(one())), a);
        assert_eq!(ask(&one().and(one())), a, "idempotent");
        assert_eq!(ask(&one().and(silence())), None);
        for &b in &all {
            let other = || says(b);
            assert_eq!(
                ask(&one().and(other())),
                ask(&other().and(one())),
                "commutative: {a:?} {b:?}"
            );
            // Absorption, as far as three-valued opinions have it.
            assert_eq!(ask(&one().or(one().and(other()))), a);
            for &c in &all {
                let third = || says(c);
                assert_eq!(
                    ask(&one().or(other()).or(third())),
                    ask(&one().or(other().or(third()))),
                    "associative: {a:?} {b:?} {c:?}"
                );
                assert_eq!(
                    ask(&one().and(other()).and(third())),
                    ask(&one().and(other().and(third()))),
                    "associative: {a:?} {b:?} {c:?}"
                );
                assert_eq!(ask(&Classifier::first_of([one(), other(), third()])), a.or(b).or(c));
            }
        }
    }
}

/// A combination as a sentence, and as the reader of the table understands it.
#[derive(Clone, Debug)]
enum Sentence {
    Says(u16, Option<Verdict>),
    Or(Box<Self>, Box<Self>),
    And(Box<Self>, Box<Self>),
    OnlyIf(Box<Self>, u16),
    Except(Box<Self>, u16),
}

impl Sentence {
    fn classifier(&self) -> Classifier {
        match self.clone() {
            Self::Says(code, opinion) => {
                Classifier::from_fn(move |outcome| opinion.filter(|_| !is_below(outcome, code)))
            }
            Self::Or(one, other) => one.classifier().or(other.classifier()),
            Self::And(one, other) => one.classifier().and(other.classifier()),
            Self::OnlyIf(one, code) => one.classifier().only_if(move |outcome| is_below(outcome, code)),
            Self::Except(one, code) => one.classifier().except(move |outcome| is_below(outcome, code)),
        }
    }

    fn understood(&self, code: u16) -> Option<Verdict> {
        match self {
            Self::Says(from, opinion) => opinion.filter(|_| code >= *from),
            Self::Or(one, other) => one.understood(code).or_else(|| other.understood(code)),
            Self::And(one, other) => {
                let (one, other) = (one.understood(code)?, other.understood(code)?);
                // Pairs are held to their table above.
                ask(&says(Some(one)).and(says(Some(other))))
            }
            Self::OnlyIf(one, below) => one.understood(code).filter(|_| code < *below),
            Self::Except(one, below) => one.understood(code).filter(|_| code >= *below),
        }
    }

    /// True if a part of it claims that the server did not act.
    fn claims(&self) -> bool {
        match self {
            Self::Says(_, opinion) => opinion.is_some_and(|verdict| verdict.is_untouched()),
            Self::Or(one, other) | Self::And(one, other) => one.claims() || other.claims(),
            Self::OnlyIf(one, _) | Self::Except(one, _) => one.claims(),
        }
    }
}

fn is_below(outcome: &Outcome<'_>, code: u16) -> bool {
    outcome.status().is_some_and(|status| status.as_u16() < code)
}

fn any_sentence() -> impl Strategy<Value = Sentence> {
    let code = || 100_u16..=599;
    let word = (code(), prop::sample::select(opinions())).prop_map(|(code, opinion)| Sentence::Says(code, opinion));
    word.prop_recursive(5, 32, 2, move |part| {
        let pair = (part.clone(), part.clone());
        prop_oneof![
            pair.clone()
                .prop_map(|(one, other)| Sentence::Or(one.into(), other.into())),
            pair.prop_map(|(one, other)| Sentence::And(one.into(), other.into())),
            (part.clone(), code()).prop_map(|(one, code)| Sentence::OnlyIf(one.into(), code)),
            (part, code()).prop_map(|(one, code)| Sentence::Except(one.into(), code)),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 5_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_sentence_means_what_its_reader_understands(
        sentence in any_sentence(), others in (any_sentence(), any_sentence()), code in 100_u16..=599, below in 100_u16..=599,
    ) {
        let opinion = |classifier: &Classifier| with_outcome(code, |outcome| classifier.classify(outcome));
        let one = sentence.classifier();
        let expected = sentence.understood(code);
        prop_assert_eq!(opinion(&one), expected);
        prop_assert!(sentence.claims() || !expected.is_some_and(|verdict| verdict.is_untouched()));

        let (other, third) = (others.0.classifier(), others.1.classifier());
        prop_assert_eq!(
            opinion(&one.clone().or(other.clone()).or(third.clone())),
            opinion(&one.clone().or(other.clone().or(third)))
        );
        prop_assert_eq!(opinion(&one.clone().and(other.clone())), opinion(&other.and(one.clone())));
        prop_assert_eq!(
            opinion(&one.clone().except(move |outcome| is_below(outcome, below))),
            opinion(&one.only_if(move |outcome| !is_below(outcome, below)))
        );
    }
}

#[test]
fn a_body_that_one_part_wants_is_asked_for_by_the_whole() {
    let reader = || Classifier::from_body_fn(|_| None);
    let plain = || Classifier::from_fn(|_| None);
    let status = StatusCode::CONFLICT;
    for wanting in [
        reader(),
        Classifier::new(reader()),
        reader().or(plain()),
        plain().or(reader()),
        reader().and(plain()),
        plain().and(reader()),
        reader().only_if(|_| false),
        reader().except(|_| true),
        Classifier::first_of([plain(), plain(), reader()]),
        on_body(|_| true).retry(),
    ] {
        assert!(wanting.wants_body(status));
    }
    for content in [
        plain(),
        plain().or(plain()).and(plain()).except(|_| true),
        on_status([409]).retry(),
    ] {
        assert!(!content.wants_body(status));
    }
}

#[test]
fn a_panic_in_any_part_is_a_panic_of_the_whole_and_nothing_is_retried() {
    let broken = || Classifier::from_fn(|_| panic!("classifier"));
    let retrying = || says(Some(Verdict::retry()));
    let headers = HeaderMap::new();
    let unavailable = Outcome::response(StatusCode::SERVICE_UNAVAILABLE, &headers);
    for whole in [
        broken().or(retrying()),
        broken().and(retrying()),
        retrying().and(broken()),
        says(None).and(broken()),
        Classifier::first_of([broken()]).and(retrying()).or(retrying()),
        retrying().only_if(|_| panic!("predicate")),
        retrying().except(|_| panic!("predicate")),
    ] {
        assert!(catch_unwind(AssertUnwindSafe(|| whole.classify(&unavailable))).is_err());
        let policy = RetryPolicy::builder().classify(whole).build().unwrap();
        assert_eq!(policy.classify(&unavailable), Verdict::fail());
    }
}

async fn behind(faults: impl IntoIterator<Item = Fault>) -> (PaymentApi, FaultProxy) {
    let api = PaymentApi::start().await.unwrap();
    let proxy = FaultProxy::start(api.url()).await.unwrap();
    proxy.play(FaultScript::list(faults));
    (api, proxy)
}

fn client(classifier: Classifier) -> Client {
    let policy = RetryPolicy::builder().classify(classifier).build().unwrap();
    impatient().0.retry(policy).build().unwrap()
}

#[tokio::test]
async fn a_combination_decides_over_a_socket_as_in_memory() {
    // What the table alone would accept (409, 425) is retried; what it would retry (502) is final from the third on.
    let combined = || {
        let busy = on_status([409, 425]).retry();
        let late = on_status([502]).fail().except(|outcome| outcome.attempt() < 3);
        busy.or(late)
    };
    let (api, proxy) = behind([409, 425, 502].map(Fault::answer)).await;
    let error = limit(
        client(combined())
            .post(proxy.endpoint("/v1/charges"))
            .body("amount=100")
            .send(),
    )
    .await
    .unwrap_err();
    assert_eq!((proxy.passages().len(), api.totals().effects()), (3, 0));
    assert_eq!(error.receipt().unwrap().stop(), StopReason::Rejected);
    assert!(
        error.to_string().contains("a classifier called it a failure for good"),
        "{error}"
    );

    let (api, proxy) = behind([502, 409].map(Fault::answer)).await;
    let response = limit(
        client(combined())
            .post(proxy.endpoint("/v1/charges"))
            .body("amount=100")
            .send(),
    )
    .await
    .unwrap();
    assert_eq!((response.status().as_u16(), proxy.passages().len()), (200, 3));
    assert_eq!((api.arrivals(), api.totals().effects()), (1, 1));
}

#[tokio::test]
async fn a_body_decides_over_a_socket_and_stays_readable() {
    let with_body = |body: &str| Fault::Answer {
        status: 409,
        headers: Vec::new(),
        body: body.into(),
    };
    let locked = || {
        on_status([409])
            .and(on_body(|body| body.starts_with(b"locked")))
            .retry()
    };
    let (api, proxy) = behind([with_body("locked by another"), with_body("sold out")]).await;
    let response = limit(
        client(locked())
            .post(proxy.endpoint("/v1/charges"))
            .body("amount=100")
            .send(),
    )
    .await
    .unwrap();
    assert_eq!(
        (response.status().as_u16(), proxy.passages().len(), api.arrivals()),
        (409, 2, 0)
    );
    assert_eq!(response.text().await.unwrap(), "sold out");
}

#[tokio::test]
async fn no_combination_repeats_blindly_but_by_the_word_for_it() {
    let retrying = || on_status([429]).retry();
    let claiming = || on_status([429]).means(Verdict::retry_untouched());
    for (classifier, arrivals) in [
        (retrying().or(claiming()), 1),
        (retrying().and(claiming()), 1),
        (claiming().and(retrying()), 1),
        (claiming().only_if(|_| false).or(retrying()), 1),
        (claiming().and(claiming()), 2),
        (on_status([425]).retry().or(claiming()), 2),
    ] {
        let (api, proxy) = behind([Fault::answer(429)]).await;
        let request = client(classifier)
            .post(proxy.endpoint("/v1/charges"))
            .key_support(KeySupport::Ignored);
        let result = limit(request.body("amount=100").send()).await;
        assert_eq!(proxy.passages().len(), arrivals);
        assert_eq!(api.totals().effects(), arrivals - 1);
        if arrivals == 1 {
            let stop = result.unwrap_err().receipt().unwrap().stop();
            assert_eq!(stop, StopReason::NotReplayable(NotReplayable::KeyIgnored));
        }
    }
}
