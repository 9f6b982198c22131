use std::error::Error as StdError;
use std::io;

use super::fault;

/// True if the platform's own library refused the handshake, and not the network underneath it.
///
/// OpenSSL's refusals have its own entries as their cause; a connection that is reset has an I/O error, and one that ends has
/// none. The libraries of Windows and Apple's systems hide why they failed: theirs count as a connection that was not made,
/// which may heal.
pub(super) fn refused(error: &(dyn StdError + 'static)) -> bool {
    let Some(handshake) = fault::find::<native_tls::Error>(error) else {
        return false;
    };
    handshake.source().is_some_and(|cause| !cause.is::<io::Error>())
}
