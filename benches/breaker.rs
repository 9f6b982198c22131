//! What a breaker and a budget cost per attempt: wall time ÷ operations over all threads that share one origin.
//!
//! `cargo bench --bench breaker`. The lookup of the origin is part of what is measured; reading the clock is not, since
//! whoever sends has read it already.

use std::hint::black_box;
use std::sync::Barrier;
use std::time::{Duration, Instant};

use steadfast::breaker::{CircuitBreaker, Signal, Try};
use steadfast::budget::{Earned, Failed, RetryBudget, Withdrawal};
use steadfast::{Origin, Scope};

fn main() {
    let origin: Origin = "https://api.example.com".parse().expect("an absolute URL");
    let scope = Scope::from(&origin);
    let breaker = CircuitBreaker::default();
    let budget = RetryBudget::default();
    let elapsed = Duration::from_millis(30);

    report("permit + settle (success)", |_, now| {
        let permit = breaker
            .admit(black_box(scope), Try::First, black_box(now))
            .expect("closed");
        black_box(permit.settle(Signal::Success, black_box(now), elapsed, 0.5));
    });
    report("permit + settle (one of ten fails)", |operation, now| {
        let permit = breaker
            .admit(black_box(scope), Try::First, black_box(now))
            .expect("closed");
        let signal = if operation % 10 == 0 {
            Signal::Failure
        } else {
            Signal::Success
        };
        black_box(permit.settle(signal, black_box(now), elapsed, 0.5));
    });
    report("deposit + withdraw", |_, _| {
        let paid = budget.withdraw(black_box(scope), Failed::Error).map(Withdrawal::spend);
        if let Some(paid) = black_box(paid) {
            budget.deposit(black_box(scope), Earned::AfterRetrying(paid));
        }
    });
    let full = RetryBudget::builder().initial(10.0).build().expect("within the range");
    report("deposit (balance full)", |_, _| {
        full.deposit(black_box(scope), Earned::FirstTry);
    });
}

fn report(name: &str, operation: impl Fn(u32, Instant) + Sync) {
    let nanos = [1, 2, 4].map(|threads| {
        let mut rounds: Vec<_> = (0..ROUNDS).map(|_| measure(threads, &operation)).collect();
        rounds.sort_by(f64::total_cmp);
        rounds[rounds.len() / 2]
    });
    #[expect(clippy::print_stdout, reason = "a benchmark reports to its terminal")]
    {
        println!(
            "{name:<36} {:>6.1} {:>6.1} {:>6.1}  ns at 1, 2, 4 threads, median of {ROUNDS} rounds",
            nanos[0], nanos[1], nanos[2]
        );
    }
}

/// From when the first thread begins to when the last one ends. They read the clock themselves: this thread may be woken
/// long after them, and a late beginning would make a round too good.
fn measure(threads: u32, operation: &(impl Fn(u32, Instant) + Sync)) -> f64 {
    let barrier = Barrier::new(threads as usize);
    let timed = || {
        barrier.wait();
        let begun = now();
        let mut time = begun;
        for number in 0..OPERATIONS {
            // Time goes on, and the breaker's window with it.
            if number % 1_024 == 0 {
                time = now();
            }
            operation(number, time);
        }
        (begun, now())
    };
    let (begun, ended) = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(timed)).collect();
        let timed = threads.into_iter().map(|thread| thread.join().expect("no panic"));
        timed
            .reduce(|(begun, ended), (began, finished)| (begun.min(began), ended.max(finished)))
            .expect("at least one")
    });
    (ended - begun).as_secs_f64() * 1e9 / f64::from(threads) / f64::from(OPERATIONS)
}

#[expect(clippy::disallowed_methods, reason = "a benchmark measures real time")]
fn now() -> Instant {
    Instant::now()
}

const OPERATIONS: u32 = 2_000_000;
/// Their median is the figure.
const ROUNDS: u32 = 5;
