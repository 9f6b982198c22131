use http::header::CONTENT_TYPE;
use reqwest::Response;
use steadfast::Client;

use super::{BoxError, Contender, Protocol, Target, http};

/// steadfast with its defaults: key, policy, budget, breaker, timeouts and receipt.
pub struct Steadfast(Client);

impl Contender for Steadfast {
    fn new(protocol: Protocol) -> Result<Self, BoxError> {
        Ok(Self(Client::builder().http(http(protocol)).build()?))
    }

    async fn send(&self, target: &Target) -> Result<Response, BoxError> {
        let request = self.0.post(&*target.url).header(CONTENT_TYPE, "application/json");
        Ok(request.body(target.body.clone()).send().await?)
    }
}
