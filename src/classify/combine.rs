use std::fmt;
use std::sync::Arc;

use http::StatusCode;

use super::{Classify, Condition, FromBodyFn, FromFn, Verdict};
use crate::operation::Outcome;

/// A classifier that combines with others; the [module](super) says what each combination means.
///
/// One type, whatever it is made of: it can be stored, cloned (which shares) and chosen at run time. A panic in any part
/// of it is a panic of the whole, and counts as [`Verdict::fail`].
///
/// # Examples
///
/// ```
/// use http::{HeaderMap, StatusCode};
/// use steadfast::classify::{Classifier, on_status};
/// use steadfast::{Classify, Outcome, Verdict};
///
/// let busy = on_status([409, 425]).retry().or(on_status([404]).accept());
/// let patient = busy.only_if(|outcome| outcome.attempt() < 3);
///
/// let headers = HeaderMap::new();
/// let conflict = Outcome::response(StatusCode::CONFLICT, &headers);
/// assert_eq!(patient.classify(&conflict), Some(Verdict::retry()));
/// assert_eq!(patient.classify(&conflict.with_attempt(3)), None);
/// ```
#[derive(Clone)]
#[must_use = "a classifier does nothing until a policy or a request has it"]
pub struct Classifier(Arc<dyn Classify>);

impl Classifier {
    /// Makes any classifier one that combines.
    pub fn new(classifier: impl Classify) -> Self {
        Self(Arc::new(classifier))
    }

    /// Makes a closure one; `None` means no opinion.
    pub fn from_fn(classify: impl Fn(&Outcome<'_>) -> Option<Verdict> + Send + Sync + 'static) -> Self {
        Self::new(FromFn(classify))
    }

    /// Makes a closure one that is also shown the beginning of each error's body ([`Outcome::body`]).
    pub fn from_body_fn(classify: impl Fn(&Outcome<'_>) -> Option<Verdict> + Send + Sync + 'static) -> Self {
        Self::new(FromBodyFn(classify))
    }

    /// Asks these in order: the first opinion counts. Of none, it has no opinion.
    pub fn first_of(classifiers: impl IntoIterator<Item = Self>) -> Self {
        Self::new(FirstOf(classifiers.into_iter().collect()))
    }

    /// Asks the other where this one has no opinion.
    pub fn or(self, other: impl Classify) -> Self {
        Self::first_of([self, Self::new(other)])
    }

    /// Has an opinion only where both have, and agree: both retry, both accept, or both fail.
    ///
    /// A veto is something else: where only one has an opinion, or they differ, the next classifier is asked, and in the
    /// end the default table. To forbid a retry, say `fail`.
    pub fn and(self, other: impl Classify) -> Self {
        Self::new(Agreed(self, Self::new(other)))
    }

    /// Has an opinion only about outcomes for which this is true.
    pub fn only_if(self, predicate: impl Fn(&Outcome<'_>) -> bool + Send + Sync + 'static) -> Self {
        Self::new(OnlyIf(self, predicate))
    }

    /// Has no opinion about outcomes for which this is true.
    pub fn except(self, predicate: impl Fn(&Outcome<'_>) -> bool + Send + Sync + 'static) -> Self {
        self.only_if(move |outcome| !predicate(outcome))
    }

    pub(super) fn meant(condition: Condition, verdict: Verdict) -> Self {
        Self::new(Meant { condition, verdict })
    }
}

impl Classify for Classifier {
    fn classify(&self, outcome: &Outcome<'_>) -> Option<Verdict> {
        self.0.classify(outcome)
    }

    fn wants_body(&self, status: StatusCode) -> bool {
        self.0.wants_body(status)
    }
}

impl fmt::Debug for Classifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Classifier").finish_non_exhaustive()
    }
}

struct Meant {
    condition: Condition,
    verdict: Verdict,
}

impl Classify for Meant {
    fn classify(&self, outcome: &Outcome<'_>) -> Option<Verdict> {
        self.condition.holds(outcome).then_some(self.verdict)
    }

    fn wants_body(&self, status: StatusCode) -> bool {
        self.condition.wants_body(status)
    }
}

/// Unlike the chain of a policy it catches no panic: caught here, its `fail` could get lost in what surrounds it.
struct FirstOf(Box<[Classifier]>);

impl Classify for FirstOf {
    fn classify(&self, outcome: &Outcome<'_>) -> Option<Verdict> {
        self.0.iter().find_map(|classifier| classifier.classify(outcome))
    }

    fn wants_body(&self, status: StatusCode) -> bool {
        self.0.iter().any(|classifier| classifier.wants_body(status))
    }
}

struct Agreed(Classifier, Classifier);

impl Classify for Agreed {
    fn classify(&self, outcome: &Outcome<'_>) -> Option<Verdict> {
        // Both, whatever the first says: a panic of the second must count.
        let (one, other) = (self.0.classify(outcome), self.1.classify(outcome));
        one?.agreed_with(other?)
    }

    fn wants_body(&self, status: StatusCode) -> bool {
        self.0.wants_body(status) || self.1.wants_body(status)
    }
}

struct OnlyIf<P>(Classifier, P);

impl<P> Classify for OnlyIf<P>
where
    P: Fn(&Outcome<'_>) -> bool + Send + Sync + 'static,
{
    fn classify(&self, outcome: &Outcome<'_>) -> Option<Verdict> {
        if (self.1)(outcome) {
            self.0.classify(outcome)
        } else {
            None
        }
    }

    fn wants_body(&self, status: StatusCode) -> bool {
        self.0.wants_body(status)
    }
}
