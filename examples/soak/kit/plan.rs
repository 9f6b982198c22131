//! What a soak does, as numbers.

/// What a soak does; the same plan draws the same orders and faults.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    pub(crate) seed: u64,
    pub(crate) operations: usize,
    pub(crate) concurrency: usize,
    pub(crate) guards: Guards,
    pub(crate) server: Server,
}

/// What stands between an operation and its retries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Guards {
    /// The default budget and breaker, and faults at a rate at which they have something to do.
    Everyday,
    /// An unlimited budget and no breaker, so that every fault gets its retry.
    Relentless,
}

/// What the server does with keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Server {
    /// Stripe's rules.
    HonoursKeys,
    /// `OpenAI`'s: every request that is read executes. The client is told so: at most once.
    IgnoresKeys,
    /// The same, and the caller would rather have it twice than not at all: each possible duplicate is to be counted.
    RepeatsAtWill,
}

impl Plan {
    pub(crate) fn new(seed: u64, operations: usize) -> Self {
        Self {
            seed,
            operations,
            concurrency: 64,
            guards: Guards::Relentless,
            server: Server::HonoursKeys,
        }
    }

    pub(crate) fn guards(self, guards: Guards) -> Self {
        Self { guards, ..self }
    }

    pub(crate) fn server(self, server: Server) -> Self {
        Self { server, ..self }
    }
}
