//! How to test code that uses steadfast.
//!
//! Three questions, three tools, from the fastest to the most faithful:
//!
//! | question | tool | time |
//! |---|---|---|
//! | what does *my code* do when a call fails, is repeated, is given up? | [`Script`], paused clock | none |
//! | what did the client do, and why did it stop? | [`Recorder`] | none |
//! | does the *server* do it once, whatever the wire does? | [`PaymentApi`] behind a [`FaultProxy`], [`Clock::skipping`] | milliseconds |
//!
//! The code under test in all examples takes its client as an argument: that is all it needs to be testable.
//!
//! # My code, without a server
//!
//! A [`Script`] answers in memory. Under `tokio`'s paused clock the waits between attempts take no time, and neither do
//! the delays of the script. [`Jitter::None`] makes the waits exact, but for those that a `Retry-After`
//! asked for, which are up to a tenth longer.
//!
//! ```
//! use std::time::Duration;
//!
//! use http::StatusCode;
//! use steadfast::testing::{Recorder, Script, Step};
//! use steadfast::{Client, Effect, Error, Jitter, RetryPolicy, StopReason};
//!
//! /// The code under test.
//! async fn charge(client: &Client, order: &str) -> Result<String, Error> {
//!     let request = client.post("https://api.example.com/charges").idempotency_key(order);
//!     Ok(request.body("amount=100").send().await?.status().to_string())
//! }
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build()?;
//! runtime.block_on(async {
//!     let script = Script::new([
//!         Step::lost_response(),
//!         Step::status(StatusCode::SERVICE_UNAVAILABLE).header("retry-after", "30"),
//!         Step::status(StatusCode::CREATED).after(Duration::from_secs(3)),
//!     ]);
//!     let recorder = Recorder::new();
//!     let client = Client::builder()
//!         .script(&script)
//!         .retry(RetryPolicy::builder().jitter(Jitter::None).build()?)
//!         .observe(recorder.clone())
//!         .build()?;
//!
//!     assert_eq!(charge(&client, "order-1").await?, "201 Created");
//!
//!     // What the server would have seen:
//!     let arrivals = script.arrivals();
//!     assert!(arrivals.iter().all(|arrival| arrival.header("idempotency-key") == Some("order-1")));
//!     assert!(arrivals.iter().all(|arrival| arrival.body == "amount=100"));
//!
//!     // What the client did; a failed assertion prints the transcript:
//!     recorder.assert_attempts(3);
//!     assert_eq!(recorder.waits()[0], Duration::from_secs(1));
//!     assert!(recorder.waits()[1] >= Duration::from_secs(30), "the server's wish is the least");
//!     recorder.assert_stopped(StopReason::Accepted);
//!     recorder.assert_effect(Effect::Applied);
//!     Ok::<(), Error>(())
//! })?;
//! # Ok(())
//! # }
//! ```
//!
//! In a test function, `#[tokio::test(start_paused = true)]` is the runtime of the example.
//!
//! # A server's logic, without a server
//!
//! [`Script::from_fn`] decides by the request. Here the question is what my code tells its caller when it cannot know:
//!
//! ```
//! use http::{Method, StatusCode};
//! use steadfast::testing::{Script, Step};
//! use steadfast::{Client, Effect};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build()?;
//! # runtime.block_on(async {
//! let script = Script::from_fn(|arrival| match arrival.method {
//!     Method::POST => Step::hang(),
//!     _ => Step::status(StatusCode::NOT_FOUND),
//! });
//! let client = Client::builder().script(&script).build()?;
//!
//! let error = client.post("https://api.example.com/charges").send().await.unwrap_err();
//!
//! assert!(error.is_timeout() && error.is_attempts_exhausted());
//! assert_eq!(error.effect(), Effect::Unknown, "five silences prove nothing");
//! # Ok::<(), steadfast::Error>(())
//! # })?;
//! # Ok(())
//! # }
//! ```
//!
//! # My own classifier
//!
//! A classifier is a pure function of an [`Outcome`](crate::Outcome), so it needs no client at all; then one test that
//! it is asked:
//!
//! ```
//! use http::{HeaderMap, StatusCode};
//! use steadfast::testing::{Recorder, Script, Step};
//! use steadfast::{Client, Outcome, RetryPolicy, Verdict};
//!
//! /// The code under test: a locked resource is worth another try.
//! fn locked(outcome: &Outcome<'_>) -> Option<Verdict> {
//!     (outcome.status()? == StatusCode::LOCKED).then(Verdict::retry)
//! }
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let none = HeaderMap::new();
//! assert!(locked(&Outcome::response(StatusCode::LOCKED, &none)).is_some_and(|verdict| verdict.is_retry()));
//! assert_eq!(locked(&Outcome::response(StatusCode::CONFLICT, &none)), None);
//!
//! # let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build()?;
//! # runtime.block_on(async {
//! let (script, recorder) = (Script::new([Step::status(StatusCode::LOCKED)]), Recorder::new());
//! let policy = RetryPolicy::builder().classify_fn(locked).build()?;
//! let client = Client::builder().script(&script).retry(policy).observe(recorder.clone()).build()?;
//! assert_eq!(client.put("https://api.example.com/rooms/1").send().await?.status(), 200);
//! recorder.assert_attempts(2);
//! # Ok::<(), steadfast::Error>(())
//! # })?;
//! # Ok(())
//! # }
//! ```
//!
//! # The whole way, over sockets
//!
//! [`PaymentApi`] deduplicates by key as a provider does and counts effects; [`FaultProxy`] breaks the wire before it.
//! Over sockets, do not pause tokio's clock: it runs ahead while the kernel works, and everything times out. Give the
//! client [`Clock::skipping`] instead: requests take real time, waits take none.
//!
//! ```
//! use std::time::Duration;
//!
//! use steadfast::testing::fault_proxy::{Fault, FaultScript, Point};
//! use steadfast::testing::{FaultProxy, PaymentApi, Recorder};
//! use steadfast::{Client, Clock, ResponseExt};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # tokio::runtime::Runtime::new()?.block_on(async {
//! let api = PaymentApi::start().await?;
//! let proxy = FaultProxy::start(api.url()).await?;
//! // The server executes, but the response is lost; then the connection dies before the server sees anything.
//! proxy.play(FaultScript::list([Fault::lost_response(), Fault::reset(Point::BeforeForwarding)]));
//!
//! let recorder = Recorder::new();
//! let client = Client::builder()
//!     .http(reqwest::Client::builder().no_proxy())
//!     .clock(Clock::skipping())
//!     .observe(recorder.clone())
//!     .build()?;
//! let charge = client.post(proxy.endpoint("/v1/charges")).idempotency_key("order-1").body("amount=100");
//! let response = charge.send().await?;
//!
//! assert!(response.receipt().is_some_and(|receipt| receipt.replayed()), "the first attempt's answer");
//! assert_eq!(api.key("order-1").effects(), 1);
//! api.assert_each_key_executed_at_most_once();
//! recorder.assert_attempts(3);
//! recorder.assert_waits_about([Duration::from_secs(1), Duration::from_secs(2)]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok(())
//! # }
//! ```
//!
//! # By chance, but the same chance
//!
//! A seeded script draws the same faults for the same arrivals. What must hold, holds for every seed; so print the seed,
//! or [`FaultScript::replay`](super::fault_proxy::FaultScript::replay), when a test fails. Faults at these rates use up
//! the default retry budget of a small test: give the client an unlimited one, unless the budget is what you test.
//!
//! ```
//! use steadfast::budget::RetryBudget;
//! use steadfast::testing::fault_proxy::FaultScript;
//! use steadfast::testing::{FaultProxy, PaymentApi};
//! use steadfast::{Client, Clock, Effect};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # tokio::runtime::Runtime::new()?.block_on(async {
//! let api = PaymentApi::start().await?;
//! let script = FaultScript::random(7).lost_response(0.2).reset(0.1).answer(0.1, 503);
//! let proxy = FaultProxy::builder(api.url()).script(script).start().await?;
//! let client = Client::builder()
//!     .http(reqwest::Client::builder().no_proxy())
//!     .clock(Clock::skipping())
//!     .retry_budget(RetryBudget::unlimited())
//!     .build()?;
//!
//! let mut acknowledged = Vec::new();
//! for order in (0..50).map(|number| format!("order-{number}")) {
//!     let charge = client.post(proxy.endpoint("/v1/charges")).idempotency_key(order.as_str()).body("amount=100");
//!     match charge.send().await {
//!         Ok(response) if response.status().is_success() => acknowledged.push(order),
//!         Ok(_) => {}
//!         // What my code must not do: take an unknown effect for none.
//!         Err(error) => assert!(error.effect() != Effect::NotApplied || api.key(&order).effects() == 0),
//!     }
//! }
//!
//! assert!(acknowledged.len() > 40);
//! api.assert_each_key_executed_at_most_once();
//! api.assert_no_effect_lost(&acknowledged);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok(())
//! # }
//! ```
//!
//! # A server that ignores keys
//!
//! Many do: most APIs of language models execute every request that they read. With
//! [`KeySupport::Ignored`](crate::KeySupport::Ignored) nothing that may have been processed is repeated, and the error
//! says so:
//!
//! ```
//! use steadfast::testing::fault_proxy::{Fault, FaultScript};
//! use steadfast::testing::payment_api::Profile;
//! use steadfast::testing::{FaultProxy, PaymentApi};
//! use steadfast::{Client, Effect, KeySupport};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # tokio::runtime::Runtime::new()?.block_on(async {
//! let api = PaymentApi::builder().profile(Profile::openai()).start().await?;
//! let proxy = FaultProxy::builder(api.url()).script(FaultScript::list([Fault::lost_response()])).start().await?;
//! let client = Client::builder()
//!     .http(reqwest::Client::builder().no_proxy())
//!     .key_support(KeySupport::Ignored)
//!     .build()?;
//!
//! let completion = client.post(proxy.endpoint("/v1/chat/completions")).header("x-operation-id", "call-1");
//! let error = completion.body("{}").send().await.unwrap_err();
//!
//! assert!(error.is_not_replayable());
//! assert_eq!(error.effect(), Effect::Unknown);
//! assert_eq!(api.operation("call-1").effects(), 1);
//! api.assert_each_operation_executed_at_most_once();
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok(())
//! # }
//! ```
//!
//! [`Clock::skipping`]: crate::Clock::skipping
//! [`FaultProxy`]: super::FaultProxy
//! [`Jitter::None`]: crate::Jitter::None
//! [`PaymentApi`]: super::PaymentApi
//! [`Recorder`]: super::Recorder
//! [`Script`]: super::Script
//! [`Script::from_fn`]: super::Script::from_fn
