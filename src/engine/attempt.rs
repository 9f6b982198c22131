use std::time::Duration;

use http::header::UPGRADE;
use http::{HeaderMap, HeaderName, StatusCode};
use reqwest::{Request, Response};
use url::{Position, Url};

use super::aside::{Aside, aside};
use super::body::Armor;
use super::redirect::{self, Carry};
use super::request::{Step, Template, hook, unsent};
use super::run::{Followed, Run};
use super::trip::{Head, Progress, Trip};
use super::{BufferError, Exchange, InDoubt, Landing, Plan, Prospect, Redirects, Sent, Whole, peek};
use crate::clock::Clock;
use crate::operation::{Address, Delivery, Effect, Failure, FailureKind, Hop, Outcome, Receipt};

/// Sends one request and brings its response head; makes no decision and repeats nothing.
pub(crate) trait Transport: Send + Sync {
    /// Boxed, since the answer is handed on through a dozen hands.
    fn send(&self, request: Request) -> impl Future<Output = Sent<Box<Response>>> + Send;

    /// Begins an attempt of an operation that takes this way: `boxed(|| run.once())`.
    ///
    /// Each transport says so itself, and may note before that an attempt begins. What is generic is compiled in the crate
    /// that uses it, far from all that it calls here, and the caller's future would have the whole engine in it.
    fn once<'r>(run: &'r mut Run<'_, HttpExchange<'_, Self>>) -> Aside<'r, Option<Box<Followed>>>
    where
        Self: Sized;

    /// Whether the client underneath may repeat a request on its own account.
    fn armor(&self) -> Armor;
}

/// The one attempt that sends HTTP: request, redirects, and the body if it is to be buffered.
pub(crate) struct HttpExchange<'a, T> {
    pub(crate) transport: &'a T,
    pub(crate) template: &'a mut Template,
    /// Where it is sent, unless a redirect leads elsewhere.
    pub(crate) url: &'a Url,
}

impl<'a, T: Transport> HttpExchange<'a, T> {
    /// Sends one request, the first or one that a redirect led to, and brings its head.
    async fn visit(&self, plan: &Plan<'_>, trip: &mut Trip, number: u32, step: Option<&Step>) -> Sent<Box<Response>> {
        let asked = match hook(plan, step) {
            None => None,
            Some(hook) => {
                trip.asks = true;
                let asked = aside(|| hook.headers(self.info(plan, number, step))).await;
                trip.asks = false;
                match asked {
                    Ok(asked) => Some(Box::new(asked)),
                    Err(error) => return trip.fails(unsent(FailureKind::Hook, error).into()),
                }
            }
        };
        let sending = self.depart(plan, trip, step, asked)?;
        let response = match sending.await {
            Ok(response) => response,
            Err(failure) => return trip.fails(failure),
        };
        // Only a client that was built elsewhere follows redirects by itself.
        if self.template.armor == Armor::Worn && is_elsewhere(self.target(step), response.url()) {
            trip.detour().moved = true;
        }
        Ok(response)
    }

    /// Follows redirects until there is an answer.
    async fn follow(
        &self,
        plan: &Plan<'_>,
        trip: &mut Trip,
        number: u32,
        mut response: Box<Response>,
    ) -> Sent<Box<Response>> {
        let mut step = None;
        while let Some(next) = self.next(plan, trip, step.as_ref(), &response) {
            response = self.visit(plan, trip, number, Some(&next)).await?;
            step = Some(next);
        }
        Ok(response)
    }

    /// Sends a request as soon as it is made, so that nothing holds it that waits for the answer.
    fn depart(
        &self,
        plan: &Plan<'_>,
        trip: &mut Trip,
        step: Option<&Step>,
        asked: Option<Box<HeaderMap>>,
    ) -> Sent<impl Future<Output = Sent<Box<Response>>> + Send + use<'a, T>> {
        let mut request = Request::new(self.method(step).clone(), self.target(step).clone());
        if let Err(failure) = self.fill(&mut request, plan, step, asked) {
            return trip.fails(failure);
        }
        trip.progress = Progress::Sent;
        Ok(self.transport.send(request))
    }

    /// Decides whether a response is a redirect to follow, and notes the hop.
    fn next(&self, plan: &Plan<'_>, trip: &mut Trip, step: Option<&Step>, response: &Response) -> Option<Step> {
        if !response.status().is_redirection() || trip.hops().len() >= Redirects::MOST {
            return None;
        }
        let next = redirect::next(
            plan.setup.settings.redirects,
            (self.method(step), self.target(step)),
            (response.status(), response.headers()),
        )?;
        // What was left behind once stays behind, even if a later hop leads back.
        let carry = step.map_or(next.carry, |step| step.carry.weaker(next.carry));
        if carry == Carry::Everything && self.template.body.is_one_shot() {
            return None;
        }
        let detour = trip.detour();
        let hop = Hop::new(response.status(), next.method.clone(), &next.url);
        detour.hops.push(hop);
        let away = !redirect::same_origin(self.url, &next.url);
        detour.landing = away.then(|| Landing {
            method: next.method.clone(),
            url: next.url.clone(),
            at: plan.setup.clock.now(),
        });
        Some(Step {
            method: next.method,
            url: next.url,
            carry,
        })
    }

    /// Refuses what hyper lets through although it is no answer: a switch of protocols nobody asked for, and a status
    /// outside RFC 9110 §15.
    fn check(&self, plan: &Plan<'_>, response: &Response) -> Sent<Head> {
        let status = response.status();
        if (status == StatusCode::SWITCHING_PROTOCOLS || status.as_u16() > 599) && !self.asked_for(status) {
            return Err(Failure::new(FailureKind::Protocol, Delivery::Unknown).into());
        }
        Ok(self.head(plan, response))
    }

    #[cold]
    fn asked_for(&self, status: StatusCode) -> bool {
        status == StatusCode::SWITCHING_PROTOCOLS && self.template.headers.contains(&UPGRADE)
    }

    async fn buffered(&self, plan: &Plan<'_>, response: Box<Response>, limit: usize) -> Sent<Box<Response>> {
        let head = self.head(plan, &response);
        let read = Whole::read(*response, (&self.template.method, self.url), limit).await;
        let whole = read.map_err(|error| match error {
            BufferError::TooLarge => head.without_body(FailureKind::BodyTooLarge),
            BufferError::Broken(source) if source.is_timeout() => {
                head.without_body(FailureKind::BodyTimeout).caused_by(source)
            }
            BufferError::Broken(source) => head.without_body(FailureKind::Body).caused_by(source),
        })?;
        Ok(whole.into_response(self.url).into())
    }

    /// What is kept of a head, should its body fail. The server's wish matters only where the body is part of the attempt.
    fn head(&self, plan: &Plan<'_>, response: &Response) -> Head {
        let status = response.status();
        let matters = self.template.buffer().is_some() && peek::is_shown(status);
        Head {
            status,
            retry_after: if matters { wish(plan, response) } else { None },
        }
    }
}

impl<T: Transport> Exchange for HttpExchange<'_, T> {
    type Answer = Box<Response>;
    type Retired = Whole;

    fn address(&self) -> Address<'_> {
        Address::Url(self.url)
    }

    fn rest(&mut self) {
        self.template.headers.shrink();
    }

    /// Sends, follows redirects until there is an answer, and reads of its body what is wanted.
    async fn send(&self, plan: &Plan<'_>, trip: &mut Trip, number: u32) -> Sent<Box<Response>> {
        let mut response = self.visit(plan, trip, number, None).await?;
        if response.status().is_redirection() {
            response = aside(|| self.follow(plan, trip, number, response)).await?;
        }
        trip.progress = Progress::Head(self.check(plan, &response)?);
        if let Some(limit) = self.template.buffer() {
            response = aside(|| self.buffered(plan, response, limit)).await?;
        }
        let status = response.status();
        if !peek::is_shown(status) || !plan.wants_body(status) {
            return Ok(response);
        }
        let time = (self.template.attempt_timeout / 4).min(trip.until.map_or(Duration::MAX, Clock::left) / 2);
        let (response, seen) = aside(|| peek::peek(response, time)).await;
        trip.detour().seen = Some(seen);
        Ok(response)
    }

    fn once<'r>(run: &'r mut Run<'_, Self>) -> Aside<'r, Option<Box<Followed>>> {
        T::once(run)
    }

    fn outcome<'a>(&'a self, plan: &Plan<'_>, trip: &'a Trip, sent: &'a Sent<Box<Response>>) -> Outcome<'a> {
        let mut outcome = match sent {
            Ok(answer) => Outcome::response(answer.status(), answer.headers()),
            Err(failure) => Outcome::failure(failure),
        };
        outcome.has_method(&self.template.method);
        outcome.has_address(self.address());
        if let (Some(marker), Ok(answer)) = (&plan.key().replay_marker, sent)
            && is_marked(answer.headers(), marker)
        {
            outcome = outcome.as_replayed();
        }
        trip.tells(&mut outcome, &self.template.method);
        outcome
    }

    /// A safe method has no effect to be in doubt about (RFC 9110 §9.2.1).
    fn can_look_up(&self) -> bool {
        self.template.lookup().is_some() && !self.template.method.is_safe()
    }

    async fn look_up(&self, receipt: &Receipt, prospect: Prospect) -> (Effect, Option<Box<Response>>) {
        let Some(lookup) = self.template.lookup() else {
            return (Effect::Unknown, None);
        };
        let finding = lookup.look_up(InDoubt {
            method: self.template.method.clone(),
            url: self.url.clone(),
            body: self.template.body.bytes(),
            receipt: receipt.clone(),
            prospect,
        });
        let finding = finding.await;
        (finding.effect(), finding.into_answer().map(Box::new))
    }

    async fn retire(&self, answer: Box<Response>, wait: Duration) -> Option<Whole> {
        let reading = Whole::read(*answer, (&self.template.method, self.url), RETIRE_BYTES);
        Clock::limit(wait.min(RETIRE_TIME), reading).await.and_then(Result::ok)
    }

    fn restore(&self, whole: Whole) -> Box<Response> {
        Box::new(whole.into_response(self.url))
    }
}

/// How long the server asks to wait.
#[cold]
fn wish(plan: &Plan<'_>, response: &Response) -> Option<Duration> {
    let outcome = Outcome::response(response.status(), response.headers());
    outcome.with_received(plan.setup.clock.wall()).retry_after()
}

/// Whether the server marked an answer as one that it had stored.
pub(crate) fn is_marked(headers: &HeaderMap, marker: &HeaderName) -> bool {
    // An answer has a handful of fields: to look at their names is less work than to hash this one, which is rarely there.
    headers.keys().any(|name| name == marker) && headers.get(marker).is_some_and(|value| value.as_bytes() == b"true")
}

/// A fragment is not sent, and reqwest does not keep it.
fn is_elsewhere(asked: &Url, answered: &Url) -> bool {
    asked[..Position::AfterQuery] != answered[..Position::AfterQuery]
}

/// What is read of an answer that is retried, so that its connection can be used again and the caller can still see it.
const RETIRE_BYTES: usize = 64 * 1024;
/// How long that may take; after it the connection is given up.
const RETIRE_TIME: Duration = Duration::from_millis(250);
