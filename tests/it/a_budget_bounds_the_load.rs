//! However many operations there are, their retries are no more than what there was and what was earned, per origin.
#![expect(clippy::float_cmp, reason = "a balance is counted in thousandths, not rounded")]

use std::sync::Mutex;

use http::StatusCode;
use steadfast::ResponseExt;
use steadfast::budget::RetryBudget;
use steadfast::testing::{Script, Step};

use crate::support_guards::{A, B, balance, by_path, starting_with, unbroken};
use crate::support_time::paused;

#[test]
fn clones_of_a_budget_share_it_between_clients_and_a_clone_of_a_client_has_the_same() {
    let (budget, script) = (starting_with(2.0), Script::from_fn(by_path));
    let [first, second] = [(); 2].map(|()| unbroken(&script).retry_budget(budget.clone()).build().unwrap());
    paused(async {
        let url = format!("{A}/down");
        assert!(first.get(&url).send().await.unwrap_err().is_budget_exhausted());
        let error = second.clone().get(&url).send().await.unwrap_err();
        assert!(error.is_budget_exhausted());
        assert_eq!(
            (error.receipt().unwrap().attempts().len(), balance(&first, A)),
            (1, 0.0)
        );
    });
}

#[test]
fn an_outage_of_one_origin_spends_nothing_of_another() {
    let script = Script::from_fn(|arrival| match arrival.url.host_str() {
        Some("a.example") => Step::status(StatusCode::BAD_GATEWAY),
        _ => Step::status(StatusCode::OK),
    });
    let client = unbroken(&script).build().unwrap();
    paused(async {
        for _ in 0..20 {
            assert!(client.get(A).send().await.is_err());
        }
        assert_eq!((balance(&client, A), balance(&client, B)), (0.0, 5.0));
        // Another port is another origin.
        assert_eq!(balance(&client, "https://a.example:8443"), 5.0);
    });
}

#[test]
fn an_unlimited_budget_pays_for_all_attempts() {
    let script = Script::from_fn(by_path);
    let client = unbroken(&script)
        .retry_budget(RetryBudget::unlimited())
        .build()
        .unwrap();
    paused(async {
        for _ in 0..20 {
            let error = client.get(format!("{A}/down")).send().await.unwrap_err();
            assert!(error.is_attempts_exhausted());
        }
    });
    assert_eq!(script.arrivals().len(), 100);
    assert!(balance(&client, A).is_infinite());
}

/// Invariant: retries ≤ what was there + what was earned, whatever fails and however many operations run at once.
#[test]
fn retries_never_exceed_what_was_there_and_what_was_earned() {
    for (failing, at_once) in [(100, 1), (100, 50), (30, 50), (60, 10), (5, 50)] {
        let draw = Mutex::new(0_u64);
        let script = Script::from_fn(move |_| {
            let mut drawn = draw.lock().unwrap();
            *drawn = drawn
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            if *drawn >> 33 < failing * (1 << 31) / 100 {
                Step::status(StatusCode::SERVICE_UNAVAILABLE)
            } else {
                Step::status(StatusCode::OK)
            }
        });
        let client = unbroken(&script).build().unwrap();
        let (mut first_tries, mut after_retrying) = (0_u32, 0_u32);
        let operations = 3_000;
        paused(async {
            for _ in 0..operations / at_once {
                let batch: Vec<_> = (0..at_once).map(|_| tokio::spawn(client.get(A).send())).collect();
                for operation in batch {
                    match operation.await.unwrap() {
                        Ok(response) if response.receipt().unwrap().attempts().len() == 1 => first_tries += 1,
                        Ok(_) => after_retrying += 1,
                        Err(error) => assert!(!error.is_circuit_open()),
                    }
                }
            }
        });
        let retries = script.arrivals().len() - operations;
        let means = 5.0 + 0.1 * f64::from(first_tries) + f64::from(after_retrying);
        assert!(
            f64::from(u32::try_from(retries).unwrap()) <= means + 1e-9,
            "{failing} %: {retries} retries of {means}"
        );
        assert!((0.0..=10.0).contains(&balance(&client, A)));
        if failing == 100 {
            assert_eq!(
                retries, 5,
                "an outage is met with what was there, not with 12,000 retries"
            );
        }
    }
}
