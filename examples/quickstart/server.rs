use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

use crate::ATTEMPT_TIMEOUT;
use crate::keys::{Answer, Keys};
use crate::ledger::Ledger;
use crate::order::Order;
use crate::scenario::{Fault, Scenario};

/// A payment server on loopback that honours `Idempotency-Key`, and misbehaves by plan.
pub(crate) struct Server {
    address: SocketAddr,
    payments: Arc<Payments>,
}

#[derive(Default)]
struct Payments {
    ledger: Ledger,
    keys: Keys,
}

type Error = Box<dyn std::error::Error + Send + Sync>;

impl Server {
    pub(crate) async fn start() -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let payments = Arc::<Payments>::default();
        tokio::spawn(accept(listener, Arc::clone(&payments)));
        Ok(Self { address, payments })
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/charges", self.address)
    }

    pub(crate) fn ledger(&self) -> &Ledger {
        &self.payments.ledger
    }
}

async fn accept(listener: TcpListener, payments: Arc<Payments>) {
    while let Ok((stream, _)) = listener.accept().await {
        let payments = Arc::clone(&payments);
        let service = service_fn(move |request| Arc::clone(&payments).handle(request));
        tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
    }
}

impl Payments {
    /// An `Err` makes hyper close the connection without an answer.
    async fn handle(self: Arc<Self>, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Error> {
        let key = request.headers().get("idempotency-key").cloned();
        let key = key.and_then(|key| Some(key.to_str().ok()?.to_owned()));
        let body = request.into_body().collect().await?.to_bytes();
        let order: Order = serde_json::from_slice(&body)?;

        let arrival = self.ledger.arrive(order.id);
        let fault = Scenario::fault(order.id, arrival);
        if fault == Fault::Unavailable {
            return Ok(response(StatusCode::SERVICE_UNAVAILABLE, Bytes::new()));
        }
        // A task of its own: when the client hangs up, this handler is dropped, but the charge goes on.
        let answer = tokio::spawn(self.answer(key, order, body)).await?;
        match fault {
            Fault::LostAnswer => return Err("the answer gets lost".into()),
            Fault::Stall => sleep(2 * ATTEMPT_TIMEOUT).await,
            Fault::None | Fault::Unavailable => {}
        }
        Ok(answer)
    }

    async fn answer(self: Arc<Self>, key: Option<String>, order: Order, body: Bytes) -> Response<Full<Bytes>> {
        let Some(key) = key else {
            return response(StatusCode::CREATED, self.charge(order).await);
        };
        match self.keys.once(key, body, self.charge(order)).await {
            Answer::Fresh(receipt) => response(StatusCode::CREATED, receipt),
            Answer::Replayed(receipt) => replayed(response(StatusCode::CREATED, receipt)),
            Answer::Mismatch => response(StatusCode::UNPROCESSABLE_ENTITY, Bytes::new()),
        }
    }

    /// Takes the money, each time it is called.
    async fn charge(&self, order: Order) -> Bytes {
        sleep(WORK).await;
        self.ledger.charge(order.id);
        format!(r#"{{"paid":{}}}"#, order.cents).into()
    }
}

fn response(status: StatusCode, body: Bytes) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(body));
    *response.status_mut() = status;
    response
}

fn replayed(mut response: Response<Full<Bytes>>) -> Response<Full<Bytes>> {
    let marker = http::HeaderValue::from_static("true");
    response.headers_mut().insert("idempotent-replayed", marker);
    response
}

#[expect(
    clippy::disallowed_methods,
    reason = "a server of its own has no clock of the client's"
)]
async fn sleep(duration: Duration) {
    tokio::time::sleep(duration).await;
}

/// How long a charge takes.
const WORK: Duration = Duration::from_millis(5);
