use std::error::Error as StdError;
use std::fmt;
use std::io;
use std::marker::PhantomData;

use ::tower::load_shed::error::Overloaded;
use ::tower::timeout::error::Elapsed;
use hyper_util::client::legacy;

use super::BoxError;
use crate::engine::fault;
use crate::error::Error;
use crate::operation::{Delivery, Effect, Failure, FailureKind};

/// What an error of the service underneath says of an attempt: by its type, unless the builder says otherwise.
///
/// Sealed: give a closure to [`place_errors`](super::ResilienceBuilder::place_errors).
pub trait PlaceError<E>: sealed::Sealed {
    /// What happened, and whether the server may have acted.
    fn place(&self, error: E) -> Failure;
}

mod sealed {
    #[expect(unnameable_types, reason = "this is what seals the trait above")]
    pub trait Sealed {}
}

/// Errors are placed by the types in their chains; an unknown one leaves doubt.
///
/// | type | kind | may the server have acted? |
/// |---|---|---|
/// | [`Failure`] | its own | as it says |
/// | [`Error`](crate::Error), of a client or a layer underneath | its last failure's | unless its effect is `NotApplied` |
/// | `hyper_util::client::legacy::Error`, the request is unusable: no absolute URI, a version or method that its connection does not speak, a scheme that its connector does not | `Request` | no |
/// | `hyper_util::client::legacy::Error`, no connection | `Connect`, `ConnectTimeout`, `Dns`, `Tls` | no |
/// | `tower::load_shed::error::Overloaded` | `Nack` | no |
/// | `hyper::Error`, the request's own body failed, whatever of | `Request` | yes |
/// | `hyper::Error`, handed back unwritten | `ConnectionLost` | no |
/// | `h2::Error`, refused by the server | `Nack` | no |
/// | `tower::timeout::error::Elapsed`, an I/O error of kind `TimedOut` | `HeadTimeout` | yes |
/// | any other of `hyper`, `h2`, `std::io` | `ConnectionLost`, `Protocol`, `Tls` | yes |
/// | any other | `Other` | yes |
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct ByType;

impl sealed::Sealed for ByType {}

impl<E: Into<BoxError>> PlaceError<E> for ByType {
    fn place(&self, error: E) -> Failure {
        let error = fault::without_url(error);
        let (kind, delivery) = placed(&*error);
        Failure::new(kind, delivery).caused_by(error)
    }
}

/// Errors are placed as a closure says.
pub struct ErrorsBy<F, E> {
    place: F,
    _of: PhantomData<fn(&E)>,
}

impl<F, E> ErrorsBy<F, E> {
    pub(super) fn new(place: F) -> Self {
        Self {
            place,
            _of: PhantomData,
        }
    }
}

impl<F, E> sealed::Sealed for ErrorsBy<F, E> {}

impl<E: Into<BoxError>, F: Fn(&E) -> Failure> PlaceError<E> for ErrorsBy<F, E> {
    fn place(&self, error: E) -> Failure {
        let failure = (self.place)(&error);
        if failure.source().is_some() {
            return failure;
        }
        failure.caused_by(fault::without_url(error))
    }
}

impl<F, E> fmt::Debug for ErrorsBy<F, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ErrorsBy")
    }
}

fn placed(error: &(dyn StdError + 'static)) -> (FailureKind, Delivery) {
    if is_own_body(error) {
        return (FailureKind::Request, Delivery::Unknown);
    }
    // Before its causes, which tell of its last attempt alone.
    if let Some(error) = fault::find::<Error>(error) {
        let kind = error.failure().map_or(FailureKind::Other, Failure::kind);
        let untouched = error.effect() == Effect::NotApplied;
        return (
            kind,
            if untouched {
                Delivery::NeverSent
            } else {
                Delivery::Unknown
            },
        );
    }
    if let Some(failure) = fault::find::<Failure>(error) {
        return (failure.kind(), failure.delivery());
    }
    if let Some(client) = fault::find::<legacy::Error>(error) {
        if client.is_connect() {
            return (unconnected(error), Delivery::NeverSent);
        }
        if is_unusable(client) {
            return (FailureKind::Request, Delivery::NeverSent);
        }
    }
    if fault::find::<Overloaded>(error).is_some() {
        return (FailureKind::Nack, Delivery::NeverSent);
    }
    fault::place(error, || false, || is_timeout(error))
}

/// True if a connection reports that the request's own body failed.
///
/// Its causes say nothing of this server then: a body that is read from another one fails of what that one does.
fn is_own_body(error: &(dyn StdError + 'static)) -> bool {
    let has_word = |cause: &(dyn StdError + 'static)| {
        let is_connect = |client: &legacy::Error| client.is_connect();
        cause.is::<Error>() || cause.is::<Failure>() || cause.downcast_ref::<legacy::Error>().is_some_and(is_connect)
    };
    fault::chain(error)
        .take_while(|cause| !has_word(*cause))
        .filter_map(|cause| cause.downcast_ref::<hyper::Error>())
        // Other faults of a user, such as a runtime that has ended, have no cause.
        .any(|hyper| hyper.is_user() && hyper.source().is_some())
}

fn is_timeout(error: &(dyn StdError + 'static)) -> bool {
    fault::find::<Elapsed>(error).is_some()
        || fault::find::<hyper::Error>(error).is_some_and(hyper::Error::is_timeout)
        || fault::has_io(error, io::ErrorKind::TimedOut)
}

/// True if the client refused the request before it gave it to a connection.
///
/// Its kinds are private but for `Connect`, so this takes two signs: what a connection reported always has a cause, and the
/// refusals have their names in the text. A name that is not known here leaves doubt.
fn is_unusable(error: &legacy::Error) -> bool {
    error.source().is_none() && UNUSABLE.contains(&error.to_string().as_str())
}

/// Why no connection was made; whichever it is, no request was sent.
fn unconnected(error: &(dyn StdError + 'static)) -> FailureKind {
    // hyper-util's `ConnectError` has no public type. The texts decide the kind only, never the delivery.
    let says = |texts: &[&str]| fault::chain(error).any(|cause| texts.contains(&cause.to_string().as_str()));
    if says(&UNCONNECTABLE) {
        FailureKind::Request
    } else if fault::has_io(error, io::ErrorKind::TimedOut) {
        FailureKind::ConnectTimeout
    } else if fault::refused_by_tls(error) {
        FailureKind::Tls
    } else if says(&["dns error"]) {
        FailureKind::Dns
    } else {
        FailureKind::Connect
    }
}

/// The refusals of `hyper_util::client::legacy::Client`, all of them raised before a request is handed to a connection.
const UNUSABLE: [&str; 3] = [
    "client error (UserAbsoluteUriRequired)",
    "client error (UserUnsupportedVersion)",
    "client error (UserUnsupportedRequestMethod)",
];

/// What hyper-util's `HttpConnector` says of a URI that it connects to no server for, now or later.
const UNCONNECTABLE: [&str; 3] = [
    "invalid URL, scheme is not http",
    "invalid URL, scheme is missing",
    "invalid URL, host is missing",
];
