//! The decisions alone, driving a blocking client that is not ours: ureq, in a thread without a runtime.
//!
//! Run it with `cargo run --example ureq`. It needs no network beyond 127.0.0.1. A payment server deduplicates by key, and
//! a proxy before it loses its answers; the example exits with a failure if an order took effect twice or not at all.
#![expect(clippy::disallowed_methods, reason = "time and waits are the driver's own")]
#![expect(clippy::print_stdout, reason = "an example tells what it does")]

mod failure;
mod far_side;

use std::error::Error;
use std::process::ExitCode;
use std::thread;
use std::time::{Duration, Instant};

use steadfast::breaker::CircuitBreaker;
use steadfast::budget::RetryBudget;
use steadfast::drive::Operation;
use steadfast::reqwest::Method;
use steadfast::retry::{Decision, ReplaySafety};
use steadfast::{Backoff, Failure, IdempotencyKey, KeySupport, Origin, Outcome, RetryPolicy, StopReason};

use far_side::FarSide;

type Reply = Result<http::Response<ureq::Body>, Failure>;

/// What operations share.
struct Payments {
    agent: ureq::Agent,
    policy: RetryPolicy,
    breaker: CircuitBreaker,
    budget: RetryBudget,
    origin: Origin,
    url: String,
}

impl Payments {
    fn new(url: String) -> Result<Self, Box<dyn Error>> {
        let agent = ureq::Agent::config_builder()
            // A status is an outcome, and redirects are not followed unseen.
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .build()
            .new_agent();
        Ok(Self {
            agent,
            // A real service wants the defaults: 1, 2, 4 and 8 s.
            policy: RetryPolicy::builder()
                .backoff(Backoff::exponential(Duration::from_millis(20)))
                .build()?,
            breaker: CircuitBreaker::default(),
            budget: RetryBudget::default(),
            origin: url.parse()?,
            url,
        })
    }

    /// Charges one order under one key: the whole loop.
    fn charge(&self, order: &str) -> StopReason {
        // Derived from the order: the same in every attempt, and after a crash.
        let key = IdempotencyKey::derive(["charge", order]);
        let safety = ReplaySafety::of_method(&Method::POST).with_key(KeySupport::Honored);
        let started = Instant::now();
        let mut operation = Operation::new(&self.policy, safety, &self.origin, started)
            .with_deadline(started + Duration::from_secs(10))
            .with_circuit_breaker(self.breaker.clone())
            .with_retry_budget(self.budget.clone());
        loop {
            let leave = match operation.begin(Instant::now()) {
                Ok(leave) => leave,
                Err(stop) => return stop,
            };
            let number = leave.number();
            let reply = self.send(&key, leave.time_left());
            let decision = leave.ended(&outcome(&reply), Instant::now(), rand::random());
            let told = match &reply {
                Ok(response) => response.status().to_string(),
                Err(failure) => failure.to_string(),
            };
            println!(
                "  {order} attempt {number} under #{}: {told} -> {decision:?}",
                key.fingerprint()
            );
            match decision {
                Decision::RetryAfter(wait) => thread::sleep(wait),
                Decision::Stop(stop) => {
                    println!("  {order} is over: {stop}; effect: {}", operation.effect());
                    return stop;
                }
            }
        }
    }

    fn send(&self, key: &IdempotencyKey, time_left: Option<Duration>) -> Reply {
        let limit = time_left.unwrap_or(ATTEMPT_TIMEOUT).min(ATTEMPT_TIMEOUT);
        self.agent
            .post(&self.url)
            .config()
            .timeout_global(Some(limit))
            .build()
            .header("idempotency-key", key.as_str())
            .content_type("application/x-www-form-urlencoded")
            .send("amount=1995&currency=usd")
            .map_err(failure::of)
    }
}

/// What the core is told of a reply; a replay is told apart, for a stored failure is not worth repeating.
fn outcome(reply: &Reply) -> Outcome<'_> {
    match reply {
        Ok(response) => {
            let outcome = Outcome::response(response.status(), response.headers());
            if response.headers().contains_key("idempotent-replayed") {
                outcome.as_replayed()
            } else {
                outcome
            }
        }
        Err(failure) => Outcome::failure(failure),
    }
}

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let far_side = FarSide::start()?;
    let payments = Payments::new(far_side.endpoint("/v1/charges"))?;
    let mut sound = true;
    for order in ["order-1", "order-2", "order-3"] {
        let stop = payments.charge(order);
        let effects = far_side.effects(&IdempotencyKey::derive(["charge", order]));
        println!("  {order} took effect {effects} times at the server\n");
        sound &= stop == StopReason::Accepted && effects == 1;
    }
    println!(
        "{} attempts reached the proxy, {} the server",
        far_side.attempts(),
        far_side.arrivals()
    );
    // Without faults on the way it would prove nothing.
    sound &= far_side.attempts() > 3;
    Ok(if sound { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// How long one attempt may take; a real service wants more.
const ATTEMPT_TIMEOUT: Duration = Duration::from_millis(500);
