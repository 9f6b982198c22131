//! A policy around any function: what results mean, what limits hold, what is told, and what leaks.

mod ends;
mod leaks;
mod limits;
mod meaning;
mod over_a_socket;
mod shape;

use std::time::Duration;

use steadfast::breaker::{CircuitBreaker, Snapshot};
use steadfast::{Backoff, Clock, Jitter, RetryPolicy, Scope};

/// Five attempts with waits of 1, 2, 4 and 8 s exactly.
fn policy() -> RetryPolicy {
    let backoff = Backoff::default().jitter(Jitter::None);
    RetryPolicy::builder().backoff(backoff).build().unwrap()
}

/// A breaker that one probe closes, and that two failures open.
fn touchy() -> CircuitBreaker {
    CircuitBreaker::builder().min_attempts(2).probes(1).build().unwrap()
}

/// What the breaker knows of functions without a scope.
fn known(breaker: &CircuitBreaker, clock: &Clock) -> Snapshot {
    breaker.state(Scope::default(), clock.now())
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}
