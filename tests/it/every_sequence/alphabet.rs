use std::time::Duration;

use http::StatusCode;
use steadfast::Effect;
use steadfast::testing::Step;

/// One outcome of the fault model: what the client sees, and what the server did meanwhile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Symbol {
    Success,
    InProgress,
    Unprocessable,
    TooManyRequests,
    /// The worst kind: the server acted, then failed.
    ServerError,
    Unavailable,
    Refused,
    ResetUnprocessed,
    ProcessedThenLost,
    ProcessedThenStalled,
    CutSuccess,
    RefusedStream,
}

/// Longer than the first two waits of the default backoff, shorter than the third.
pub(super) const HINT: Duration = Duration::from_secs(3);

impl Symbol {
    pub(super) const ALL: [Self; 12] = [
        Self::Success,
        Self::InProgress,
        Self::Unprocessable,
        Self::TooManyRequests,
        Self::ServerError,
        Self::Unavailable,
        Self::Refused,
        Self::ResetUnprocessed,
        Self::ProcessedThenLost,
        Self::ProcessedThenStalled,
        Self::CutSuccess,
        Self::RefusedStream,
    ];

    pub(super) fn step(self) -> Step {
        match self {
            Self::Success => Step::status(StatusCode::OK),
            Self::InProgress => Step::status(StatusCode::CONFLICT),
            Self::Unprocessable => Step::status(StatusCode::UNPROCESSABLE_ENTITY),
            Self::TooManyRequests => Step::status(StatusCode::TOO_MANY_REQUESTS).header("retry-after", "3"),
            Self::ServerError => Step::status(StatusCode::INTERNAL_SERVER_ERROR),
            Self::Unavailable => Step::status(StatusCode::SERVICE_UNAVAILABLE).header("retry-after", "3"),
            Self::Refused => Step::refused(),
            Self::ResetUnprocessed | Self::ProcessedThenLost => Step::lost_response(),
            Self::ProcessedThenStalled => Step::hang(),
            Self::CutSuccess => Step::cut_body(StatusCode::OK, "{\"id\":"),
            Self::RefusedStream => Step::refused_stream(),
        }
    }

    /// The server executes the request, if it has not done so under this key.
    pub(super) fn acts(self) -> bool {
        matches!(
            self,
            Self::Success | Self::ServerError | Self::ProcessedThenLost | Self::ProcessedThenStalled | Self::CutSuccess
        )
    }

    /// The operation ends with this answer.
    pub(super) fn is_answer(self) -> bool {
        matches!(
            self,
            Self::Success | Self::InProgress | Self::Unprocessable | Self::TooManyRequests
        )
    }

    /// The client can be sure that the server did not act.
    pub(super) fn is_untouched(self) -> bool {
        matches!(self, Self::Refused | Self::RefusedStream)
    }

    /// What the client may conclude from this outcome alone, being refused by protocol for the so-manieth time.
    pub(super) fn effect(self, refusals: usize) -> Effect {
        match self {
            Self::Success | Self::CutSuccess => Effect::Applied,
            Self::RefusedStream if refusals > 1 => Effect::Unknown,
            Self::Unprocessable | Self::Refused | Self::RefusedStream => Effect::NotApplied,
            _ => Effect::Unknown,
        }
    }

    /// The status on the receipt, if a whole response arrived.
    pub(super) fn status(self) -> Option<u16> {
        match self {
            Self::Success => Some(200),
            Self::InProgress => Some(409),
            Self::Unprocessable => Some(422),
            Self::TooManyRequests => Some(429),
            Self::ServerError => Some(500),
            Self::Unavailable => Some(503),
            _ => None,
        }
    }

    pub(super) fn hint(self) -> Duration {
        if self == Self::Unavailable {
            HINT
        } else {
            Duration::ZERO
        }
    }
}

/// All sequences of this length that start with a given symbol.
pub(super) fn sequences(first: Symbol, length: u32) -> impl Iterator<Item = Vec<Symbol>> {
    (0..12_usize.pow(length - 1)).map(move |number| {
        let mut rest = number;
        let mut sequence = vec![first];
        for _ in 1..length {
            sequence.push(Symbol::ALL[rest % 12]);
            rest /= 12;
        }
        sequence
    })
}
