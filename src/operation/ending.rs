use http::StatusCode;

use super::{Delivery, FailureKind, Outcome};

/// How an attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum Ending {
    /// A response head arrived.
    #[non_exhaustive]
    Response {
        /// Its status.
        #[cfg_attr(feature = "serde", serde(serialize_with = "super::serialise::as_number"))]
        status: StatusCode,
    },
    /// No (whole) response arrived.
    #[non_exhaustive]
    Failure {
        /// What happened.
        kind: FailureKind,
        /// Whether the server may have acted.
        delivery: Delivery,
    },
    /// It was dropped, because another attempt of the operation answered first; see [`Hedge`](crate::Hedge).
    Cancelled,
}

impl Ending {
    /// The status, if a response head arrived.
    #[must_use]
    pub fn status(self) -> Option<StatusCode> {
        match self {
            Self::Response { status } => Some(status),
            Self::Failure { .. } | Self::Cancelled => None,
        }
    }

    pub(super) fn of(outcome: &Outcome<'_>) -> Self {
        match (outcome.status(), outcome.error()) {
            (_, Some(failure)) => Self::Failure {
                kind: failure.kind(),
                delivery: failure.delivery(),
            },
            (Some(status), None) => Self::Response { status },
            (None, None) => Self::Failure {
                kind: FailureKind::Other,
                delivery: Delivery::Unknown,
            },
        }
    }
}
