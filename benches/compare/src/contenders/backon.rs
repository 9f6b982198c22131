use backon::{ExponentialBuilder, Retryable};
use failsafe::futures::CircuitBreaker;
use recloser::{AsyncRecloser, Recloser};
use reqwest::{Client, Response};
use tokio::time::timeout;

use super::{
    ATTEMPT_TIMEOUT, BoxError, Contender, FIRST_WAIT, LONGEST_WAIT, Protocol, RETRIES, Target, http, key, keyed,
};

/// `backon` around `recloser` around a request with a timeout.
pub struct BackonRecloser {
    client: Client,
    breaker: AsyncRecloser,
}

/// `backon` around `failsafe` around a request with a timeout.
pub struct BackonFailsafe {
    client: Client,
    breaker: failsafe::StateMachine<FailsafePolicy, ()>,
}

type FailsafePolicy = failsafe::failure_policy::OrElse<
    failsafe::failure_policy::SuccessRateOverTimeWindow<failsafe::backoff::EqualJittered>,
    failsafe::failure_policy::ConsecutiveFailures<failsafe::backoff::EqualJittered>,
>;

impl Contender for BackonRecloser {
    fn new(protocol: Protocol) -> Result<Self, BoxError> {
        Ok(Self {
            client: http(protocol).build()?,
            breaker: Recloser::custom().build().into(),
        })
    }

    async fn send(&self, target: &Target) -> Result<Response, BoxError> {
        let key = key();
        let attempt = || self.breaker.call(attempt(&self.client, target, &key));
        let sent = attempt
            .retry(waits())
            .when(|error| matches!(error, recloser::Error::Inner(_)));
        sent.await.map_err(|error| match error {
            recloser::Error::Inner(error) => error,
            recloser::Error::Rejected => "the circuit is open".into(),
        })
    }
}

impl Contender for BackonFailsafe {
    fn new(protocol: Protocol) -> Result<Self, BoxError> {
        Ok(Self {
            client: http(protocol).build()?,
            breaker: failsafe::Config::new().build(),
        })
    }

    async fn send(&self, target: &Target) -> Result<Response, BoxError> {
        let key = key();
        let attempt = || self.breaker.call(attempt(&self.client, target, &key));
        let sent = attempt
            .retry(waits())
            .when(|error| matches!(error, failsafe::Error::Inner(_)));
        sent.await.map_err(|error| match error {
            failsafe::Error::Inner(error) => error,
            failsafe::Error::Rejected => "the circuit is open".into(),
        })
    }
}

async fn attempt(client: &Client, target: &Target, key: &str) -> Result<Response, BoxError> {
    let response = timeout(ATTEMPT_TIMEOUT, keyed(client, target, key).send()).await??;
    if response.status().is_server_error() {
        return Err("the server failed".into());
    }
    Ok(response)
}

fn waits() -> ExponentialBuilder {
    ExponentialBuilder::default()
        .with_min_delay(FIRST_WAIT)
        .with_max_delay(LONGEST_WAIT)
        .with_max_times(RETRIES as usize)
        .with_jitter()
}
