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

mod http_default;
mod verdict;

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

pub(crate) use http_default::Baseline;
pub use verdict::Verdict;

use crate::operation::Outcome;

/// Says what an outcome means; `None` leaves it to the next classifier.
///
/// Classifiers are asked in order (the request's, the client's, the preset's, then the default table) and the first
/// opinion wins. One that panics counts as [`Verdict::fail`]: nothing is repeated on the word of broken code.
///
/// # Examples
///
/// ```
/// use steadfast::{Classify, Outcome, Verdict};
///
/// #[derive(Debug)]
/// struct Locked;
///
/// impl Classify for Locked {
///     fn classify(&self, outcome: &Outcome<'_>) -> Option<Verdict> {
///         (outcome.status()?.as_u16() == 423).then(Verdict::retry)
///     }
/// }
/// ```
pub trait Classify: Send + Sync + 'static {
    /// Judges one outcome.
    fn classify(&self, outcome: &Outcome<'_>) -> Option<Verdict>;
}

/// Classifiers in the order in which they are asked.
#[derive(Clone, Default)]
pub(crate) struct Chain(Vec<Arc<dyn Classify>>);

impl Chain {
    pub(crate) fn push(&mut self, classifier: Arc<dyn Classify>) {
        self.0.push(classifier);
    }

    pub(crate) fn opinion(&self, outcome: &Outcome<'_>) -> Option<Verdict> {
        self.0.iter().find_map(|classifier| {
            catch_unwind(AssertUnwindSafe(|| classifier.classify(outcome)))
                .unwrap_or_else(|_panic| Some(Verdict::fail()))
        })
    }
}

impl fmt::Debug for Chain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{} classifiers]", self.0.len())
    }
}

/// A closure as a classifier; built by `classify_fn`, so that the closure's types are inferred.
pub(crate) struct FromFn<F>(pub(crate) F);

impl<F> Classify for FromFn<F>
where
    F: Fn(&Outcome<'_>) -> Option<Verdict> + Send + Sync + 'static,
{
    fn classify(&self, outcome: &Outcome<'_>) -> Option<Verdict> {
        (self.0)(outcome)
    }
}
