use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;
use reqwest::{Client, Request, Response};
use tower::timeout::Timeout;
use tower::timeout::future::ResponseFuture;
use tower::{Service, ServiceBuilder, ServiceExt};
use tower_resilience::circuitbreaker::{CircuitBreaker, CircuitBreakerError, CircuitBreakerLayer, FailureClassifier};
use tower_resilience::retry::{ExponentialRandomBackoff, Retry, RetryLayer};

use super::{
    ATTEMPT_TIMEOUT, ATTEMPTS, BoxError, Contender, FIRST_WAIT, Failed, LONGEST_WAIT, Protocol, Target, http, key,
    keyed,
};

/// `tower-resilience`: retry over its circuit breaker over `tower::timeout` over reqwest.
///
/// Its input is what the request is made of, since that is cheaper to clone than a `reqwest::Request`.
pub struct TowerResilience(Retry<Guarded, Order, Response, CircuitBreakerError<Failed>>);

type Guarded = CircuitBreaker<Sending, ServerErrors>;

#[derive(Clone)]
struct Order {
    target: Target,
    key: String,
}

/// reqwest with a timeout, taking an order and naming its error.
#[derive(Clone)]
struct Sending {
    client: Client,
    timeout: Timeout<Client>,
}

impl Service<Order> for Sending {
    type Response = Response;
    type Error = Failed;
    type Future = Sent;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Failed>> {
        self.timeout.poll_ready(context).map_err(Failed)
    }

    fn call(&mut self, order: Order) -> Sent {
        let request = keyed(&self.client, &order.target, &order.key).build();
        Sent {
            inner: self.timeout.call(request.expect("the URL is one")),
        }
    }
}

pin_project! {
    struct Sent {
        #[pin]
        inner: ResponseFuture<<Client as Service<Request>>::Future>,
    }
}

impl Future for Sent {
    type Output = Result<Response, Failed>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        self.project().inner.poll(context).map_err(Failed)
    }
}

#[derive(Clone)]
struct ServerErrors;

impl FailureClassifier<Response, Failed> for ServerErrors {
    fn classify(&self, result: &Result<Response, Failed>) -> bool {
        result
            .as_ref()
            .map_or(true, |response| response.status().is_server_error())
    }
}

impl Contender for TowerResilience {
    fn new(protocol: Protocol) -> Result<Self, BoxError> {
        let client = http(protocol).build()?;
        let retry = RetryLayer::builder()
            .max_attempts(ATTEMPTS as usize)
            .backoff(ExponentialRandomBackoff::new(FIRST_WAIT, 0.25)?.max_interval(LONGEST_WAIT))
            .retry_on_response(|response: &Response| response.status().is_server_error())
            .build();
        let breaker = CircuitBreakerLayer::builder()
            .failure_classifier_type(ServerErrors)
            .build()?;
        let service = ServiceBuilder::new().layer(retry).layer(breaker).service(Sending {
            timeout: Timeout::new(client.clone(), ATTEMPT_TIMEOUT),
            client,
        });
        Ok(Self(service))
    }

    async fn send(&self, target: &Target) -> Result<Response, BoxError> {
        let order = Order {
            target: target.clone(),
            key: key(),
        };
        Ok(self.0.clone().oneshot(order).await?)
    }
}
