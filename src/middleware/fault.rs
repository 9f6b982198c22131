use std::error::Error as StdError;

use reqwest_middleware::Error;

use crate::client::{judge, place as place_reqwest};
use crate::operation::{Delivery, Failure, FailureKind};

/// Places a failure of the rest of the chain.
///
/// reqwest's own error says how far the request came. One that a middleware passes on as its own says what happened last,
/// and nothing of what that middleware may have sent before: `Unknown`. A middleware that knows says it with a
/// [`Failure`]. Any other failure is the caller's code failing, which a retry does not heal unless a classifier says so.
pub(super) fn place(error: Error) -> Failure {
    let error = match without_url(error) {
        Error::Reqwest(error) => return place_reqwest(error),
        Error::Middleware(error) => error,
    };
    let error = match error.downcast::<Failure>() {
        Ok(failure) => return failure,
        Err(error) => error,
    };
    let kind = error
        .chain()
        .find_map(reqwest_error)
        .map_or(FailureKind::Hook, |cause| judge(cause).0);
    Failure::new(kind, Delivery::Unknown).caused_by(error)
}

/// `reqwest_middleware::Error` passes its source's source on as its own, so it is opened by hand.
fn reqwest_error<'a>(cause: &'a (dyn StdError + 'static)) -> Option<&'a reqwest::Error> {
    match cause.downcast_ref::<Error>() {
        Some(Error::Reqwest(error)) => Some(error),
        Some(Error::Middleware(error)) => error.chain().find_map(reqwest_error),
        None => cause.downcast_ref(),
    }
}

/// Takes the URL out of an error of reqwest's, also of one that is handed up as a middleware's own: its query may hold
/// credentials.
///
/// Not where a context or another error wraps it: what is wrapped cannot be taken out and put back.
fn without_url(error: Error) -> Error {
    let error = match error {
        Error::Reqwest(error) => return Error::Reqwest(error.without_url()),
        Error::Middleware(error) => error,
    };
    let outermost = error.chain().next();
    if outermost.is_some_and(<dyn StdError>::is::<reqwest::Error>) {
        return match error.downcast::<reqwest::Error>() {
            Ok(error) => Error::middleware(error.without_url()),
            Err(error) => Error::Middleware(error),
        };
    }
    if outermost.is_some_and(<dyn StdError>::is::<Error>) {
        return match error.downcast::<Error>() {
            Ok(error) => Error::middleware(without_url(error)),
            Err(error) => Error::Middleware(error),
        };
    }
    Error::Middleware(error)
}
