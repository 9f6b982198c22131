use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::{Method, StatusCode};

use super::{Classifier, Verdict, problem_type};
use crate::operation::{Failure, FailureKind, Outcome};

/// Which outcomes something is about; with a meaning, it is a [`Classifier`].
///
/// Made by [`on_status`](super::on_status) and its siblings, or from a [`StatusCode`] or a [`FailureKind`]. Cloning
/// shares.
///
/// # Examples
///
/// ```
/// use http::{HeaderMap, Method, StatusCode};
/// use steadfast::classify::{on_method, on_status};
/// use steadfast::{Classify, Outcome, Verdict};
///
/// let locked = on_status([409, 423]).except(on_method([Method::DELETE]));
/// let headers = HeaderMap::new();
/// let outcome = Outcome::response(StatusCode::LOCKED, &headers);
/// assert!(locked.holds(&outcome.with_method(&Method::PUT)));
/// assert!(!locked.holds(&outcome.with_method(&Method::DELETE)));
/// assert_eq!(locked.retry().classify(&outcome), Some(Verdict::retry()));
/// ```
#[derive(Clone)]
#[must_use = "a condition does nothing until it is given a meaning"]
pub struct Condition(Arc<Test>);

pub(super) enum Test {
    /// In order: a whole class of them is looked up for every answer.
    Status(Box<[u16]>),
    Failure(Box<[FailureKind]>),
    Timeout,
    Method(Box<[Method]>),
    ProblemType(Box<str>),
    Body(Box<BodyTest>),
    Custom(Box<OutcomeTest>),
    Both(Condition, Condition),
    Either(Condition, Condition),
    FirstAlone(Condition, Condition),
}

impl Condition {
    pub(super) fn new(test: Test) -> Self {
        Self(Arc::new(test))
    }

    /// Holds where both do.
    pub fn and(self, other: Self) -> Self {
        Self::new(Test::Both(self, other))
    }

    /// Holds where one of them does, or both.
    pub fn or(self, other: Self) -> Self {
        Self::new(Test::Either(self, other))
    }

    /// Holds where this one does and the other does not.
    pub fn except(self, other: Self) -> Self {
        Self::new(Test::FirstAlone(self, other))
    }

    /// Such an outcome is the answer: [`Verdict::accept`].
    pub fn accept(self) -> Classifier {
        self.means(Verdict::accept())
    }

    /// Such an outcome is final: [`Verdict::fail`].
    pub fn fail(self) -> Classifier {
        self.means(Verdict::fail())
    }

    /// A retry can heal such an outcome, if repeating is safe: [`Verdict::retry`].
    pub fn retry(self) -> Classifier {
        self.means(Verdict::retry())
    }

    /// The same, but not before this wait is over: [`Verdict::retry_after`].
    pub fn retry_after(self, wait: Duration) -> Classifier {
        self.means(Verdict::retry_after(wait))
    }

    /// Such an outcome means this. It is the only way to [`Verdict::retry_untouched`], which must stay visible.
    pub fn means(self, verdict: Verdict) -> Classifier {
        Classifier::meant(self, verdict)
    }

    /// Tells whether it holds for an outcome.
    #[must_use]
    pub fn holds(&self, outcome: &Outcome<'_>) -> bool {
        match &*self.0 {
            Test::Status(codes) => status_of(outcome).is_some_and(|status| is_among(codes, status)),
            Test::Failure(kinds) => outcome.error().is_some_and(|failure| kinds.contains(&failure.kind())),
            Test::Timeout => outcome.error().is_some_and(Failure::is_timeout),
            Test::Method(methods) => outcome.method().is_some_and(|method| methods.contains(method)),
            Test::ProblemType(wanted) => problem_type::is(outcome, wanted),
            Test::Body(test) => outcome.body().is_some_and(test),
            Test::Custom(test) => test(outcome),
            Test::Both(one, other) => one.holds(outcome) && other.holds(outcome),
            Test::Either(one, other) => one.holds(outcome) || other.holds(outcome),
            Test::FirstAlone(one, other) => one.holds(outcome) && !other.holds(outcome),
        }
    }

    /// Whether it must see the bodies of answers with this status: reading one delays the verdict.
    pub(super) fn wants_body(&self, status: StatusCode) -> bool {
        match &*self.0 {
            Test::Body(_) | Test::ProblemType(_) => true,
            Test::Both(one, other) => self.is_possible(status) && (one.wants_body(status) || other.wants_body(status)),
            Test::Either(one, other) => one.wants_body(status) || other.wants_body(status),
            Test::FirstAlone(one, other) => {
                one.is_possible(status) && (one.wants_body(status) || other.wants_body(status))
            }
            Test::Status(_) | Test::Failure(_) | Test::Timeout | Test::Method(_) | Test::Custom(_) => false,
        }
    }

    /// False if no answer with this status can fulfil it.
    fn is_possible(&self, status: StatusCode) -> bool {
        match &*self.0 {
            Test::Status(codes) => is_among(codes, status),
            Test::Failure(_) | Test::Timeout => false,
            Test::Method(_) | Test::ProblemType(_) | Test::Body(_) | Test::Custom(_) => true,
            Test::Both(one, other) => one.is_possible(status) && other.is_possible(status),
            Test::Either(one, other) => one.is_possible(status) || other.is_possible(status),
            Test::FirstAlone(one, _) => one.is_possible(status),
        }
    }
}

/// For reading back what is in force.
#[cfg(feature = "serde")]
impl Condition {
    /// The status, if it is about a single one and nothing else.
    pub(crate) fn only_status(&self) -> Option<u16> {
        match &*self.0 {
            Test::Status(codes) => <[u16; 1]>::try_from(&**codes).ok().map(|[code]| code),
            _ => None,
        }
    }

    /// The kind of failure, if it is about a single one and nothing else.
    pub(crate) fn only_failure(&self) -> Option<FailureKind> {
        match &*self.0 {
            Test::Failure(kinds) => <[FailureKind; 1]>::try_from(&**kinds).ok().map(|[kind]| kind),
            _ => None,
        }
    }

    /// Whether it is about time limits and nothing else.
    pub(crate) fn is_timeout(&self) -> bool {
        matches!(&*self.0, Test::Timeout)
    }
}

impl From<StatusCode> for Condition {
    fn from(status: StatusCode) -> Self {
        super::on_status([status.as_u16()])
    }
}

impl From<FailureKind> for Condition {
    fn from(kind: FailureKind) -> Self {
        super::on_failure([kind])
    }
}

/// As the sentence that built it.
impl fmt::Debug for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.0 {
            Test::Status(codes) => write!(f, "status {codes:?}"),
            Test::Failure(kinds) => write!(f, "failure {kinds:?}"),
            Test::Timeout => f.write_str("timeout"),
            Test::Method(methods) => write!(f, "method {methods:?}"),
            Test::ProblemType(wanted) => write!(f, "problem type {wanted:?}"),
            Test::Body(_) => f.write_str("body of its own"),
            Test::Custom(_) => f.write_str("condition of its own"),
            Test::Both(one, other) => write!(f, "({one:?} and {other:?})"),
            Test::Either(one, other) => write!(f, "({one:?} or {other:?})"),
            Test::FirstAlone(one, other) => write!(f, "({one:?} except {other:?})"),
        }
    }
}

type BodyTest = dyn Fn(&[u8]) -> bool + Send + Sync;
type OutcomeTest = dyn Fn(&Outcome<'_>) -> bool + Send + Sync;

fn is_among(codes: &[u16], status: StatusCode) -> bool {
    codes.binary_search(&status.as_u16()).is_ok()
}

/// The answer's status; that of an error also if its body was cut, which would not have changed what it means.
fn status_of(outcome: &Outcome<'_>) -> Option<StatusCode> {
    let of_error = |status: &StatusCode| status.is_client_error() || status.is_server_error();
    outcome.status().or_else(|| outcome.error()?.status().filter(of_error))
}
