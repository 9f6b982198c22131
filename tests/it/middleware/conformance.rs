//! The table that every driver plays, played by a chain: none of its rows is left out.

use http::Extensions;
use reqwest::{Request, Response, ResponseBuilderExt};
use reqwest_middleware::{Error, Middleware, Next};
use steadfast::middleware::{ErrorExt, PerRequest, Resilience};
use steadfast::{Client, Clock, IdempotencyKey, ResponseExt};

use super::bare;
use crate::conformance::{Again, Keyed, Row, Seen, Server, Subject, check};
use crate::support::one_shot;
use crate::support_guards::{A, origin};
use crate::support_time::paused;

struct InAChain;

impl Subject for InAChain {
    fn play(&self, row: &Row, server: &Server) -> Seen {
        paused(async {
            let client = bare().with(resilience(row)).with(Far(server.clone())).build();
            let mut own = PerRequest::new().replay(row.replay());
            if row.again == Again::Never {
                own = own.send_once();
            }
            if let Some(key) = row.key() {
                own = own.idempotency_key(IdempotencyKey::new(key).unwrap());
            }
            if let Some(limit) = row.total_timeout {
                own = own.total_timeout(limit);
            }
            let mut request = client.request(row.method.clone(), A).with_extension(own);
            if row.again == Again::BodyGone {
                request = request.body(one_shot("amount=100"));
            }
            match request.send().await {
                Ok(response) => Seen::of(response.receipt().unwrap()),
                Err(error) => Seen::of(error.operation_error().unwrap().receipt().unwrap()),
            }
        })
    }
}

fn resilience(row: &Row) -> Resilience {
    let mut builder = Client::builder()
        .retry(row.policy())
        .attempt_timeout(row.attempt_timeout)
        .key_support(row.key_support())
        .circuit_breaker(row.breaker(&origin(A), Clock::system().now()))
        .retry_budget(row.budget());
    if row.keyed == Keyed::Without {
        builder = builder.key_methods([]);
    }
    if let Some(lifetime) = row.key_lifetime {
        builder = builder.key_lifetime(lifetime);
    }
    Resilience::from_builder(builder).unwrap()
}

/// The far side, as the chain's last middleware.
struct Far(Server);

#[async_trait::async_trait]
impl Middleware for Far {
    async fn handle(&self, request: Request, _: &mut Extensions, _: Next<'_>) -> reqwest_middleware::Result<Response> {
        let key = request.headers().get("idempotency-key");
        let answer = self.0.arrive(key.map(|key| key.to_str().unwrap()));
        let (parts, ()) = answer.arrive().await.map_err(Error::middleware)?.into_parts();
        let mut response = http::Response::builder()
            .status(parts.status)
            .url(request.url().clone())
            .body("")
            .unwrap();
        *response.headers_mut() = parts.headers;
        Ok(response.into())
    }
}

#[test]
fn the_chain_does_as_the_table_says() {
    check(&InAChain);
}
