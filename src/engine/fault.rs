//! What the errors of hyper and h2 say, whichever client wraps them.
//!
//! Decided by types, never by text. A connection that closes *after* a request was written looks the same whether the
//! server processed it or not, so none of those is ever called untouched. The error chains are no stable contract of hyper
//! and h2: what is not known here is [`FailureKind::Other`] and `Unknown`.

use std::error::Error as StdError;
use std::io;

use super::{nack, tls};
use crate::operation::{Delivery, FailureKind};

/// Places the failure of a request for which there was a connection: failed by its own body, handed back unwritten, refused
/// by the HTTP/2 protocol, and everything else `Unknown`.
///
/// Whether the request's own body failed, or a time limit ran out, only those can say who know the client.
pub(crate) fn place(
    error: &(dyn StdError + 'static),
    own_body: impl Fn() -> bool,
    timed_out: impl Fn() -> bool,
) -> (FailureKind, Delivery) {
    let hyper = find::<hyper::Error>(error);
    // Before all that is asked of its causes: those may be another server's.
    if hyper.is_some_and(hyper::Error::is_user) && own_body() {
        return (FailureKind::Request, Delivery::Unknown);
    }
    if hyper.is_some_and(|hyper| hyper.is_canceled() || hyper.is_closed()) {
        return (FailureKind::ConnectionLost, Delivery::NeverSent);
    }
    if let Some(placed) = nack::place(chain(error)) {
        return placed;
    }
    let kind = match hyper {
        Some(hyper) if hyper.is_parse() => FailureKind::Protocol,
        _ if timed_out() => FailureKind::HeadTimeout,
        _ if has_io(error, io::ErrorKind::InvalidData) => FailureKind::Tls,
        Some(_) => FailureKind::ConnectionLost,
        None if find::<io::Error>(error).is_some() => FailureKind::ConnectionLost,
        None => FailureKind::Other,
    };
    (kind, Delivery::Unknown)
}

/// Takes the URL out of an error of reqwest's: its query may hold credentials.
///
/// Only where the error comes by itself. What another error wraps cannot be taken out of it.
pub(crate) fn without_url(error: impl Into<BoxError>) -> BoxError {
    match error.into().downcast::<reqwest::Error>() {
        Ok(error) => error.without_url().into(),
        Err(error) => error,
    }
}

type BoxError = Box<dyn StdError + Send + Sync>;

/// True if the handshake that makes a connection was refused by TLS: a certificate, an alert, or an answer that is no TLS.
pub(crate) fn refused_by_tls(error: &(dyn StdError + 'static)) -> bool {
    // How rustls reports it.
    has_io(error, io::ErrorKind::InvalidData) || tls::refused(error)
}

/// True if an I/O error of this kind is among the causes.
pub(crate) fn has_io(error: &(dyn StdError + 'static), kind: io::ErrorKind) -> bool {
    chain(error)
        .filter_map(|cause| cause.downcast_ref::<io::Error>())
        .any(|cause| cause.kind() == kind)
}

/// The outermost cause of this type.
pub(crate) fn find<'a, E: StdError + 'static>(error: &'a (dyn StdError + 'static)) -> Option<&'a E> {
    chain(error).find_map(|cause| cause.downcast_ref::<E>())
}

/// The error and its causes, outermost first. `io::Error::source` skips the error it wraps, so that is walked by hand.
pub(crate) fn chain<'a>(error: &'a (dyn StdError + 'static)) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    fn next<'a>(cause: &&'a (dyn StdError + 'static)) -> Option<&'a (dyn StdError + 'static)> {
        let cause: &'a (dyn StdError + 'static) = *cause;
        match cause.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            Some(wrapped) => Some(wrapped),
            None => cause.source(),
        }
    }
    std::iter::successors(Some(error), next)
}
