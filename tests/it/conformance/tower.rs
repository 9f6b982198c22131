use http::{Request, Response};
use steadfast::tower::{ResilienceBuilder, ResilienceLayer};
use steadfast::{Clock, IdempotencyKey, ResponseExt};
use tower::{ServiceBuilder, ServiceExt};

use super::{Again, Keyed, Row, Seen, Server, Subject, check_where};
use crate::support_guards::{A, origin};
use crate::support_time::paused;

/// The layer around a service that fails with what the table says.
///
/// One difference, which the table does not see: where the last attempt brought a response, that is returned.
struct Layered;

impl Subject for Layered {
    fn play(&self, row: &Row, server: &Server) -> Seen {
        paused(async {
            let far = server.clone();
            let inner = tower::service_fn(move |request: Request<&'static str>| {
                let key = request.headers().get("idempotency-key");
                let answer = far.arrive(key.map(|key| key.to_str().unwrap()));
                async move { answer.arrive().await }
            });
            let once = row.again == Again::BodyGone;
            let bodies = layer(row).replay_bodies(move |body: &&'static str| (!once).then_some(*body));
            let service = ServiceBuilder::new().layer(bodies.build().unwrap()).service(inner);
            let mut request = Request::new("amount=100");
            *request.method_mut() = row.method.clone();
            *request.uri_mut() = A.parse().unwrap();
            if let Some(key) = row.key() {
                request.extensions_mut().insert(key.parse::<IdempotencyKey>().unwrap());
            }
            let answer: Result<Response<()>, _> = service.oneshot(request).await;
            match answer {
                Ok(response) => Seen::of(response.receipt().unwrap()),
                Err(error) => Seen::of(error.receipt().unwrap()),
            }
        })
    }
}

fn layer(row: &Row) -> ResilienceBuilder {
    let builder = ResilienceLayer::builder()
        .retry(row.policy())
        .attempt_timeout(row.attempt_timeout)
        .key_support(row.key_support())
        .replay(row.replay())
        .circuit_breaker(row.breaker(&origin(A), Clock::system().now()))
        .retry_budget(row.budget());
    let builder = match row.keyed {
        Keyed::Without => builder.key_methods([]),
        Keyed::Honored | Keyed::Ignored => builder,
    };
    let builder = some(builder, row.key_lifetime, ResilienceBuilder::key_lifetime);
    some(builder, row.total_timeout, ResilienceBuilder::total_timeout)
}

fn some<B, T>(builder: B, value: Option<T>, set: impl FnOnce(B, T) -> B) -> B {
    match value {
        Some(value) => set(builder, value),
        None => builder,
    }
}

#[test]
fn the_tower_layer_does_as_the_table_says() {
    // A layer is set for all requests: it has no word by which one of them is sent once.
    let played = check_where(&Layered, |row| row.again != Again::Never);
    assert!(played > 40, "{played} rows");
}
