use layered::{Service, Stack};
use reqwest::{Client, Response};
use seatbelt::breaker::Breaker;
use seatbelt::retry::Retry;
use seatbelt::timeout::Timeout;
use seatbelt::{RecoveryInfo, ResilienceContext};
use tick::Clock;

use super::{
    ATTEMPT_TIMEOUT, BoxError, Contender, FIRST_WAIT, Failed, LONGEST_WAIT, Protocol, RETRIES, Target, http, key, keyed,
};

/// `seatbelt`: retry over its breaker over its timeout over reqwest, the order that its documentation recommends.
///
/// Its input is what the request is made of, since that is cheaper to clone than a `reqwest::Request`.
pub struct Seatbelt(Retry<Order, Sent, Guarded>);

type Sent = Result<Response, Failed>;
type Guarded = Breaker<Order, Sent, Timeout<Order, Sent, Sending>>;

#[derive(Clone)]
struct Order {
    target: Target,
    key: String,
}

struct Sending(Client);

impl Service<Order> for Sending {
    type Out = Sent;

    async fn execute(&self, order: Order) -> Sent {
        let sent = keyed(&self.0, &order.target, &order.key).send().await;
        sent.map_err(|error| Failed(error.into()))
    }
}

impl Contender for Seatbelt {
    fn new(protocol: Protocol) -> Result<Self, BoxError> {
        let client = http(protocol).build()?;
        let context = ResilienceContext::new(Clock::new_tokio());
        let service = (
            Retry::layer("retry", &context)
                .clone_input()
                .recovery_with(|sent, _| recovery(sent))
                .max_retry_attempts(RETRIES)
                .base_delay(FIRST_WAIT)
                .max_delay(LONGEST_WAIT),
            Breaker::layer("breaker", &context)
                .recovery_with(|sent, _| recovery(sent))
                .rejected_input_error(|_, _| Failed("the circuit is open".into())),
            Timeout::layer("timeout", &context)
                .timeout_error(|_| Failed("no response in time".into()))
                .timeout(ATTEMPT_TIMEOUT),
            Sending(client),
        )
            .into_service();
        Ok(Self(service))
    }

    async fn send(&self, target: &Target) -> Result<Response, BoxError> {
        let order = Order {
            target: target.clone(),
            key: key(),
        };
        Ok(self.0.execute(order).await?)
    }
}

fn recovery(sent: &Sent) -> RecoveryInfo {
    match sent {
        Ok(response) if !response.status().is_server_error() => RecoveryInfo::never(),
        _ => RecoveryInfo::retry(),
    }
}
