//! What an outcome means: accept it, fail, or retry.
//!
//! Classifiers *propose*: the replay gate, the limits, the breaker and the budget dispose. So the worst that a wrong
//! classifier can do is to retry, within bounds, what is safe to repeat.
//!
//! | outcome | standard | [strict](crate::RetryPolicy::strict) |
//! |---|---|---|
//! | 1xx, 2xx, 3xx | accept | accept |
//! | 4xx, 408, 421, 425 and 429 included | accept | accept |
//! | 501, 505 | fail: permanent (RFC 9110 §15.6.2, §15.6.6) | retry |
//! | every other 5xx | retry | retry |
//! | time limit: connect, head, buffered body | retry | retry |
//! | name not resolved, no connection, connection lost, answer not HTTP | retry | fail |
//! | `REFUSED_STREAM`, `GOAWAY` (RFC 9113 §8.7) | retry | fail |
//! | buffered body of a 2xx or 3xx cut | retry | fail |
//! | buffered body of a 5xx cut, late or too large | as the status | as the status |
//! | TLS or proxy refused for good; request or its body invalid; body over the buffer; buffered body of a 4xx cut | fail | fail |
//!
//! # Combining
//!
//! A [`Condition`] says which outcomes; with a meaning it is a [`Classifier`], and those combine.
//!
//! ```
//! use http::Method;
//! use steadfast::RetryPolicy;
//! use steadfast::classify::{on_method, on_status, on_timeout};
//!
//! let policy = RetryPolicy::builder()
//!     .classify(on_status([409, 425]).retry())
//!     .classify(on_timeout().and(on_method([Method::DELETE])).fail())
//!     .build()?;
//! # Ok::<(), steadfast::ConfigError>(())
//! ```
//!
//! What a combination of `a` and `b` says; `-` is no opinion, so the next classifier is asked, and the table last:
//!
//! | `a` | `b` | `a.or(b)` | `a.and(b)` | `a.only_if(p)`, `p` true | `p` false |
//! |---|---|---|---|---|---|
//! | - | - | - | - | - | - |
//! | - | any | `b` | - | - | - |
//! | any | - | `a` | - | `a` | - |
//! | retry | retry | `a` | retry, after the longer wait | `a` | - |
//! | accept, fail | the same | `a` | the same | `a` | - |
//! | any | another kind | `a` | - | `a` | - |
//!
//! `a.except(p)` is `a.only_if(!p)`. `first_of([a, b, c])` is `a.or(b).or(c)`.
//!
//! What else an opinion states survives an `and` only if both state it: "the server certainly did not act"
//! ([`Verdict::retry_untouched`]), and which [`Problem`](crate::Problem) it was. Doubt is kept if one of them has it. So
//! no combination makes a claim that none of its parts makes.

pub(crate) mod classifier;
mod combine;
mod condition;
mod http_default;
mod on;
mod problem_type;
pub(crate) mod verdict;

pub(crate) use classifier::{Chain, Classify, FromBodyFn, FromFn};
pub use combine::Classifier;
pub use condition::Condition;
pub(crate) use http_default::Baseline;
pub use on::{on, on_body, on_failure, on_method, on_problem_type, on_status, on_timeout};
pub(crate) use verdict::Verdict;
