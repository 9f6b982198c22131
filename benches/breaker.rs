//! What a breaker and a budget cost per attempt: wall time ÷ operations over all threads that share one origin.
//!
//! `cargo bench --bench breaker`. The lookup of the origin is part of what is measured.

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
    let start = now();
    let elapsed = Duration::from_millis(30);

    report("permit + settle (success)", |_| {
        let permit = breaker
            .admit(black_box(scope), Try::First, black_box(start))
            .expect("closed");
        black_box(permit.settle(Signal::Success, black_box(start), elapsed, 0.5));
    });
    report("permit + settle (one of ten fails)", |operation| {
        let permit = breaker
            .admit(black_box(scope), Try::First, black_box(start))
            .expect("closed");
        let signal = if operation % 10 == 0 {
            Signal::Failure
        } else {
            Signal::Success
        };
        black_box(permit.settle(signal, black_box(start), elapsed, 0.5));
    });
    report("deposit + withdraw", |_| {
        let paid = budget.withdraw(black_box(scope), Failed::Error).map(Withdrawal::spend);
        if let Some(paid) = black_box(paid) {
            budget.deposit(black_box(scope), Earned::AfterRetrying(paid));
        }
    });
    let full = RetryBudget::builder().initial(10.0).build().expect("within the range");
    report("deposit (balance full)", |_| {
        full.deposit(black_box(scope), Earned::FirstTry);
    });
}

fn report(name: &str, operation: impl Fn(u32) + Sync) {
    let nanos = [1, 2, 4].map(|threads| {
        (0..ROUNDS)
            .map(|_| measure(threads, &operation))
            .fold(f64::MAX, f64::min)
    });
    #[expect(clippy::print_stdout, reason = "a benchmark reports to its terminal")]
    {
        println!(
            "{name:<36} {:>6.1} {:>6.1} {:>6.1}  ns at 1, 2, 4 threads",
            nanos[0], nanos[1], nanos[2]
        );
    }
}

/// From when the first thread begins to when the last one ends. They read the clock themselves: this thread may be woken
/// long after them, and a late beginning would make the best round too good.
fn measure(threads: u32, operation: &(impl Fn(u32) + Sync)) -> f64 {
    let barrier = Barrier::new(threads as usize);
    let timed = || {
        barrier.wait();
        let begun = now();
        for number in 0..OPERATIONS {
            operation(number);
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
/// The best of some rounds: whatever else runs on the machine only ever adds time.
const ROUNDS: u32 = 5;
