//! HTTP/1.1 and TLS, through the proxy.

use steadfast::FailureKind::{Body, BodyTimeout, Connect, ConnectTimeout, ConnectionLost, HeadTimeout, Protocol, Tls};
use steadfast::testing::fault_proxy::{Ending, Fault, Handshake, Point};
use steadfast::{Delivery, FailureKind};

use super::row::{Line, Repeated, Row, begun, check, doubtful, untouched};

/// All rows that a proxy can bring about over HTTP/1.1 and TLS.
pub(super) fn rows() -> Vec<Row> {
    [handshakes(), before_the_head(), in_the_head(), in_the_body()]
        .into_iter()
        .flatten()
        .collect()
}

fn handshakes() -> Vec<Row> {
    let fails = |number, handshake, kind: FailureKind| {
        untouched(
            number,
            Line::Tls,
            Fault::Handshake(handshake),
            kind,
            Delivery::NeverSent,
        )
    };
    // What is no TLS, and a refusal by alert, will not be otherwise the next time.
    let is_final = |row| Row {
        repeated: Repeated::Never,
        ..row
    };
    vec![
        is_final(fails(10, Handshake::Plaintext, Tls)),
        is_final(fails(10, Handshake::Alert, Tls)),
        fails(11, Handshake::Close, Connect),
        fails(11, Handshake::Reset, Connect),
        fails(12, Handshake::Stall, ConnectTimeout),
    ]
}

fn before_the_head() -> Vec<Row> {
    let lost = |number, line, fault| doubtful(number, line, fault, ConnectionLost);
    let silent = |fault| doubtful(30, Line::Http1, fault, HeadTimeout);
    vec![
        lost(17, Line::Http1, Fault::close(Point::BeforeForwarding)),
        lost(18, Line::Http1, Fault::reset(Point::BeforeForwarding)),
        lost(19, Line::Http1, Fault::close(Point::AfterExecution)),
        lost(20, Line::Http1, Fault::reset(Point::AfterExecution)),
        lost(21, Line::Tls, Fault::close(Point::AfterExecution)),
        lost(20, Line::Tls, Fault::reset(Point::AfterExecution)),
        lost(22, Line::Reused, Fault::EndOnReuse(Ending::Close)),
        lost(22, Line::Reused, Fault::EndOnReuse(Ending::Reset)),
        silent(Fault::stall(Point::BeforeReading)),
        silent(Fault::stall(Point::BeforeForwarding)),
        silent(Fault::stall(Point::AfterExecution)),
    ]
}

fn in_the_head() -> Vec<Row> {
    let row = |number, fault, kind| doubtful(number, Line::Http1, fault, kind);
    let garbage = |at| row(31, Fault::Garbage { at }, Protocol);
    vec![
        row(28, Fault::close(Point::StatusLine), ConnectionLost),
        row(28, Fault::close(Point::Headers), ConnectionLost),
        row(29, Fault::reset(Point::StatusLine), ConnectionLost),
        row(29, Fault::reset(Point::Headers), ConnectionLost),
        row(30, Fault::stall(Point::Headers), HeadTimeout),
        garbage(Point::BeforeForwarding),
        garbage(Point::AfterExecution),
    ]
}

fn in_the_body() -> Vec<Row> {
    let row = |number, fault, kind| begun(number, Line::Http1, fault, kind);
    vec![
        row(33, Fault::close(Point::Body(0)), Body),
        row(33, Fault::close(Point::Body(10)), Body),
        begun(33, Line::Tls, Fault::close(Point::Body(10)), Body),
        row(34, Fault::reset(Point::Body(10)), Body),
        row(35, Fault::stall(Point::Body(0)), BodyTimeout),
        row(35, Fault::stall(Point::Body(10)), BodyTimeout),
    ]
}

#[tokio::test]
async fn every_row_of_http_1_and_tls_is_called_what_it_is() {
    for row in rows() {
        check(&row).await;
    }
}
