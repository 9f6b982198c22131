//! The reasons for an answer that is not a success, before a provider's dialect words them.

use std::time::Duration;

use http::StatusCode;

/// Why a request was refused or failed.
#[derive(Clone, Copy, Debug)]
pub(super) enum Refusal<'a> {
    Unauthorized,
    RateLimited(Duration),
    OutOfQuota,
    Overloaded,
    KeyMissing,
    KeyInvalid,
    InFlight { key: &'a str },
    Finished { resource: Option<&'a str> },
    Reused { key: &'a str, resource: Option<&'a str> },
    OtherEndpoint { key: &'a str, new: &'a str, first: &'a str },
    Indeterminate,
    InvalidAmount,
    Declined,
    Rejected,
    Failed,
    Shed,
    NotFound,
}

impl Refusal<'_> {
    /// Returns the status that most providers would give.
    pub(super) const fn status(&self) -> StatusCode {
        match self {
            Self::Unauthorized => StatusCode::UNAUTHORIZED,
            Self::RateLimited(_) | Self::OutOfQuota => StatusCode::TOO_MANY_REQUESTS,
            Self::KeyMissing | Self::KeyInvalid | Self::InvalidAmount | Self::Rejected => StatusCode::BAD_REQUEST,
            Self::InFlight { .. } | Self::Finished { .. } => StatusCode::CONFLICT,
            Self::Reused { .. } | Self::OtherEndpoint { .. } => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Declined => StatusCode::PAYMENT_REQUIRED,
            Self::Failed | Self::Indeterminate => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Shed | Self::Overloaded => StatusCode::SERVICE_UNAVAILABLE,
            Self::NotFound => StatusCode::NOT_FOUND,
        }
    }

    /// Returns a code in `snake_case`, for providers whose own is not published.
    pub(super) const fn code(&self) -> &'static str {
        match self {
            Self::Unauthorized => "unauthorized",
            Self::RateLimited(_) => "rate_limited",
            Self::OutOfQuota => "quota_exceeded",
            Self::Overloaded | Self::Shed => "unavailable",
            Self::KeyMissing => "idempotency_key_missing",
            Self::KeyInvalid => "idempotency_key_invalid",
            Self::InFlight { .. } => "idempotency_key_in_use",
            Self::Finished { .. } => "idempotency_key_finished",
            Self::Reused { .. } | Self::OtherEndpoint { .. } => "idempotency_key_reused",
            Self::Indeterminate => "outcome_unknown",
            Self::InvalidAmount => "invalid_amount",
            Self::Declined => "declined",
            Self::Rejected => "rejected",
            Self::Failed => "internal_error",
            Self::NotFound => "not_found",
        }
    }

    pub(super) const fn message(&self) -> &'static str {
        match self {
            Self::Unauthorized => "The credential is not known here.",
            Self::RateLimited(_) => "Too many requests.",
            Self::OutOfQuota => "The account has no quota left.",
            Self::Overloaded | Self::Shed => "The service is overloaded.",
            Self::KeyMissing => "An idempotency key is required.",
            Self::KeyInvalid => "The idempotency key is empty, too long, or has characters that are not allowed.",
            Self::InFlight { .. } => "A request with this idempotency key is in progress.",
            Self::Finished { .. } => "This idempotency key was used by a finished request.",
            Self::Reused { .. } => "This idempotency key was used with another request.",
            Self::OtherEndpoint { .. } => "This idempotency key was used with another endpoint.",
            Self::Indeterminate => "The first request was interrupted and its outcome is not known.",
            Self::InvalidAmount => "The amount must be a positive integer.",
            Self::Declined => "The payment was declined.",
            Self::Rejected => "The request cannot be fulfilled.",
            Self::Failed => "Something went wrong on our side.",
            Self::NotFound => "There is no such resource.",
        }
    }

    pub(super) fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::RateLimited(after) => Some(*after),
            _ => None,
        }
    }

    /// Returns the resource that an earlier request made, as far as the answer may name it.
    pub(super) const fn resource(&self) -> Option<&str> {
        match self {
            Self::Reused { resource, .. } | Self::Finished { resource } => *resource,
            _ => None,
        }
    }
}
