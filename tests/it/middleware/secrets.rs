//! An error of reqwest's says nothing of the URL, whichever way the rest of the chain hands it up.

use std::error::Error as StdError;

use http::Extensions;
use reqwest::{Request, Response};
use reqwest_middleware::{Error, Middleware, Next, Result};
use steadfast::middleware::ErrorExt;
use steadfast::{Effect, FailureKind, StopReason};

use super::{bare, resilience};
use crate::support::limit;

const SECRET: &str = "S3NT1NEL";

/// Hands an error up as its own.
struct Passing(Pass);

type Pass = fn(Error) -> Error;

#[async_trait::async_trait]
impl Middleware for Passing {
    async fn handle(&self, request: Request, extensions: &mut Extensions, next: Next<'_>) -> Result<Response> {
        let answer = next.run(request, extensions).await;
        if let Err(error) = &answer {
            assert!(format!("{error:?}").contains(SECRET), "too little to be a proof");
        }
        answer.map_err(self.0)
    }
}

fn bared(error: Error) -> Error {
    match error {
        Error::Reqwest(error) => Error::middleware(error),
        Error::Middleware(_) => error,
    }
}

#[tokio::test]
async fn an_error_of_reqwest_is_passed_on_without_its_url() {
    let ways: [(&str, Pass); 4] = [
        ("as it is", |error| error),
        ("as a middleware's own", bared),
        ("wrapped", Error::middleware),
        ("wrapped twice", |error| Error::middleware(Error::middleware(error))),
    ];
    let nobody = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .unwrap()
        .local_addr()
        .unwrap();
    let url = format!("http://{nobody}/charges?api_key={SECRET}");
    for (way, pass) in ways {
        let chain = bare().with(resilience().0).with(Passing(pass)).build();

        let error = limit(chain.post(&url).send()).await.unwrap_err();

        let failed = error.operation_error().unwrap();
        assert_eq!(failed.failure().unwrap().kind(), FailureKind::Connect, "{way}");
        assert_eq!(failed.receipt().unwrap().stop(), StopReason::AttemptsExhausted, "{way}");
        let doubted = if way == "as it is" {
            Effect::NotApplied
        } else {
            Effect::Unknown
        };
        assert_eq!(failed.effect(), doubted, "{way}: what it did before is not known");
        let mut cause: Option<&dyn StdError> = Some(failed);
        while let Some(error) = cause {
            let text = format!("{error} {error:?} {error:#?}");
            assert!(!text.contains(SECRET), "{way}: {text}");
            cause = error.source();
        }
    }
}
