use std::time::Duration;

/// Pings HTTP/2 connections, also idle ones: a dead one would otherwise eat every attempt of an operation.
pub(super) fn apply(builder: reqwest::ClientBuilder) -> reqwest::ClientBuilder {
    builder
        .http2_keep_alive_interval(INTERVAL)
        .http2_keep_alive_timeout(ANSWER)
        .http2_keep_alive_while_idle(true)
}

/// Below the 30 s of an attempt, so that a dead connection costs at most one.
const INTERVAL: Duration = Duration::from_secs(20);
/// Ten round trips around the world.
const ANSWER: Duration = Duration::from_secs(10);
