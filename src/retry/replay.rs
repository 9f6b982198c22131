use std::time::Duration;

use http::Method;

use crate::operation::{KeySupport, NotReplayable};

/// What makes it safe to repeat an attempt that may have been processed: the replay gate's facts.
///
/// An attempt is repeated only when the method is idempotent (RFC 9110 §9.2.2), or the server honours the key it
/// carries, or the server certainly did not act. No classifier can lift this.
///
/// # Examples
///
/// ```
/// use http::Method;
/// use steadfast::retry::ReplaySafety;
/// use steadfast::{KeySupport, NotReplayable};
///
/// let bare = ReplaySafety::of_method(&Method::POST);
/// assert_eq!(bare.obstacle(), Some(NotReplayable::NoKey));
/// assert_eq!(bare.with_key(KeySupport::Honored).obstacle(), None);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub struct ReplaySafety {
    repeat: Repeat,
    key_lifetime: Option<Duration>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Repeat {
    /// The method is idempotent.
    Always,
    /// The server remembers the key, as long as it lives.
    WhileKeyLives,
    /// Only when the server certainly did not act.
    WhenUntouched(NotReplayable),
    /// Not even then: there is nothing left to send, or the caller forbade it.
    Never(NotReplayable),
}

impl ReplaySafety {
    /// A request with this method and without a key.
    pub fn of_method(method: &Method) -> Self {
        let repeat = if method.is_idempotent() {
            Repeat::Always
        } else {
            Repeat::WhenUntouched(NotReplayable::NoKey)
        };
        Self {
            repeat,
            key_lifetime: None,
        }
    }

    /// Adds that it carries a key, and whether the server honours it.
    pub fn with_key(mut self, support: KeySupport) -> Self {
        self.repeat = match (self.repeat, support) {
            (Repeat::WhenUntouched(_), KeySupport::Honored) => Repeat::WhileKeyLives,
            (Repeat::WhenUntouched(_), KeySupport::Ignored) => Repeat::WhenUntouched(NotReplayable::KeyIgnored),
            (repeat, _) => repeat,
        };
        self
    }

    /// Adds how long the server remembers a key, counted from the first attempt.
    pub fn with_key_lifetime(mut self, lifetime: Duration) -> Self {
        self.key_lifetime = Some(lifetime);
        self
    }

    /// Adds that the body can be read only once, so that nothing is left to send.
    pub fn with_one_shot_body(mut self) -> Self {
        self.repeat = Repeat::Never(NotReplayable::OneShotBody);
        self
    }

    /// Adds that the caller wants a single attempt.
    pub fn send_once(mut self) -> Self {
        self.repeat = Repeat::Never(NotReplayable::SendOnce);
        self
    }

    /// What forbids repeating an attempt that may have been processed; `None` if that is safe.
    #[must_use]
    pub fn obstacle(&self) -> Option<NotReplayable> {
        match self.repeat {
            Repeat::Always | Repeat::WhileKeyLives => None,
            Repeat::WhenUntouched(why) | Repeat::Never(why) => Some(why),
        }
    }

    /// What forbids a repeat, given what is known of the attempt.
    pub(super) fn obstacle_after(&self, touched: Touched) -> Option<NotReplayable> {
        match (self.repeat, touched) {
            (Repeat::WhenUntouched(_), Touched::Untouched) => None,
            _ => self.obstacle(),
        }
    }

    /// True if a repeat, that long after the first attempt, could meet a server that forgot the key.
    pub(super) fn is_key_expired(&self, touched: Touched, age: Duration) -> bool {
        self.repeat == Repeat::WhileKeyLives
            && touched == Touched::MayBe
            && self.key_lifetime.is_some_and(|lifetime| age >= lifetime)
    }
}

/// Whether any attempt so far may have been processed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Touched {
    Untouched,
    MayBe,
}
