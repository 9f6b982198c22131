use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use http::{HeaderName, Method};
use reqwest::Request;
use url::Url;

use crate::client::{Operation, RequestBuilder};
use crate::event::Nesting;
use crate::operation::{IdempotencyKey, KeyHeader};
use crate::retry::Attempts;

/// What is left in a chain's extensions: the operation that is under way there, or was.
///
/// Whoever repeats a request repeats it with the extensions it came with, so this is where a loop around us, and a twin
/// within us, can be seen.
#[derive(Clone)]
pub(super) struct Mark(Arc<Pass>);

struct Pass {
    /// The operation within which this one is made: a middleware in its chain sends a request of its own.
    outer: Option<Mark>,
    request: Asked,
    /// Where the key is, and which.
    header: KeyHeader,
    key: Option<IdempotencyKey>,
    state: Mutex<State>,
    notes: Mutex<Notes>,
    protection: Protection,
}

/// What was asked for, by which a repeat is known. Headers are left out: tracing within a loop changes them.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Asked {
    method: Method,
    url: Option<Url>,
    /// `None` for a stream, which is like no other.
    body: Option<Bytes>,
}

enum State {
    /// Under way; and what must be assumed if its future is dropped, once something may have been sent.
    Running(Option<Attempts>),
    /// Over without success, after these attempts.
    Unsettled(Option<Attempts>),
    /// Over with a success: the same request again is another operation.
    Settled,
}

#[derive(Default)]
struct Notes {
    /// The request that went down the chain last.
    departed: Option<(Method, Url)>,
    /// Whether it carried the key; one that a redirect made may not.
    keyed: bool,
    /// How often the attempt under way came to the chain's end.
    arrivals: u32,
    nestings: Vec<Nesting>,
}

/// Settles a mark, by being dropped too: a timeout around us may end us at any await.
pub(super) struct Running<'a>(pub(super) &'a Mark);

impl Mark {
    pub(super) fn new(
        outer: Option<Self>,
        request: Asked,
        (header, key): (KeyHeader, Option<IdempotencyKey>),
        protection: Protection,
    ) -> Self {
        Self(Arc::new(Pass {
            outer,
            request,
            header,
            key,
            state: Mutex::new(State::Running(None)),
            notes: Mutex::default(),
            protection,
        }))
    }

    pub(super) fn key(&self) -> Option<&IdempotencyKey> {
        self.0.key.as_ref()
    }

    fn header(&self) -> &HeaderName {
        self.0.header.name()
    }

    /// True unless the request carries another key than the operation under way, under its header.
    pub(super) fn agrees_with(&self, request: &Request) -> bool {
        let Some(key) = &self.0.key else { return true };
        let mut values = request.headers().get_all(self.header()).iter();
        values.all(|value| self.0.header.read(value).is_ok_and(|found| found == *key))
    }

    /// True if the request went down the chain with the key, and has none under its header any more.
    pub(super) fn key_is_missing_from(&self, request: &Request) -> bool {
        self.notes().keyed && !request.headers().contains_key(self.header())
    }

    /// The innermost operation that is under way: this one, or one within which it was made.
    pub(super) fn under_way(&self) -> Option<&Self> {
        if self.is_running() {
            Some(self)
        } else {
            self.0.outer.as_ref()?.under_way()
        }
    }

    fn is_running(&self) -> bool {
        matches!(*self.state(), State::Running(_))
    }

    /// True if this request is the one that the operation sent last, and none that a middleware within makes for
    /// itself: to fetch a token, say.
    pub(super) fn encloses(&self, request: &Request) -> bool {
        let sent = (request.method(), request.url());
        let notes = self.notes();
        let departed = notes.departed.as_ref();
        departed.is_some_and(|(method, url)| (method, url) == sent)
    }

    /// True if this is the same request again, after an operation that did not succeed; another key of the caller's
    /// makes it another one.
    pub(super) fn is_repeated_by(&self, request: &Asked, given: Option<&IdempotencyKey>) -> bool {
        let settled = matches!(*self.state(), State::Settled);
        let same_key = given.is_none_or(|given| self.key() == Some(given));
        !settled && same_key && self.0.request.body.is_some() && self.0.request == *request
    }

    /// The attempts that came before, if any did.
    pub(super) fn attempts(&self) -> Option<Attempts> {
        match &*self.state() {
            State::Running(attempts) | State::Unsettled(attempts) => attempts.clone(),
            State::Settled => None,
        }
    }

    /// Takes up earlier attempts.
    pub(super) fn resumes(&self, attempts: Attempts) {
        *self.state() = State::Running(Some(attempts));
    }

    /// Begins an attempt: from here on, a dropped future leaves doubt.
    pub(super) fn begins(&self, attempts: Attempts) {
        *self.state() = State::Running(Some(attempts.abandoned()));
    }

    pub(super) fn ends(&self, attempts: Attempts) {
        *self.state() = State::Unsettled(Some(attempts));
    }

    pub(super) fn succeeds(&self) {
        *self.state() = State::Settled;
    }

    /// A request is about to go down the chain.
    pub(super) fn departs(&self, request: &Request) {
        let keyed = self.0.key.is_some() && request.headers().contains_key(self.header());
        let mut notes = self.notes();
        notes.keyed = keyed;
        notes.arrivals = 0;
        notes.departed = Some((request.method().clone(), request.url().clone()));
    }

    /// A request came to the chain's end; false if it must go no further.
    pub(super) fn arrives(&self) -> bool {
        let repeated = {
            let mut notes = self.notes();
            notes.arrivals += 1;
            notes.arrivals > 1
        };
        if !repeated {
            return true;
        }
        self.note(Nesting::Inner);
        self.0.protection == Protection::Whole
    }

    /// Notes another loop, once.
    pub(super) fn note(&self, nesting: Nesting) {
        let mut notes = self.notes();
        if !notes.nestings.contains(&nesting) {
            notes.nestings.push(nesting);
        }
    }

    pub(super) fn nestings(&self) -> Vec<Nesting> {
        self.notes().nestings.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn notes(&self) -> MutexGuard<'_, Notes> {
        self.0.notes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Asked {
    /// Of a request whose address is not valid, or whose body is a stream, nothing is like it.
    pub(super) fn of(request: &RequestBuilder) -> Self {
        let (method, url, body) = request.parts();
        Self {
            method: method.clone(),
            url: url.cloned(),
            body: body.bytes(),
        }
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        let mut state = self.0.state();
        if let State::Running(attempts) = &mut *state {
            *state = State::Unsettled(attempts.take());
        }
    }
}

/// Whether an attempt that may have been processed can be repeated without doing it twice.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Protection {
    Whole,
    None,
}

impl Protection {
    pub(super) fn of(operation: &Operation) -> Self {
        if operation.is_protected() {
            Self::Whole
        } else {
            Self::None
        }
    }
}
