use std::time::{Duration, Instant};

use bytes::Bytes;
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, TRANSFER_ENCODING};
use http::{HeaderMap, Method, Version};
use reqwest::Request;
use url::Url;

use super::attempt::{HttpExchange, Transport};
use super::body::Armor;
use super::redirect::Carry;
use super::{AttemptInfo, BeforeAttempt, Body, Fields, KeyField, Lookup, Plan, Sent, fault};
use crate::operation::{Delivery, Failure, FailureKind, Seldom};

/// What every attempt of an operation sends.
#[derive(Debug)]
pub(crate) struct Template {
    pub(crate) method: Method,
    pub(crate) headers: Fields,
    pub(crate) key: Option<KeyField>,
    pub(crate) body: Body,
    pub(crate) attempt_timeout: Duration,
    /// The transport's, at hand where it is asked for.
    pub(crate) armor: Armor,
    pub(crate) special: Seldom<Special>,
}

/// What few requests are sent with.
#[derive(Debug, Default)]
pub(crate) struct Special {
    pub(crate) version: Option<Version>,
    /// Bounds a body that the caller reads later: reqwest's own limit, set when the operation has a deadline.
    pub(crate) body_deadline: Option<Instant>,
    /// How much of an answer is read into memory, if it is.
    pub(crate) buffer: Option<usize>,
    pub(crate) lookup: Option<Lookup>,
}

impl Template {
    /// How much of an answer is read into memory, if it is.
    pub(super) fn buffer(&self) -> Option<usize> {
        self.special.get()?.buffer
    }

    /// Who is asked what became of an attempt in doubt.
    pub(crate) fn lookup(&self) -> Option<&Lookup> {
        self.special.get()?.lookup.as_ref()
    }
}

impl Special {
    #[cold]
    fn put(&self, request: &mut Request, now: Instant) {
        if let Some(version) = self.version {
            *request.version_mut() = version;
        }
        if let Some(deadline) = self.body_deadline {
            *request.timeout_mut() = Some(deadline.saturating_duration_since(now));
        }
    }
}

/// One request of an attempt: the first, or one that a redirect led to.
pub(super) struct Step {
    pub(super) method: Method,
    pub(super) url: Url,
    pub(super) carry: Carry,
}

/// How the requests of an attempt are made.
impl<T: Transport> HttpExchange<'_, T> {
    /// Fills a request; what the caller set stays behind when a redirect leads to another origin.
    pub(super) fn fill(
        &self,
        request: &mut Request,
        plan: &Plan<'_>,
        step: Option<&Step>,
        asked: Option<Box<HeaderMap>>,
    ) -> Sent<()> {
        *request.headers_mut() = self.headers(plan, step, asked);
        if step.is_none_or(|step| step.carry == Carry::Everything) {
            let body = self.template.body.instance(self.armor());
            *request.body_mut() = body.map_err(|unmade| Box::new(unsent(FailureKind::Request, unmade.into())))?;
        }
        if let Some(special) = self.template.special.get() {
            special.put(request, plan.setup.clock.now());
        }
        Ok(())
    }

    /// The caller's headers, those that the hook gave for this attempt, and the key, which the hook cannot change.
    fn headers(&self, plan: &Plan<'_>, step: Option<&Step>, asked: Option<Box<HeaderMap>>) -> HeaderMap {
        let carry = step.map_or(Carry::Everything, |step| step.carry);
        if carry == Carry::Nothing {
            return HeaderMap::new();
        }
        // Room for the key and what reqwest adds, or the map would grow.
        let mut headers = self.template.headers.to_map(4);
        if let Some(mut asked) = asked {
            // A key of the hook's own would differ from attempt to attempt, and a length of its own would cut the body.
            for fixed in [plan.key().header.name(), &CONTENT_LENGTH, &TRANSFER_ENCODING] {
                asked.remove(fixed);
            }
            headers.extend(*asked);
        }
        match (carry, &self.template.key) {
            (Carry::Everything, Some(field)) => field.put(&mut headers, plan.key()),
            (Carry::Headers, _) => drop_body_headers(&mut headers),
            _ => {}
        }
        headers
    }

    /// What the hook may look at.
    pub(super) fn info(&self, plan: &Plan<'_>, number: u32, step: Option<&Step>) -> AttemptInfo {
        AttemptInfo {
            number,
            method: self.method(step).clone(),
            url: self.target(step).clone(),
            headers: self.headers(plan, step, None),
            body: if step.is_none_or(|step| step.carry == Carry::Everything) {
                self.template.body.bytes()
            } else {
                Some(Bytes::new())
            },
        }
    }

    pub(super) fn method<'s>(&'s self, step: Option<&'s Step>) -> &'s Method {
        step.map_or(&self.template.method, |step| &step.method)
    }

    pub(super) fn target<'s>(&'s self, step: Option<&'s Step>) -> &'s Url {
        step.map_or(self.url, |step| &step.url)
    }

    /// A safe request (RFC 9110 §9.2.1) may be repeated by anyone; anything else goes armored where needed.
    fn armor(&self) -> Armor {
        if self.template.method.is_safe() {
            Armor::Needless
        } else {
            self.template.armor
        }
    }
}

/// The hook that is asked for headers, unless the request leaves for another origin.
pub(super) fn hook<'p>(plan: &Plan<'p>, step: Option<&Step>) -> Option<&'p dyn BeforeAttempt> {
    let hook = plan.setup.settings.hook.as_deref()?;
    step.is_none_or(|step| step.carry != Carry::Nothing).then_some(hook)
}

/// Nothing was sent: the request could not be made.
pub(super) fn unsent(kind: FailureKind, source: Box<dyn std::error::Error + Send + Sync>) -> Failure {
    Failure::new(kind, Delivery::NeverSent).caused_by(fault::without_url(source))
}

fn drop_body_headers(headers: &mut HeaderMap) {
    for name in [CONTENT_TYPE, CONTENT_LENGTH, CONTENT_ENCODING, TRANSFER_ENCODING] {
        headers.remove(name);
    }
}
