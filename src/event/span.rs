use crate::operation::{Address, Attempt, Ending, Receipt, StopReason};
use tracing::Span;
use tracing::field::Empty;

/// The parent of an operation's attempts: INTERNAL, since the HTTP conventions want one CLIENT span per request.
pub(crate) fn operation_span(receipt: &Receipt) -> Span {
    let span = tracing::debug_span!(
        "steadfast.operation",
        http.request.method = %receipt.method(),
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
pub(crate) fn operation_ended(receipt: &Receipt) {
    let span = Span::current();
    if !span.is_disabled() {
        span.record("steadfast.stop", receipt.stop().as_str());
        span.record("steadfast.effect", tracing::field::display(receipt.effect()));
    }
    if receipt.stop() != StopReason::Accepted {
        tracing::warn!(
            attempts = receipt.attempts().len(),
            stop = receipt.stop().as_str(),
            effect = %receipt.effect(),
            "operation given up"
        );
    }
}

/// The CLIENT span of one attempt.
#[derive(Clone, Debug)]
pub(crate) struct AttemptSpan(Span);

impl AttemptSpan {
    pub(crate) fn new(receipt: &Receipt, address: Address<'_>, number: u32) -> Self {
        let span = tracing::debug_span!(
            "steadfast.attempt",
            otel.kind = "client",
            http.request.method = %receipt.method(),
            server.address = &*address.host().unwrap_or_default(),
            server.port = address.port().unwrap_or_default(),
            http.request.resend_count = Empty,
            http.response.status_code = Empty,
            error.r#type = Empty,
        );
        if number > 1 {
            span.record("http.request.resend_count", number - 1);
        }
        Self(span)
    }

    /// The span of no attempt.
    #[cfg_attr(
        not(feature = "tower"),
        expect(dead_code, reason = "an async function holds a span only while there is one")
    )]
    pub(crate) fn none() -> Self {
        Self(Span::none())
    }

    pub(crate) fn span(&self) -> Span {
        self.0.clone()
    }

    /// Records how the attempt ended; `error.type` is the status or a word of low cardinality.
    pub(crate) fn ended(&self, attempt: &Attempt) {
        if self.0.is_disabled() {
            return;
        }
        match attempt.ending() {
            Ending::Response { status, .. } => {
                self.0.record("http.response.status_code", status.as_u16());
                if status.is_client_error() || status.is_server_error() {
                    self.0.record("error.type", status.as_str());
                }
            }
            Ending::Failure { kind, .. } => {
                self.0.record("error.type", kind.as_str());
            }
        }
    }
}
