//! HTTP/2, through the proxy.

use steadfast::Delivery::Refused;
use steadfast::FailureKind::{Body, BodyTimeout, ConnectionLost, HeadTimeout, Nack, Protocol};
use steadfast::testing::fault_proxy::{Fault, LastStream, Point};

use super::row::{Line, Row, begun, check, doubtful, untouched};

/// All rows that a proxy can bring about over HTTP/2.
pub(super) fn rows() -> Vec<Row> {
    let reset = |at, reason| Fault::ResetStream { at, reason };
    let go_away = |at, last, reason| Fault::GoAway { at, last, reason };
    let mut rows = vec![
        untouched(39, Line::Http2, Fault::refused_stream(), Nack, Refused),
        untouched(40, Line::Http2, Fault::go_away(), Nack, Refused),
        untouched(
            40,
            Line::Http2,
            go_away(Point::BeforeForwarding, LastStream::Below, 11),
            Nack,
            Refused,
        ),
        doubtful(
            41,
            Line::Http2,
            go_away(Point::AfterExecution, LastStream::Ours, 0),
            ConnectionLost,
        ),
        doubtful(
            41,
            Line::Http2,
            go_away(Point::AfterExecution, LastStream::Ours, 11),
            ConnectionLost,
        ),
        doubtful(43, Line::Http2, Fault::close(Point::BeforeForwarding), ConnectionLost),
        doubtful(43, Line::Http2, Fault::close(Point::AfterExecution), ConnectionLost),
        doubtful(43, Line::Http2, Fault::reset(Point::AfterExecution), ConnectionLost),
        doubtful(
            44,
            Line::Http2,
            Fault::Garbage {
                at: Point::AfterExecution,
            },
            Protocol,
        ),
        doubtful(46, Line::Http2, Fault::stall(Point::BeforeReading), HeadTimeout),
        doubtful(46, Line::Http2, Fault::stall(Point::AfterExecution), HeadTimeout),
        begun(47, Line::Http2, reset(Point::Body(10), 2), Body),
        begun(47, Line::Http2, Fault::close(Point::Body(10)), Body),
        begun(47, Line::Http2, Fault::stall(Point::Body(10)), BodyTimeout),
    ];
    for reason in OTHER_REASONS {
        let fault = reset(Point::AfterExecution, reason);
        rows.push(doubtful(42, Line::Http2, fault, ConnectionLost));
    }
    rows
}

/// `NO_ERROR`, `PROTOCOL_ERROR`, `INTERNAL_ERROR`, `FLOW_CONTROL_ERROR`, `STREAM_CLOSED`, `CANCEL`,
/// `ENHANCE_YOUR_CALM`, `HTTP_1_1_REQUIRED`.
const OTHER_REASONS: [u32; 8] = [0, 1, 2, 3, 5, 8, 11, 13];

#[tokio::test]
async fn every_row_of_http_2_is_called_what_it_is() {
    for row in rows() {
        check(&row).await;
    }
}
