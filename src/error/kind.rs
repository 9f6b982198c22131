use std::borrow::Cow;

use crate::error::ConfigError;
use crate::operation::{Failure, KeyError};

/// What happened, for the error's own use: callers ask predicates.
#[derive(Debug, thiserror::Error)]
pub(super) enum Kind {
    #[error("{what}")]
    Request {
        what: Cow<'static, str>,
        source: Option<Box<dyn std::error::Error + Send + Sync>>,
    },
    #[error(transparent)]
    Key(#[from] KeyError),
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The server answered, with something that is not success.
    #[error("{0}")]
    Status(http::StatusCode),
    /// No (whole) answer came.
    #[error(transparent)]
    Failure(Failure),
    /// No attempt was made.
    #[error("nothing was sent")]
    NothingSent,
}
