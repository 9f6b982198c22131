//! The circuit breaker: stops sending to a server that is down.
//!
//! One breaker per origin, because that is what fails together. It is **closed** and counts; **opens** when too many
//! attempts fail, and refuses; after a while is **half-open** and lets a few probes through, whose results close it or
//! open it for twice as long. By hand it can be **isolated**.
//!
//! | setting | default | why |
//! |---|---|---|
//! | `failure_rate` | 0.5 | a breaker turns a partial failure into a total one: the budget does the daily work |
//! | `min_attempts` | 20 | fewer and a quiet origin trips over bad luck |
//! | `window` | 30 s, sliding in tenths | long enough for 20 attempts of a slow client |
//! | `open_for` | 5 s, doubling to 60 s (`max_open_for`), plus up to 25 % | short failures stay short; a fleet does not return in step |
//! | `probes` | 3: one failure opens, three successes close | one could be lucky |
//! | `probe_timeout` | 60 s | then a probe that hangs loses its place |
//! | `slow_calls` | off | what is slow depends on the call |
//! | `consecutive_failures` | off | the rate says it better, but for quiet origins |
//! | `hold_back` | off | one caller's `Retry-After` need not be everybody's |
//! | `mode` | `Normal` | or `ObserveOnly`, `RetriesOnly` |
//! | `max_origins` | 1,024 | memory: below 1 KiB each; see below |
//!
//! # Guarantees
//!
//! * Who may send is decided before sending: of any number of callers at once a half-open breaker lets exactly
//!   [`probes`](CircuitBreakerBuilder::probes) through.
//! * It can't get stuck half-open: a probe that is dropped or says nothing gives its place back at once, one that hangs
//!   loses it after [`probe_timeout`](CircuitBreakerBuilder::probe_timeout).
//! * The end of an attempt that was let through before the last change of state changes nothing.
//! * The window slides: ten thousand old successes don't hide that everything fails now.
//! * Letting an attempt through a closed breaker and counting its success takes no lock and allocates nothing.
//! * Memory is bounded however many origins there are. Beyond `max_origins` an origin not in use makes room; while none
//!   can, because all are open, the newcomers share one breaker.
//!
//! # Limits
//!
//! The state is the process's own. A share is judged when a failure or a slow attempt arrives, not when a success does.
//! Attempts that were under way when the breaker opened are not called back.

mod builder;
mod cell;
mod circuit;
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
pub use self::permit::Permit;
pub use self::report::{Cause, Mode, Refusal, Signal, Snapshot, State, Transition, Try};
pub use self::target::Target;

#[cfg(test)]
mod tests;
