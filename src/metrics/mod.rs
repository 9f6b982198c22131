//! Counts operations, attempts and waits through the [`metrics`](https://docs.rs/metrics) facade (feature `metrics`).
//!
//! [`Metrics`] is an observer; where the numbers go is up to the recorder that the application installs. Names are
//! Prometheus names, with the unit in them; labels that OpenTelemetry knows have its names.
//!
//! | metric | kind | labels | what it tells |
//! |---|---|---|---|
//! | `steadfast_operations_total` | counter | `origin`, `http_request_method`, `outcome`, `retry` | operations that ended |
//! | `steadfast_operation_duration_seconds` | histogram | `origin`, `http_request_method`, `outcome` | how long they took, waits included |
//! | `steadfast_operation_stops_total` | counter | `origin`, `http_request_method`, `stop`, `obstacle` | why they were not attempted again |
//! | `steadfast_attempts_total` | counter | `origin`, `http_request_method`, `attempt`, `ending` | attempts that ended |
//! | `steadfast_attempt_duration_seconds` | histogram | `origin`, `http_request_method`, `ending` | how long they took, to the head or the end of a buffered body |
//! | `steadfast_retry_wait_seconds` | histogram | `origin` | waits before a retry, when they begin |
//! | `steadfast_possible_duplicates_total` | counter | `origin`, `http_request_method` | attempts that may repeat a processed one: [`Replay::AtLeastOnce`](crate::Replay::AtLeastOnce) |
//! | `steadfast_circuit_transitions_total` | counter | `origin`, `transition`, `cause` | changes of the circuit breaker, by the operation that caused them |
//! | `steadfast_circuit_state` | gauge | `origin`, `state` | 1 for the state that the breaker is in, 0 for the others |
//! | `steadfast_budget_balance_tokens` | gauge | `origin` | what is left in the retry budget |
//!
//! | label | values |
//! |---|---|
//! | `origin` | scheme, host and port of the operation's first request; `other` for all beyond [`max_origins`](MetricsBuilder::max_origins) |
//! | `http_request_method` | `GET`, `HEAD`, `POST`, `PUT`, `PATCH`, `DELETE`, `CONNECT`, `OPTIONS`, `TRACE`; `_OTHER`, as in OpenTelemetry |
//! | `outcome` | `success`, `failure`: what the caller got; a success is also what a [lookup](crate::ClientBuilder::on_unknown) found done |
//! | `retry` | `without`, `with`: whether more than one attempt was made |
//! | `stop` | `accepted`, `final`, `rejected`, `replayed`, `not_replayable`, `key_expired`, `attempts_exhausted`, `outcome_limit`, `retry_after_too_long`, `time_exhausted`, `stop_condition`, `deadline`, `circuit_open`, `budget_exhausted`, `concurrency_limited`, `looked_up`: the [`StopReason`](crate::StopReason) |
//! | `obstacle` | `no_key`, `key_ignored`, `one_shot_body`, `send_once`, `nested`: what made it not replayable; `none` if it was not that |
//! | `attempt` | `first`, `retry`; a [hedge](crate::Hedge) is a retry |
//! | `ending` | `1xx`, `2xx`, `3xx`, `4xx`, `5xx`, or the [`FailureKind`](crate::FailureKind): `request`, `hook`, `unready`, `dns`, `connect`, `connect_timeout`, `tls`, `proxy_auth`, `nack`, `connection_lost`, `protocol`, `head_timeout`, `body_timeout`, `body`, `body_too_large`, `other`; `cancelled` beside a hedge that answered first, or the hedge itself |
//! | `transition` | `opened`, `half_opened`, `closed`; changes by hand are no events |
//! | `cause` | `failure_rate`, `slow_rate`, `consecutive_failures`, `probe_failed`, `retry_after`: why it opened; `none` if it did not |
//! | `state` | `closed`, `open`, `half_open`, `isolated` |
//!
//! A status is told by its class: the code is chosen by the server, and each value multiplies the buckets of a
//! histogram. Codes are in receipts and spans.
//!
//! # Examples
//!
//! ```
//! use steadfast::Client;
//! use steadfast::metrics::Metrics;
//!
//! // Any recorder will do; `cargo run --example prometheus` serves one.
//! let metrics = Metrics::new();
//! let client = Client::builder().observe(metrics.clone()).build()?;
//! metrics.watch(client.circuit_breaker(), client.retry_budget()); // for the two gauges
//! # Ok::<(), steadfast::Error>(())
//! ```
//!
//! What to look at first, in Prometheus' language:
//!
//! | question | query |
//! |---|---|
//! | what retries save | `sum(rate(steadfast_operations_total{outcome="success",retry="with"}[5m]))` |
//! | what they cost | `sum(rate(steadfast_attempts_total{attempt="retry"}[5m])) / sum(rate(steadfast_attempts_total[5m]))` |
//! | why one was not made | `sum by (stop, obstacle) (rate(steadfast_operation_stops_total{stop!="accepted"}[5m]))` |
//! | who is shut off now | `steadfast_circuit_state{state="open"} == 1` |
//!
//! # Guarantees
//!
//! * No other names and no other labels than these, and a bounded number of values: origins up to
//!   [`max_origins`](MetricsBuilder::max_origins), everything else from the lists above. No label holds a path, a query
//!   or a key.
//! * Once an operation like it was counted, counting one allocates nothing; it takes no lock, unless the breaker is not
//!   closed: reading its state takes the breaker's own.
//! * A recorder that panics, or none at all, changes nothing for the operation.
//!
//! # Limits
//!
//! An operation whose future is dropped, or whose request could not even be built, is not counted.
//!
//! The gauges need [`Metrics::watch`], since events do not tell them; they are read when an attempt or an operation
//! ends. In between, a breaker stays `open` after its time is over, until somebody asks it: that admits the first probe
//! and makes it `half_open`. A change by hand, or by a client that is not observed, shows after the next operation that
//! it refuses, or that ends while a state other than `closed` is shown. A breaker with
//! [scopes of its own](crate::breaker::CircuitBreakerBuilder::scope_by) has no state per origin and an
//! [unlimited](crate::budget::RetryBudget::unlimited) budget no balance: neither has a gauge.
//!
//! A redirect's target has its own breaker and budget, and so its own gauges; everything else goes under the origin that
//! the operation began with.
//!
//! Handles are taken from the recorder of the thread, or else the global one, when something is counted for the first
//! time. One that is installed later is found, and what came before is lost, as always with the facade. A recorder that
//! forgets idle metrics (`idle_timeout` of the Prometheus exporter) loses those that come back.

mod builder;
mod by_origin;
mod chain;
mod gauges;
mod observer;
mod series;
mod table;
mod words;

pub use builder::MetricsBuilder;
pub use observer::Metrics;
