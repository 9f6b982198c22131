use http::Extensions;
use reqwest::{Request, Response};
use reqwest_middleware::{Middleware, Next};

use super::chain::Chain;
use super::pass::{Asked, Mark, Protection, Running};
use super::{PerRequest, Seal};
use crate::breaker::CircuitBreaker;
use crate::budget::RetryBudget;
use crate::client::{Client, ClientBuilder, Operation, RequestBuilder};
use crate::error::Error;
use crate::event::Nesting;
use crate::operation::StopReason;
use crate::retry::Attempts;

/// Gives a chain keys, retries, a budget and a breaker: each request is one operation.
///
/// Where it stands in the chain, what it returns and what it defends against: [module](super). Cloning shares breaker
/// and budget.
///
/// # Examples
///
/// ```
/// use steadfast::RetryPolicy;
/// use steadfast::middleware::Resilience;
///
/// let policy = RetryPolicy::builder().max_attempts(3).build()?;
/// let resilience = Resilience::from_builder(steadfast::Client::builder().retry(policy))?;
/// let client = reqwest_middleware::ClientBuilder::new(reqwest::Client::new())
///     .with(resilience)
///     .build();
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "a middleware does nothing until a chain is given it"]
pub struct Resilience {
    client: Client,
    bodies: Bodies,
}

/// In what form bodies go down the chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Bodies {
    /// As streams that nobody can repeat.
    Armored,
    /// As bytes, where they are; a [`Seal`] at the chain's end puts the armor on.
    Plain,
}

impl Resilience {
    /// Uses a client's settings, breaker, budget and observers, but not its connections.
    ///
    /// Its base URL and connect timeout do nothing here; redirects to other origins are not followed, whatever it says.
    pub fn new(client: &Client) -> Self {
        Self {
            client: client.without_wire(),
            bodies: Bodies::Armored,
        }
    }

    /// Uses a builder's settings, and makes no connections of its own.
    ///
    /// # Errors
    ///
    /// As [`ClientBuilder::build`]; and if a setting is given that only the client at the chain's end can have: `http`,
    /// `wrapping`, `base_url`, `connect_timeout`, `hedge`.
    pub fn from_builder(builder: ClientBuilder) -> Result<Self, Error> {
        Ok(Self {
            client: builder.build_without_wire()?,
            bodies: Bodies::Armored,
        })
    }

    /// Splits off a [`Seal`] for the chain's other end, and lets the middleware between them see bodies as bytes.
    ///
    /// Without the seal at the end, bodies would go unarmored: give the chain both.
    ///
    /// # Examples
    ///
    /// ```
    /// use steadfast::middleware::Resilience;
    ///
    /// let (resilience, seal) = Resilience::default().sealed();
    /// let client = reqwest_middleware::ClientBuilder::new(reqwest::Client::new())
    ///     .with(resilience)
    ///     // Here: what runs once per attempt, such as a signature over the body.
    ///     .with(seal)
    ///     .build();
    /// ```
    pub fn sealed(self) -> (Self, Seal) {
        let own = Self {
            bodies: Bodies::Plain,
            ..self
        };
        (own, Seal::new())
    }

    /// The circuit breaker, the one in use; `None` if it was turned off.
    #[must_use]
    pub fn circuit_breaker(&self) -> Option<&CircuitBreaker> {
        self.client.circuit_breaker()
    }

    /// The retry budget, the one in use.
    #[must_use]
    pub fn retry_budget(&self) -> &RetryBudget {
        self.client.retry_budget()
    }

    /// Runs one request as an operation, or as the continuation of one that a loop around us repeats.
    async fn operate(&self, request: Request, extensions: &mut Extensions, next: Next<'_>) -> Result<Response, Error> {
        let own = PerRequest::of(extensions);
        let mark = extensions.get::<Mark>().cloned();
        let outer = mark.as_ref().and_then(Mark::under_way).cloned();
        let mut request = RequestBuilder::from_request(&self.client, request);
        let asked = Asked::of(&request);
        let earlier = mark.filter(|mark| mark.is_repeated_by(&asked, own.key()));
        request = own.apply(request);
        if let Some(key) = earlier.as_ref().and_then(Mark::key) {
            // Another one on the request is an error: the first pass may have acted under this one.
            request = request.idempotency_key(key.clone());
        }
        let key = request.key()?.cloned();
        let header = request.key_header();
        let plain = match self.bodies {
            Bodies::Armored => None,
            Bodies::Plain => request.parts().2.bytes(),
        };
        let mut operation = request.sealed()?;
        let protection = Protection::of(&operation);
        let before = match earlier.map(|mark| taken_up(&mark, &mut operation)).transpose() {
            Ok(before) => before.flatten(),
            Err(stop) => return Err(operation.refuse(stop)),
        };
        let mark = Mark::new(outer, asked, (header, key), protection);
        let running = Running(&mark);
        let chain = Chain::new((next, extensions), &mark, before, plain);
        let finished = operation.run(&chain).await?;
        mark.nestings()
            .into_iter()
            .for_each(|nesting| report(&operation, nesting));
        let answer = operation.last_answer(finished)?;
        if answer.status().is_success() {
            mark.succeeds();
        }
        drop(running);
        Ok(answer)
    }
}

#[async_trait::async_trait]
impl Middleware for Resilience {
    async fn handle(
        &self,
        request: Request,
        extensions: &mut Extensions,
        next: Next<'_>,
    ) -> reqwest_middleware::Result<Response> {
        if let Some(mark) = extensions.get::<Mark>().and_then(Mark::under_way)
            && mark.encloses(&request)
        {
            // One loop is enough, and the outer one has the key.
            mark.note(Nesting::Twin);
            return next.run(request, extensions).await;
        }
        let answer = self.operate(request, extensions, next).await;
        answer.map_err(reqwest_middleware::Error::middleware)
    }
}

impl Default for Resilience {
    fn default() -> Self {
        Self {
            client: Client::wireless(),
            bodies: Bodies::Armored,
        }
    }
}

/// Takes up the attempts of the pass before, or says why they must not be followed by another.
fn taken_up(mark: &Mark, operation: &mut Operation) -> Result<Option<Attempts>, StopReason> {
    report(operation, Nesting::Outer);
    let Some(attempts) = mark.attempts() else {
        return Ok(None);
    };
    operation.had_effect(attempts.effect());
    attempts.resumed(operation.now()).map(Some)
}

fn report(operation: &Operation, nesting: Nesting) {
    tracing::warn!(%nesting, "retry loops are nested");
    operation.tells_of(nesting);
}
