use std::io::ErrorKind;

use steadfast::{Delivery, Failure, FailureKind};
use ureq::{Error, Timeout};

/// What a failure of ureq means, and whether the server may have acted.
///
/// `NeverSent` allows any repeat, so it is claimed only where no connection can have been made. A time limit over the
/// whole call, or an error while reading or writing, may come after the server acted.
pub(crate) fn of(error: Error) -> Failure {
    let (kind, delivery) = match &error {
        Error::HostNotFound | Error::Timeout(Timeout::Resolve) => (FailureKind::Dns, Delivery::NeverSent),
        Error::ConnectionFailed => (FailureKind::Connect, Delivery::NeverSent),
        Error::Timeout(Timeout::Connect) => (FailureKind::ConnectTimeout, Delivery::NeverSent),
        // Only a connection that is being made can be refused: an established one is reset.
        Error::Io(io) if io.kind() == ErrorKind::ConnectionRefused => (FailureKind::Connect, Delivery::NeverSent),
        Error::Io(_) => (FailureKind::ConnectionLost, Delivery::Unknown),
        Error::Timeout(Timeout::RecvBody) => (FailureKind::BodyTimeout, Delivery::Unknown),
        Error::Timeout(_) => (FailureKind::HeadTimeout, Delivery::Unknown),
        Error::Protocol(_) | Error::LargeResponseHeader(..) => (FailureKind::Protocol, Delivery::Unknown),
        Error::BadUri(_) | Error::Http(_) | Error::InvalidProxyUrl | Error::RequireHttpsOnly(_) => {
            (FailureKind::Request, Delivery::NeverSent)
        }
        Error::Tls(_) | Error::TlsRequired => (FailureKind::Tls, Delivery::NeverSent),
        _ => (FailureKind::Other, Delivery::Unknown),
    };
    Failure::new(kind, delivery).caused_by(error)
}
