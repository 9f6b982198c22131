//! What the server does with one request.

use std::time::Duration;

use http::{HeaderName, HeaderValue};

use super::gate::Gate;
use crate::testing::time;

/// What the server does with one request: how long it takes, and how it ends.
///
/// Turns are used up in the order in which they were scripted. Those that refuse at the door
/// ([`rate_limited`](Self::rate_limited), [`out_of_quota`](Self::out_of_quota), [`overloaded`](Self::overloaded)) go
/// to the next arrival; the others to the next request that is executed, so a replay or a conflict uses none.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use steadfast::testing::payment_api::Turn;
///
/// let slow = Turn::charge().takes(Duration::from_millis(20));
/// let garbled = Turn::shed().header("retry-after", "soon");
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct Turn {
    ending: Ending,
    pace: Pace,
    headers: Vec<(HeaderName, HeaderValue)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    Charge,
    Decline,
    Reject,
    Fail,
    FailAfterEffect,
    Shed,
    Crash,
    CrashAfterEffect,
    StreamError,
    StreamCut,
    RateLimited(Duration),
    OutOfQuota,
    Overloaded,
}

#[derive(Clone, Debug)]
enum Pace {
    AtOnce,
    Takes(Duration),
    Held(Gate),
}

impl Turn {
    /// Takes effect and answers with success; what happens without a script.
    pub const fn charge() -> Self {
        Self::ending_with(Ending::Charge)
    }

    /// Answers 402 from inside the handler, without effect.
    pub const fn decline() -> Self {
        Self::ending_with(Ending::Decline)
    }

    /// Answers 400 from inside the handler, without effect; unlike a failed validation this is an executed request.
    pub const fn reject() -> Self {
        Self::ending_with(Ending::Reject)
    }

    /// Answers 500 from inside the handler, without effect.
    pub const fn fail() -> Self {
        Self::ending_with(Ending::Fail)
    }

    /// Answers 500 although the effect took place.
    pub const fn fail_after_effect() -> Self {
        Self::ending_with(Ending::FailAfterEffect)
    }

    /// Answers 503 before the handler; the key stays free.
    pub const fn shed() -> Self {
        Self::ending_with(Ending::Shed)
    }

    /// Dies before the effect: the connection ends without an answer, the key stays in flight until its lease ends.
    pub const fn crash() -> Self {
        Self::ending_with(Ending::Crash)
    }

    /// Dies after the effect and before the answer was stored.
    pub const fn crash_after_effect() -> Self {
        Self::ending_with(Ending::CrashAfterEffect)
    }

    /// Streams an answer that turns into an error event after its 200; for requests with `"stream": true`.
    pub const fn stream_error() -> Self {
        Self::ending_with(Ending::StreamError)
    }

    /// Streams an answer whose connection ends before the closing event; for requests with `"stream": true`.
    pub const fn stream_cut() -> Self {
        Self::ending_with(Ending::StreamCut)
    }

    /// Answers 429 with `Retry-After`, before the key is looked at.
    pub const fn rate_limited(retry_after: Duration) -> Self {
        Self::ending_with(Ending::RateLimited(retry_after))
    }

    /// Answers 429 because the account has no money left, which waiting does not heal.
    pub const fn out_of_quota() -> Self {
        Self::ending_with(Ending::OutOfQuota)
    }

    /// Answers that the service is overloaded: 529 for `anthropic`, else 503; before the key is looked at.
    pub const fn overloaded() -> Self {
        Self::ending_with(Ending::Overloaded)
    }

    /// Makes the execution take `duration` of real time before it takes effect.
    pub fn takes(self, duration: Duration) -> Self {
        Self {
            pace: Pace::Takes(duration),
            ..self
        }
    }

    /// Makes the execution wait at `gate` before it takes effect.
    pub fn held(self, gate: &Gate) -> Self {
        Self {
            pace: Pace::Held(gate.clone()),
            ..self
        }
    }

    /// Adds a header to the answer, beside any of the same name: a second or a garbled `Retry-After`, say.
    ///
    /// # Panics
    ///
    /// When name or value are not valid in HTTP.
    #[track_caller]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        let name = HeaderName::try_from(name).expect("a valid header name");
        let value = HeaderValue::try_from(value).expect("a valid header value");
        self.headers.push((name, value));
        self
    }

    pub(super) const fn ending(&self) -> Ending {
        self.ending
    }

    pub(super) fn headers(&self) -> &[(HeaderName, HeaderValue)] {
        &self.headers
    }

    pub(super) const fn is_at_door(&self) -> bool {
        matches!(
            self.ending,
            Ending::RateLimited(_) | Ending::OutOfQuota | Ending::Overloaded
        )
    }

    pub(super) async fn wait(&self) {
        match &self.pace {
            Pace::AtOnce => {}
            Pace::Takes(duration) => time::pause(*duration).await,
            Pace::Held(gate) => gate.pass().await,
        }
    }

    const fn ending_with(ending: Ending) -> Self {
        Self {
            ending,
            pace: Pace::AtOnce,
            headers: Vec::new(),
        }
    }
}
