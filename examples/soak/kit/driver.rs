//! Who does the orders: steadfast, or in tests a client with a bug.

use std::error::Error as _;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use steadfast::{Effect, Error, Receipt, RequestBuilder, ResponseExt};

use super::history::{AttemptRecord, End, Record};
use super::order::{Errand, Order, Reading};
use super::time::{limit, now};
use super::world::{ATTEMPT_TIMEOUT, SECRET, World};

/// Does orders.
pub(crate) trait Driver: Send + Sync + 'static {
    /// Does one, and tells it as its caller saw it.
    fn run(&self, order: Order) -> impl Future<Output = Record> + Send;
}

/// The crate itself.
pub(crate) struct Steadfast(pub(crate) Arc<World>);

impl Driver for Steadfast {
    async fn run(&self, order: Order) -> Record {
        let began = now();
        let request = self.request(&order);
        let result = match order.leaves_after {
            Some(patience) => limit(patience, request.send()).await,
            None => Some(request.send().await),
        };
        let took = now() - began;
        match result {
            Some(Ok(response)) => self.answered(order, response, took).await,
            Some(Err(error)) => self.failed(order, &error, took),
            None => Record {
                end: End::Left,
                key: order.key.clone(),
                attempts: None,
                effect: Effect::Unknown,
                stop: None,
                possible_duplicates: 0,
                took,
                order,
            },
        }
    }
}

impl Steadfast {
    fn request(&self, order: &Order) -> RequestBuilder {
        let client = self.0.client(order);
        let url = self.0.url(order);
        let mut request = match order.errand {
            Errand::Look => client.get(url),
            Errand::Charge | Errand::ChargeInTime(_) => client.post(url).body(order.body()),
        };
        if let (Some(key), true) = (&order.key, order.errand != Errand::Look) {
            request = request.idempotency_key(key.as_str());
        }
        if let Errand::ChargeInTime(limit) = order.errand {
            request = request.total_timeout(limit);
        }
        if order.reading == Reading::Buffered {
            request = request.buffer(64 * 1024);
        }
        let request = request.header("x-operation-id", &order.id).bearer_auth(SECRET);
        self.0.ears.hear("a request", &format!("{request:?}"));
        request
    }

    async fn answered(&self, order: Order, response: reqwest::Response, took: Duration) -> Record {
        let status = response.status().as_u16();
        let receipt = response.receipt().cloned().expect("every response has its receipt");
        if order.reading == Reading::Later {
            // Cut or stalled: the head has said all.
            let _ = limit(ATTEMPT_TIMEOUT, response.bytes()).await;
        }
        self.told(order, End::Answer(status), &receipt, took)
    }

    fn failed(&self, order: Order, error: &Error, took: Duration) -> Record {
        self.0.ears.hear_forms("an error", error);
        let mut source = error.source();
        while let Some(cause) = source {
            self.0.ears.hear_forms("the cause of an error", &cause);
            source = cause.source();
        }
        let receipt = error.receipt().expect("a request that could be built has a receipt");
        self.told(order, End::Failure, receipt, took)
    }

    fn told(&self, order: Order, end: End, receipt: &Receipt, took: Duration) -> Record {
        self.0.ears.hear_forms("a receipt", receipt);
        Record {
            end,
            key: receipt.key().map(|key| key.as_str().to_owned()),
            attempts: Some(receipt.attempts().iter().map(AttemptRecord::of).collect()),
            effect: receipt.effect(),
            stop: Some(receipt.stop()),
            possible_duplicates: receipt.possible_duplicates(),
            took,
            order,
        }
    }
}
