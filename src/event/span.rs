use tracing::Span;
use tracing::field::Empty;

use super::{OTHER_METHOD, standard_method};
use crate::operation::{Address, Attempt, Effect, Ending, Receipt, Seldom, StopReason};

/// The parent of an operation's attempts: INTERNAL, since the HTTP conventions want one CLIENT span per request.
#[inline]
pub(crate) fn operation_span(receipt: &Receipt) -> Span {
    // Asked here too, and not in the macro alone: all that it does is then out of the way.
    if tracing::level_enabled!(tracing::Level::DEBUG) {
        wanted_operation_span(receipt)
    } else {
        Span::none()
    }
}

#[cold]
fn wanted_operation_span(receipt: &Receipt) -> Span {
    let span = tracing::debug_span!(
        "steadfast.operation",
        http.request.method = standard_method(receipt.method()).unwrap_or(OTHER_METHOD),
        otel.status_code = Empty,
        steadfast.key = Empty,
        steadfast.stop = Empty,
        steadfast.effect = Empty,
    );
    if let (false, Some(key)) = (span.is_disabled(), receipt.key()) {
        span.record("steadfast.key", tracing::field::display(key.fingerprint()));
    }
    span
}

/// Records how the operation ended on the span that is current, and warns if it was given up.
#[inline]
pub(crate) fn operation_ended(receipt: &Receipt) {
    // Most operations succeed unseen; to find out which span is current is not free.
    if is_given_up(receipt) || tracing::level_enabled!(tracing::Level::DEBUG) {
        writes_end(receipt);
    }
}

#[cold]
fn writes_end(receipt: &Receipt) {
    let (span, given_up) = (Span::current(), is_given_up(receipt));
    // Where ours is not wanted, the current span is the caller's own.
    if span.metadata().is_some_and(|metadata| metadata.name() == OPERATION) {
        span.record("steadfast.stop", receipt.stop().as_str());
        span.record("steadfast.effect", tracing::field::display(receipt.effect()));
        if given_up {
            span.record("otel.status_code", "ERROR");
        }
    }
    if given_up {
        // With what tells it from others: at this level the spans that hold it are mostly off.
        tracing::warn!(
            http.request.method = %receipt.method(),
            origin = receipt.origin(),
            key = receipt.key().map(|key| tracing::field::display(key.fingerprint())),
            attempts = receipt.attempts().len(),
            stop = receipt.stop().as_str(),
            effect = ?receipt.effect(),
            "operation given up"
        );
    }
}

/// What a lookup found done is not given up, even if its answer stays lost.
fn is_given_up(receipt: &Receipt) -> bool {
    !matches!(receipt.stop(), StopReason::Accepted | StopReason::LookedUp)
}

/// Warns that an operation around a function was given up.
pub(crate) fn warn_given_up(attempts: usize, stop: StopReason, effect: Effect) {
    tracing::warn!(attempts, stop = stop.as_str(), effect = %effect, "operation given up");
}

/// The CLIENT span of one attempt; to OpenTelemetry its name is the method.
///
/// Without `url.full`, which the conventions want: paths and queries hold secrets.
#[derive(Debug, Default)]
pub(crate) struct AttemptSpan(
    /// Mostly nobody wants it.
    Seldom<Span>,
);

impl AttemptSpan {
    #[inline]
    pub(crate) fn new(receipt: &Receipt, address: Address<'_>, number: u32) -> Self {
        if tracing::level_enabled!(tracing::Level::DEBUG) {
            Self::wanted(receipt, address, number)
        } else {
            Self::default()
        }
    }

    #[cold]
    fn wanted(receipt: &Receipt, address: Address<'_>, number: u32) -> Self {
        // Nothing is worked out outside the macro, which asks first whether anybody listens.
        let span = tracing::debug_span!(
            "steadfast.attempt",
            otel.kind = "client",
            otel.name = standard_method(receipt.method()).unwrap_or("HTTP"),
            otel.status_code = Empty,
            http.request.method = standard_method(receipt.method()).unwrap_or(OTHER_METHOD),
            http.request.method_original = Empty,
            server.address = bare(&address.host().unwrap_or_default()),
            // tracing-opentelemetry makes a text of an unsigned number, and the conventions want numbers.
            server.port = address.port().map(i64::from),
            http.request.resend_count = Empty,
            http.response.status_code = Empty,
            error.r#type = Empty,
        );
        if span.is_disabled() {
            return Self::default();
        }
        if number > 1 {
            span.record("http.request.resend_count", i64::from(number - 1));
        }
        if standard_method(receipt.method()).is_none() {
            span.record("http.request.method_original", receipt.method().as_str());
        }
        Self(Seldom::of(span))
    }

    pub(crate) fn span(&self) -> Span {
        self.0.get().cloned().unwrap_or_else(Span::none)
    }

    /// True if nobody wants it.
    pub(crate) fn is_disabled(&self) -> bool {
        self.0.is_none()
    }

    /// Records how the attempt ended; `error.type` is the status or a word of low cardinality.
    #[inline]
    pub(crate) fn ended(&self, attempt: &Attempt) {
        if let Some(span) = self.0.get() {
            records(span, attempt);
        }
    }
}

#[cold]
fn records(span: &Span, attempt: &Attempt) {
    match attempt.ending() {
        Ending::Response { status, .. } => {
            span.record("http.response.status_code", i64::from(status.as_u16()));
            if status.is_client_error() || status.is_server_error() {
                failed(span, status.as_str());
            }
        }
        Ending::Cancelled => {}
        Ending::Failure { kind, .. } => failed(span, kind.as_str()),
    }
}

fn failed(span: &Span, error: &str) {
    span.record("error.type", error);
    span.record("otel.status_code", "ERROR");
}

/// The host without the brackets that a URL puts around an IPv6 address.
fn bare(host: &str) -> &str {
    host.trim_matches(['[', ']'])
}

/// The name of the operation's span.
const OPERATION: &str = "steadfast.operation";

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use http::Method;
    use tracing::Subscriber;
    use tracing::span::{Id, Record};
    use tracing_subscriber::layer::{Context, Layer, SubscriberExt};

    use super::*;
    use crate::fixture::start;

    /// Counts what is recorded on spans.
    struct Records(Arc<AtomicUsize>);

    impl<S: Subscriber> Layer<S> for Records {
        fn on_record(&self, _span: &Id, _values: &Record<'_>, _context: Context<'_, S>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[test]
    fn the_end_of_an_operation_is_recorded_on_its_own_span_and_never_on_the_callers() {
        let mut receipt = Receipt::new(Method::GET, "https://api.example.com".into(), None);
        receipt.stopped(StopReason::Deadline, None, Duration::ZERO, start());
        let records = Arc::new(AtomicUsize::new(0));
        let listening = tracing_subscriber::registry().with(Records(Arc::clone(&records)));
        tracing::subscriber::with_default(listening, || {
            let callers = tracing::info_span!("caller", otel.status_code = Empty, steadfast.stop = Empty);
            callers.in_scope(|| operation_ended(&receipt));
            assert_eq!(records.load(Ordering::Relaxed), 0);
            operation_span(&receipt).in_scope(|| operation_ended(&receipt));
            assert_eq!(records.load(Ordering::Relaxed), 3, "the reason, the effect, the state");
        });
    }
}
