use std::sync::Arc;
use std::time::Duration;

use steadfast::testing::{Arrival, Script, Step};
use steadfast::{Body, Client, ClientBuilder, Clock, KeySupport, Receipt, ResponseExt, RetryPolicy};

use super::alphabet::Symbol;
use super::checker::{ATTEMPT_TIMEOUT, BODY, History, Mode, violations};
use super::server::{Keys, Server};

/// A client and a server for sequences of one length.
pub(super) struct Stage {
    pub(super) mode: Mode,
    pub(super) max_attempts: u32,
    pub(super) deadline: Option<Duration>,
    server: Server,
    script: Script,
    client: Client,
    body: Body,
}

/// What stands between client and server, to plant a bug.
pub(super) type Tamper = Arc<dyn Fn(&Server, &Arrival) -> Step + Send + Sync>;

impl Stage {
    pub(super) fn new(mode: Mode, max_attempts: u32, deadline: Option<Duration>) -> Self {
        let policy = RetryPolicy::builder().max_attempts(max_attempts).build().unwrap();
        let build = |builder: ClientBuilder| builder.retry(policy);
        Self::tampered(mode, max_attempts, deadline, build, Arc::new(Server::receive))
    }

    /// As `new`, with the client built differently, or something in between.
    pub(super) fn tampered(
        mode: Mode,
        max_attempts: u32,
        deadline: Option<Duration>,
        build: impl FnOnce(ClientBuilder) -> ClientBuilder,
        tamper: Tamper,
    ) -> Self {
        let (keys, support) = match mode {
            Mode::Honored | Mode::Bare => (Keys::Honored, KeySupport::Honored),
            Mode::Ignored => (Keys::Ignored, KeySupport::Ignored),
        };
        let server = Server::new(keys);
        let receiver = server.clone();
        let script = Script::from_fn(move |arrival| tamper(&receiver, arrival));
        let mut builder = Client::builder()
            .script(&script)
            .key_support(support)
            .attempt_timeout(ATTEMPT_TIMEOUT)
            .buffer(1_024);
        if let Some(deadline) = deadline {
            builder = builder.total_timeout(deadline);
        }
        let client = build(builder).build().unwrap();
        Self {
            mode,
            max_attempts,
            deadline,
            server,
            script,
            client,
            body: BODY.into(),
        }
    }

    /// Sends this body instead.
    pub(super) fn with_body(mut self, body: Body) -> Self {
        self.body = body;
        self
    }

    /// Runs one operation and names the invariants that it broke.
    pub(super) async fn play(&self, sequence: &[Symbol]) -> Vec<&'static str> {
        self.server.follow(sequence);
        let began = Clock::system().now();
        let request = self
            .client
            .request(self.mode.method(), "https://api.example.com/charges");
        let result = request.body(self.body.clone()).send().await;
        let elapsed = Clock::system().now() - began;
        let (answer, receipt): (Option<u16>, Option<&Receipt>) = match &result {
            Ok(response) => (Some(response.status().as_u16()), response.receipt()),
            Err(error) => (None, error.receipt()),
        };
        let arrivals = self.script.take_arrivals();
        let mut broken = violations(&History {
            sequence,
            mode: self.mode,
            max_attempts: self.max_attempts as usize,
            deadline: self.deadline,
            arrivals: &arrivals,
            sends: self.server.sends(),
            executions: self.server.executions(),
            answer,
            receipt: receipt.unwrap(),
            began,
            elapsed,
        });
        drop(result);
        if self.script.open() != 0 {
            broken.push("I14 nothing leaks");
        }
        broken
    }
}
