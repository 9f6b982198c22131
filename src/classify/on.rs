use http::Method;

use super::Condition;
use super::condition::Test;
use crate::operation::{FailureKind, Outcome};

/// Answers with one of these statuses: `on_status([409, 425])`, `on_status(500..=599)`.
///
/// A 4xx or 5xx whose body did not arrive whole is one of them too, as in the default table; a 2xx or 3xx is not. A code
/// outside 100 to 999 matches nothing.
pub fn on_status(codes: impl IntoIterator<Item = u16>) -> Condition {
    let mut codes: Vec<_> = codes.into_iter().collect();
    codes.sort_unstable();
    Condition::new(Test::Status(codes.into()))
}

/// Attempts that failed in one of these ways, without a whole response.
pub fn on_failure(kinds: impl IntoIterator<Item = FailureKind>) -> Condition {
    Condition::new(Test::Failure(kinds.into_iter().collect()))
}

/// Attempts that a time limit ended: that of the connection, the response head, or a buffered body.
pub fn on_timeout() -> Condition {
    Condition::new(Test::Timeout)
}

/// Outcomes of requests with one of these methods, where the driver gave the method, as this crate's do.
pub fn on_method(methods: impl IntoIterator<Item = Method>) -> Condition {
    Condition::new(Test::Method(methods.into_iter().collect()))
}

/// Errors described by a problem of this type: RFC 9457, `application/problem+json`, member `type`.
///
/// Types are compared as texts: a relative one is not resolved. Reads [bodies](crate::Outcome::body), with the delay that
/// this brings; name the statuses with [`and`](Condition::and) to read those of these alone.
///
/// # Examples
///
/// ```
/// use steadfast::RetryPolicy;
/// use steadfast::classify::{on_problem_type, on_status};
///
/// let busy = on_status([409]).and(on_problem_type("https://api.example.com/problems/busy"));
/// RetryPolicy::builder().classify(busy.retry()).build()?;
/// # Ok::<(), steadfast::ConfigError>(())
/// ```
pub fn on_problem_type(uri: &str) -> Condition {
    Condition::new(Test::ProblemType(uri.into()))
}

/// Errors whose [body](crate::Outcome::body) passes a test of the caller's: its beginning, at most 64 KiB.
///
/// Reading it delays the verdict; name the statuses with [`and`](Condition::and) to read those of these alone.
pub fn on_body(test: impl Fn(&[u8]) -> bool + Send + Sync + 'static) -> Condition {
    Condition::new(Test::Body(Box::new(test)))
}

/// Outcomes that pass a test of the caller's, which sees no body: for that, there is [`on_body`].
///
/// # Examples
///
/// ```
/// use steadfast::RetryPolicy;
/// use steadfast::classify::{on, on_status};
///
/// let early = on(|outcome| outcome.attempt() <= 2);
/// RetryPolicy::builder().classify(on_status([404]).and(early).retry()).build()?;
/// # Ok::<(), steadfast::ConfigError>(())
/// ```
pub fn on(test: impl Fn(&Outcome<'_>) -> bool + Send + Sync + 'static) -> Condition {
    Condition::new(Test::Custom(Box::new(test)))
}
