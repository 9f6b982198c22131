use reqwest::Response;
use tracing::Instrument;

use super::{RequestBuilder, Shared};
use crate::engine::{Finished, HttpExchange, Judge, Plan, Rules, Template, prepare, run};
use crate::error::Error;
use crate::event::operation_span;
use crate::operation::{Receipt, StopReason};

/// Runs a built request as one operation.
pub(super) async fn send(request: RequestBuilder) -> Result<Response, Error> {
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
    let Shared {
        wire,
        headers: defaults,
        settings,
        observers,
        clock,
        ..
    } = &*client.0;
    let url = url?;
    let body = body
        .collected()
        .await
        .map_err(|e| Error::request_because("the body could not be read", e.without_url()))?;
    for (name, value) in &defaults.0 {
        if !headers.contains_key(name) {
            headers.append(name, value.clone());
        }
    }
    let support = overrides.key_support.unwrap_or(settings.key.support);
    let mut prepared = prepare(&method, (&mut headers, &body), key, &settings.key, support)?;
    if overrides.send_once {
        prepared.safety = prepared.safety.send_once();
    }

    let started = clock.now();
    let policy = overrides.policy.as_ref().unwrap_or(&settings.policy);
    let mut attempts = policy.attempts(prepared.safety, started);
    let deadline = overrides
        .total_timeout
        .or(settings.total_timeout)
        .and_then(|limit| started.checked_add(limit));
    if let Some(deadline) = deadline {
        attempts = attempts.with_deadline(deadline);
    }
    let mut receipt = Receipt::new(method.clone(), &url, prepared.key);
    if let Some(why) = prepared.safety.obstacle() {
        receipt.is_unsafe_to_repeat(why);
    }

    let template = Template {
        method,
        url,
        headers,
        key: prepared.header,
        body,
        version,
        body_deadline: deadline,
    };
    let rules = Rules {
        redirects: settings.redirects,
        buffer: overrides.buffer.or(settings.buffer),
        hook: settings.hook.as_deref(),
        key_header: settings.key.header.name(),
        replay_marker: &settings.key.replay_marker,
    };
    let plan = Plan {
        url: &template.url,
        judge: Judge {
            policy,
            client: &settings.policy,
        },
        attempt_timeout: overrides.attempt_timeout.unwrap_or(settings.attempt_timeout),
        clock,
        observers,
    };
    let mut exchange = HttpExchange::new(wire, &template, rules, clock);
    let span = operation_span(&receipt);
    let finished = run(&mut exchange, plan, attempts, receipt, started)
        .instrument(span)
        .await;
    conclude(finished)
}

fn conclude(finished: Finished<Response>) -> Result<Response, Error> {
    let Finished {
        receipt,
        answer,
        failure,
    } = finished;
    match (receipt.stop(), answer) {
        (StopReason::Accepted, Some(mut response)) => {
            response.extensions_mut().insert(receipt);
            Ok(response)
        }
        (_, answer) => Err(Error::failed(receipt, failure, answer)),
    }
}
