//! Settings of a payment API.

use std::collections::HashSet;
use std::fmt;
use std::io;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex};

use tokio::net::TcpListener;

use super::PaymentApi;
use super::books::Books;
use super::clock::ServerClock;
use super::pipeline::Pipeline;
use super::profile::Profile;
use super::server::Server;
use super::turn::Turn;
use crate::testing::tasks::Tasks;

/// Settings of a [`PaymentApi`] that is not started yet.
#[derive(Clone)]
#[must_use]
pub struct PaymentApiBuilder {
    profile: Profile,
    clock: ServerClock,
    credentials: Option<HashSet<String>>,
    operation_header: Arc<str>,
    default_turn: Option<Arc<dyn Fn(u64) -> Turn + Send + Sync>>,
}

impl PaymentApiBuilder {
    pub(super) fn new() -> Self {
        Self {
            profile: Profile::stripe_v1(),
            clock: ServerClock::real(),
            credentials: None,
            operation_header: Arc::from("x-operation-id"),
            default_turn: None,
        }
    }

    /// Sets how keys are treated; [`Profile::stripe_v1`] unless set.
    pub fn profile(self, profile: Profile) -> Self {
        Self { profile, ..self }
    }

    /// Sets the clock that keys age by; real time unless set.
    pub fn clock(self, clock: ServerClock) -> Self {
        Self { clock, ..self }
    }

    /// Admits only these credentials; unless called, any is an account of its own, and so is none.
    ///
    /// A credential is the value of `Authorization`, with or without `Bearer`, or of `X-Api-Key`.
    pub fn credentials<T: Into<String>>(self, credentials: impl IntoIterator<Item = T>) -> Self {
        Self {
            credentials: Some(credentials.into_iter().map(Into::into).collect()),
            ..self
        }
    }

    /// Sets the header that names an operation where keys do not; `X-Operation-Id` unless set.
    pub fn operation_header(self, name: &str) -> Self {
        Self {
            operation_header: Arc::from(name.to_ascii_lowercase()),
            ..self
        }
    }

    /// Sets what happens to requests for which nothing was scripted, by the number of the arrival, from 1.
    pub fn turns(self, turns: impl Fn(u64) -> Turn + Send + Sync + 'static) -> Self {
        Self {
            default_turn: Some(Arc::new(turns)),
            ..self
        }
    }

    /// Starts the server on 127.0.0.1, on a free port.
    ///
    /// # Errors
    ///
    /// When no port can be bound.
    pub async fn start(self) -> io::Result<PaymentApi> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let url = format!("http://{}", listener.local_addr()?);
        let pipeline = Arc::new(Pipeline {
            profile: self.profile,
            clock: self.clock,
            credentials: self.credentials,
            default_turn: self.default_turn,
            books: Mutex::new(Books::default()),
        });
        let tasks = Tasks::new();
        let server = Server {
            pipeline: Arc::clone(&pipeline),
            operation_header: self.operation_header,
            tasks: tasks.clone(),
        };
        tasks.spawn(server.listen(listener));
        Ok(PaymentApi { url, pipeline, tasks })
    }
}

impl fmt::Debug for PaymentApiBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PaymentApiBuilder")
            .field("profile", &self.profile)
            .field("clock", &self.clock)
            .finish_non_exhaustive()
    }
}
