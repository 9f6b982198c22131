//! The circuit breaker: stops sending to a server that is down.
//!
//! One breaker per origin, because that is what fails together. It is **closed** and counts; **opens** when too many
//! attempts fail, and refuses; after a while is **half-open** and lets a few probes through, whose results close it or
//! open it for twice as long. By hand it can be **isolated**.
//!
//! | setting | default | why |
//! |---|---|---|
//! | `failure_rate` | 0.5 | a breaker turns a partial failure into a total one: the budget does the daily work |
//! | `min_attempts` | 50 | fewer, and a third of failures trips it by bad luck: with 20, simulated clients lost up to half |
//! | `window` | 30 s, sliding in tenths | long enough for 50 attempts of a slow client |
//! | `open_for` | 5 s, doubling to 60 s (`max_open_for`), plus up to 25 % | short failures stay short; a fleet does not return in step |
//! | `probes` | 3: one failure opens, three successes close | one could be lucky |
//! | `probe_timeout` | 60 s | then another may take the place of a probe that hangs |
//! | `slow_calls` | off | what is slow depends on the call |
//! | `consecutive_failures` | off | the rate says it better, but for quiet origins |
//! | `hold_back` | off | one caller's `Retry-After` need not be everybody's |
//! | `mode` | `Normal` | or `ObserveOnly`, `RetriesOnly` |
//! | `max_origins` | 1,024 | memory: below 1 KiB each; see below |
//!
//! # Examples
//!
//! Every client has one, with these defaults. Set it where they do not fit, share it, watch it, read it:
//!
//! ```
//! use std::time::{Duration, Instant};
//!
//! use steadfast::breaker::{CircuitBreaker, State};
//! use steadfast::{Client, Event, Origin};
//!
//! # use steadfast::testing::{Script, Step};
//! # let script = Script::from_fn(|_| Step::refused());
//! let breaker = CircuitBreaker::builder()
//!     .min_attempts(2) // for a quiet origin; the default is 50
//!     .hold_back(Duration::from_secs(30)) // one caller's `Retry-After` holds for all of them
//!     .build()?;
//! let client = Client::builder()
//!     .circuit_breaker(breaker.clone()) // another client given a clone shares it
//!     .on_event(|event| {
//!         if let Event::CircuitChanged { .. } = event {
//!             eprintln!("{event}"); // … the circuit opened: too many attempts failed, 100 % of 2 attempts failed
//!         }
//!     })
//! #   .script(&script)
//!     .build()?;
//!
//! # tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build()?.block_on(async {
//! let error = client.get("https://api.example.com/report").send().await.unwrap_err();
//! assert!(error.is_circuit_open()); // its second attempt opened the breaker …
//! assert!(error.is_connect()); // … and failed like this
//! assert!(error.retry_after() >= Some(Duration::from_secs(5)));
//!
//! let refused = client.get("https://api.example.com/report").send().await.unwrap_err();
//! assert_eq!(refused.receipt().map(|receipt| receipt.attempts().len()), Some(0)); // nothing was sent
//!
//! let api: Origin = "https://api.example.com".parse()?;
//! let breaker = client.circuit_breaker().ok_or("it is on by default")?;
//! assert_eq!(breaker.state(&api, Instant::now()).state, State::Open);
//!
//! breaker.isolate(&api, Instant::now())?; // by hand, for a maintenance window …
//! breaker.reset(&api); // … and back
//! # Ok::<_, Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What counts
//!
//! | an attempt ended with | it says |
//! |---|---|
//! | 5xx, whatever became of its body | failure |
//! | a time limit; no connection; a connection that was lost; an answer that is not HTTP; a body that was cut | failure |
//! | any other answer, 4xx included | sign of life |
//! | 429; a refusal by protocol (`REFUSED_STREAM`, `GOAWAY`) | nothing |
//! | a request that failed by itself (its body, its hook), or whose time a hook or a service not ready used up | nothing |
//! | a future that was dropped | nothing |
//!
//! Where a redirect led to another origin, that one answers for the outcome, and the first one gave a sign of life.
//!
//! # Guarantees
//!
//! * Who may send is decided before sending: of any number of callers at once a half-open breaker lets exactly
//!   [`probes`](CircuitBreakerBuilder::probes) through.
//! * It can't get stuck half-open: a probe that is dropped or says nothing gives its place back at once, one that hangs
//!   loses it after [`probe_timeout`](CircuitBreakerBuilder::probe_timeout), and its success counts whenever it comes.
//! * The end of an attempt that was let through before the last change of state changes nothing.
//! * The window slides: ten thousand old successes don't hide that everything fails now.
//! * Letting an attempt through a closed breaker and counting its success takes no lock and allocates nothing.
//! * Memory is bounded however many origins there are. Beyond `max_origins` an origin not in use makes room; while none
//!   can, because all are open, the newcomers share one breaker.
//!
//! # Limits
//!
//! The state is the process's own. A share is judged when a failure or a slow attempt arrives, not when a success does.
//! Attempts that were under way when the breaker opened are not called back. A redirect to another origin is followed
//! without asking that one's breaker, which is told only how it ended; a retry is not begun if it would refuse then.
//! Changes by hand are returned to whoever makes them, and are no events.

mod builder;
mod cell;
mod circuit;
#[cfg(feature = "tower")]
mod detached;
mod permit;
mod probes;
mod report;
mod state;
mod sync;
mod tally;
mod target;
mod window;

pub use self::builder::CircuitBreakerBuilder;
pub use self::circuit::{CircuitBreaker, Full};
#[cfg(feature = "tower")]
pub(crate) use self::detached::Detached;
pub use self::permit::Permit;
pub use self::report::{Cause, Mode, Refusal, Signal, Snapshot, State, Transition, Try};
pub use self::target::Target;

#[cfg(test)]
mod tests;
