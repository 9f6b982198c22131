use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use http::Extensions;
use reqwest::{Request, Response};
use reqwest_middleware::Next;

use super::fault::place;
use super::pass::Mark;
use crate::client::{Route, Wire};
use crate::engine::{Armor, Aside, Followed, HttpExchange, Run, Sent, Transport, boxed};
use crate::retry::{Attempts, RetryPolicy};

/// The rest of a chain, as the way that an operation's requests take.
pub(super) struct Chain<'a> {
    next: Next<'a>,
    /// Lent to one request at a time: an operation's attempts follow each other.
    extensions: Mutex<&'a mut Extensions>,
    mark: &'a Mark,
    /// Where the operation takes up from, if a loop around us repeats it.
    earlier: Option<Attempts>,
    /// The body in the form that the middleware within us can look into; for chains that are sealed.
    plain: Option<Bytes>,
}

impl<'a> Chain<'a> {
    pub(super) fn new(
        (next, extensions): (Next<'a>, &'a mut Extensions),
        mark: &'a Mark,
        earlier: Option<Attempts>,
        plain: Option<Bytes>,
    ) -> Self {
        Self {
            next,
            extensions: Mutex::new(extensions),
            mark,
            earlier,
            plain,
        }
    }
}

impl Transport for Chain<'_> {
    async fn send(&self, mut request: Request) -> Sent<Box<Response>> {
        if let (Some(bytes), Some(body)) = (&self.plain, request.body_mut()) {
            *body = bytes.clone().into();
        }
        self.mark.departs(&request);
        let mut lent = Lent::of(self);
        let answer = self.next.clone().run(request, &mut lent.extensions).await;
        answer.map(Box::new).map_err(|error| place(error).into())
    }

    fn once<'r>(run: &'r mut Run<'_, HttpExchange<'_, Self>>) -> Aside<'r, Option<Box<Followed>>> {
        // Whatever ends us within this attempt, it was begun after those that are known.
        let attempts = run.course.steps.attempts.owned();
        run.exchange.transport.mark.begins(attempts);
        boxed(|| run.once())
    }

    /// The client at the chain's end was built elsewhere.
    fn armor(&self) -> Armor {
        Armor::Worn
    }
}

impl<'c> Route for &Chain<'c> {
    type Transport = Chain<'c>;

    fn transport<'a>(self, _own: &'a Wire) -> &'a Chain<'c>
    where
        Self: 'a,
    {
        self
    }

    fn take_up<'p>(self, fresh: Attempts<&'p RetryPolicy>) -> Attempts<&'p RetryPolicy>
    where
        Self: 'p,
    {
        let Some(earlier) = &self.earlier else { return fresh };
        self.mark.resumes(earlier.clone());
        earlier.lent()
    }

    fn leave(self, attempts: &Attempts<&RetryPolicy>) {
        self.mark.ends(attempts.owned());
    }
}

/// The chain's extensions, away for one request; back in their place when it ended or was dropped.
///
/// The mark is put in each time: a middleware within may have sent a request of its own with these extensions.
struct Lent<'a, 'b> {
    owner: &'a Chain<'b>,
    extensions: Extensions,
}

impl<'a, 'b> Lent<'a, 'b> {
    fn of(owner: &'a Chain<'b>) -> Self {
        let mut extensions = std::mem::take(&mut **owner.extensions.lock().unwrap_or_else(PoisonError::into_inner));
        extensions.insert(owner.mark.clone());
        Self { owner, extensions }
    }
}

impl Drop for Lent<'_, '_> {
    fn drop(&mut self) {
        self.extensions.insert(self.owner.mark.clone());
        let mut place = self.owner.extensions.lock().unwrap_or_else(PoisonError::into_inner);
        **place = std::mem::take(&mut self.extensions);
    }
}
