//! A payment API with server-side idempotency.
//!
//! An HTTP server (HTTP/1.1, and HTTP/2 with prior knowledge) that treats idempotency keys as a provider does, and
//! counts what it executed. What it promises:
//!
//! - Of any number of simultaneous requests with one key, one executes.
//! - An outcome is stored before it is sent, so a lost response can be fetched again.
//! - A client that leaves does not stop the handler.
//! - What each [`Profile`] stores, for how long, and what it answers is in its documentation.
//!
//! | path | method | what it does |
//! |---|---|---|
//! | any | `POST`, `PUT`, `PATCH`, `DELETE` | takes effect: one [`Charge`], whose `amount` is read from JSON or form |
//! | `/…/{id}` | `GET` | the charge, or 404 |
//!
//! An `amount` that is present and not a positive integer is a failed validation (400). [`Turn`]s script anything else.
//!
//! It is a model: it does not check content types, required fields or currencies, and keeps everything in memory.

mod answer;
mod arrival;
mod assertions;
mod books;
mod builder;
mod charge;
mod clock;
mod dialect;
mod fingerprint;
mod gate;
mod history;
mod pipeline;
mod profile;
mod refusal;
mod reply;
mod rules;
mod server;
mod table;
mod turn;

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::sync::Arc;

pub use builder::PaymentApiBuilder;
pub use charge::Charge;
pub use clock::ServerClock;
pub use gate::Gate;
pub use history::History;
pub use profile::Profile;
pub use rules::{Expiry, Lapse};
pub use turn::Turn;

use super::tasks::Tasks;
use pipeline::Pipeline;

/// A payment API on loopback that deduplicates by key and counts what it executed.
///
/// Starts in milliseconds and stops when dropped; see the [module](self) for what it promises.
///
/// # Examples
///
/// A server that fails once and stores the failure, as Stripe does:
///
/// ```
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use steadfast::testing::payment_api::{PaymentApi, Profile, Turn};
///
/// let api = PaymentApi::builder().profile(Profile::stripe_v1()).start().await?;
/// api.script(Turn::fail());
///
/// let charge = || reqwest::Client::new().post(api.endpoint("/v1/charges")).header("Idempotency-Key", "order-1");
/// assert_eq!(charge().send().await?.status(), 500);
/// let again = charge().send().await?;
/// assert_eq!(again.status(), 500);
/// assert_eq!(again.headers()["idempotent-replayed"], "true");
/// assert_eq!(api.key("order-1").executions(), 1);
/// # Ok(())
/// # }
/// # tokio::runtime::Runtime::new().unwrap().block_on(example()).unwrap();
/// ```
pub struct PaymentApi {
    url: String,
    pipeline: Arc<Pipeline>,
    tasks: Tasks,
}

impl PaymentApi {
    /// Starts a server with the default settings: Stripe's rules, real time, any credential.
    ///
    /// # Errors
    ///
    /// When no port can be bound.
    pub async fn start() -> io::Result<Self> {
        Self::builder().start().await
    }

    /// Returns settings to change before the start.
    pub fn builder() -> PaymentApiBuilder {
        PaymentApiBuilder::new()
    }

    /// Returns the URL without a path or a closing slash: `http://127.0.0.1:40123`.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Returns the URL of `path`, which starts with a slash.
    #[must_use]
    pub fn endpoint(&self, path: &str) -> String {
        format!("{}{path}", self.url)
    }

    /// Adds what happens to a request, after all that was scripted before.
    pub fn script(&self, turn: Turn) {
        self.pipeline.books().script(turn);
    }

    /// Returns what was seen of a key, of all accounts together; all zero for a key that never came.
    #[must_use]
    pub fn key(&self, key: &str) -> History {
        let mut history = History::default();
        for (account, seen) in &self.pipeline.books().keys {
            if account.key == key {
                history.absorb(seen);
            }
        }
        history
    }

    /// Returns what was seen of each key, of all accounts together.
    #[must_use]
    pub fn keys(&self) -> BTreeMap<String, History> {
        let mut histories: BTreeMap<String, History> = BTreeMap::new();
        for (account, seen) in &self.pipeline.books().keys {
            histories.entry(account.key.clone()).or_default().absorb(seen);
        }
        histories
    }

    /// Returns what was seen of an operation, by the operation header; all zero for one that never came.
    #[must_use]
    pub fn operation(&self, id: &str) -> History {
        self.pipeline.books().operations.get(id).cloned().unwrap_or_default()
    }

    /// Returns what was seen of each operation, by the operation header.
    #[must_use]
    pub fn operations(&self) -> BTreeMap<String, History> {
        self.pipeline.books().operations.clone().into_iter().collect()
    }

    /// Returns what was seen of all requests.
    #[must_use]
    pub fn totals(&self) -> History {
        self.pipeline.books().totals.clone()
    }

    /// Returns the effects in the order in which they took place.
    #[must_use]
    pub fn charges(&self) -> Vec<Charge> {
        self.pipeline.books().charges.clone()
    }

    /// Returns how many requests were read to their end; cheaper than [`totals`](Self::totals).
    #[must_use]
    pub fn arrivals(&self) -> usize {
        self.pipeline.books().totals.arrivals()
    }

    /// Stops the server and waits until its connections and handlers are gone.
    ///
    /// Dropping it stops it too, without the wait.
    pub async fn stop(self) {
        self.tasks.shutdown().await;
    }
}

impl Drop for PaymentApi {
    fn drop(&mut self) {
        self.tasks.abort();
    }
}

impl fmt::Debug for PaymentApi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PaymentApi")
            .field("url", &self.url)
            .field("profile", &self.pipeline.profile.name())
            .field("arrivals", &self.arrivals())
            .finish_non_exhaustive()
    }
}
