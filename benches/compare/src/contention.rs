//! One breaker, or one budget, shared by 1, 2 and 4 threads: wall time over the operations of all threads.

use std::future::Future;
use std::hint::black_box;
use std::pin::pin;
use std::sync::Barrier;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use failsafe::FailurePolicy;
use layered::{Service as _, Stack};
use recloser::Recloser;
use seatbelt::breaker::Breaker;
use seatbelt::{RecoveryInfo, ResilienceContext};
use serde::Serialize;
use steadfast::breaker::{CircuitBreaker, Signal, Try};
use steadfast::budget::{Earned, Failed, RetryBudget, Withdrawal};
use steadfast::{Origin, Scope};
use tower::retry::budget::{Budget as _, TpsBudget};
use tower::{Service, ServiceBuilder, ServiceExt, service_fn};
use tower_resilience::circuitbreaker::CircuitBreakerLayer;
use tower_resilience::retry::RetryBudgetBuilder;

use crate::contenders::BoxError;
use crate::spread::Spread;

/// Nanoseconds per operation.
#[derive(Debug, Serialize)]
pub struct Contention {
    pub contender: &'static str,
    pub operation: &'static str,
    pub one: Spread,
    pub two: Spread,
    pub four: Spread,
}

/// Runs a number of operations in the thread that calls it.
type Work = Box<dyn Fn(u32) + Sync>;

struct Entrant {
    contender: &'static str,
    operation: &'static str,
    work: Work,
}

/// Measures all contenders, in turns.
pub fn run(rounds: usize) -> Result<Vec<Contention>, BoxError> {
    // One contender's clock wants a runtime when it is made.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let _entered = runtime.enter();
    let entrants = entrants()?;
    let counts: Vec<u32> = entrants.iter().map(|entrant| calibrate(&entrant.work)).collect();
    let mut nanos = vec![[(); 3].map(|()| Vec::new()); entrants.len()];
    let mut order: Vec<usize> = (0..entrants.len()).collect();
    let mut random = fastrand::Rng::with_seed(SEED);
    for _ in 0..rounds {
        random.shuffle(&mut order);
        for &place in &order {
            for (threads, nanos) in THREADS.into_iter().zip(&mut nanos[place]) {
                nanos.push(measure(threads, counts[place], &entrants[place].work));
            }
        }
    }
    let rows = entrants
        .iter()
        .zip(nanos)
        .map(|(entrant, [one, two, four])| Contention {
            contender: entrant.contender,
            operation: entrant.operation,
            one: Spread::of(one),
            two: Spread::of(two),
            four: Spread::of(four),
        });
    Ok(rows.collect())
}

fn entrants() -> Result<Vec<Entrant>, BoxError> {
    let entrant = |contender, operation, work| Entrant {
        contender,
        operation,
        work,
    };
    Ok(vec![
        entrant("steadfast, times handed in", PERMIT, steadfast_permit(Time::Given)?),
        entrant(
            "steadfast, reading the clock twice",
            PERMIT,
            steadfast_permit(Time::Read)?,
        ),
        entrant("failsafe", PERMIT, failsafe_permit(failsafe::Config::new().build())),
        entrant(
            "failsafe, consecutive failures alone",
            PERMIT,
            failsafe_permit(consecutive()),
        ),
        entrant("recloser", PERMIT, recloser_permit()),
        entrant("seatbelt", PERMIT, seatbelt_permit()),
        entrant("tower-resilience", PERMIT, tower_resilience_permit()?),
        entrant("steadfast", BUDGET, steadfast_budget()?),
        entrant("tower", BUDGET, tower_budget()),
        entrant("tower-resilience, token bucket", BUDGET, tower_resilience_budget()?),
        entrant(
            "tower-resilience, additive increase",
            BUDGET,
            tower_resilience_additive()?,
        ),
    ])
}

/// Where steadfast's time comes from: its breaker takes it as an argument. failsafe's default policy, seatbelt and
/// tower-resilience read a clock; recloser reads none while it is closed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Time {
    /// By somebody who has read it for reasons of his own.
    Given,
    Read,
}

fn steadfast_permit(time: Time) -> Result<Work, BoxError> {
    let breaker = CircuitBreaker::default();
    let scope = scope()?;
    Ok(Box::new(move |count| {
        let mut given = Instant::now();
        for number in 0..count {
            // Time goes on, and the breaker's window with it.
            if number % 1_024 == 0 {
                given = Instant::now();
            }
            let now = || match time {
                Time::Given => black_box(given),
                Time::Read => Instant::now(),
            };
            let began = now();
            if let Ok(permit) = breaker.admit(black_box(scope), Try::First, began) {
                let at = now();
                black_box(permit.settle(Signal::Success, at, at - began, 0.5));
            }
        }
    }))
}

/// The cheaper of its policies, which has no window and reads no clock.
fn consecutive() -> failsafe::StateMachine<impl FailurePolicy + Send + Sync + 'static, ()> {
    let waits = failsafe::backoff::exponential(Duration::from_secs(5), Duration::from_mins(1));
    let policy = failsafe::failure_policy::consecutive_failures(5, waits);
    failsafe::Config::new().failure_policy(policy).build()
}

fn failsafe_permit<P: FailurePolicy + Send + Sync + 'static>(breaker: failsafe::StateMachine<P, ()>) -> Work {
    Box::new(move |count| {
        for _ in 0..count {
            if black_box(breaker.is_call_permitted()) {
                breaker.on_success();
            }
        }
    })
}

fn recloser_permit() -> Work {
    let breaker = Recloser::custom().build();
    Box::new(move |count| {
        for _ in 0..count {
            let _ = black_box(breaker.call(|| Ok::<_, ()>(black_box(0_u8))));
        }
    })
}

/// Its breaker is reachable through its service alone; the service inside does nothing.
fn seatbelt_permit() -> Work {
    struct Nothing;

    impl layered::Service<()> for Nothing {
        type Out = Result<u8, ()>;

        async fn execute(&self, (): ()) -> Result<u8, ()> {
            Ok(black_box(0))
        }
    }

    let context = ResilienceContext::new(tick::Clock::new_tokio());
    let service = (
        Breaker::layer("breaker", &context)
            .recovery_with(|sent: &Result<u8, ()>, _| match sent {
                Ok(_) => RecoveryInfo::never(),
                Err(()) => RecoveryInfo::retry(),
            })
            .rejected_input_error(|(), _| ()),
        Nothing,
    )
        .into_service();
    Box::new(move |count| {
        for _ in 0..count {
            let _ = black_box(at_once(service.execute(())));
        }
    })
}

/// As above; it waits for an asynchronous lock, so every thread has a runtime.
fn tower_resilience_permit() -> Result<Work, BoxError> {
    let service = ServiceBuilder::new()
        .layer(CircuitBreakerLayer::builder().build()?)
        .service(service_fn(|(): ()| async {
            Ok::<_, std::convert::Infallible>(black_box(0_u8))
        }));
    let service = std::sync::Mutex::new(service);
    Ok(Box::new(move |count| {
        let mut service = service.lock().expect("nobody panics").clone();
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        runtime.expect("a runtime").block_on(async {
            for _ in 0..count {
                if let Ok(ready) = service.ready().await {
                    let _ = black_box(ready.call(()).await);
                }
            }
        });
    }))
}

fn steadfast_budget() -> Result<Work, BoxError> {
    let budget = RetryBudget::default();
    let scope = scope()?;
    Ok(Box::new(move |count| {
        for _ in 0..count {
            let paid = budget.withdraw(black_box(scope), Failed::Error).map(Withdrawal::spend);
            if let Some(paid) = black_box(paid) {
                budget.deposit(black_box(scope), Earned::AfterRetrying(paid));
            }
        }
    }))
}

fn tower_budget() -> Work {
    let budget = TpsBudget::new(Duration::from_secs(10), 10, 0.5);
    Box::new(move |count| {
        for _ in 0..count {
            black_box(budget.withdraw());
            budget.deposit();
        }
    })
}

fn tower_resilience_budget() -> Result<Work, BoxError> {
    let budget = RetryBudgetBuilder::new().token_bucket().build()?;
    Ok(Box::new(move |count| {
        for _ in 0..count {
            black_box(budget.try_withdraw());
            budget.deposit();
        }
    }))
}

fn tower_resilience_additive() -> Result<Work, BoxError> {
    let budget = RetryBudgetBuilder::new().aimd().build()?;
    Ok(Box::new(move |count| {
        for _ in 0..count {
            black_box(budget.try_withdraw());
            budget.deposit();
        }
    }))
}

fn scope() -> Result<Scope, BoxError> {
    let origin: Origin = "https://api.example.com".parse()?;
    Ok(Scope::from(&origin))
}

/// The result of a future that never waits.
fn at_once<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => unreachable!("nothing in it waits"),
    }
}

/// As many operations as one thread does in about fifteen milliseconds.
fn calibrate(work: &Work) -> u32 {
    measure(1, 10_000, work);
    let nanos = measure(1, 10_000, work).max(1.0);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "between the two bounds"
    )]
    {
        (15e6 / nanos).clamp(10_000.0, 1e7) as u32
    }
}

/// From when the first thread begins to when the last one ends. They read the clock themselves: this thread may be woken
/// long after them, and a late beginning would make everybody look fast.
fn measure(threads: u32, count: u32, work: &Work) -> f64 {
    let barrier = Barrier::new(threads as usize);
    let timed = || {
        barrier.wait();
        let begun = Instant::now();
        work(count);
        (begun, Instant::now())
    };
    let (begun, ended) = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(timed)).collect();
        let timed = threads.into_iter().map(|thread| thread.join().expect("nobody panics"));
        timed
            .reduce(|(begun, ended), (began, finished)| (begun.min(began), ended.max(finished)))
            .expect("a thread")
    });
    (ended - begun).as_secs_f64() * 1e9 / f64::from(threads) / f64::from(count)
}

const THREADS: [u32; 3] = [1, 2, 4];
const PERMIT: &str = "permit + settle";
const BUDGET: &str = "withdraw + deposit";
const SEED: u64 = 20_261_129;
