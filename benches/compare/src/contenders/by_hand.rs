use reqwest::{Client, Response};
use tokio::time::{sleep, timeout};

use super::{ATTEMPT_TIMEOUT, ATTEMPTS, BoxError, Contender, Protocol, Target, http, key, keyed, wait};

/// The loop that people write: one key, five attempts, backoff with jitter, no breaker and no budget.
pub struct ByHand(Client);

impl Contender for ByHand {
    fn new(protocol: Protocol) -> Result<Self, BoxError> {
        Ok(Self(http(protocol).build()?))
    }

    async fn send(&self, target: &Target) -> Result<Response, BoxError> {
        let key = key();
        for attempt in 1.. {
            let last = attempt == ATTEMPTS;
            match timeout(ATTEMPT_TIMEOUT, keyed(&self.0, target, &key).send()).await {
                Ok(Ok(response)) if last || !response.status().is_server_error() => return Ok(response),
                Ok(Err(error)) if last => return Err(error.into()),
                Err(elapsed) if last => return Err(elapsed.into()),
                _ => {}
            }
            sleep(wait(attempt - 1)).await;
        }
        unreachable!("the last attempt returns")
    }
}
