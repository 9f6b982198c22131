use layered::{Service, Stack};
use reqwest::{Client, Request, Response};
use seatbelt::breaker::Breaker;
use seatbelt::retry::Retry;
use seatbelt::timeout::Timeout;
use seatbelt::{RecoveryInfo, ResilienceContext};
use tick::Clock;

use super::{
    ATTEMPT_TIMEOUT, BoxError, Contender, FIRST_WAIT, Failed, LONGEST_WAIT, Protocol, RETRIES, Target, http, key, keyed,
};

/// `seatbelt`: retry over its breaker over its timeout over reqwest, the order that its documentation recommends.
pub struct Seatbelt {
    client: Client,
    service: Retry<Request, Sent, Guarded>,
}

type Sent = Result<Response, Failed>;
type Guarded = Breaker<Request, Sent, Timeout<Request, Sent, Sending>>;

struct Sending(Client);

impl Service<Request> for Sending {
    type Out = Sent;

    async fn execute(&self, request: Request) -> Sent {
        self.0.execute(request).await.map_err(|error| Failed(error.into()))
    }
}

impl Contender for Seatbelt {
    fn new(protocol: Protocol) -> Result<Self, BoxError> {
        let client = http(protocol).build()?;
        let context = ResilienceContext::new(Clock::new_tokio());
        let service = (
            Retry::layer("retry", &context)
                .clone_input_with(|request: &mut Request, _| request.try_clone())
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
            Sending(client.clone()),
        )
            .into_service();
        Ok(Self { client, service })
    }

    async fn send(&self, target: &Target) -> Result<Response, BoxError> {
        let request = keyed(&self.client, target, &key()).build()?;
        Ok(self.service.execute(request).await?)
    }
}

fn recovery(sent: &Sent) -> RecoveryInfo {
    match sent {
        Ok(response) if !response.status().is_server_error() => RecoveryInfo::never(),
        _ => RecoveryInfo::retry(),
    }
}
