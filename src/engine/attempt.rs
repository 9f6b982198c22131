use std::time::Duration;

use bytes::Bytes;
use http::header::UPGRADE;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use reqwest::{Request, Response};
use url::{Position, Url};

use super::body::Armor;
use super::redirect::{self, Carry};
use super::request::{Step, Template};
use super::{BufferError, Exchange, InDoubt, Landing, Plan, Prospect, Redirects, Whole, peek};
use crate::clock::Clock;
use crate::operation::{Address, Delivery, Effect, Failure, FailureKind, Hop, Outcome, Receipt};

/// Sends one request and brings its response head; makes no decision and repeats nothing.
pub(crate) trait Transport: Send + Sync {
    fn send(&self, request: Request) -> impl Future<Output = Result<Response, Failure>> + Send;

    /// Whether the client underneath may repeat a request on its own account.
    fn armor(&self) -> Armor;
}

/// The one attempt that sends HTTP: request, redirects, and the body if it is to be buffered.
pub(crate) struct HttpExchange<'a, T> {
    pub(super) transport: &'a T,
    pub(super) template: &'a Template,
    pub(super) plan: Plan<'a>,
    hops: Vec<Hop>,
    /// Boxed: few attempts leave their origin.
    landing: Option<Box<Landing>>,
    progress: Progress,
    moved: bool,
    /// The beginning of an error's body, where a classifier asked for it.
    seen: Option<Bytes>,
}

/// How far an attempt has come.
#[derive(Clone, Copy)]
enum Progress {
    NothingSent,
    Sent,
    Head(Head),
}

/// What a response head said, for the case that its body fails.
#[derive(Clone, Copy)]
struct Head {
    status: StatusCode,
    retry_after: Option<Duration>,
}

impl<'a, T: Transport> HttpExchange<'a, T> {
    pub(crate) fn new(transport: &'a T, template: &'a Template, plan: Plan<'a>) -> Self {
        Self {
            transport,
            template,
            plan,
            hops: Vec::new(),
            landing: None,
            progress: Progress::NothingSent,
            moved: false,
            seen: None,
        }
    }

    /// Sends, and follows redirects, until there is an answer.
    async fn exchange(&mut self, number: u32) -> Result<Response, Failure> {
        let mut step: Option<Step> = None;
        loop {
            let request = self.request(number, step.as_ref()).await;
            let request = request.map_err(|failure| self.placed(failure))?;
            self.progress = Progress::Sent;
            let response = self
                .transport
                .send(request)
                .await
                .map_err(|failure| self.placed(failure))?;
            // Only a client that was built elsewhere follows redirects by itself.
            self.moved |=
                self.transport.armor() == Armor::Worn && is_elsewhere(self.url(step.as_ref()), response.url());
            let next = self.next(step.as_ref(), &response);
            if next.is_none() {
                self.check(&response)?;
                return Ok(response);
            }
            step = next;
        }
    }

    /// Decides whether a response is a redirect to follow, and notes the hop.
    fn next(&mut self, step: Option<&Step>, response: &Response) -> Option<Step> {
        if !response.status().is_redirection() || self.hops.len() >= Redirects::MOST {
            return None;
        }
        let next = redirect::next(
            self.plan.setup.settings.redirects,
            (self.method(step), self.url(step)),
            (response.status(), response.headers()),
        )?;
        // What was left behind once stays behind, even if a later hop leads back.
        let carry = step.map_or(next.carry, |step| step.carry.weaker(next.carry));
        if carry == Carry::Everything && self.template.body.is_one_shot() {
            return None;
        }
        self.hops
            .push(Hop::new(response.status(), next.method.clone(), &next.url));
        let away = !redirect::same_origin(&self.template.url, &next.url);
        self.landing = away.then(|| {
            Box::new(Landing {
                method: next.method.clone(),
                url: next.url.clone(),
                at: self.plan.setup.clock.now(),
            })
        });
        Some(Step {
            method: next.method,
            url: next.url,
            carry,
        })
    }

    /// Refuses what hyper lets through although it is no answer: a switch of protocols nobody asked for, and a status
    /// outside RFC 9110 §15.
    fn check(&mut self, response: &Response) -> Result<(), Failure> {
        let status = response.status();
        let unasked = status == StatusCode::SWITCHING_PROTOCOLS && !self.template.headers.contains(&UPGRADE);
        if unasked || status.as_u16() > 599 {
            return Err(Failure::new(FailureKind::Protocol, Delivery::Unknown));
        }
        self.progress = Progress::Head(self.head(response));
        Ok(())
    }

    async fn buffered(&self, response: Response, limit: usize) -> Result<Response, Failure> {
        let head = self.head(&response);
        let read = Whole::read(response, &self.template.url, limit).await;
        let whole = read.map_err(|error| match error {
            BufferError::TooLarge => head.without_body(FailureKind::BodyTooLarge),
            BufferError::Broken(source) if source.is_timeout() => {
                head.without_body(FailureKind::BodyTimeout).caused_by(source)
            }
            BufferError::Broken(source) => head.without_body(FailureKind::Body).caused_by(source),
        })?;
        Ok(whole.into_response(&self.template.url))
    }

    /// What is kept of a head, should its body fail; the server's wish matters only for a failure.
    fn head(&self, response: &Response) -> Head {
        let status = response.status();
        let matters = self.template.buffer.is_some() && status.is_server_error();
        let wish = matters.then(|| {
            let outcome = Outcome::response(status, response.headers());
            outcome.with_received(self.plan.setup.clock.wall()).retry_after()
        });
        Head {
            status,
            retry_after: wish.flatten(),
        }
    }

    fn placed(&self, failure: Failure) -> Failure {
        if self.hops.is_empty() {
            failure
        } else {
            failure.after_redirect()
        }
    }
}

impl<T: Transport> Exchange for HttpExchange<'_, T> {
    type Answer = Response;
    type Retired = Whole;

    fn address(&self) -> Address<'_> {
        Address::Url(&self.template.url)
    }

    fn twin(&self) -> Self {
        Self::new(self.transport, self.template, self.plan)
    }

    async fn send(&mut self, number: u32) -> Result<Response, Failure> {
        self.hops.clear();
        self.landing = None;
        self.progress = Progress::NothingSent;
        self.moved = false;
        self.seen = None;
        let response = self.exchange(number).await?;
        let response = match self.template.buffer {
            // Boxed, as below: the common attempt, which does not read the body, should not be as large as this.
            Some(limit) => Box::pin(self.buffered(response, limit)).await?,
            None => response,
        };
        let status = response.status();
        if !peek::is_shown(status) || !self.plan.wants_body(status) {
            return Ok(response);
        }
        let (response, seen) = Box::pin(peek::peek(response, self.template.attempt_timeout)).await;
        self.seen = Some(seen);
        Ok(response)
    }

    fn timed_out(&self) -> Failure {
        match self.progress {
            Progress::NothingSent => Failure::new(FailureKind::HeadTimeout, Delivery::NeverSent),
            Progress::Sent => Failure::new(FailureKind::HeadTimeout, Delivery::Unknown),
            Progress::Head(head) => head.without_body(FailureKind::BodyTimeout),
        }
    }

    fn outcome<'a>(&'a self, answer: &'a Response) -> Outcome<'a> {
        let headers = answer.headers();
        let mut outcome = Outcome::response(answer.status(), headers);
        if let Some(seen) = &self.seen {
            outcome = outcome.with_body(seen);
        }
        let marker = self
            .plan
            .key()
            .replay_marker
            .as_ref()
            .and_then(|name| find(headers, name));
        if marker.is_some_and(|value| value.as_bytes() == b"true") {
            outcome = outcome.as_replayed();
        }
        if self.moved {
            outcome.after_unseen_redirect()
        } else {
            outcome
        }
    }

    fn hops(&self) -> &[Hop] {
        &self.hops
    }

    fn landing(&self) -> Option<&Landing> {
        self.landing.as_deref()
    }

    /// A safe method has no effect to be in doubt about (RFC 9110 §9.2.1).
    fn can_look_up(&self) -> bool {
        self.template.lookup.is_some() && !self.template.method.is_safe()
    }

    async fn look_up(&self, receipt: &Receipt, prospect: Prospect) -> (Effect, Option<Response>) {
        let Some(lookup) = &self.template.lookup else {
            return (Effect::Unknown, None);
        };
        let finding = lookup.look_up(InDoubt {
            method: self.template.method.clone(),
            url: self.template.url.clone(),
            body: self.template.body.bytes(),
            receipt: receipt.clone(),
            prospect,
        });
        let finding = finding.await;
        (finding.effect(), finding.into_answer())
    }

    async fn retire(&self, answer: Response, wait: Duration) -> Option<Whole> {
        let reading = Whole::read(answer, &self.template.url, RETIRE_BYTES);
        Clock::limit(wait.min(RETIRE_TIME), reading).await.and_then(Result::ok)
    }

    fn restore(&self, whole: Whole) -> Response {
        whole.into_response(&self.template.url)
    }
}

/// Looks at the names one by one, if they are few: that costs less than hashing the one that is looked for.
fn find<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h HeaderValue> {
    if headers.keys_len() > 8 {
        return headers.get(name);
    }
    headers.iter().find(|(own, _)| *own == name).map(|(_, value)| value)
}

impl Head {
    fn without_body(self, kind: FailureKind) -> Failure {
        Failure::new(kind, Delivery::ResponseStarted)
            .after_status(self.status)
            .asking_to_wait(self.retry_after)
    }
}

/// A fragment is not sent, and reqwest does not keep it.
fn is_elsewhere(asked: &Url, answered: &Url) -> bool {
    asked[..Position::AfterQuery] != answered[..Position::AfterQuery]
}

/// What is read of an answer that is retried, so that its connection can be used again and the caller can still see it.
const RETIRE_BYTES: usize = 64 * 1024;
/// How long that may take; after it the connection is given up.
const RETIRE_TIME: Duration = Duration::from_millis(250);
