use std::error::Error as StdError;
use std::io;

use super::nack;
use crate::operation::{Delivery, Failure, FailureKind};

/// Places a failure of reqwest: what happened, and whether the server may have acted.
///
/// Decided by types, never by text, in this order: not built, no connection, handed back unwritten, refused by the
/// HTTP/2 protocol, and everything else `Unknown`. A connection that closes *after* a request was written looks the same
/// whether the server processed it or not, so none of those is ever called untouched. The error chains are no stable
/// contract of hyper and h2: what is not listed here is [`FailureKind::Other`] and `Unknown`.
pub(crate) fn place(error: reqwest::Error) -> Failure {
    // The URL may hold credentials in its query.
    let error = error.without_url();
    let (kind, delivery) = judge(&error);
    Failure::new(kind, delivery).caused_by(error)
}

/// What happened, and how far the request had come.
pub(crate) fn judge(error: &reqwest::Error) -> (FailureKind, Delivery) {
    if error.is_builder() {
        (FailureKind::Request, Delivery::NeverSent)
    } else if error.is_connect() {
        (unconnected(error), Delivery::NeverSent)
    } else {
        sent(error)
    }
}

/// Why no connection was made; whichever it is, no request was sent.
fn unconnected(error: &reqwest::Error) -> FailureKind {
    if error.is_dns() {
        FailureKind::Dns
    } else if error.is_timeout() {
        FailureKind::ConnectTimeout
    } else if has_io(error, io::ErrorKind::InvalidData) {
        // How rustls reports a certificate, an alert, or an answer that is no TLS at all.
        FailureKind::Tls
    } else if chain(error)
        .last()
        .is_some_and(|cause| cause.to_string().contains("proxy authorization required"))
    {
        // hyper-util's tunnel error has no public type. The text decides the kind only, never the delivery.
        FailureKind::ProxyAuth
    } else {
        FailureKind::Connect
    }
}

fn sent(error: &reqwest::Error) -> (FailureKind, Delivery) {
    let hyper = find::<hyper::Error>(error);
    if hyper.is_some_and(|hyper| hyper.is_canceled() || hyper.is_closed()) {
        return (FailureKind::ConnectionLost, Delivery::NeverSent);
    }
    if let Some(placed) = nack::place(chain(error)) {
        return placed;
    }
    let kind = match hyper {
        Some(hyper) if hyper.is_user() && is_own_body(error) => FailureKind::Request,
        Some(hyper) if hyper.is_parse() => FailureKind::Protocol,
        _ if error.is_timeout() => FailureKind::HeadTimeout,
        _ if has_io(error, io::ErrorKind::InvalidData) => FailureKind::Tls,
        Some(_) => FailureKind::ConnectionLost,
        None if find::<io::Error>(error).is_some() => FailureKind::ConnectionLost,
        None => FailureKind::Other,
    };
    (kind, Delivery::Unknown)
}

/// True if the request's own body stream failed: the innermost reqwest error is then one about a body.
fn is_own_body(error: &reqwest::Error) -> bool {
    chain(error)
        .filter_map(|cause| cause.downcast_ref::<reqwest::Error>())
        .any(reqwest::Error::is_body)
}

fn has_io(error: &reqwest::Error, kind: io::ErrorKind) -> bool {
    chain(error)
        .filter_map(|cause| cause.downcast_ref::<io::Error>())
        .any(|cause| cause.kind() == kind)
}

fn find<E: StdError + 'static>(error: &reqwest::Error) -> Option<&E> {
    chain(error).find_map(|cause| cause.downcast_ref::<E>())
}

/// The causes, outermost first. `io::Error::source` skips the error it wraps, so that is walked by hand.
fn chain(error: &reqwest::Error) -> impl Iterator<Item = &(dyn StdError + 'static)> {
    fn next<'a>(cause: &&'a (dyn StdError + 'static)) -> Option<&'a (dyn StdError + 'static)> {
        let cause: &'a (dyn StdError + 'static) = *cause;
        match cause.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            Some(wrapped) => Some(wrapped),
            None => cause.source(),
        }
    }
    std::iter::successors(error.source(), next)
}
