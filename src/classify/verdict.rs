use std::time::Duration;

/// What an outcome means.
///
/// Opaque, so that the one claim which lifts the replay gate, "the server certainly did not act", can be made only by
/// the visible name [`Verdict::retry_untouched`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub struct Verdict(Meaning);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Meaning {
    Accept,
    Fail,
    Retry { after: Option<Duration>, claim: Claim },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Claim {
    MayHaveActed,
    Untouched,
}

impl Verdict {
    /// The outcome is the answer: the operation ends with `Ok`. A failure without a response cannot be accepted.
    pub fn accept() -> Self {
        Self(Meaning::Accept)
    }

    /// The operation failed for good.
    pub fn fail() -> Self {
        Self(Meaning::Fail)
    }

    /// A retry can heal it, if repeating is safe.
    pub fn retry() -> Self {
        Self(Meaning::Retry {
            after: None,
            claim: Claim::MayHaveActed,
        })
    }

    /// As [`Verdict::retry`], but not before this wait is over; a longer backoff or `Retry-After` still holds.
    pub fn retry_after(after: Duration) -> Self {
        Self(Meaning::Retry {
            after: Some(after),
            claim: Claim::MayHaveActed,
        })
    }

    /// A retry can heal it, and the server **certainly did not act**: even a request without a key may be repeated.
    ///
    /// A false claim here can run an operation twice. Make it only where the provider documents it, for example for a
    /// rate limiter that stands before processing.
    pub fn retry_untouched() -> Self {
        Self(Meaning::Retry {
            after: None,
            claim: Claim::Untouched,
        })
    }

    /// Adds a least wait to a retry; does nothing to other verdicts.
    pub fn not_before(self, wait: Duration) -> Self {
        match self.0 {
            Meaning::Retry { after, claim } => {
                let after = Some(after.map_or(wait, |after| after.max(wait)));
                Self(Meaning::Retry { after, claim })
            }
            Meaning::Accept | Meaning::Fail => self,
        }
    }

    /// True for [`Verdict::accept`].
    #[must_use]
    pub fn is_accept(&self) -> bool {
        self.0 == Meaning::Accept
    }

    /// True for every retry.
    #[must_use]
    pub fn is_retry(&self) -> bool {
        matches!(self.0, Meaning::Retry { .. })
    }

    /// True if the classifier claims that the server certainly did not act.
    #[must_use]
    pub fn is_untouched(&self) -> bool {
        matches!(
            self.0,
            Meaning::Retry {
                claim: Claim::Untouched,
                ..
            }
        )
    }

    /// The least wait that the classifier asked for.
    #[must_use]
    pub fn after(&self) -> Option<Duration> {
        match self.0 {
            Meaning::Retry { after, .. } => after,
            Meaning::Accept | Meaning::Fail => None,
        }
    }
}
