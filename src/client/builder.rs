use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::HeaderMap;
use url::Url;

use super::DefaultHeaders;
use super::build::parse_base;
use super::wire::Wire;
use crate::breaker::CircuitBreaker;
use crate::budget::RetryBudget;
use crate::clock::Clock;
use crate::concurrency::ConcurrencyLimit;
use crate::engine::{Armor, AttemptInfo, FromFn as Hook, Redirects, Settings};
use crate::error::Error;
use crate::event::{Event, FromFn, Observer, Observers};
use crate::hedge::Hedge;
use crate::preset::{Preset, Presets};
use crate::retry::{Replay, RetryPolicy};
use crate::rng::Dice;

/// Builds a [`Client`](crate::Client); every value is checked at [`build`](Self::build).
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use steadfast::Client;
///
/// let client = Client::builder()
///     .http(reqwest::Client::builder().user_agent("billing/1.0"))
///     .base_url("https://api.example.com/v1")
///     .attempt_timeout(Duration::from_secs(20))
///     .total_timeout(Duration::from_secs(60))
///     .build()?;
/// # Ok::<(), steadfast::Error>(())
/// ```
#[must_use]
pub struct ClientBuilder {
    pub(super) http: Option<reqwest::ClientBuilder>,
    /// What carries requests instead of a client of our own making.
    pub(super) wire: Option<Wire>,
    pub(super) base: Option<Result<Url, Error>>,
    pub(super) headers: HeaderMap,
    pub(super) settings: Settings,
    pub(super) redirects: Option<Redirects>,
    pub(super) connect_timeout: Option<Duration>,
    pub(super) breaker: Option<CircuitBreaker>,
    pub(super) budget: RetryBudget,
    pub(super) limit: Option<ConcurrencyLimit>,
    pub(super) observers: Observers,
    pub(super) clock: Clock,
    pub(super) dice: Dice,
    pub(super) presets: Presets,
}

impl ClientBuilder {
    /// The longest wait for a connection (TCP and TLS) unless set: a third of the default attempt timeout.
    ///
    /// A connection that was not made in time certainly brought no request to the server, while an attempt timeout
    /// leaves doubt; so this one must end first.
    pub const DEFAULT_CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
    /// How long an idle connection is kept: below every server's own limit that was found, since a request that meets
    /// the server's close looks exactly like one that was processed.
    pub const POOL_IDLE_TIMEOUT: Duration = Duration::from_secs(15);

    pub(super) fn new() -> Self {
        Self {
            http: None,
            wire: None,
            base: None,
            headers: HeaderMap::new(),
            settings: Settings::default(),
            redirects: None,
            connect_timeout: None,
            breaker: Some(CircuitBreaker::default()),
            budget: RetryBudget::default(),
            limit: None,
            observers: Observers::default(),
            clock: Clock::system(),
            dice: Dice::default(),
            presets: Presets::default(),
        }
    }

    /// Uses this reqwest builder: for TLS, proxies, DNS, user agent and the like.
    ///
    /// Applied on top of it, so that every promise holds: retries off, redirects off, `Referer` off, our connect
    /// timeout, pool idle timeout and HTTP/2 pings. Set [default headers](Self::default_headers) here, not on it: its
    /// own cannot be seen and would follow a redirect anywhere, so with `http` only redirects to the same origin are
    /// followed, unless [`redirects`](Self::redirects) says otherwise.
    pub fn http(mut self, http: reqwest::ClientBuilder) -> Self {
        self.http = Some(http);
        self
    }

    /// Uses this finished reqwest client, with the weaker promises of [`Client::from_reqwest`](crate::Client::from_reqwest).
    ///
    /// The builder's connect timeout cannot reach it, and [`http`](Self::http) is not used.
    pub fn wrapping(mut self, client: reqwest::Client) -> Self {
        self.wire = Some(Wire::Reqwest {
            client,
            armor: Armor::Worn,
        });
        self
    }

    /// Sets the URL below which relative targets lie: `/charges` under `https://api.example.com/v1` is `/v1/charges`.
    ///
    /// A path that leads out of it, by dots or by slashes that name another host, is refused before anything is sent.
    pub fn base_url(mut self, url: &str) -> Self {
        self.base = Some(parse_base(url));
        self
    }

    /// Sets headers of every request that does not set them itself; the key's header cannot be among them.
    pub fn default_headers(mut self, headers: HeaderMap) -> Self {
        self.headers.extend(headers);
        self
    }

    /// Sets the retry policy.
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.settings.policy = policy;
        self
    }

    /// Sets how long one attempt may take to its response head, or to the end of a buffered body: 1 ms to a day.
    ///
    /// Default 30 s. It cannot be off: a request can hang for ever, even with no socket left.
    pub fn attempt_timeout(mut self, timeout: Duration) -> Self {
        self.settings.attempt_timeout = Some(timeout);
        self
    }

    /// Sets how long an operation may take, waits included: 1 ms to 30 days. Default none.
    ///
    /// It also bounds a body that is read later.
    pub fn total_timeout(mut self, timeout: Duration) -> Self {
        self.settings.total_timeout = Some(timeout);
        self
    }

    /// Sets how long making a connection may take: 1 ms up to, not including, the attempt timeout.
    ///
    /// Default 10 s, or half the attempt timeout if that is less.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = Some(timeout);
        self
    }

    /// Reads every response body into memory, up to this many bytes, as part of the attempt: a body that is cut or
    /// stalls is then an outcome like any other and may be retried. A larger body is an error.
    pub fn buffer(mut self, limit: usize) -> Self {
        self.settings.buffer = Some(limit);
        self
    }

    /// Sets which redirects are followed.
    pub fn redirects(mut self, redirects: Redirects) -> Self {
        self.redirects = Some(redirects);
        self
    }

    /// Gives headers to set before each attempt: a request signature, a refreshed token.
    ///
    /// It is asked before every request of an attempt, redirects to the same origin included, within the attempt's
    /// time limit. It can change neither key nor body: a key header, a `Content-Length` or a `Transfer-Encoding`
    /// that it gives is ignored. If it fails, the operation fails, and nothing is sent.
    ///
    /// # Examples
    ///
    /// ```
    /// use http::{HeaderMap, HeaderValue};
    /// use steadfast::Client;
    ///
    /// let client = Client::builder()
    ///     .before_attempt(|attempt| async move {
    ///         let mut headers = HeaderMap::new();
    ///         headers.insert("x-attempt", HeaderValue::from(attempt.number()));
    ///         Ok::<_, std::convert::Infallible>(headers)
    ///     })
    ///     .build()?;
    /// # Ok::<(), steadfast::Error>(())
    /// ```
    pub fn before_attempt<F, Fut, E>(mut self, hook: F) -> Self
    where
        F: Fn(AttemptInfo) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<HeaderMap, E>> + Send + 'static,
        E: Into<Box<dyn std::error::Error + Send + Sync>> + 'static,
    {
        self.settings.hook = Some(Arc::new(Hook(hook)));
        self
    }

    /// Adds what is known of a provider, for the origins that it is bound to; of several, the last one added wins.
    ///
    /// Facts about the server (the key's header, form, methods, worth and lifetime) come from the request, then the
    /// preset, then this client. Time limits come from the request, then what was set on this client, then the preset.
    /// Classifiers are asked in the order request, client, preset, default table.
    ///
    /// # Examples
    ///
    /// ```
    /// use steadfast::{Client, preset};
    ///
    /// let ours = preset::ietf().at("https://api.example.com")?;
    /// let client = Client::builder().preset(preset::stripe()).preset(ours).build()?;
    /// # Ok::<(), steadfast::Error>(())
    /// ```
    pub fn preset(mut self, preset: Preset) -> Self {
        self.presets.add(preset);
        self
    }

    /// Forgets the built-in table of providers: every origin without a preset of your own gets the client's settings.
    ///
    /// Servers that ignore keys are then taken to honour them, unless [`key_support`](Self::key_support) says otherwise.
    pub fn without_builtin_presets(mut self) -> Self {
        self.presets.forget_builtin();
        self
    }

    /// Says whether an attempt is repeated that may have been processed, where nothing protects from processing it
    /// twice. Default [`Replay::WhenUntouched`].
    pub fn replay(mut self, replay: Replay) -> Self {
        self.settings.replay = replay;
        self
    }

    /// Sets the circuit breaker; clients given clones of one share it. Default [`CircuitBreaker::default`].
    pub fn circuit_breaker(mut self, breaker: CircuitBreaker) -> Self {
        self.breaker = Some(breaker);
        self
    }

    /// Sends whatever the state of the origin.
    pub fn without_circuit_breaker(mut self) -> Self {
        self.breaker = None;
        self
    }

    /// Sets the retry budget; clients given clones of one share it. Default [`RetryBudget::default`].
    ///
    /// [`RetryBudget::unlimited`] turns it off.
    pub fn retry_budget(mut self, budget: RetryBudget) -> Self {
        self.budget = budget;
        self
    }

    /// Limits how many attempts may be under way at once to each origin; clients given clones of one share it.
    ///
    /// Off by default: see [`ConcurrencyLimit`].
    pub fn concurrency_limit(mut self, limit: ConcurrencyLimit) -> Self {
        self.limit = Some(limit);
        self
    }

    /// Sends a second attempt beside one that is slow to answer, where the operation may be repeated; the first answer wins.
    ///
    /// Off by default: see [`Hedge`].
    pub fn hedge(mut self, hedge: Hedge) -> Self {
        self.settings.hedge = Some(hedge);
        self
    }

    /// Adds an observer; they are told in the order in which they were added.
    pub fn observe(mut self, observer: impl Observer) -> Self {
        self.observers.push(Arc::new(observer));
        self
    }

    /// Adds a closure as an observer.
    pub fn on_event(self, tell: impl Fn(&Event<'_>) + Send + Sync + 'static) -> Self {
        self.observe(FromFn(tell))
    }

    /// Sets the clock; [`Clock::skipping`] makes waits end at once, for tests over real sockets.
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// Draws jitter from this seed instead of a generator local to the thread: for tests that need the same waits on
    /// each run. Keys stay random.
    pub fn jitter_seed(mut self, seed: u64) -> Self {
        self.dice = Dice::seeded(seed);
        self
    }
}

/// The base URL and the headers, reqwest's own included, may hold credentials.
impl fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientBuilder")
            .field("http", &self.http.as_ref().map(|_| "reqwest::ClientBuilder"))
            .field("wire", &self.wire)
            .field("headers", &DefaultHeaders(self.headers.clone()))
            .field("settings", &self.settings)
            .field("redirects", &self.redirects)
            .field("connect_timeout", &self.connect_timeout)
            .field("breaker", &self.breaker)
            .field("budget", &self.budget)
            .field("limit", &self.limit)
            .field("presets", &self.presets)
            .field("observers", &self.observers)
            .field("clock", &self.clock)
            .field("dice", &self.dice)
            .finish_non_exhaustive()
    }
}
