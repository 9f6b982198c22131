//! Rows of a conformance table, run over real sockets: a payment API, and a proxy before it that answers in its place.

use std::ops::RangeInclusive;
use std::time::Duration;

use http::Method;
use steadfast::budget::RetryBudget;
use steadfast::testing::FaultProxy;
use steadfast::testing::fault_proxy::{Fault, FaultScript, Point};
use steadfast::testing::payment_api::{PaymentApi, Profile, Turn};
use steadfast::{Client, Clock, Effect, Preset, Problem, Receipt, Replay, ResponseExt, RetryPolicy, StopReason};

/// What one operation meets, and what must come of it. Each row names the source of the fact that it shows.
pub(crate) struct Row {
    what: &'static str,
    source: &'static str,
    method: Method,
    path: &'static str,
    key: Option<String>,
    body: String,
    faults: Vec<Fault>,
    turns: Vec<Turn>,
    replay: Replay,
    attempt_timeout: Duration,
    retry_after_limit: Option<Duration>,
    expected: Expected,
}

struct Expected {
    end: End,
    waits: Vec<RangeInclusive<f64>>,
    effect: Effect,
    problem: Option<Problem>,
    effects: Option<usize>,
    duplicates: u32,
    ids: Option<usize>,
}

#[derive(Debug, PartialEq)]
enum End {
    Ok(u16),
    Err(StopReason),
}

/// The first wait of the default backoff, and the second.
pub(crate) const FIRST: RangeInclusive<f64> = 1.0..=1.25;
pub(crate) const SECOND: RangeInclusive<f64> = 2.0..=2.5;

pub(crate) fn row(what: &'static str, source: &'static str) -> Row {
    Row {
        what,
        source,
        method: Method::POST,
        path: "/v1/charges",
        key: None,
        body: r#"{"amount":100}"#.to_owned(),
        faults: Vec::new(),
        turns: Vec::new(),
        replay: Replay::WhenUntouched,
        attempt_timeout: Duration::from_secs(20),
        retry_after_limit: None,
        expected: Expected {
            end: End::Ok(200),
            waits: Vec::new(),
            effect: Effect::Applied,
            problem: None,
            effects: None,
            duplicates: 0,
            ids: None,
        },
    }
}

impl Row {
    pub(crate) fn method(mut self, method: Method) -> Self {
        self.method = method;
        self
    }

    pub(crate) fn path(mut self, path: &'static str) -> Self {
        self.path = path;
        self
    }

    pub(crate) fn key(mut self, key: &str) -> Self {
        self.key = Some(key.to_owned());
        self
    }

    pub(crate) fn body(mut self, body: &str) -> Self {
        body.clone_into(&mut self.body);
        self
    }

    /// The next attempt gets this answer; the server sees nothing.
    pub(crate) fn answer(mut self, status: u16, headers: &[(&str, &str)], body: &str) -> Self {
        let headers = headers
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        self.faults.push(Fault::Answer {
            status,
            headers: headers.collect(),
            body: body.to_owned(),
        });
        self
    }

    /// The server executes the next attempt, and the answer is lost.
    pub(crate) fn lost(mut self) -> Self {
        self.faults.push(Fault::lost_response());
        self
    }

    /// The server executes the next attempt, and its answer does not come in time.
    pub(crate) fn late(mut self) -> Self {
        self.faults.push(Fault::Stall {
            at: Point::AfterExecution,
        });
        self.attempt_timeout = Duration::from_millis(400);
        self
    }

    /// The next attempt reaches the server.
    pub(crate) fn pass(mut self) -> Self {
        self.faults.push(Fault::Pass);
        self
    }

    pub(crate) fn turn(mut self, turn: Turn) -> Self {
        self.turns.push(turn);
        self
    }

    pub(crate) fn at_least_once(mut self) -> Self {
        self.replay = Replay::AtLeastOnce;
        self
    }

    pub(crate) fn waits_up_to(mut self, limit: Duration) -> Self {
        self.retry_after_limit = Some(limit);
        self
    }

    pub(crate) fn ok(mut self, status: u16) -> Self {
        self.expected.end = End::Ok(status);
        self
    }

    pub(crate) fn err(mut self, stop: StopReason) -> Self {
        self.expected.end = End::Err(stop);
        self
    }

    /// One range per wait, in seconds: as many retries.
    pub(crate) fn waits(mut self, waits: impl IntoIterator<Item = RangeInclusive<f64>>) -> Self {
        self.expected.waits = waits.into_iter().collect();
        self
    }

    pub(crate) fn effect(mut self, effect: Effect) -> Self {
        self.expected.effect = effect;
        self
    }

    pub(crate) fn problem(mut self, problem: Problem) -> Self {
        self.expected.problem = Some(problem);
        self
    }

    /// How often the server acted.
    pub(crate) fn acted(mut self, times: usize) -> Self {
        self.expected.effects = Some(times);
        self
    }

    pub(crate) fn duplicates(mut self, count: u32) -> Self {
        self.expected.duplicates = count;
        self
    }

    pub(crate) fn ids(mut self, count: usize) -> Self {
        self.expected.ids = Some(count);
        self
    }

    async fn differences(&self, number: usize, preset: &Preset, api: &PaymentApi, proxy: &FaultProxy) -> Vec<String> {
        let mut policy = RetryPolicy::builder();
        if let Some(limit) = self.retry_after_limit {
            policy = policy.retry_after_limit(limit);
        }
        let mut builder = Client::builder();
        if self.retry_after_limit.is_some() {
            // The preset's own total time limit would end such waits first.
            builder = builder.total_timeout(Duration::from_secs(2 * 86_400));
        }
        let client = builder
            .http(reqwest::Client::builder().no_proxy())
            .retry(policy.build().unwrap())
            .retry_budget(RetryBudget::unlimited())
            .without_circuit_breaker()
            .clock(Clock::skipping())
            .preset(preset.clone())
            .attempt_timeout(self.attempt_timeout)
            .replay(self.replay)
            .build()
            .unwrap();
        for turn in &self.turns {
            api.script(turn.clone());
        }
        proxy.play(FaultScript::list(self.faults.clone()));
        let operation = format!("{}-{number}", preset.name());
        let mut request = client
            .request(self.method.clone(), proxy.endpoint(self.path))
            .header("x-operation-id", &operation)
            .header("content-type", "application/json")
            .body(self.body.clone());
        if let Some(key) = &self.key {
            request = request.idempotency_key(key.as_str());
        }
        let result = request.send().await;
        let (end, receipt) = match &result {
            Ok(response) => (End::Ok(response.status().as_u16()), response.receipt().unwrap()),
            Err(error) => {
                let Some(receipt) = error.receipt() else {
                    return vec![format!("not sent: {error}")];
                };
                let predicates = [error.is_key_in_use(), error.is_key_reused(), error.is_quota_exhausted()];
                let problems = [Problem::KeyInUse, Problem::KeyReused, Problem::QuotaExhausted];
                let told = problems.into_iter().zip(predicates).find(|(_, is)| *is);
                assert_eq!(told.map(|(problem, _)| problem), receipt.problem());
                (End::Err(receipt.stop()), receipt)
            }
        };
        let mut differences = self.compare(&end, receipt, preset);
        let seen = api.operation(&operation);
        if seen.distinct_keys() > 1 {
            differences.push(format!("{} keys", seen.distinct_keys()));
        }
        if let Some(effects) = self.expected.effects
            && seen.effects() != effects
        {
            differences.push(format!("the server acted {} times, not {effects}", seen.effects()));
        }
        differences
    }

    fn compare(&self, end: &End, receipt: &Receipt, preset: &Preset) -> Vec<String> {
        let mut differences = Vec::new();
        let mut differ = |what: &str, got: String, wanted: String| {
            if got != wanted {
                differences.push(format!("{what}: {got}, not {wanted}"));
            }
        };
        let Expected {
            effect,
            problem,
            duplicates,
            ..
        } = &self.expected;
        differ("end", format!("{end:?}"), format!("{:?}", self.expected.end));
        differ("effect", receipt.effect().to_string(), effect.to_string());
        differ("problem", format!("{:?}", receipt.problem()), format!("{problem:?}"));
        differ(
            "duplicates",
            receipt.possible_duplicates().to_string(),
            duplicates.to_string(),
        );
        differ(
            "preset",
            format!("{:?}", receipt.preset()),
            format!("{:?}", Some(preset.name())),
        );
        if let Some(ids) = self.expected.ids {
            differ(
                "request ids",
                receipt.request_ids().count().to_string(),
                ids.to_string(),
            );
        }
        let waits: Vec<f64> = receipt
            .attempts()
            .iter()
            .filter_map(|attempt| Some(attempt.wait()?.as_secs_f64()))
            .collect();
        let expected = &self.expected.waits;
        let fit = waits.len() == expected.len() && waits.iter().zip(expected).all(|(wait, range)| range.contains(wait));
        differ("waits", format!("{waits:?} {fit}"), format!("{waits:?} true"));
        if !fit {
            differences.push(format!("  expected waits {expected:?}"));
        }
        differences
    }
}

/// Runs the rows one after another, each with a client of its own, and tells all that differ.
pub(crate) async fn run(preset: &Preset, profile: Profile, least: usize, rows: Vec<Row>) {
    assert!(rows.len() >= least, "{} rows, at least {least} wanted", rows.len());
    let api = PaymentApi::builder().profile(profile).start().await.unwrap();
    let proxy = FaultProxy::start(api.url()).await.unwrap();
    let preset = preset.to_builder().origin(proxy.url()).build().unwrap();
    let mut failures = Vec::new();
    for (number, row) in rows.iter().enumerate() {
        let differences = row.differences(number, &preset, &api, &proxy).await;
        if !differences.is_empty() {
            failures.push(format!(
                "{} ({})\n    {}",
                row.what,
                row.source,
                differences.join("\n    ")
            ));
        }
    }
    assert!(
        failures.is_empty(),
        "{} of {} rows differ:\n{}",
        failures.len(),
        rows.len(),
        failures.join("\n")
    );
}
