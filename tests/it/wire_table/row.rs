//! One row: a fault, and what both sides must say of it.

use std::time::Duration;

use steadfast::testing::fault_proxy::{Fault, FaultScript};
use steadfast::testing::{FaultProxy, PaymentApi};
use steadfast::{
    Client, ClientBuilder, Clock, Delivery, Effect, Ending, Error, FailureKind, KeySupport, Receipt, ResponseExt,
};

/// A fault between a client and the payment API.
pub(super) struct Row {
    pub(super) number: u8,
    pub(super) fault: Fault,
    pub(super) line: Line,
    pub(super) said: Said,
    /// Whether the server acts on the request.
    pub(super) executed: bool,
    pub(super) repeated: Repeated,
}

/// What the client says of the attempt.
pub(super) type Said = (FailureKind, Delivery, Effect);

/// The protocol between client and proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Line {
    Http1,
    /// The second request on a connection.
    Reused,
    Tls,
    Http2,
}

/// When the attempt is followed by another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Repeated {
    Always,
    /// Only under a key that the server honours.
    WithKey,
    Never,
}

/// What may have been processed: the connection ended, or nothing came in time, or what came is not HTTP.
pub(super) fn doubtful(number: u8, line: Line, fault: Fault, kind: FailureKind) -> Row {
    Row {
        number,
        executed: executes(&fault),
        fault,
        line,
        said: (kind, Delivery::Unknown, Effect::Unknown),
        repeated: Repeated::WithKey,
    }
}

/// The head of a 200 came, the body did not: applied, but without an answer.
pub(super) fn begun(number: u8, line: Line, fault: Fault, kind: FailureKind) -> Row {
    Row {
        said: (kind, Delivery::ResponseStarted, Effect::Applied),
        executed: true,
        ..doubtful(number, line, fault, kind)
    }
}

/// Certainly not processed.
pub(super) fn untouched(number: u8, line: Line, fault: Fault, kind: FailureKind, delivery: Delivery) -> Row {
    Row {
        said: (kind, delivery, Effect::NotApplied),
        executed: false,
        repeated: Repeated::Always,
        ..doubtful(number, line, fault, kind)
    }
}

/// By the words of the script: whatever strikes later than the forwarding.
fn executes(fault: &Fault) -> bool {
    let text = fault.to_string();
    !text.contains("before_") && !text.contains("end_on_reuse")
}

/// Meets the fault once with a key that the server honours, and once with one that it ignores.
pub(super) async fn check(row: &Row) {
    for support in [KeySupport::Honored, KeySupport::Ignored] {
        meet(row, support).await;
    }
}

async fn meet(row: &Row, support: KeySupport) {
    let name = format!("row {}, {:?}, {}, {support:?}", row.number, row.line, row.fault);
    let api = PaymentApi::start().await.unwrap();
    let proxy = FaultProxy::start(api.url()).await.unwrap();
    proxy.play(FaultScript::list([row.fault.clone()]));
    let client = client(row, &proxy, support);
    let base = if row.line == Line::Tls {
        proxy.tls_url()
    } else {
        proxy.url()
    };
    let charge = |key| {
        client
            .post(format!("{base}/v1/charges"))
            .idempotency_key(key)
            .body("amount=100")
    };
    if row.line == Line::Reused {
        charge("first").send().await.unwrap();
    }

    let receipt = receipt(charge("k").send().await);

    let (kind, delivery, effect) = said(&receipt);
    assert_eq!((kind, delivery, effect), row.said, "{name}: {receipt}");
    let is_repeated = match row.repeated {
        Repeated::Always => true,
        Repeated::WithKey => support == KeySupport::Honored,
        Repeated::Never => false,
    };
    assert_eq!(
        receipt.attempts().len(),
        1 + usize::from(is_repeated),
        "{name}: {receipt}"
    );
    let struck = proxy
        .passages()
        .into_iter()
        .rfind(|passage| *passage.fault() == row.fault)
        .unwrap();
    let forwarded = struck.was_forwarded() && row.line != Line::Reused;
    assert_eq!(forwarded, row.executed, "{name}: {struck}");
    // The rule above all rules.
    assert!(
        !(forwarded && (delivery.is_untouched() || effect == Effect::NotApplied)),
        "{name}"
    );
    let effects = usize::from(row.executed || is_repeated);
    assert_eq!(api.key("k").effects(), effects, "{name}: {receipt}");
    if is_repeated {
        assert_eq!(receipt.effect(), Effect::Applied, "{name}: {receipt}");
    }
}

fn client(row: &Row, proxy: &FaultProxy, support: KeySupport) -> Client {
    let mut http = reqwest::Client::builder().no_proxy();
    http = match row.line {
        Line::Tls => http.tls_certs_only([reqwest::Certificate::from_pem(proxy.certificate_pem().as_bytes()).unwrap()]),
        Line::Http2 => http.tls_certs_only([]).http2_prior_knowledge(),
        Line::Http1 | Line::Reused => http.tls_certs_only([]),
    };
    // Only what stalls has to be short; a loaded machine may take its time for the rest.
    let is_silent = matches!(row.fault, Fault::Stall { .. }) || row.fault.to_string().contains("stall");
    let patience = if is_silent { SHORT } else { LONG };
    quick(http)
        .attempt_timeout(patience)
        .key_support(support)
        .build()
        .unwrap()
}

/// A client whose waits take no time, and whose attempts have bodies.
pub(super) fn quick(http: reqwest::ClientBuilder) -> ClientBuilder {
    Client::builder()
        .http(http)
        .clock(Clock::skipping())
        .attempt_timeout(LONG)
        .buffer(64 * 1024)
}

pub(super) fn receipt(result: Result<reqwest::Response, Error>) -> Receipt {
    match result {
        Ok(response) => response.receipt().unwrap().clone(),
        Err(error) => error.receipt().unwrap().clone(),
    }
}

/// What the client says of the first attempt.
#[track_caller]
pub(super) fn said(receipt: &Receipt) -> Said {
    let attempt = &receipt.attempts()[0];
    match attempt.ending() {
        Ending::Failure { kind, delivery, .. } => (kind, delivery, attempt.effect()),
        other => panic!("{other}: {receipt}"),
    }
}

pub(super) const SHORT: Duration = Duration::from_millis(250);
pub(super) const LONG: Duration = Duration::from_secs(20);
