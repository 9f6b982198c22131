use std::time::Instant;

use reqwest::Response;
use tracing::Instrument;

use super::operation::Operation;
use super::wire::Wire;
use crate::engine::{Course, Finished, Guards, HttpExchange, Last, Plan, Run, Steps, Transport, aside};
use crate::error::Error;
use crate::event::operation_span;
use crate::operation::{Address, StopReason};
use crate::retry::{Attempts, RetryPolicy};

/// Where an operation goes out, and where it takes up from.
pub(crate) trait Route: Copy + Send + Sync {
    type Transport: Transport;

    /// What carries its requests; the client's own wire is at hand.
    fn transport<'a>(self, own: &'a Wire) -> &'a Self::Transport
    where
        Self: 'a;

    /// Where it begins: afresh, unless it was begun before.
    fn take_up<'p>(self, fresh: Attempts<&'p RetryPolicy>) -> Attempts<&'p RetryPolicy>
    where
        Self: 'p,
    {
        fresh
    }

    /// Is told where it ended.
    fn leave(self, _attempts: &Attempts<&RetryPolicy>) {}
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
    /// Runs it to its end.
    pub(crate) async fn run(&mut self, route: impl Route) -> Result<Finished<Box<Response>>, Error> {
        let span = operation_span(&self.receipt);
        if span.is_disabled() {
            self.drive(route).await
        } else {
            aside(|| self.drive(route).instrument(span)).await
        }
    }

    /// Turns its end into what the caller gets.
    pub(super) fn conclude(self: Box<Self>, finished: Finished<Box<Response>>) -> Result<Response, Error> {
        let Self { receipt, .. } = *self;
        match (receipt.stop(), finished.answer) {
            (StopReason::Accepted | StopReason::LookedUp, Some(mut response)) => {
                response.extensions_mut().insert(receipt);
                Ok(*response)
            }
            (_, answer) => Err(Error::failed(
                receipt,
                finished.failure.map(|failure| *failure),
                answer.map(|answer| *answer),
            )),
        }
    }

    /// When it must be done: by the caller's limit, else the preset's.
    fn deadline(&self, started: Instant) -> Option<Instant> {
        let limit = self.total_timeout().or_else(|| self.preset.as_ref()?.total_timeout());
        started.checked_add(limit?)
    }

    /// Reads the body into memory, as part of the operation, and says when that began and ended.
    async fn collects(&mut self) -> Result<(Instant, Instant), Error> {
        let started = self.client.0.setup.clock.now();
        let limit = self.template.attempt_timeout;
        let limit = self.total_timeout().map_or(limit, |total| total.min(limit));
        self.template.body.collect(limit).await?;
        Ok((started, self.client.0.setup.clock.now()))
    }

    async fn drive<R: Route>(&mut self, route: R) -> Result<Finished<Box<Response>>, Error> {
        let (started, began) = if self.template.body.is_to_collect() {
            aside(|| self.collects()).await?
        } else {
            // The first attempt begins with the operation: one clock read for both.
            let now = self.client.0.setup.clock.now();
            (now, now)
        };
        let setup = &self.client.0.setup;
        let policy = self.overrides.get().and_then(|overrides| overrides.policy.as_ref());
        let policy = policy.unwrap_or(&setup.settings.policy);
        let mut attempts = route.take_up(policy.attempts_until(self.safety, started, None));
        if let Some(deadline) = self.deadline(started) {
            attempts = attempts.with_deadline(deadline);
            // A preset's limit was not asked for: it does not cut off a stream that is read later.
            if self.total_timeout().is_some() {
                self.template.special.get_or_default().body_deadline = Some(deadline);
            }
        }
        let url = self.place.url(&self.client.0.addresses);
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
                (&template.method, Address::Url(url), &template.headers),
            ),
        };
        let transport = route.transport(&self.client.0.wire);
        template.armor = transport.armor();
        let mut run = Run {
            exchange: HttpExchange {
                transport,
                template,
                url,
            },
            course: Course {
                plan,
                steps: &mut steps,
                receipt: &mut self.receipt,
                started,
            },
            last: Last::default(),
            began,
        };
        let finished = run.drive().await;
        route.leave(&run.course.steps.attempts);
        Ok(finished)
    }
}
