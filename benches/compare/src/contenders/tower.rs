use reqwest::{Client, Request, Response};
use tokio::time::{Sleep, sleep};
use tower::retry::{Policy, Retry};
use tower::timeout::Timeout;
use tower::{ServiceBuilder, ServiceExt};

use super::{ATTEMPT_TIMEOUT, BoxError, Contender, Protocol, RETRIES, Target, http, key, keyed, wait};

/// `tower::retry` over `tower::timeout` over reqwest.
pub struct Tower {
    client: Client,
    service: Retry<Again, Timeout<Client>>,
}

/// A policy as tower's documentation shows it: a count, and a wait.
#[derive(Clone)]
struct Again {
    left: u32,
}

impl Policy<Request, Response, BoxError> for Again {
    type Future = Sleep;

    fn retry(&mut self, _request: &mut Request, result: &mut Result<Response, BoxError>) -> Option<Sleep> {
        if result
            .as_ref()
            .is_ok_and(|response| !response.status().is_server_error())
        {
            return None;
        }
        self.left = self.left.checked_sub(1)?;
        Some(sleep(wait(RETRIES - 1 - self.left)))
    }

    fn clone_request(&mut self, request: &Request) -> Option<Request> {
        request.try_clone()
    }
}

impl Contender for Tower {
    fn new(protocol: Protocol) -> Result<Self, BoxError> {
        let client = http(protocol).build()?;
        let service = ServiceBuilder::new()
            .retry(Again { left: RETRIES })
            .timeout(ATTEMPT_TIMEOUT)
            .service(client.clone());
        Ok(Self { client, service })
    }

    async fn send(&self, target: &Target) -> Result<Response, BoxError> {
        let request = keyed(&self.client, target, &key()).build()?;
        self.service.clone().oneshot(request).await
    }
}
