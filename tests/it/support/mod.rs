//! What the socket tests share: servers that misbehave on command, and clients that do not wait.

mod arrival;
mod capture;
pub(crate) mod h2_server;
mod raw_server;
mod time;

pub(crate) use arrival::Arrival;
pub(crate) use capture::Spans;

pub(crate) use raw_server::{After, RawServer, Step, answer};
pub(crate) use time::{limit, pause};

use std::time::Duration;

use steadfast::{Client, ClientBuilder, Clock};

/// Short enough for a test that stalls on purpose, long enough for a loaded machine to answer on loopback.
pub(crate) const SHORT: Duration = Duration::from_millis(200);

/// A client whose waits end at once, and the clock that records them.
pub(crate) fn impatient() -> (ClientBuilder, Clock) {
    let clock = Clock::skipping();
    (Client::builder().clock(clock.clone()), clock)
}

/// The same, with the defaults otherwise.
pub(crate) fn client() -> Client {
    impatient().0.build().unwrap()
}

/// A body that can be read only once, as a stream is.
pub(crate) fn one_shot(text: &'static str) -> reqwest::Body {
    reqwest::Body::wrap(http_body_util::Full::new(bytes::Bytes::from_static(text.as_bytes())))
}
