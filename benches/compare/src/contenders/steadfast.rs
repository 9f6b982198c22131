use http::header::CONTENT_TYPE;
use reqwest::Response;
use steadfast::breaker::CircuitBreaker;
use steadfast::budget::RetryBudget;
use steadfast::{Delivery, Failure, FailureKind, IdempotencyKey, Outcome, RetryPolicy};

use super::{ATTEMPT_TIMEOUT, BoxError, Contender, Protocol, Target, http, keyed};

/// steadfast with its defaults: key, policy, budget, breaker, timeouts and receipt.
pub struct Steadfast(steadfast::Client);

/// steadfast's policy, budget and breaker around a request that reqwest makes: what the peers' users have, and no receipt.
pub struct SteadfastRun {
    client: reqwest::Client,
    policy: RetryPolicy,
    breaker: CircuitBreaker,
    budget: RetryBudget,
}

impl Contender for Steadfast {
    fn new(protocol: Protocol) -> Result<Self, BoxError> {
        Ok(Self(steadfast::Client::builder().http(http(protocol)).build()?))
    }

    async fn send(&self, target: &Target) -> Result<Response, BoxError> {
        let request = self.0.post(&*target.url).header(CONTENT_TYPE, "application/json");
        Ok(request.body(target.body.clone()).send().await?)
    }
}

impl Contender for SteadfastRun {
    fn new(protocol: Protocol) -> Result<Self, BoxError> {
        Ok(Self {
            client: http(protocol).build()?,
            policy: RetryPolicy::default(),
            breaker: CircuitBreaker::default(),
            budget: RetryBudget::default(),
        })
    }

    async fn send(&self, target: &Target) -> Result<Response, BoxError> {
        let key = IdempotencyKey::random();
        let attempt = async |_| keyed(&self.client, target, key.as_str()).send().await.map_err(lost);
        let run = self.policy.run(attempt).as_http(outcome);
        let run = run.attempt_timeout(ATTEMPT_TIMEOUT);
        let run = run.circuit_breaker(&self.breaker).retry_budget(&self.budget);
        Ok(run.await?)
    }
}

fn outcome(result: &Result<Response, Failure>) -> Outcome<'_> {
    match result {
        Ok(response) => Outcome::response(response.status(), response.headers()),
        Err(failure) => Outcome::failure(failure),
    }
}

fn lost(error: reqwest::Error) -> Failure {
    Failure::new(FailureKind::ConnectionLost, Delivery::Unknown).caused_by(error)
}
