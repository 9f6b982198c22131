use std::time::Duration;

use http::HeaderValue;

use super::{Effect, Ending, Hop, Nanos, Outcome, Problem};

/// One attempt of an operation, as the receipt keeps it.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Attempt {
    number: u32,
    started: Nanos,
    took: Nanos,
    ending: Ending,
    effect: Effect,
    pub(super) replayed: bool,
    problem: Option<Problem>,
    request_id: Option<Box<str>>,
    pub(super) wait: Option<Nanos>,
    hops: Box<[Hop]>,
    unseen_redirect: bool,
    pub(super) looked_up: Option<Effect>,
}

impl Attempt {
    #[inline]
    pub(crate) fn new(
        outcome: &Outcome<'_>,
        effect: Effect,
        (started, took): (Duration, Duration),
        hops: &[Hop],
        (problem, request_id): (Option<Problem>, Option<&HeaderValue>),
    ) -> Self {
        Self {
            number: outcome.attempt(),
            started: started.into(),
            took: took.into(),
            ending: Ending::of(outcome),
            effect,
            replayed: outcome.is_replayed(),
            problem,
            request_id: request_id.and_then(written),
            wait: None,
            hops: if hops.is_empty() { Box::default() } else { hops.into() },
            unseen_redirect: outcome.is_after_unseen_redirect(),
            looked_up: None,
        }
    }

    /// One that was dropped because another attempt of the operation answered, after these redirects.
    pub(crate) fn cancelled(number: u32, (started, took): (Duration, Duration), hops: &[Hop]) -> Self {
        Self {
            number,
            started: started.into(),
            took: took.into(),
            ending: Ending::Cancelled,
            effect: Effect::Unknown,
            replayed: false,
            problem: None,
            request_id: None,
            wait: None,
            hops: if hops.is_empty() { Box::default() } else { hops.into() },
            unseen_redirect: false,
            looked_up: None,
        }
    }

    /// Its number; the first is 1.
    #[must_use]
    pub fn number(&self) -> u32 {
        self.number
    }

    /// When it began, from the operation's start.
    #[must_use]
    pub fn started(&self) -> Duration {
        self.started.into()
    }

    /// How long it took, to the response head, or to the end of the body if that was buffered.
    #[must_use]
    pub fn took(&self) -> Duration {
        self.took.into()
    }

    /// How it ended.
    #[must_use]
    pub fn ending(&self) -> Ending {
        self.ending
    }

    /// What the far side may have done because of this attempt alone.
    #[must_use]
    pub fn effect(&self) -> Effect {
        self.effect
    }

    /// True if the server says that it had stored this answer earlier under the same key.
    #[must_use]
    pub fn replayed(&self) -> bool {
        self.replayed
    }

    /// What the provider said was wrong, where it is one of the [known problems](Problem).
    #[must_use]
    pub fn problem(&self) -> Option<Problem> {
        self.problem
    }

    /// The server's id of its answer, for its support.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        self.request_id.as_deref()
    }

    /// How long was waited after it; `None` if it was the last.
    #[must_use]
    pub fn wait(&self) -> Option<Duration> {
        self.wait.map(Duration::from)
    }

    /// True if the client given to [`Client::from_reqwest`](crate::Client::from_reqwest) followed redirects by itself.
    #[must_use]
    pub fn unseen_redirect(&self) -> bool {
        self.unseen_redirect
    }

    /// What a [lookup](crate::ClientBuilder::on_unknown) after it found out about the operation; `None` without one.
    #[must_use]
    pub fn looked_up(&self) -> Option<Effect> {
        self.looked_up
    }

    /// The redirects followed within it: as many requests more than one.
    #[must_use]
    pub fn hops(&self) -> &[Hop] {
        &self.hops
    }
}

/// The server's id of its answer; one that is not short visible ASCII is no id, and would not belong in a log.
fn written(id: &HeaderValue) -> Option<Box<str>> {
    let is_id = |id: &&str| (1..=LONGEST_ID).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic());
    id.to_str().ok().filter(is_id).map(Box::from)
}

/// Longer than any provider's request id by far.
const LONGEST_ID: usize = 128;
