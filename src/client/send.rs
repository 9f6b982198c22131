use std::sync::Arc;
use std::time::{Duration, Instant};

use reqwest::Response;
use tracing::Instrument;

use super::wire::Wire;
use super::{Client, RequestBuilder};
use crate::engine::{
    Course, Finished, Guards, HttpExchange, Last, Plan, Run, Settings, Steps, Template, Transport, prepare,
};
use crate::error::Error;
use crate::event::operation_span;
use crate::operation::{Address, Receipt, Scope, StopReason, origin_of};
use crate::preset::Preset;
use crate::retry::{Attempts, ReplaySafety, RetryPolicy};

/// One operation, ready to run: everything is fixed but the time.
pub(crate) struct Operation {
    pub(super) client: Client,
    template: Template,
    pub(super) receipt: Receipt,
    /// Of the whole origin.
    scope: Option<Scope>,
    pub(super) safety: ReplaySafety,
    policy: Option<RetryPolicy>,
    preset: Option<Preset>,
    total_timeout: Option<Duration>,
}

/// Where an operation goes out, and where it takes up from.
pub(crate) trait Route: Copy + Send + Sync {
    type Transport: Transport;

    /// What carries its requests; the client's own wire is at hand.
    fn transport<'a>(self, own: &'a Wire) -> &'a Self::Transport
    where
        Self: 'a;

    /// Where it begins: afresh, unless it was begun before.
    fn take_up(self, fresh: Attempts) -> Attempts {
        fresh
    }

    /// Is told where it ended.
    fn leave(self, _attempts: &Attempts) {}
}

/// Out by the client's own wire.
#[derive(Clone, Copy)]
pub(crate) struct Direct;

impl Route for Direct {
    type Transport = Wire;

    fn transport<'a>(self, own: &'a Wire) -> &'a Wire
    where
        Self: 'a,
    {
        own
    }
}

impl Operation {
    /// Fixes key, headers and body; whatever a setter could not take shows here.
    pub(crate) fn new(request: RequestBuilder) -> Result<Self, Error> {
        let RequestBuilder {
            client,
            method,
            url,
            mut headers,
            body,
            version,
            key,
            overrides,
        } = request;
        let url = url?;
        let settings = &client.0.setup.settings;
        let known = client.0.addresses.find(&url);
        let (preset, key_settings) = client.0.key_settings(&url, known);
        for (name, value) in &client.0.headers.0 {
            // A key among the defaults would be the same for every operation; the builder refuses the client's own
            // header, a preset may name another.
            if !headers.contains(name) && name != key_settings.header.name() {
                headers.append(name.clone(), value.clone());
            }
        }
        let preset = preset.cloned();
        let support = overrides
            .key_support
            .unwrap_or_else(|| key_settings.support_on(url.path()));
        let prepared = prepare(&method, (&mut headers, &body), key, key_settings, support)?;
        let safety = if overrides.send_once {
            prepared.safety.send_once()
        } else {
            prepared.safety
        };
        let lookup = overrides.lookup.or_else(|| settings.lookup.clone());
        let (origin, scope) = match known {
            Some(known) => (Arc::clone(&known.origin), known.scope),
            None => (origin_of(&url), Scope::of_url(&url)),
        };
        let mut receipt = Receipt::new(method.clone(), origin, prepared.key);
        if let Some(why) = safety.obstacle() {
            receipt.is_unsafe_to_repeat(why);
        }
        let mut safety = safety.with_replay(overrides.replay.unwrap_or(settings.replay));
        if lookup.is_some() {
            safety = safety.with_lookup();
        }
        if let Some(preset) = &preset {
            receipt.of_preset(preset.shared_name());
        }
        Ok(Self {
            total_timeout: overrides.total_timeout.or(settings.total_timeout),
            template: Template {
                method,
                url,
                headers,
                key: prepared.field,
                body,
                version,
                body_deadline: None,
                buffer: overrides.buffer.or(settings.buffer),
                lookup,
                attempt_timeout: overrides
                    .attempt_timeout
                    .or(settings.attempt_timeout)
                    .or_else(|| preset.as_ref()?.attempt_timeout())
                    .unwrap_or(Settings::ATTEMPT_TIMEOUT),
            },
            client,
            receipt,
            scope,
            safety,
            policy: overrides.policy,
            preset,
        })
    }

    /// Runs it to its end.
    pub(crate) async fn run(&mut self, route: impl Route) -> Result<Finished<Response>, Error> {
        self.template.body.collect(self.collect_limit()).await?;
        let span = operation_span(&self.receipt);
        Ok(self.drive(route).instrument(span).await)
    }

    /// How long reading the request's own body may take: as an attempt.
    fn collect_limit(&self) -> Duration {
        let limit = self.template.attempt_timeout;
        self.total_timeout.map_or(limit, |total| total.min(limit))
    }

    /// Turns its end into what the caller gets.
    pub(super) fn conclude(self, finished: Finished<Response>) -> Result<Response, Error> {
        let Self { receipt, .. } = self;
        match (receipt.stop(), finished.answer) {
            (StopReason::Accepted | StopReason::LookedUp, Some(mut response)) => {
                response.extensions_mut().insert(receipt);
                Ok(response)
            }
            (_, answer) => Err(Error::failed(receipt, finished.failure, answer)),
        }
    }

    /// When it must be done: by the caller's limit, else the preset's.
    fn deadline(&self, started: Instant) -> Option<Instant> {
        let limit = self.total_timeout.or_else(|| self.preset.as_ref()?.total_timeout());
        started.checked_add(limit?)
    }

    async fn drive<R: Route>(&mut self, route: R) -> Finished<Response> {
        let setup = &self.client.0.setup;
        let started = setup.clock.now();
        let policy = self.policy.as_ref().unwrap_or(&setup.settings.policy);
        let mut attempts = route.take_up(policy.attempts(self.safety, started));
        if let Some(deadline) = self.deadline(started) {
            attempts = attempts.with_deadline(deadline);
            // A preset's limit was not asked for: it does not cut off a stream that is read later.
            self.template.body_deadline = self.total_timeout.map(|_| deadline);
        }
        let template = &mut self.template;
        let plan = Plan {
            setup,
            policy,
            preset: self.preset.as_ref(),
            attempt_timeout: template.attempt_timeout,
        };
        let mut steps = Steps {
            attempts,
            guards: Guards::new(
                setup.shields(),
                self.scope,
                (&template.method, Address::Url(&template.url), &template.headers),
            ),
        };
        let mut run = Run {
            exchange: HttpExchange {
                transport: route.transport(&self.client.0.wire),
                template,
            },
            course: Course {
                plan,
                steps: &mut steps,
                receipt: &mut self.receipt,
                started,
            },
            last: Last::default(),
        };
        let finished = run.drive().await;
        route.leave(&steps.attempts);
        finished
    }
}
