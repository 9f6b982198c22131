//! Every kind of fault, at a rate.

use std::time::Duration;

use steadfast::testing::fault_proxy::{Ending, Fault, FaultScript, Handshake, LastStream, Point};

use super::order::target;
use super::world::HINT;

/// Draws every kind of fault; `share` scales all rates, 1.0 for about two faults in five requests.
pub(super) fn faults(seed: u64, share: f64, elsewhere: &str) -> FaultScript {
    let rates = ends()
        .into_iter()
        .chain(silences())
        .chain(streams())
        .chain(answers(elsewhere));
    rates.fold(FaultScript::random(seed), |script, (rate, fault)| {
        script.rate(rate * share, fault)
    })
}

/// Connections that end, at every point and in both ways.
fn ends() -> Vec<(f64, Fault)> {
    let garbage = |at| Fault::Garbage { at };
    vec![
        (0.04, Fault::lost_response()),
        (0.02, Fault::reset(Point::AfterExecution)),
        (0.02, Fault::close(Point::BeforeForwarding)),
        (0.02, Fault::reset(Point::BeforeForwarding)),
        (0.01, Fault::close(Point::BeforeReading)),
        (0.01, Fault::reset(Point::BeforeReading)),
        (0.01, Fault::close(Point::StatusLine)),
        (0.01, Fault::reset(Point::Headers)),
        (0.01, Fault::close(Point::Body(0))),
        (0.01, Fault::reset(Point::Body(10))),
        (0.01, garbage(Point::BeforeForwarding)),
        (0.01, garbage(Point::AfterExecution)),
        (0.02, Fault::EndOnReuse(Ending::Close)),
        (0.01, Fault::EndOnReuse(Ending::Reset)),
        (0.02, Fault::ResetOnAccept),
        (0.01, Fault::Handshake(Handshake::Alert)),
        (0.01, Fault::Handshake(Handshake::Close)),
        (0.01, Fault::Handshake(Handshake::Reset)),
        (0.01, Fault::Handshake(Handshake::Plaintext)),
    ]
}

/// What takes time, some of it for ever.
fn silences() -> Vec<(f64, Fault)> {
    let drip = Fault::DripBody {
        bytes: 64,
        every: Duration::from_millis(1),
    };
    vec![
        (0.001, Fault::stall(Point::BeforeReading)),
        (0.002, Fault::stall(Point::BeforeForwarding)),
        (0.003, Fault::stall(Point::AfterExecution)),
        (0.001, Fault::stall(Point::Headers)),
        (0.002, Fault::stall(Point::Body(10))),
        (0.002, Fault::Handshake(Handshake::Stall)),
        (0.01, Fault::DelayHead(Duration::from_millis(5))),
        (0.005, drip),
        (0.005, Fault::Bandwidth(100_000)),
    ]
}

/// HTTP/2's own; over HTTP/1.1 the connection ends at the same point. No server here lies about what it processed.
fn streams() -> Vec<(f64, Fault)> {
    let reset = |reason| Fault::ResetStream {
        at: Point::AfterExecution,
        reason,
    };
    let ours = Fault::GoAway {
        at: Point::AfterExecution,
        last: LastStream::Ours,
        reason: 0,
    };
    vec![
        (0.01, Fault::refused_stream()),
        (0.005, reset(2)),
        (0.005, reset(8)),
        (0.01, Fault::go_away()),
        (0.005, ours),
    ]
}

/// Answers in the server's place. By these statuses alone the checker knows what was asked for: 503 asks to wait for
/// [`HINT`], 507 for longer than anyone would.
fn answers(elsewhere: &str) -> Vec<(f64, Fault)> {
    let answer = |status, name: &str, value: String| Fault::Answer {
        status,
        headers: vec![(name.to_owned(), value)],
        body: String::new(),
    };
    vec![
        (0.01, Fault::answer(500)),
        (0.01, Fault::answer(502)),
        (0.005, Fault::answer(429)),
        (0.005, Fault::answer(408)),
        (0.02, answer(503, "Retry-After", HINT.as_secs().to_string())),
        (0.005, answer(507, "Retry-After", "500".to_owned())),
        (0.01, answer(307, "Location", target())),
        (0.005, answer(303, "Location", "/v1/charges/none".to_owned())),
        (0.01, answer(307, "Location", elsewhere.to_owned())),
        (0.005, answer(302, "Location", elsewhere.to_owned())),
    ]
}
