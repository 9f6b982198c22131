//! Servers that act and say that they did not: no client can know; under a key it does no harm.

use steadfast::testing::fault_proxy::{Fault, FaultScript, LastStream, Point};
use steadfast::testing::{FaultProxy, PaymentApi};
use steadfast::{Delivery, Effect, FailureKind};

use super::row::{quick, receipt, said};

#[tokio::test]
async fn a_server_that_disowns_what_it_did_is_believed_once_and_the_key_makes_it_harmless() {
    let refused = Fault::ResetStream {
        at: Point::AfterExecution,
        reason: 7,
    };
    let gone = Fault::GoAway {
        at: Point::AfterExecution,
        last: LastStream::Below,
        reason: 0,
    };
    for lie in [refused, gone] {
        let api = PaymentApi::start().await.unwrap();
        let proxy = FaultProxy::start(api.url()).await.unwrap();
        proxy.play(FaultScript::list([lie.clone()]));
        let http = reqwest::Client::builder()
            .no_proxy()
            .tls_certs_only([])
            .http2_prior_knowledge();
        let charge = quick(http).build().unwrap().post(proxy.endpoint("/v1/charges"));

        let receipt = receipt(charge.idempotency_key("k").body("amount=100").send().await);

        assert_eq!(
            said(&receipt),
            (FailureKind::Nack, Delivery::Refused, Effect::NotApplied),
            "{lie}"
        );
        assert!(proxy.passages()[0].was_forwarded(), "{lie}: it did act");
        assert!(
            receipt.replayed() && receipt.effect() == Effect::Applied,
            "{lie}: {receipt}"
        );
        assert_eq!((api.key("k").effects(), api.key("k").arrivals()), (1, 2), "{lie}");
    }
}
