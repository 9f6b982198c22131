use steadfast::testing::{Script, Step};
use steadfast::{Client, Clock, ResponseExt};

use super::{Again, Answer, Keyed, Row, Seen, Server, Subject, check};
use crate::support::one_shot;
use crate::support_guards::{A, origin};
use crate::support_time::paused;

/// The client over a script.
struct OverAScript;

impl Subject for OverAScript {
    fn play(&self, row: &Row, server: &Server) -> Seen {
        paused(async {
            let far = server.clone();
            let script = Script::from_fn(move |arrival| step(far.arrive(arrival.header("idempotency-key"))));
            let request = client(row, &script).request(row.method.clone(), A);
            let request = match (row.keyed, row.total_timeout) {
                (Keyed::Without, None) => request,
                (Keyed::Without, Some(limit)) => request.total_timeout(limit),
                (_, None) => request.idempotency_key(row.key().unwrap()),
                (_, Some(limit)) => request.idempotency_key(row.key().unwrap()).total_timeout(limit),
            };
            let request = match row.again {
                Again::Never => request.send_once(),
                Again::BodyGone => request.body(one_shot("amount=100")),
                Again::AtLeastOnce => request.replay(row.replay()),
                Again::Unsaid => request,
            };
            match request.send().await {
                Ok(response) => Seen::of(response.receipt().unwrap()),
                Err(error) => Seen::of(error.receipt().unwrap()),
            }
        })
    }
}

fn client(row: &Row, script: &Script) -> Client {
    let builder = Client::builder()
        .script(script)
        .retry(row.policy())
        .attempt_timeout(row.attempt_timeout)
        .key_support(row.key_support())
        .circuit_breaker(row.breaker(&origin(A), Clock::system().now()))
        .retry_budget(row.budget());
    let builder = match row.keyed {
        Keyed::Without => builder.key_methods([]),
        Keyed::Honored | Keyed::Ignored => builder,
    };
    let builder = match row.key_lifetime {
        Some(lifetime) => builder.key_lifetime(lifetime),
        None => builder,
    };
    builder.build().unwrap()
}

fn step(answer: Answer) -> Step {
    match answer {
        Answer::Hang => Step::hang(),
        Answer::Status(_) | Answer::Patience(..) | Answer::Replayed(_) => {
            let (status, headers) = answer.response().unwrap();
            // A script's headers are static; the table has one of these two at most.
            let step = Step::status(status);
            match answer {
                Answer::Patience(_, seconds) => step.header("retry-after", seconds),
                Answer::Replayed(_) => step.header("idempotent-replayed", "true"),
                _ => {
                    assert!(headers.is_empty());
                    step
                }
            }
        }
        Answer::Lost | Answer::Refused | Answer::Nack => {
            let failure = answer.failure().unwrap();
            Step::fail(failure.kind(), failure.delivery())
        }
    }
}

#[test]
fn the_client_does_as_the_table_says() {
    check(&OverAScript);
}
