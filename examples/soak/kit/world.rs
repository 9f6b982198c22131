//! Everything that a soak runs in.

use std::io;
use std::time::Duration;

use steadfast::breaker::{CircuitBreaker, State};
use steadfast::budget::RetryBudget;
use steadfast::testing::fault_proxy::FaultScript;
use steadfast::testing::payment_api::Profile;
use steadfast::testing::{FaultProxy, PaymentApi, Recorder};
use steadfast::{Backoff, Client, ClientBuilder, Clock, Error, KeySupport, Origin, Replay, RetryPolicy};

use super::ears::Ears;
use super::elsewhere::Elsewhere;
use super::faults::faults;
use super::order::{Errand, Line, Order};
use super::plan::{Guards, Plan, Server};
use super::turns::Calm;

/// Servers, clients and what listens to them.
pub(crate) struct World {
    pub(crate) plan: Plan,
    pub(crate) api: PaymentApi,
    pub(super) calm: Calm,
    pub(crate) proxy: FaultProxy,
    pub(super) elsewhere: Elsewhere,
    pub(crate) clock: Clock,
    pub(crate) breaker: CircuitBreaker,
    pub(crate) ears: Ears,
    pub(super) recorder: Recorder,
    clients: Clients,
}

struct Clients {
    http1: Client,
    tls: Client,
    http2: Client,
    /// Over real time: where waits are skipped, those of one operation use up the time of all others.
    in_time: Client,
}

impl World {
    pub(super) async fn start(plan: Plan) -> io::Result<Self> {
        let profile = match plan.server {
            Server::HonoursKeys => Profile::stripe_v1(),
            Server::IgnoresKeys | Server::RepeatsAtWill => Profile::openai(),
        };
        let calm = Calm::default();
        let moods = calm.clone();
        let api = PaymentApi::builder()
            .profile(profile)
            .turns(move |arrival| moods.turn(arrival));
        let api = api.start().await?;
        let elsewhere = Elsewhere::start().await?;
        let proxy = FaultProxy::builder(api.url());
        let proxy = proxy.script(storm(plan, elsewhere.url())).start().await?;
        let (clock, breaker) = (Clock::skipping(), CircuitBreaker::default());
        let (ears, recorder) = (Ears::default(), Recorder::new());
        let shared = Shared {
            plan,
            clock: &clock,
            breaker: &breaker,
            budget: RetryBudget::default(),
            ears: &ears,
            recorder: &recorder,
        };
        let clients = shared.clients(proxy.certificate_pem()).map_err(io::Error::other)?;
        Ok(Self {
            plan,
            api,
            calm,
            proxy,
            elsewhere,
            clock,
            breaker,
            ears,
            recorder,
            clients,
        })
    }

    pub(super) fn client(&self, order: &Order) -> &Client {
        match (order.errand, order.line) {
            (Errand::ChargeInTime(_), _) => &self.clients.in_time,
            (_, Line::Http1) => &self.clients.http1,
            (_, Line::Tls) => &self.clients.tls,
            (_, Line::Http2) => &self.clients.http2,
        }
    }

    pub(crate) fn url(&self, order: &Order) -> String {
        let base = match (order.errand, order.line) {
            (Errand::Charge | Errand::Look, Line::Tls) => self.proxy.tls_url(),
            _ => self.proxy.url(),
        };
        format!("{base}{}", order.target())
    }

    pub(crate) fn origin(&self) -> Origin {
        self.proxy.url().parse().expect("the proxy's URL has an origin")
    }

    pub(super) fn circuit(&self) -> State {
        self.breaker.state(&self.origin(), self.clock.now()).state
    }
}

/// The faults of a plan.
fn storm(plan: Plan, elsewhere: &str) -> FaultScript {
    let share = match plan.guards {
        Guards::Everyday => 0.4,
        Guards::Relentless => 1.0,
    };
    faults(plan.seed, share, elsewhere)
}

/// What the clients have in common.
struct Shared<'a> {
    plan: Plan,
    clock: &'a Clock,
    breaker: &'a CircuitBreaker,
    budget: RetryBudget,
    ears: &'a Ears,
    recorder: &'a Recorder,
}

impl Shared<'_> {
    fn clients(&self, certificate: &str) -> Result<Clients, Error> {
        let bare = || reqwest::Client::builder().no_proxy();
        let certificate = reqwest::Certificate::from_pem(certificate.as_bytes()).ok();
        let quick = RetryPolicy::builder().backoff(Backoff::constant(Duration::from_millis(20)));
        let own = |builder: ClientBuilder| match self.plan.guards {
            Guards::Everyday => builder,
            Guards::Relentless => builder.without_circuit_breaker().retry_budget(RetryBudget::unlimited()),
        };
        Ok(Clients {
            http1: self.skipping(bare().tls_certs_only([])).build()?,
            tls: self.skipping(bare().tls_certs_only(certificate)).build()?,
            http2: self
                .skipping(bare().tls_certs_only([]).http2_prior_knowledge())
                .build()?,
            in_time: own(self.client(bare().tls_certs_only([])).retry(quick.build()?)).build()?,
        })
    }

    fn skipping(&self, http: reqwest::ClientBuilder) -> ClientBuilder {
        let client = self.client(http).clock(self.clock.clone());
        match self.plan.guards {
            Guards::Everyday => client
                .circuit_breaker(self.breaker.clone())
                .retry_budget(self.budget.clone()),
            Guards::Relentless => client.without_circuit_breaker().retry_budget(RetryBudget::unlimited()),
        }
    }

    fn client(&self, http: reqwest::ClientBuilder) -> ClientBuilder {
        let (support, replay) = match self.plan.server {
            Server::HonoursKeys => (KeySupport::Honored, Replay::WhenUntouched),
            Server::IgnoresKeys => (KeySupport::Ignored, Replay::WhenUntouched),
            Server::RepeatsAtWill => (KeySupport::Ignored, Replay::AtLeastOnce),
        };
        Client::builder()
            .http(http)
            .redirects(steadfast::Redirects::AnyOrigin)
            .attempt_timeout(ATTEMPT_TIMEOUT)
            .connect_timeout(ATTEMPT_TIMEOUT / 2)
            .key_support(support)
            .replay(replay)
            .observe(self.ears.clone())
            .observe(self.recorder.clone())
    }
}

/// What stalls run into; long enough for a loaded machine to answer on loopback.
pub(crate) const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(1);
/// The default policy's.
pub(crate) const MAX_ATTEMPTS: usize = 5;
/// How long every 503 asks to wait: longer than the first waits of the default backoff.
pub(crate) const HINT: Duration = Duration::from_secs(5);
/// In the credentials, the body, the query and the callers' own keys of every operation; must be told to nobody.
pub(crate) const SECRET: &str = "sk_live_5e47ine1";
