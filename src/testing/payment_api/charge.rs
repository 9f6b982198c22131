//! The effect that the server counts.

use std::time::Duration;

/// One effect: money charged or, for a model's API, tokens generated and billed.
#[derive(Clone, Debug)]
pub struct Charge {
    pub(super) id: String,
    pub(super) path: String,
    pub(super) amount: u64,
    pub(super) key: Option<String>,
    pub(super) operation: Option<String>,
    pub(super) at: Duration,
}

impl Charge {
    /// Returns the identifier, under which `GET /…/{id}` finds the charge.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Returns the path that was posted to.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Returns the amount in minor units; 0 when the request named none.
    #[must_use]
    pub fn amount(&self) -> u64 {
        self.amount
    }

    /// Returns the idempotency key of the request, when it came with one.
    #[must_use]
    pub fn key(&self) -> Option<&str> {
        self.key.as_deref()
    }

    /// Returns the operation id of the request, when it came with one.
    #[must_use]
    pub fn operation(&self) -> Option<&str> {
        self.operation.as_deref()
    }

    /// Returns when the effect took place, since the server's clock was made.
    #[must_use]
    pub fn at(&self) -> Duration {
        self.at
    }
}
