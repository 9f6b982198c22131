//! 5xx, timeouts, and connections that failed or died; never a 4xx.

use steadfast::{Effect, FailureKind, ResponseExt, RetryPolicy, StopReason};

use crate::support::{After, RawServer, SHORT, Step, answer, client, impatient, limit};

#[tokio::test]
async fn a_4xx_is_the_answer_after_one_arrival() {
    let codes = (400..=418).chain([421, 422, 423, 424, 425, 426, 428, 429, 431, 451, 499]);
    for code in codes {
        let server = RawServer::start([answer(code, "retry-after: 1\r\n", "no")]).await;

        let response = limit(client().post(server.url("/charges")).body("x").send())
            .await
            .unwrap();

        assert_eq!(response.status().as_u16(), code);
        assert_eq!(server.arrivals().len(), 1, "{code}");
        let receipt = response.receipt().unwrap();
        assert_eq!(
            (receipt.attempts().len(), receipt.stop()),
            (1, StopReason::Accepted),
            "{code}"
        );
        assert_eq!(response.text().await.unwrap(), "no");
    }
}

#[tokio::test]
async fn a_5xx_is_retried_but_501_and_505() {
    for code in (500..=511).chain([520, 529, 599]) {
        let server = RawServer::start([answer(code, "", "no")]).await;

        let result = limit(client().post(server.url("/charges")).send()).await;

        if code == 501 || code == 505 {
            let error = result.unwrap_err();
            assert_eq!(error.receipt().unwrap().stop(), StopReason::Final, "{code}");
            assert_eq!((server.arrivals().len(), error.status().unwrap().as_u16()), (1, code));
            assert_eq!(error.into_response().unwrap().text().await.unwrap(), "no");
        } else {
            assert_eq!(
                (result.unwrap().status().as_u16(), server.arrivals().len()),
                (200, 2),
                "{code}"
            );
        }
    }
}

#[tokio::test]
async fn strict_retries_every_5xx_and_timeouts() {
    let steps = [
        answer(501, "", ""),
        answer(505, "", ""),
        Step::Write(Vec::new(), After::Stall),
    ];
    let server = RawServer::start(steps).await;
    let client = impatient()
        .0
        .retry(RetryPolicy::strict())
        .attempt_timeout(SHORT)
        .build()
        .unwrap();

    let response = limit(client.post(server.url("/charges")).send()).await.unwrap();

    let endings: Vec<_> = response
        .receipt()
        .unwrap()
        .attempts()
        .iter()
        .map(steadfast::Attempt::ending)
        .collect();
    assert_eq!(endings[0].status().unwrap().as_u16(), 501);
    assert_eq!(endings[1].status().unwrap().as_u16(), 505);
    assert!(matches!(
        endings[2],
        steadfast::Ending::Failure {
            kind: FailureKind::HeadTimeout,
            ..
        }
    ));
    assert!(server.arrivals().len() >= 4);
}

#[tokio::test]
async fn strict_retries_neither_a_lost_nor_a_refused_connection() {
    let client = impatient().0.retry(RetryPolicy::strict()).build().unwrap();
    for after in [After::Fin, After::Rst] {
        let server = RawServer::start([Step::Write(Vec::new(), after)]).await;
        let error = limit(client.post(server.url("/charges")).send()).await.unwrap_err();
        assert!(error.is_connection_lost(), "{error}");
        assert_eq!((server.arrivals().len(), error.effect()), (1, Effect::Unknown));
        assert_eq!(error.receipt().unwrap().stop(), StopReason::Final);
    }
    let closed = tokio::net::TcpSocket::new_v4().unwrap();
    closed.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let url = format!("http://{}/charges", closed.local_addr().unwrap());
    let error = limit(client.post(url).send()).await.unwrap_err();
    assert!(error.is_connect(), "{error}");
    assert_eq!(error.receipt().unwrap().attempts().len(), 1);
    assert_eq!(error.effect(), Effect::NotApplied);
}
