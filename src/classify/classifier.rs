use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use http::StatusCode;

use super::Verdict;
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

    /// Asks for [`Outcome::body`] of answers with this status, which is 400 or more. By default of none.
    ///
    /// Reading it is part of the attempt: it delays the verdict until 64 KiB, the body's end, or a time limit.
    fn wants_body(&self, status: StatusCode) -> bool {
        let _ = status;
        false
    }
}

/// Classifiers in the order in which they are asked.
#[derive(Clone, Default)]
pub(crate) struct Chain(Vec<Arc<dyn Classify>>);

impl Chain {
    pub(crate) fn push(&mut self, classifier: Arc<dyn Classify>) {
        self.0.push(classifier);
    }

    #[inline]
    pub(crate) fn opinion(&self, outcome: &Outcome<'_>) -> Option<Verdict> {
        if self.0.is_empty() {
            return None;
        }
        self.first_opinion(outcome)
    }

    fn first_opinion(&self, outcome: &Outcome<'_>) -> Option<Verdict> {
        self.0.iter().find_map(
            |classifier| match catch_unwind(AssertUnwindSafe(|| classifier.classify(outcome))) {
                Ok(verdict) => verdict.map(Verdict::by_caller),
                Err(_panic) => Some(Verdict::fail()),
            },
        )
    }
}

impl Chain {
    pub(crate) fn wants_body(&self, status: StatusCode) -> bool {
        self.0
            .iter()
            .any(|classifier| catch_unwind(AssertUnwindSafe(|| classifier.wants_body(status))).unwrap_or_default())
    }
}

#[cfg(feature = "serde")]
impl Chain {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
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

/// A closure that is shown the bodies of errors.
pub(crate) struct FromBodyFn<F>(pub(crate) F);

impl<F> Classify for FromBodyFn<F>
where
    F: Fn(&Outcome<'_>) -> Option<Verdict> + Send + Sync + 'static,
{
    fn classify(&self, outcome: &Outcome<'_>) -> Option<Verdict> {
        (self.0)(outcome)
    }

    fn wants_body(&self, _status: StatusCode) -> bool {
        true
    }
}
