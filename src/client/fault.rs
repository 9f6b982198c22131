use std::error::Error as StdError;

use crate::engine::fault;
use crate::operation::{Delivery, Failure, FailureKind};

/// Places a failure of reqwest: what happened, and whether the server may have acted.
///
/// Decided by types, never by text, in this order: not built, failed by its own body, no connection, handed back unwritten,
/// refused by the HTTP/2 protocol, and everything else `Unknown`. A connection that closes *after* a request was written
/// looks the same whether the server processed it or not, so none of those is ever called untouched. The error chains are no
/// stable contract of hyper and h2: what is not listed here is [`FailureKind::Other`] and `Unknown`.
#[cold]
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
    } else if error.is_connect() && !is_own_body(error) {
        (unconnected(error), Delivery::NeverSent)
    } else {
        fault::place(error, || is_own_body(error), || error.is_timeout())
    }
}

/// Why no connection was made; whichever it is, no request was sent.
fn unconnected(error: &reqwest::Error) -> FailureKind {
    if error.is_dns() {
        FailureKind::Dns
    } else if error.is_timeout() {
        FailureKind::ConnectTimeout
    } else if fault::refused_by_tls(error) {
        FailureKind::Tls
    } else if fault::chain(error)
        .last()
        .is_some_and(|cause| cause.to_string().contains("proxy authorization required"))
    {
        // hyper-util's tunnel error has no public type. The text decides the kind only, never the delivery.
        FailureKind::ProxyAuth
    } else {
        FailureKind::Connect
    }
}

/// True if the request's own body stream failed: an inner reqwest error is then one about a body.
///
/// What it failed of is among the causes, too: a stream that is read from another server may have found no connection, or
/// been refused, but by then the request was under way.
fn is_own_body(error: &reqwest::Error) -> bool {
    error
        .source()
        .into_iter()
        .flat_map(fault::chain)
        .filter_map(|cause| cause.downcast_ref::<reqwest::Error>())
        .any(reqwest::Error::is_body)
}
