//! A layer that makes operations of the requests to any HTTP service: keys, retries, budget and breaker.
//!
//! [`ResilienceLayer`] wraps any [`Service`](tower_service::Service) of [`http::Request`]s that is `Clone`: hyper-util's
//! client, a channel of tonic's, a router of axum's, a stack of layers. It takes the same decisions as
//! [`Client`](crate::Client), with the same defaults, and makes the same promises but for what is said below.
//!
//! # Examples
//!
//! ```
//! use std::time::Duration;
//!
//! use http::{Request, Response, StatusCode};
//! use steadfast::tower::ResilienceLayer;
//! use steadfast::{IdempotencyKey, ResponseExt};
//! use tower::{ServiceBuilder, ServiceExt};
//!
//! # use std::sync::atomic::{AtomicU32, Ordering};
//! # let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build()?;
//! # runtime.block_on(async {
//! # static TURN: AtomicU32 = AtomicU32::new(0);
//! # let client = tower::service_fn(|_: Request<String>| async {
//! #     let busy = TURN.fetch_add(1, Ordering::Relaxed) == 0;
//! #     let status = if busy { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::OK };
//! #     Response::builder().status(status).body(())
//! # });
//! let service = ServiceBuilder::new()
//!     .concurrency_limit(100) // of operations
//!     .layer(ResilienceLayer::builder().total_timeout(Duration::from_secs(30)).build()?)
//!     .service(client); // or more layers: theirs are the attempts
//!
//! let mut request = Request::post("https://api.example.com/charges").body("amount=100".to_owned())?;
//! request.extensions_mut().insert(IdempotencyKey::derive(["charge", "order-42"]));
//! let response = service.oneshot(request).await?;
//!
//! assert_eq!(response.status(), StatusCode::OK);
//! assert_eq!(response.receipt().map(|receipt| receipt.attempts().len()), Some(2));
//! # Ok::<_, Box<dyn std::error::Error + Send + Sync>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error + Send + Sync>>(())
//! ```
//!
//! # What comes back
//!
//! | the operation ended with | result |
//! |---|---|
//! | a response, whatever its status, an exhausted 503 too | `Ok`, with the [`Receipt`](crate::Receipt) in its extensions |
//! | an attempt without a response | `Err`: its [`failure`](crate::Error::failure) has the inner error as its source |
//! | a refusal of the breaker before the first attempt | `Err`: [`is_circuit_open`](crate::Error::is_circuit_open) |
//! | a key that cannot be sent | `Err`: [`is_builder`](crate::Error::is_builder) |
//!
//! [`Client`](crate::Client) makes an `Err` of a 503 that it gave up; here it is `Ok`, since that is the contract of
//! services. Ask [`Receipt::stop`](crate::Receipt::stop) why it was not retried. The error type is
//! [`steadfast::Error`](crate::Error); in a stack of any errors it is found by `downcast_ref`. Its `response` is always
//! `None`.
//!
//! # Where it stands
//!
//! | layer | place | why |
//! |---|---|---|
//! | buffer, concurrency limit or timeout for operations | outside | they hold an operation through its waits |
//! | redirects (`tower-http`'s `FollowRedirect`) | outside | each hop is then an operation with a key of its own; inside, the end of a redirect would be taken for the request's: a connection refused there would look as if nothing had been sent |
//! | authentication that expires, request signatures, tracing of requests | inside | they see each attempt, by its [`AttemptNumber`] |
//! | timeout, rate or concurrency limit for attempts | inside | a wait holds nothing of theirs |
//! | decompression, body limits | either | bodies are not looked at |
//! | another retry layer | nowhere | attempts would multiply, and the inner one would hide those whose effect is unknown |
//!
//! A resilience layer that finds itself inside another one makes a single attempt, warns, and its receipt says
//! [`Nested`](crate::NotReplayable::Nested). A retry layer of another kind cannot be found.
//!
//! # One request
//!
//! What one request sets differently stands in its extensions, each of its own type: an
//! [`IdempotencyKey`](crate::IdempotencyKey), a [`RetryPolicy`](crate::RetryPolicy), a [`KeySupport`](crate::KeySupport),
//! a [`Replay`](crate::Replay). A key that is already in the header is adopted, never overwritten.
//!
//! Every attempt carries method, URI, version, headers and extensions of the request. Its body is had again by cloning it;
//! for bodies that cannot be cloned say how ([`replay_bodies`](ResilienceBuilder::replay_bodies)), or have them sent once
//! ([`replay_empty_bodies`](ResilienceBuilder::replay_empty_bodies)): such a request is never refused, and its receipt says
//! [`OneShotBody`](crate::NotReplayable::OneShotBody), as it does once a closure has given the last body.
//!
//! # Guarantees
//!
//! - **No service is called that was not readied.** The instance that the caller readied makes the first attempt; before
//!   each retry it is readied again, within the attempt's time limit.
//! - **Nothing is held in vain.** During a wait there is neither a future of the inner service nor a slot of its limits. A
//!   future that is dropped, or never polled, gives back whatever was reserved, the breaker's place too.
//! - **Errors leave doubt unless their type is known** not to: see [`ByType`].
//! - An error of readiness is passed on. Between attempts it ends the operation, and the breaker is not told: a service that
//!   is not ready says nothing about the server.
//!
//! # Limits
//!
//! - Bodies are not read. A response that is retried is dropped, unread, when the next attempt is admitted; over HTTP/1.1
//!   that closes its connection unless its body had arrived. Classifiers and presets see no bodies, and a key in a body
//!   (Square) is not found. A body that is cut after its head is the caller's to see.
//! - It has no hook before attempts, no lookup of doubts, no hedging and no concurrency limit: the first and the last are
//!   layers inside.
//! - The total time limit ends with the response head.
//! - A request whose URI has no authority has no origin, and so neither breaker, budget nor preset, unless
//!   [`origin`](ResilienceBuilder::origin) names it. Hosts are compared as written, but in lower case.
//! - What the errors of the service underneath say is theirs: they are passed on as sources, and their texts may hold
//!   secrets. Only reqwest's lose their URL, and only where no other error wraps them.
//! - Time limits need tokio's timers.

mod body;
mod builder;
mod future;
mod known;
mod layer;
mod notes;
mod operation;
mod place;
mod service;
mod shared;

pub use body::{BodiesBy, CloneBodies, EmptyBodies, ReplayBody};
pub use builder::ResilienceBuilder;
pub use future::ResponseFuture;
pub use layer::ResilienceLayer;
pub use notes::{AttemptNumber, Notes};
pub use place::{ByType, ErrorsBy, PlaceError};
pub use service::Resilience;

/// Any error, as tower's own middleware takes it.
type BoxError = Box<dyn std::error::Error + Send + Sync>;
