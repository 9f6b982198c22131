use std::fmt;
use std::marker::PhantomData;

/// How the body of a request is had again for a retry: by cloning it, unless the builder says otherwise.
///
/// Sealed: give a closure to [`replay_bodies`](super::ResilienceBuilder::replay_bodies), or choose
/// [`replay_empty_bodies`](super::ResilienceBuilder::replay_empty_bodies).
pub trait ReplayBody<B>: sealed::Sealed {
    /// Another body of the same bytes; `None` if this one can be sent only once.
    fn again(&self, body: &B) -> Option<B>;
}

mod sealed {
    #[expect(unnameable_types, reason = "this is what seals the trait above")]
    pub trait Sealed {}
}

/// Bodies are cloned: `Full<Bytes>`, `String`, `Empty` and the like, whose clones yield the same bytes.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct CloneBodies;

impl sealed::Sealed for CloneBodies {}

impl<B: Clone> ReplayBody<B> for CloneBodies {
    fn again(&self, body: &B) -> Option<B> {
        Some(body.clone())
    }
}

/// Bodies that are known to be empty are made anew; any other is sent once. For boxed bodies.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct EmptyBodies;

impl sealed::Sealed for EmptyBodies {}

impl<B: http_body::Body + Default> ReplayBody<B> for EmptyBodies {
    fn again(&self, body: &B) -> Option<B> {
        let is_empty = body.is_end_stream() || body.size_hint().exact() == Some(0);
        is_empty.then(B::default)
    }
}

/// Bodies are had again as a closure says.
pub struct BodiesBy<F, B> {
    again: F,
    _of: PhantomData<fn(&B)>,
}

impl<F, B> BodiesBy<F, B> {
    pub(super) fn new(again: F) -> Self {
        Self {
            again,
            _of: PhantomData,
        }
    }
}

impl<F, B> sealed::Sealed for BodiesBy<F, B> {}

impl<B, F: Fn(&B) -> Option<B>> ReplayBody<B> for BodiesBy<F, B> {
    fn again(&self, body: &B) -> Option<B> {
        (self.again)(body)
    }
}

impl<F, B> fmt::Debug for BodiesBy<F, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BodiesBy")
    }
}

/// The body for the next attempt, and one to make those after it from.
pub(super) struct Supply<B> {
    first: Option<B>,
    spare: Option<B>,
}

impl<B> Supply<B> {
    pub(super) fn new(body: B, rule: &impl ReplayBody<B>) -> Self {
        Self {
            spare: rule.again(&body),
            first: Some(body),
        }
    }

    /// The body for one attempt; `None` if it is spent.
    pub(super) fn take(&mut self, rule: &impl ReplayBody<B>) -> Option<B> {
        self.first.take().or_else(|| {
            let body = self.spare.take()?;
            self.spare = rule.again(&body);
            Some(body)
        })
    }
}

/// A key in the body is the caller's alone to read: services pass bodies on unread.
impl<B> crate::engine::Payload for Supply<B> {
    fn bytes(&self) -> Option<bytes::Bytes> {
        None
    }

    fn is_one_shot(&self) -> bool {
        self.spare.is_none()
    }
}
