use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, TRANSFER_ENCODING, UPGRADE};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Version};
use reqwest::{Request, Response};
use url::{Position, Url};

use super::aside::aside;
use super::body::Armor;
use super::redirect::{self, Carry};
use super::{
    AttemptInfo, BeforeAttempt, Body, BufferError, Exchange, Fields, InDoubt, Judge, KeyField, Landing, Lookup,
    Prospect, Redirects, Settings, Whole, peek,
};
use crate::clock::Clock;
use crate::operation::{Delivery, Effect, Failure, FailureKind, Hop, KeySettings, Outcome, Receipt};

/// Sends one request and brings its response head; makes no decision and repeats nothing.
pub(crate) trait Transport: Send + Sync {
    /// Boxed, since the answer is handed on through a dozen hands.
    fn send(&self, request: Request) -> impl Future<Output = Result<Box<Response>, Failure>> + Send;

    /// Whether the client underneath may repeat a request on its own account.
    fn armor(&self) -> Armor;
}

/// What every attempt of an operation sends.
#[derive(Debug)]
pub(crate) struct Template {
    pub(crate) method: Method,
    pub(crate) url: Url,
    pub(crate) headers: Fields,
    pub(crate) key: Option<KeyField>,
    pub(crate) body: Body,
    pub(crate) version: Option<Version>,
    /// Bounds a body that the caller reads later: reqwest's own limit, set when the operation has a deadline.
    pub(crate) body_deadline: Option<std::time::Instant>,
    /// How much of an answer is read into memory, if it is.
    pub(crate) buffer: Option<usize>,
    pub(crate) lookup: Option<Lookup>,
    pub(crate) attempt_timeout: Duration,
}

/// The one attempt that sends HTTP: request, redirects, and the body if it is to be buffered.
pub(crate) struct HttpExchange<'a, T> {
    transport: &'a T,
    template: &'a Template,
    rules: Rules<'a>,
    clock: &'a Clock,
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

/// How an attempt is made: what is not the operation's own is looked up where it is kept.
#[derive(Clone, Copy)]
pub(crate) struct Rules<'a> {
    pub(crate) settings: &'a Settings,
    /// The client's, or the preset's.
    pub(crate) key: &'a KeySettings,
    pub(crate) judge: Judge<'a>,
}

/// One request of an attempt: the first, or one that a redirect led to.
struct Step {
    method: Method,
    url: Url,
    carry: Carry,
}

impl<'a, T: Transport> HttpExchange<'a, T> {
    pub(crate) fn new(transport: &'a T, template: &'a Template, rules: Rules<'a>, clock: &'a Clock) -> Self {
        Self {
            transport,
            template,
            rules,
            clock,
            hops: Vec::new(),
            landing: None,
            progress: Progress::NothingSent,
            moved: false,
            seen: None,
        }
    }

    /// Sends, and follows redirects, until there is an answer.
    async fn exchange(&mut self, number: u32) -> Result<Box<Response>, Failure> {
        // Boxed: few attempts are redirected, and all would carry the room for it.
        let mut step: Option<Box<Step>> = None;
        loop {
            let asked = match self.hook(step.as_deref()) {
                Some(hook) => {
                    let asked = hook.headers(self.info(number, step.as_deref())).await;
                    Some(asked.map_err(|error| self.placed(unsent(FailureKind::Hook, error)))?)
                }
                None => None,
            };
            let response = match self.depart(step.as_deref(), asked)?.await {
                Ok(response) => response,
                Err(failure) => return Err(self.placed(failure)),
            };
            // Only a client that was built elsewhere follows redirects by itself.
            self.moved |=
                self.transport.armor() == Armor::Worn && is_elsewhere(self.url(step.as_deref()), response.url());
            let Some(next) = self.next(step.as_deref(), &response) else {
                self.check(&response)?;
                return Ok(response);
            };
            step = Some(Box::new(next));
        }
    }

    /// The hook, unless the request leaves for another origin.
    fn hook(&self, step: Option<&Step>) -> Option<&dyn BeforeAttempt> {
        let hook = self.rules.settings.hook.as_deref()?;
        step.is_none_or(|step| step.carry != Carry::Nothing).then_some(hook)
    }

    /// Sends a request as soon as it is made, so that nothing holds it that waits for the answer.
    fn depart(
        &mut self,
        step: Option<&Step>,
        asked: Option<HeaderMap>,
    ) -> Result<impl Future<Output = Result<Box<Response>, Failure>> + Send + use<'a, T>, Failure> {
        let request = self.request(step, asked).map_err(|failure| self.placed(failure))?;
        self.progress = Progress::Sent;
        Ok(self.transport.send(request))
    }

    /// Builds a request; what the caller set stays behind when a redirect leads to another origin.
    fn request(&self, step: Option<&Step>, asked: Option<HeaderMap>) -> Result<Request, Failure> {
        let mut request = Request::new(self.method(step).clone(), self.url(step).clone());
        *request.headers_mut() = self.headers(step, asked);
        if step.is_none_or(|step| step.carry == Carry::Everything) {
            let body = self.template.body.instance(self.armor());
            *request.body_mut() = body.map_err(|unmade| unsent(FailureKind::Request, unmade.into()))?;
        }
        if let Some(version) = self.template.version {
            *request.version_mut() = version;
        }
        if let Some(deadline) = self.template.body_deadline {
            *request.timeout_mut() = Some(deadline.saturating_duration_since(self.clock.now()));
        }
        Ok(request)
    }

    /// The caller's headers, those that the hook gave for this attempt, and the key, which the hook cannot change.
    fn headers(&self, step: Option<&Step>, asked: Option<HeaderMap>) -> HeaderMap {
        let carry = step.map_or(Carry::Everything, |step| step.carry);
        if carry == Carry::Nothing {
            return HeaderMap::new();
        }
        // Room for the key and what reqwest adds, or the map would grow.
        let mut headers = self.template.headers.to_map(4);
        if let Some(mut asked) = asked {
            // A key of the hook's own would differ from attempt to attempt, and a length of its own would cut the body.
            for fixed in [self.rules.key.header.name(), &CONTENT_LENGTH, &TRANSFER_ENCODING] {
                asked.remove(fixed);
            }
            headers.extend(asked);
        }
        match (carry, &self.template.key) {
            (Carry::Everything, Some(field)) => field.put(&mut headers),
            (Carry::Headers, _) => drop_body_headers(&mut headers),
            _ => {}
        }
        headers
    }

    fn info(&self, number: u32, step: Option<&Step>) -> AttemptInfo {
        AttemptInfo {
            number,
            method: self.method(step).clone(),
            url: self.url(step).clone(),
            headers: self.headers(step, None),
            body: self.template.body.bytes(),
        }
    }

    fn method<'s>(&'s self, step: Option<&'s Step>) -> &'s Method {
        step.map_or(&self.template.method, |step| &step.method)
    }

    fn url<'s>(&'s self, step: Option<&'s Step>) -> &'s Url {
        step.map_or(&self.template.url, |step| &step.url)
    }

    /// Decides whether a response is a redirect to follow, and notes the hop.
    fn next(&mut self, step: Option<&Step>, response: &Response) -> Option<Step> {
        if !response.status().is_redirection() || self.hops.len() >= Redirects::MOST {
            return None;
        }
        let next = redirect::next(
            self.rules.settings.redirects,
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
                at: self.clock.now(),
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
            outcome.with_received(self.clock.wall()).retry_after()
        });
        Head {
            status,
            retry_after: wish.flatten(),
        }
    }

    #[cold]
    fn placed(&self, failure: Failure) -> Failure {
        if self.hops.is_empty() {
            failure
        } else {
            failure.after_redirect()
        }
    }

    /// An idempotent request without a body may be repeated by anyone; anything else goes armored where needed.
    fn armor(&self) -> Armor {
        if self.template.method.is_safe() {
            Armor::Needless
        } else {
            self.transport.armor()
        }
    }
}

impl<T: Transport> Exchange for HttpExchange<'_, T> {
    type Answer = Box<Response>;
    type Retired = Whole;

    fn twin(&self) -> Self {
        Self::new(self.transport, self.template, self.rules, self.clock)
    }

    async fn send(&mut self, number: u32) -> Result<Box<Response>, Failure> {
        self.hops.clear();
        self.landing = None;
        self.progress = Progress::NothingSent;
        self.moved = false;
        self.seen = None;
        let response = self.exchange(number).await?;
        let response = match self.template.buffer {
            Some(limit) => Box::new(aside(|| self.buffered(*response, limit)).await?),
            None => response,
        };
        let status = response.status();
        if !peek::is_shown(status) || !self.rules.judge.wants_body(status) {
            return Ok(response);
        }
        let (response, seen) = aside(|| peek::peek(*response, self.template.attempt_timeout)).await;
        self.seen = Some(seen);
        Ok(Box::new(response))
    }

    fn timed_out(&self) -> Failure {
        match self.progress {
            Progress::NothingSent => Failure::new(FailureKind::HeadTimeout, Delivery::NeverSent),
            Progress::Sent => Failure::new(FailureKind::HeadTimeout, Delivery::Unknown),
            Progress::Head(head) => head.without_body(FailureKind::BodyTimeout),
        }
    }

    fn outcome<'a>(&'a self, answer: &'a Box<Response>) -> Outcome<'a> {
        let headers = answer.headers();
        let mut outcome = Outcome::response(answer.status(), headers);
        if let Some(seen) = &self.seen {
            outcome = outcome.with_body(seen);
        }
        let marker = self
            .rules
            .key
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

    async fn look_up(&self, receipt: &Receipt, prospect: Prospect) -> (Effect, Option<Box<Response>>) {
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
        (finding.effect(), finding.into_answer().map(Box::new))
    }

    async fn retire(&self, answer: Box<Response>, wait: Duration) -> Option<Whole> {
        let reading = Whole::read(*answer, &self.template.url, RETIRE_BYTES);
        Clock::limit(wait.min(RETIRE_TIME), reading).await.and_then(Result::ok)
    }

    fn restore(&self, whole: Whole) -> Box<Response> {
        Box::new(whole.into_response(&self.template.url))
    }
}

impl Carry {
    fn weaker(self, other: Self) -> Self {
        match (self, other) {
            (Self::Nothing, _) | (_, Self::Nothing) => Self::Nothing,
            (Self::Headers, _) | (_, Self::Headers) => Self::Headers,
            (Self::Everything, Self::Everything) => Self::Everything,
        }
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

/// Nothing was sent: the request could not be made.
fn unsent(kind: FailureKind, source: Box<dyn std::error::Error + Send + Sync>) -> Failure {
    Failure::new(kind, Delivery::NeverSent).caused_by(source)
}

/// A fragment is not sent, and reqwest does not keep it.
fn is_elsewhere(asked: &Url, answered: &Url) -> bool {
    asked[..Position::AfterQuery] != answered[..Position::AfterQuery]
}

fn drop_body_headers(headers: &mut HeaderMap) {
    for name in [CONTENT_TYPE, CONTENT_LENGTH, CONTENT_ENCODING, TRANSFER_ENCODING] {
        headers.remove(name);
    }
}

/// What is read of an answer that is retried, so that its connection can be used again and the caller can still see it.
const RETIRE_BYTES: usize = 64 * 1024;
/// How long that may take; after it the connection is given up.
const RETIRE_TIME: Duration = Duration::from_millis(250);
