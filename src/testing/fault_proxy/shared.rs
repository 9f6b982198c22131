//! What all connections of one proxy share.

use std::sync::atomic::AtomicU64;

use tokio_rustls::TlsAcceptor;

use super::director::Director;
use super::passage::Log;
use crate::testing::tasks::Tasks;

pub(super) struct Shared {
    /// Host and port of the server.
    pub(super) upstream: String,
    pub(super) director: Director,
    pub(super) log: Log,
    pub(super) key_headers: Vec<String>,
    pub(super) tls: TlsAcceptor,
    pub(super) tasks: Tasks,
    /// Connections accepted so far.
    pub(super) connections: AtomicU64,
}

/// Bytes that no parser of HTTP takes for a response, nor of TLS for a record.
pub(super) const GARBAGE: &[u8] = b"\x00\xffnot http\r\n\r\n";
