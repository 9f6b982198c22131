use std::time::Duration;

use http::Method;

use crate::operation::{KeySupport, NotReplayable};

/// Whether an attempt that may have been processed is repeated although nothing protects from processing it twice.
///
/// It matters only for methods that are not idempotent, on servers that ignore keys (AI APIs, for one) or without a key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Replay {
    /// Repeats only when the server certainly did not act: nothing is ever paid for twice.
    ///
    /// The default, also of presets for AI APIs: a lost answer is an error whose effect is unknown, and the caller, who
    /// knows what a second completion costs and what a missing one does, decides.
    #[default]
    WhenUntouched,
    /// Repeats whatever can heal, and so may process twice, where nothing protects from that.
    ///
    /// Nothing changes for idempotent methods and for honoured keys, which are still not repeated once they have expired.
    ///
    /// Each attempt that may be a duplicate is counted in the receipt
    /// ([`possible_duplicates`](crate::Receipt::possible_duplicates)) and told to observers before it is sent
    /// ([`Event::DuplicatePossible`](crate::Event::DuplicatePossible)).
    AtLeastOnce,
}

/// What makes it safe to repeat an attempt that may have been processed: the replay gate's facts.
///
/// An attempt is repeated only when the method is idempotent (RFC 9110 §9.2.2), or the server honours the key it
/// carries, or the server certainly did not act. No classifier can lift this; the caller can, by the visible name
/// [`Replay::AtLeastOnce`].
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
    key: Key,
    key_lifetime: Option<Duration>,
    lookup: Lookup,
}

/// Whether the request carries a key that the server honours, needed for repeats or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Key {
    None,
    Honored,
}

/// Whether the caller can find out what became of an attempt in doubt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lookup {
    None,
    Offered,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Repeat {
    /// The method is idempotent.
    Always,
    /// The server remembers the key, as long as it lives.
    WhileKeyLives,
    /// Nothing makes it safe, and the caller wants it repeated all the same.
    AtLeastOnce,
    /// Only when the server certainly did not act.
    WhenUntouched(NotReplayable),
    /// Not even then: there is nothing left to send, or the caller forbade it.
    Never(NotReplayable),
}

impl ReplaySafety {
    /// A request with this method and without a key.
    pub fn of_method(method: &Method) -> Self {
        if method.is_idempotent() {
            Self::repeatable()
        } else {
            Self::not_repeatable()
        }
    }

    /// Something that may be done twice: a read, an upsert, a function that its caller says may be called again.
    pub fn repeatable() -> Self {
        Self {
            repeat: Repeat::Always,
            key: Key::None,
            key_lifetime: None,
            lookup: Lookup::None,
        }
    }

    /// Something that must not be done twice, and is repeated only when it certainly was not done.
    pub fn not_repeatable() -> Self {
        Self {
            repeat: Repeat::WhenUntouched(NotReplayable::NoKey),
            key: Key::None,
            key_lifetime: None,
            lookup: Lookup::None,
        }
    }

    /// Adds that it carries a key, and whether the server honours it.
    pub fn with_key(mut self, support: KeySupport) -> Self {
        self.repeat = match (self.repeat, support) {
            (Repeat::WhenUntouched(_), KeySupport::Honored) => Repeat::WhileKeyLives,
            (Repeat::WhenUntouched(_), KeySupport::Ignored) => Repeat::WhenUntouched(NotReplayable::KeyIgnored),
            (repeat, _) => repeat,
        };
        self.key = match support {
            KeySupport::Honored => Key::Honored,
            KeySupport::Ignored => Key::None,
        };
        self
    }

    /// Adds how long the server remembers a key, counted from the first attempt.
    pub fn with_key_lifetime(mut self, lifetime: Duration) -> Self {
        self.key_lifetime = Some(lifetime);
        self
    }

    /// Adds what the caller wants where nothing makes a repeat safe.
    pub fn with_replay(mut self, replay: Replay) -> Self {
        self.repeat = match (self.repeat, replay) {
            (Repeat::WhenUntouched(_), Replay::AtLeastOnce) => Repeat::AtLeastOnce,
            (repeat, _) => repeat,
        };
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

    /// Adds that another layer around this one retries already.
    #[cfg_attr(not(feature = "tower"), expect(dead_code, reason = "only layers can be nested"))]
    pub(crate) fn nested(mut self) -> Self {
        self.repeat = Repeat::Never(NotReplayable::Nested);
        self
    }

    /// Adds that the caller looks up, before a repeat, whether an attempt in doubt took effect.
    ///
    /// What only the doubt forbids is then decided by [`Attempts::found`](super::Attempts::found): the wait is begun, and
    /// without a finding that nothing happened the next attempt is refused.
    pub fn with_lookup(mut self) -> Self {
        self.lookup = Lookup::Offered;
        self
    }

    /// What forbids repeating an attempt that may have been processed; `None` if that is safe.
    #[must_use]
    pub fn obstacle(&self) -> Option<NotReplayable> {
        match self.repeat {
            Repeat::Always | Repeat::WhileKeyLives | Repeat::AtLeastOnce => None,
            Repeat::WhenUntouched(why) | Repeat::Never(why) => Some(why),
        }
    }

    /// True if the request carries a key that the server honours.
    #[inline]
    pub(super) fn honors_key(&self) -> bool {
        self.key == Key::Honored
    }

    /// What forbids a repeat, given what is known of the attempt.
    pub(super) fn obstacle_after(&self, touched: Touched) -> Option<NotReplayable> {
        match (self.repeat, touched) {
            (Repeat::WhenUntouched(_), Touched::Untouched) => None,
            _ => self.obstacle(),
        }
    }

    /// True if a finding that nothing happened would make a repeat safe.
    pub(super) fn heeds_lookup(&self) -> bool {
        self.lookup == Lookup::Offered && matches!(self.repeat, Repeat::WhenUntouched(_) | Repeat::WhileKeyLives)
    }

    /// True if a repeat of an attempt that may have been processed is a possible duplicate.
    pub(super) fn may_duplicate(&self) -> bool {
        self.repeat == Repeat::AtLeastOnce
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
pub(crate) enum Touched {
    Untouched,
    MayBe,
}
