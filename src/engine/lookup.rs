use std::fmt;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;

use bytes::Bytes;
use http::Method;
use reqwest::Response;
use url::Url;

use crate::operation::{Effect, IdempotencyKey, Receipt};

/// An operation that may have taken effect, about to be repeated or given up.
///
/// What [`on_unknown`](crate::ClientBuilder::on_unknown) is given, to look it up at the provider.
pub struct InDoubt {
    pub(super) method: Method,
    pub(super) url: Url,
    pub(super) body: Option<Bytes>,
    pub(super) receipt: Receipt,
    pub(super) prospect: Prospect,
}

/// What becomes of the operation unless the lookup settles it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Prospect {
    Repeated,
    GivenUp,
}

/// What a lookup found out about an operation in doubt.
#[must_use = "it settles the operation only when it is returned"]
pub struct Finding {
    effect: Effect,
    answer: Option<Response>,
}

pub(crate) type LookupFuture = Pin<Box<dyn Future<Output = Finding> + Send>>;

/// Finds out what became of an operation in doubt.
pub(crate) trait LookUp: Send + Sync {
    fn look_up(&self, operation: InDoubt) -> LookupFuture;
}

/// A lookup, shared.
#[derive(Clone)]
pub(crate) struct Lookup(Arc<dyn LookUp>);

/// A closure as a lookup.
struct FromFn<F>(F);

impl InDoubt {
    /// The key that every attempt carried: what to look for, where the provider keeps it.
    #[must_use]
    pub fn key(&self) -> Option<&IdempotencyKey> {
        self.receipt.key()
    }

    /// The method.
    #[must_use]
    pub fn method(&self) -> &Method {
        &self.method
    }

    /// The whole address, query included: keep it out of logs.
    #[must_use]
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// The body's bytes; `None` for a stream.
    #[must_use]
    pub fn body(&self) -> Option<&Bytes> {
        self.body.as_ref()
    }

    /// All attempts so far.
    #[must_use]
    pub fn receipt(&self) -> &Receipt {
        &self.receipt
    }

    /// True if no further attempt is planned: the finding is the last word on the effect.
    #[must_use]
    pub fn is_given_up(&self) -> bool {
        self.prospect == Prospect::GivenUp
    }
}

impl Finding {
    /// It took effect, but its answer is lost: not repeated, and an error whose effect is known.
    pub fn applied() -> Self {
        Self {
            effect: Effect::Applied,
            answer: None,
        }
    }

    /// It took effect, and this tells as much as its own answer would: not repeated, and `Ok` with this response.
    ///
    /// Only a 2xx can: any other status says that the lookup failed or found nothing, which is [`unknown`](Self::unknown).
    pub fn answered(response: Response) -> Self {
        if !response.status().is_success() {
            return Self::unknown();
        }
        Self {
            effect: Effect::Applied,
            answer: Some(response),
        }
    }

    /// It **certainly did not** take effect, and will not: it may be repeated, even without a key.
    ///
    /// A false claim here can run an operation twice. A request that is still on its way, or at work, looks just like
    /// this: claim it only where the provider's answer excludes that.
    pub fn not_applied() -> Self {
        Self {
            effect: Effect::NotApplied,
            answer: None,
        }
    }

    /// The lookup does not tell: all goes on as without it.
    pub fn unknown() -> Self {
        Self {
            effect: Effect::Unknown,
            answer: None,
        }
    }

    /// What it says of the operation.
    #[must_use]
    pub fn effect(&self) -> Effect {
        self.effect
    }

    pub(super) fn into_answer(self) -> Option<Response> {
        self.answer
    }
}

impl Lookup {
    pub(crate) fn from_fn<F, Fut>(look_up: F) -> Self
    where
        F: Fn(InDoubt) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Finding> + Send + 'static,
    {
        Self(Arc::new(FromFn(look_up)))
    }

    pub(super) fn look_up(&self, operation: InDoubt) -> LookupFuture {
        self.0.look_up(operation)
    }
}

impl<F, Fut> LookUp for FromFn<F>
where
    F: Fn(InDoubt) -> Fut + Send + Sync,
    Fut: Future<Output = Finding> + Send + 'static,
{
    fn look_up(&self, operation: InDoubt) -> LookupFuture {
        // A panic in the caller's code must not take the operation, and its receipt, with it; it has found out nothing.
        let called = catch_unwind(AssertUnwindSafe(|| (self.0)(operation)));
        Box::pin(async move {
            let Ok(looking) = called else { return Finding::unknown() };
            let mut looking = pin!(looking);
            poll_fn(|context| {
                catch_unwind(AssertUnwindSafe(|| looking.as_mut().poll(context)))
                    .unwrap_or_else(|_panic| Poll::Ready(Finding::unknown()))
            })
            .await
        })
    }
}

impl fmt::Debug for InDoubt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InDoubt")
            .field("receipt", &format_args!("{}", self.receipt))
            .field("prospect", &self.prospect)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Finding {
    /// Of an answer only the status: its address and its headers may hold secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Finding")
            .field("effect", &self.effect)
            .field("status", &self.answer.as_ref().map(Response::status))
            .finish()
    }
}

impl fmt::Debug for Lookup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Lookup")
    }
}
