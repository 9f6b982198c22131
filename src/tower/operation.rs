use std::sync::Arc;
use std::time::{Duration, Instant};

use http::request::Parts;
use http::{Extensions, Method, Request, Response, StatusCode, Uri, Version, header};
use tracing::Span;

use super::body::{ReplayBody, Supply};
use super::shared::{Common, Shared, Target};
use super::{AttemptNumber, Notes};
use crate::breaker::{Detached, Permit};
use crate::engine::{
    Course, Ended, Fields, Guards, KeyField, Payload, Plan, Settings, Settled, Spent, Steps, is_marked, prepare,
};
use crate::error::Error;
use crate::event::{AttemptSpan, operation_span};
use crate::operation::{
    Delivery, Failure, FailureKind, IdempotencyKey, KeySupport, NotReplayable, Outcome, Receipt, StopReason,
};
use crate::preset::Preset;
use crate::retry::{Decision, Replay, ReplaySafety, RetryPolicy};

/// One operation: everything of it but the service and the futures that it waits for.
pub(super) struct Operation<B, P, E> {
    held: Held<P, E>,
    template: Template<B>,
    terms: Terms,
    steps: Steps,
    receipt: Receipt,
    started: Instant,
    /// When the attempt that is under way began, and how long it may take.
    began: Instant,
    limit: Duration,
}

/// What holds for this operation beside the layer's settings.
struct Terms {
    preset: Option<Preset>,
    /// The request's own.
    policy: Option<RetryPolicy>,
    attempt_timeout: Duration,
}

/// What every attempt sends.
struct Template<B> {
    method: Method,
    uri: Uri,
    version: Version,
    headers: Fields,
    key: Option<KeyField>,
    extensions: Extensions,
    body: Supply<B>,
}

/// The permit of the attempt that is under way, given back when the future is dropped.
struct Held<P, E> {
    shared: Arc<Shared<P, E>>,
    permit: Option<Detached>,
}

impl<B, P: ReplayBody<B>, E> Operation<B, P, E> {
    /// Fixes key, headers and body; the operation begins.
    pub(super) fn new(shared: &Arc<Shared<P, E>>, request: Request<B>) -> Result<Self, Error> {
        let (parts, body) = request.into_parts();
        let Parts {
            method,
            uri,
            version,
            headers: given,
            extensions,
            ..
        } = parts;
        let common = &shared.common;
        let Target {
            address,
            name,
            preset,
            key: key_settings,
        } = shared.target(&uri);
        let support = extensions.get::<KeySupport>().copied();
        let support = support.unwrap_or_else(|| key_settings.support_on(|| uri.path()));
        let (mut key, mut field) = (extensions.get::<IdempotencyKey>().cloned(), None);
        let body = Supply::new(body, &shared.bodies);
        let mut headers = Fields::default();
        headers.set_all(given);
        let places = (&mut key, &mut field);
        let safety = prepare(&method, (&mut headers, &body), places, key_settings, support)?;

        let safety = unnested(safety, &extensions);
        let mut receipt = Receipt::new(method.clone(), name, key);
        if let Some(why) = safety.obstacle() {
            receipt.is_unsafe_to_repeat(why);
        }
        if let Some(preset) = preset {
            receipt.of_preset(preset.shared_name());
        }
        let settings = &common.setup.settings;
        let safety = safety.with_replay(extensions.get::<Replay>().copied().unwrap_or(settings.replay));
        let policy = extensions.get::<RetryPolicy>().cloned();
        let started = common.setup.clock.now();
        let mut attempts = policy.as_ref().unwrap_or(&settings.policy).attempts(safety, started);
        let limit = settings.total_timeout.or_else(|| preset?.total_timeout());
        if let Some(deadline) = limit.and_then(|limit| started.checked_add(limit)) {
            attempts = attempts.with_deadline(deadline);
        }
        let steps = Steps {
            attempts,
            guards: Guards::new(common.setup.shields(), address.scope(), (&method, address, &headers)),
        };
        Ok(Self {
            terms: Terms {
                attempt_timeout: settings
                    .attempt_timeout
                    .or_else(|| preset?.attempt_timeout())
                    .unwrap_or(Settings::ATTEMPT_TIMEOUT),
                preset: preset.cloned(),
                policy,
            },
            steps,
            receipt,
            started,
            began: started,
            limit: Duration::ZERO,
            template: Template {
                method,
                uri,
                version,
                headers,
                key: field,
                extensions,
                body,
            },
            held: Held {
                shared: Arc::clone(shared),
                permit: None,
            },
        })
    }

    /// The request of the attempt that is under way.
    pub(super) fn request(&mut self) -> Result<Request<B>, Failure> {
        let Self {
            held, template, terms, ..
        } = self;
        let body = template.body.take(&held.shared.bodies).ok_or_else(|| {
            let failure = Failure::new(FailureKind::Request, Delivery::NeverSent);
            failure.caused_by("the body could not be had again")
        })?;
        let number = self.steps.attempts.begun();
        if number > 1 && template.body.is_one_shot() {
            self.steps.attempts.sends_the_last_body();
            self.receipt.is_unsafe_to_repeat(NotReplayable::OneShotBody);
        }
        let mut request = Request::new(body);
        *request.method_mut() = template.method.clone();
        *request.uri_mut() = template.uri.clone();
        *request.version_mut() = template.version;
        *request.headers_mut() = template.headers.to_map(usize::from(template.key.is_some()));
        if let Some(key) = &template.key {
            key.put(request.headers_mut(), terms.plan(&held.shared.common).key());
        }
        *request.extensions_mut() = template.extensions.clone();
        if number > 1 || held.shared.common.notes == Notes::Always {
            request.extensions_mut().insert(AttemptNumber(number));
        }
        Ok(request)
    }
}

impl<B, P, E> Operation<B, P, E> {
    pub(super) fn shared(&self) -> &Shared<P, E> {
        &self.held.shared
    }

    pub(super) fn span(&self) -> Span {
        operation_span(&self.receipt)
    }

    /// When the attempt that is under way began, and how long it may take.
    pub(super) fn limit(&self) -> (Instant, Duration) {
        (self.began, self.limit)
    }

    /// Asks for leave to make the next attempt; `None` if the operation is over.
    pub(super) fn admit(&mut self) -> Option<AttemptSpan> {
        let now = self.held.shared.common.setup.clock.now();
        let admitted = {
            let mut permit = None;
            let begin = self.course().admit(&mut permit, now);
            // A permit that no attempt follows is dropped as it is, which gives a probe's place back.
            begin.map(|begin| (begin, permit.and_then(Permit::detach)))
        };
        match admitted {
            Ok((begin, permit)) => {
                self.held.permit = permit;
                self.began = now;
                let address = self.held.shared.common.address(&self.template.uri);
                let span = AttemptSpan::new(&self.receipt, address, begin.number);
                self.limit = span.span().in_scope(|| self.course().sets_out(begin));
                Some(span)
            }
            Err(refused) => {
                self.course().stops(refused.stop, refused.retry_after, now);
                None
            }
        }
    }

    /// Refuses what hyper lets through although it is no answer.
    pub(super) fn checked<R>(&self, response: Response<R>) -> Result<Response<R>, Failure> {
        let status = response.status();
        let unasked = status == StatusCode::SWITCHING_PROTOCOLS && !self.template.headers.contains(&header::UPGRADE);
        if unasked || status.as_u16() > 599 {
            return Err(Failure::new(FailureKind::Protocol, Delivery::Unknown));
        }
        Ok(response)
    }

    /// Settles the attempt; `None` if the operation is over, else how long to wait before the next one.
    pub(super) fn ends<R>(&mut self, result: &Result<Response<R>, Failure>, span: &AttemptSpan) -> Option<Duration> {
        let Self { held, .. } = self;
        let common = &held.shared.common;
        let permit = held.permit.take();
        let mut permit = permit.and_then(|permit| common.setup.breaker.as_ref()?.attach(permit));
        let at = common.setup.clock.now();
        let spent = Spent {
            permit: permit.as_mut(),
            began: self.began,
            ended: at,
            at,
        };
        let ended = Ended::new(spent, span, (&[], None));
        let mut outcome = match result {
            Ok(response) => self.terms.outcome(response, common),
            Err(failure) => Outcome::failure(failure),
        };
        outcome.has_method(&self.template.method);
        outcome.has_address(common.address(&self.template.uri));
        outcome.has_number(self.steps.attempts.begun());
        let mut course = Course {
            plan: self.terms.plan(common),
            steps: &mut self.steps,
            receipt: &mut self.receipt,
            started: self.started,
        };
        let settled = course.ends(&mut outcome, ended);
        let (decision, retry_after) = Settled::read(settled.get());
        match decision {
            Decision::Stop(stop) => {
                course.stops(stop, retry_after, at);
                None
            }
            Decision::RetryAfter(wait) => {
                course.waits(wait);
                Some(wait)
            }
        }
    }

    /// The last response with its receipt, or else the last failure.
    pub(super) fn conclude<R>(
        self,
        (last, failure): (Option<Response<R>>, Option<Failure>),
    ) -> Result<Response<R>, Error> {
        let (Some(mut response), None) = (last, &failure) else {
            return Err(Error::failed(self.receipt, failure, None));
        };
        let at_once = self.receipt.stop() == StopReason::Accepted && self.receipt.attempts().len() == 1;
        if !at_once || self.shared().common.notes == Notes::Always {
            response.extensions_mut().insert(self.receipt);
        }
        Ok(response)
    }

    fn course(&mut self) -> Course<'_, RetryPolicy> {
        Course {
            plan: self.terms.plan(&self.held.shared.common),
            steps: &mut self.steps,
            receipt: &mut self.receipt,
            started: self.started,
        }
    }
}

impl Terms {
    fn plan<'a>(&'a self, common: &'a Common) -> Plan<'a> {
        Plan {
            setup: &common.setup,
            policy: self.policy.as_ref().unwrap_or(&common.setup.settings.policy),
            preset: self.preset.as_ref(),
            attempt_timeout: self.attempt_timeout,
        }
    }

    fn outcome<'a, R>(&self, response: &'a Response<R>, common: &Common) -> Outcome<'a> {
        let outcome = Outcome::response(response.status(), response.headers());
        let marker = self.plan(common).key().replay_marker.as_ref();
        if marker.is_some_and(|marker| is_marked(response.headers(), marker)) {
            outcome.as_replayed()
        } else {
            outcome
        }
    }
}

/// A permit that nobody settles is abandoned: it says nothing about the server, and its place is free again.
impl<P, E> Drop for Held<P, E> {
    fn drop(&mut self) {
        let Self { shared, permit } = self;
        if let (Some(breaker), Some(permit)) = (&shared.common.setup.breaker, permit.take()) {
            drop(breaker.attach(permit));
        }
    }
}

/// Leaves the retries to a layer around this one, or attempts would multiply.
fn unnested(safety: ReplaySafety, extensions: &Extensions) -> ReplaySafety {
    if extensions.get::<AttemptNumber>().is_none() {
        return safety;
    }
    tracing::warn!("a resilience layer stands inside another one, which does the retries");
    safety.nested()
}
