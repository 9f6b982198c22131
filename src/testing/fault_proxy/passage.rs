//! What passed through the proxy.

use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use sha2::{Digest, Sha256};

use super::fault::Fault;
use super::head::RequestHead;
use crate::testing::time;

/// One arrival at the proxy: a request, or a connection that was ended before there was one.
#[derive(Clone, Debug)]
pub struct Passage {
    number: u64,
    connection: u64,
    method: Option<String>,
    path: Option<String>,
    keys: Vec<String>,
    body_sha256: Option<String>,
    fault: Fault,
    arrived_at: Duration,
    forwarded_at: Option<Duration>,
    answered_at: Option<Duration>,
    ended_at: Option<Duration>,
    status: Option<u16>,
}

impl Passage {
    /// Returns the number of the arrival, from 1.
    #[must_use]
    pub fn number(&self) -> u64 {
        self.number
    }

    /// Returns the number of its connection, from 1.
    #[must_use]
    pub fn connection(&self) -> u64 {
        self.connection
    }

    /// Returns the method; none when the request was not read.
    #[must_use]
    pub fn method(&self) -> Option<&str> {
        self.method.as_deref()
    }

    /// Returns the path without the query; none when the request was not read.
    #[must_use]
    pub fn path(&self) -> Option<&str> {
        self.path.as_deref()
    }

    /// Returns the values of the key headers, in order.
    #[must_use]
    pub fn keys(&self) -> &[String] {
        &self.keys
    }

    /// Returns the SHA-256 of the body in hexadecimal; none when the body was not read to its end.
    #[must_use]
    pub fn body_sha256(&self) -> Option<&str> {
        self.body_sha256.as_deref()
    }

    /// Returns the fault that was applied; [`Fault::Pass`] when none was.
    #[must_use]
    pub fn fault(&self) -> &Fault {
        &self.fault
    }

    /// Tells whether the whole request was written to the server.
    #[must_use]
    pub fn was_forwarded(&self) -> bool {
        self.forwarded_at.is_some()
    }

    /// Returns the status that the server answered, whether or not the client got to see it.
    #[must_use]
    pub fn server_status(&self) -> Option<u16> {
        self.status
    }

    /// Tells whether the arrival met the end that an earlier request had set for its connection.
    pub(super) fn was_cut_off(&self) -> bool {
        self.method.is_none() && matches!(self.fault, Fault::EndOnReuse(_))
    }

    /// Returns when the first byte came, since the proxy's start.
    #[must_use]
    pub fn arrived_at(&self) -> Duration {
        self.arrived_at
    }

    /// Returns when the request had been forwarded, since the proxy's start.
    #[must_use]
    pub fn forwarded_at(&self) -> Option<Duration> {
        self.forwarded_at
    }

    /// Returns when the server's answer had begun, since the proxy's start.
    #[must_use]
    pub fn answered_at(&self) -> Option<Duration> {
        self.answered_at
    }

    /// Returns when the proxy was done with it, since the proxy's start.
    #[must_use]
    pub fn ended_at(&self) -> Option<Duration> {
        self.ended_at
    }
}

/// One line, for a log: number, connection, method and path, fault, what the server did. No keys.
impl fmt::Display for Passage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let method = self.method().unwrap_or("unread");
        let path = self.path().unwrap_or_default();
        write!(
            f,
            "#{} on connection {}: {method} {path}, {}, ",
            self.number, self.connection, self.fault
        )?;
        match (self.was_forwarded(), self.status) {
            (_, Some(status)) => write!(f, "server answered {status}"),
            (true, None) => f.write_str("forwarded, not answered"),
            (false, None) => f.write_str("not forwarded"),
        }
    }
}

/// All passages so far.
#[derive(Debug)]
pub(super) struct Log {
    start: Instant,
    passages: Mutex<Vec<Passage>>,
}

/// A place in the log that is still being written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry(usize);

impl Log {
    pub(super) fn new() -> Self {
        Self {
            start: time::now(),
            passages: Mutex::default(),
        }
    }

    pub(super) fn passages(&self) -> Vec<Passage> {
        self.passages.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn arrived(&self, connection: u64) -> Entry {
        let arrived_at = self.elapsed();
        let mut passages = self.passages.lock().unwrap_or_else(PoisonError::into_inner);
        let index = passages.len();
        passages.push(Passage {
            number: index as u64 + 1,
            connection,
            method: None,
            path: None,
            keys: Vec::new(),
            body_sha256: None,
            fault: Fault::Pass,
            arrived_at,
            forwarded_at: None,
            answered_at: None,
            ended_at: None,
            status: None,
        });
        Entry(index)
    }

    pub(super) fn head_read(&self, entry: Entry, head: &RequestHead, key_headers: &[String]) {
        self.edit(entry, |passage, _| {
            passage.method = Some(head.method.clone());
            passage.path = Some(head.path().to_owned());
            passage.keys = key_headers
                .iter()
                .flat_map(|name| head.values(name))
                .map(str::to_owned)
                .collect();
        });
    }

    pub(super) fn body_read(&self, entry: Entry, digest: Sha256) {
        let digest = digest.finalize();
        let hex = format!("{:x}", Bytes::copy_from_slice(&digest));
        self.edit(entry, |passage, _| passage.body_sha256 = Some(hex));
    }

    pub(super) fn struck(&self, entry: Entry, fault: &Fault) {
        self.edit(entry, |passage, _| passage.fault = fault.clone());
    }

    pub(super) fn forwarded(&self, entry: Entry) {
        self.edit(entry, |passage, now| passage.forwarded_at = Some(now));
    }

    pub(super) fn answered(&self, entry: Entry, status: u16) {
        self.edit(entry, |passage, now| {
            passage.answered_at = Some(now);
            passage.status = Some(status);
        });
    }

    pub(super) fn ended(&self, entry: Entry) {
        self.edit(entry, |passage, now| passage.ended_at = Some(now));
    }

    fn edit(&self, entry: Entry, change: impl FnOnce(&mut Passage, Duration)) {
        let now = self.elapsed();
        let mut passages = self.passages.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(passage) = passages.get_mut(entry.0) {
            change(passage, now);
        }
    }

    fn elapsed(&self) -> Duration {
        time::now().saturating_duration_since(self.start)
    }
}
