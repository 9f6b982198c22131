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

pub(crate) mod classifier;
mod http_default;
pub(crate) mod verdict;

pub(crate) use classifier::{Chain, Classify, FromBodyFn, FromFn};
pub(crate) use http_default::Baseline;
pub(crate) use verdict::{Brought, Verdict};
