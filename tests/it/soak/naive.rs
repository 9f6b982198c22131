//! A small client that does what the crate does, for the soak's orders, with room for one bug.
//!
//! The bugs are planted here and not in the crate, which so has no switch for them. Without a bug the checker finds
//! nothing in its history: it is the control of the experiment.

use std::mem::ManuallyDrop;
use std::sync::Arc;
use std::time::Duration;

use steadfast::breaker::{Permit, Signal, Try};
use steadfast::{Delivery, Effect, FailureKind, IdempotencyKey, StopReason};

use super::kit::inside::{
    ATTEMPT_TIMEOUT, AttemptRecord, Driver, End, Errand, HINT, MAX_ATTEMPTS, Order, Record, SECRET, World, pause,
};
use super::kit::{Guards, now};

/// What is wrong with a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bug {
    NewKeyPerAttempt,
    RepeatsWithoutKey,
    ReqwestRetries,
    CallsLostNeverSent,
    ChangesBody,
    CallsLostDone,
    IgnoresRetryAfter,
    TooManyAttempts,
    OversleepsDeadline,
    KeyFollowsRedirect,
    LeaksPermit,
    TellsSecret,
}

/// The protocol it speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Protocol {
    Http1,
    Http2,
}

pub(super) struct Naive {
    world: Arc<World>,
    http: reqwest::Client,
    bug: Option<Bug>,
}

/// How an attempt ended: a status, and whether it was replayed; or whether it was sent at all.
type Outcome = Result<(u16, bool), Delivery>;

impl Naive {
    pub(super) fn new(world: &Arc<World>, protocol: Protocol, bug: Option<Bug>) -> Self {
        let mut http = reqwest::Client::builder().no_proxy().tls_certs_only([]);
        http = http.timeout(ATTEMPT_TIMEOUT).connect_timeout(ATTEMPT_TIMEOUT / 2);
        if protocol == Protocol::Http2 {
            http = http.http2_prior_knowledge();
        }
        if bug != Some(Bug::ReqwestRetries) {
            http = http.retry(reqwest::retry::never());
        }
        if bug != Some(Bug::KeyFollowsRedirect) {
            http = http.redirect(reqwest::redirect::Policy::none());
        }
        Self {
            world: Arc::clone(world),
            http: http.build().unwrap(),
            bug,
        }
    }

    fn has(&self, bug: Bug) -> bool {
        self.bug == Some(bug)
    }

    fn most(&self) -> usize {
        match self.world.plan.guards {
            // It has no budget.
            Guards::Everyday => 1,
            Guards::Relentless if self.has(Bug::TooManyAttempts) => MAX_ATTEMPTS + 2,
            Guards::Relentless => MAX_ATTEMPTS,
        }
    }

    async fn operate(&self, record: &mut Record) {
        for number in 1..=self.most() {
            let Ok(permit) = self.admit(number) else {
                record.stop = Some(StopReason::CircuitOpen);
                return;
            };
            let outcome = self.guarded(permit, record, number).await;
            let attempts = record.attempts.get_or_insert_default();
            attempts.push(attempt(outcome));
            record.effect = record.effect.then(effect(outcome));
            if let Some(end) = self.end(outcome) {
                record.end = end;
                record.stop = Some(StopReason::Accepted);
                record.effect = if end == End::Answer(200) {
                    Effect::Applied
                } else {
                    record.effect
                };
                return;
            }
            let is_final = matches!(outcome, Ok((507, _) | (_, true)));
            if is_final || number == self.most() || !self.has_time(record) || self.gives_up(outcome) {
                return;
            }
            let wait = self.wait(outcome, number);
            record.attempts.iter_mut().flatten().last().unwrap().wait = Some(wait);
            if matches!(record.order.errand, Errand::ChargeInTime(_)) {
                pause(wait).await;
            } else {
                self.world.clock.sleep(wait).await;
            }
        }
    }

    fn admit(&self, number: usize) -> Result<Option<Permit<'_>>, steadfast::breaker::Refusal> {
        let attempt = if number == 1 { Try::First } else { Try::Retry };
        let (breaker, now) = (&self.world.breaker, self.world.clock.now());
        match self.world.plan.guards {
            Guards::Everyday => breaker.admit(&self.world.origin(), attempt, now).map(Some),
            Guards::Relentless => Ok(None),
        }
    }

    async fn guarded(&self, permit: Option<Permit<'_>>, record: &Record, number: usize) -> Outcome {
        let outcome;
        let permit = if self.has(Bug::LeaksPermit) {
            // Whoever leaves now takes the permit along.
            let leaking = ManuallyDrop::new(permit);
            outcome = self.send(record, number).await;
            ManuallyDrop::into_inner(leaking)
        } else {
            outcome = self.send(record, number).await;
            permit
        };
        if let Some(permit) = permit {
            let is_alive = matches!(outcome, Ok((0..500, _)));
            let signal = if is_alive { Signal::Success } else { Signal::Failure };
            permit.settle(signal, self.world.clock.now(), Duration::ZERO, 0.0);
        }
        outcome
    }

    async fn send(&self, record: &Record, number: usize) -> Outcome {
        let order = &record.order;
        let url = format!("{}{}", self.world.proxy.url(), order.target());
        let mut request = match order.errand {
            Errand::Look => self.http.get(url),
            _ if self.has(Bug::ChangesBody) => self.http.post(url).body(format!("{}&attempt={number}", order.body())),
            _ => self.http.post(url).body(order.body()),
        };
        if self.has(Bug::TellsSecret) {
            self.world.ears.hear("an event", &format!("{request:?}"));
        }
        if record.is_charge() && !self.has(Bug::RepeatsWithoutKey) {
            let own = record.key.clone().unwrap_or_default();
            let is_new = self.has(Bug::NewKeyPerAttempt) && number > 1;
            let key = if is_new { format!("{own}-{number}") } else { own };
            request = request.header("idempotency-key", key);
        }
        request = request.header("x-operation-id", &order.id).bearer_auth(SECRET);
        match request.send().await {
            Ok(response) => {
                let replayed = response.headers().contains_key("idempotent-replayed");
                let status = response.status().as_u16();
                let _ = response.bytes().await;
                Ok((status, replayed))
            }
            Err(error) if error.is_connect() => Err(Delivery::NeverSent),
            Err(_) if self.has(Bug::CallsLostNeverSent) => Err(Delivery::NeverSent),
            Err(_) => Err(Delivery::Unknown),
        }
    }

    /// What the operation ends with, if this outcome is its answer.
    fn end(&self, outcome: Outcome) -> Option<End> {
        match outcome {
            Ok((status @ 0..500, _)) => Some(End::Answer(status)),
            Err(Delivery::Unknown) if self.has(Bug::CallsLostDone) => Some(End::Answer(200)),
            _ => None,
        }
    }

    /// One that believes that nothing was sent leaves the repetition to its caller.
    fn gives_up(&self, outcome: Outcome) -> bool {
        self.has(Bug::CallsLostNeverSent) && outcome.is_err()
    }

    /// No wait fits before the deadlines of these orders.
    fn has_time(&self, record: &Record) -> bool {
        !matches!(record.order.errand, Errand::ChargeInTime(_)) || self.has(Bug::OversleepsDeadline)
    }

    fn wait(&self, outcome: Outcome, number: usize) -> Duration {
        let backoff = Duration::from_secs(1 << number);
        match outcome {
            Ok((503, _)) if !self.has(Bug::IgnoresRetryAfter) => backoff.max(HINT),
            _ => backoff,
        }
    }
}

impl Driver for Naive {
    async fn run(&self, order: Order) -> Record {
        let began = now();
        let key = order.key.clone();
        let key = key.unwrap_or_else(|| IdempotencyKey::random().as_str().to_owned());
        let mut record = Record {
            key: (!self.has(Bug::RepeatsWithoutKey)).then_some(key),
            end: End::Failure,
            attempts: Some(Vec::new()),
            effect: Effect::NotApplied,
            stop: None,
            possible_duplicates: 0,
            took: Duration::ZERO,
            order,
        };
        if let Some(patience) = record.order.leaves_after {
            tokio::select! {
                () = self.operate(&mut record) => {}
                () = pause(patience) => {}
            }
            // Told as one that left either way: it has left before it could tell.
            record.end = End::Left;
            record.attempts = None;
        } else {
            self.operate(&mut record).await;
        }
        record.took = now() - began;
        record
    }
}

fn attempt(outcome: Outcome) -> AttemptRecord {
    AttemptRecord {
        status: outcome.ok().map(|(status, _)| status),
        failure: outcome.err().map(|delivery| (FailureKind::ConnectionLost, delivery)),
        hops: 0,
        became_get: false,
        wait: None,
    }
}

fn effect(outcome: Outcome) -> Effect {
    match outcome {
        Ok((status, _)) => Effect::of_status(status.try_into().unwrap()),
        Err(Delivery::NeverSent) => Effect::NotApplied,
        Err(_) => Effect::Unknown,
    }
}
