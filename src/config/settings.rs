use std::time::Duration;

use super::base_url::BaseUrl;
use super::breaker::BreakerSettings;
use super::budget::BudgetSettings;
use super::concurrency::ConcurrencySettings;
use super::hedge::HedgeSettings;
use super::key::KeySettings;
use super::limit::Limit;
use super::retry::RetrySettings;
use super::table::{Entry, Table, overlay};
use super::variables::Variables;
use crate::breaker::{CircuitBreaker, CircuitBreakerBuilder};
use crate::budget::RetryBudget;
use crate::client::{Client, ClientBuilder, parse_base};
use crate::concurrency::ConcurrencyLimit;
use crate::engine::Redirects;
use crate::error::ConfigError;
use crate::hedge::Hedge;
use crate::retry::Replay;
use crate::retry::builder::RetryPolicyBuilder;
use crate::retry::policy::RetryPolicy;

/// Everything about a client that an operator would tune; what is not set keeps its default.
///
/// `Debug`, `Display` (as TOML) and `Serialize` show what is set, without the credentials of [`BaseUrl`].
///
/// # Examples
///
/// ```
/// use steadfast::config::Settings;
///
/// let settings: Settings = serde_json::from_str(r#"{ "retry": { "max_attempts": 0 } }"#)?;
/// let error = settings.builder().unwrap_err();
/// assert_eq!(error.to_string(), "`retry.max_attempts` must be 1 to 100, but was 0");
///
/// let misspelt = serde_json::from_str::<Settings>(r#"{ "retry": { "max_atempts": 4 } }"#).unwrap_err();
/// assert!(misspelt.to_string().starts_with("there is no setting `retry.max_atempts`, only `max_attempts`, "));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Settings {
    /// The URL below which relative targets lie. Default none.
    pub base_url: Option<BaseUrl>,
    /// How long one attempt may take: 1 ms to a day. Default what the origin's preset says, else 30 s.
    pub attempt_timeout: Option<Duration>,
    /// How long an operation may take, waits included: 1 ms to 30 days. Default what the preset says, else none. "none"
    /// lifts what another layer sets, and leaves a preset's.
    pub total_timeout: Option<Limit<Duration>>,
    /// How long making a connection may take. Default 10 s, or half the attempt timeout if that is less.
    pub connect_timeout: Option<Duration>,
    /// Up to how many bytes a response's body is read as part of the attempt. Default none: it is not.
    pub buffer: Option<Limit<usize>>,
    /// Which redirects are followed. Default all that are safe; with a reqwest builder of your own, to the same origin.
    pub redirects: Option<Redirects>,
    /// Whether an attempt in doubt is repeated where nothing protects from acting twice. Default not.
    pub replay: Option<Replay>,
    /// Whether the built-in table of providers applies. Default true.
    pub builtin_presets: Option<bool>,
    /// The retry policy.
    pub retry: RetrySettings,
    /// The circuit breaker.
    pub breaker: BreakerSettings,
    /// The retry budget.
    pub budget: BudgetSettings,
    /// The limit on attempts under way at once.
    pub concurrency: ConcurrencySettings,
    /// The second attempt beside a slow one.
    pub hedge: HedgeSettings,
    /// The idempotency key.
    pub key: KeySettings,
    pub(super) variables: Variables,
}

impl Settings {
    /// Lays others over these: what they have set wins, field by field.
    #[must_use]
    pub fn overlay(mut self, over: &Self) -> Self {
        let mut table = over.clone();
        overlay(&mut self, &mut table);
        self.variables.overlay(&over.variables, &mut table);
        self
    }

    /// The environment variables that these settings came from, by name; none if there was none under the prefix.
    ///
    /// A prefix that is spelt otherwise than the variables reads nothing, and that is no error: a service that expects
    /// some can tell by this.
    ///
    /// # Examples
    ///
    /// ```
    /// use steadfast::config::Settings;
    ///
    /// let settings = Settings::from_env("BILLING", [("BILING_RETRY__MAX_ATTEMPTS", "3")])?;
    /// assert_eq!(settings.variables().next(), None);
    /// # Ok::<(), steadfast::ConfigError>(())
    /// ```
    pub fn variables(&self) -> impl Iterator<Item = &str> {
        self.variables.names()
    }

    /// Checks every value, and starts a client from them.
    ///
    /// What a file cannot say, such as headers, observers, reqwest's own builder, is added to the builder.
    ///
    /// # Errors
    ///
    /// Names the first field that is out of its range by its path, and the range; or that excludes or lacks another.
    pub fn builder(&self) -> Result<ClientBuilder, ConfigError> {
        let mut builder = Client::builder()
            .retry(self.retry_policy()?)
            .retry_budget(self.retry_budget()?);
        builder = match self.circuit_breaker()? {
            Some(breaker) => builder.circuit_breaker(breaker),
            None => builder.without_circuit_breaker(),
        };
        if let Some(limit) = self.concurrency_limit()? {
            builder = builder.concurrency_limit(limit);
        }
        if let Some(hedge) = self.hedge()? {
            builder = builder.hedge(hedge);
        }
        builder = self.key.apply(self.limits(builder));
        if let Some(redirects) = self.redirects {
            builder = builder.redirects(redirects);
        }
        if let Some(replay) = self.replay {
            builder = builder.replay(replay);
        }
        if self.builtin_presets == Some(false) {
            builder = builder.without_builtin_presets();
        }
        if let Some(base) = &self.base_url {
            self.explained(check_base(base))?;
            builder = builder.base_url(base.as_str());
        }
        let checked = builder.validate().map_err(|error| error.renamed(path_of_setter));
        self.explained(checked)?;
        Ok(builder)
    }

    /// Checks and builds the retry policy.
    ///
    /// # Errors
    ///
    /// As [`builder`](Self::builder).
    pub fn retry_policy(&self) -> Result<RetryPolicy, ConfigError> {
        let policy = self.retry.builder().and_then(RetryPolicyBuilder::build);
        self.explained(policy.map_err(|error| error.renamed(below("retry"))))
    }

    /// Checks and builds the circuit breaker; `None` if it is turned off.
    ///
    /// Each call builds another one, which shares nothing with the last.
    ///
    /// # Errors
    ///
    /// As [`builder`](Self::builder).
    pub fn circuit_breaker(&self) -> Result<Option<CircuitBreaker>, ConfigError> {
        let breaker = self.breaker.builder().and_then(CircuitBreakerBuilder::build);
        let breaker = self.explained(breaker.map_err(|error| error.renamed(below("breaker"))))?;
        Ok((self.breaker.enabled != Some(false)).then_some(breaker))
    }

    /// Checks and builds the retry budget; an unlimited one if it is turned off.
    ///
    /// Each call builds another one, which shares nothing with the last.
    ///
    /// # Errors
    ///
    /// As [`builder`](Self::builder).
    pub fn retry_budget(&self) -> Result<RetryBudget, ConfigError> {
        let budget = self.budget.builder().build();
        let budget = self.explained(budget.map_err(|error| error.renamed(below("budget"))))?;
        if self.budget.enabled == Some(false) {
            return Ok(RetryBudget::unlimited());
        }
        Ok(budget)
    }

    /// Checks and builds the limit on attempts at once; `None` if it is off.
    ///
    /// Each call builds another one, which shares nothing with the last.
    ///
    /// # Errors
    ///
    /// As [`builder`](Self::builder).
    pub fn concurrency_limit(&self) -> Result<Option<ConcurrencyLimit>, ConfigError> {
        let limit = self.concurrency.build();
        self.explained(limit.map_err(|error| error.renamed(below("concurrency"))))
    }

    /// Checks and builds the hedge; `None` if it is off.
    ///
    /// Each call builds another one, which shares nothing with the last.
    ///
    /// # Errors
    ///
    /// As [`builder`](Self::builder).
    pub fn hedge(&self) -> Result<Option<Hedge>, ConfigError> {
        let hedge = self.hedge.build();
        self.explained(hedge.map_err(|error| error.renamed(below("hedge"))))
    }

    /// Names the variable as well, where one set what is refused.
    fn explained<T>(&self, checked: Result<T, ConfigError>) -> Result<T, ConfigError> {
        checked.map_err(|error| self.variables.explain(error, &mut self.clone()))
    }

    fn limits(&self, mut builder: ClientBuilder) -> ClientBuilder {
        if let Some(timeout) = self.attempt_timeout {
            builder = builder.attempt_timeout(timeout);
        }
        if let Some(timeout) = self.total_timeout.and_then(Limit::at) {
            builder = builder.total_timeout(timeout);
        }
        if let Some(timeout) = self.connect_timeout {
            builder = builder.connect_timeout(timeout);
        }
        match self.buffer.and_then(Limit::at) {
            Some(limit) => builder.buffer(limit),
            None => builder,
        }
    }
}

impl Table for Settings {
    fn entries(&mut self) -> Vec<Entry<'_>> {
        vec![
            Entry::leaf("base_url", BASE, &mut self.base_url),
            Entry::leaf("attempt_timeout", "1ms to 1day", &mut self.attempt_timeout),
            Entry::leaf("total_timeout", "1ms to 30days", &mut self.total_timeout),
            Entry::leaf(
                "connect_timeout",
                "at least 1ms and less than the attempt timeout",
                &mut self.connect_timeout,
            ),
            Entry::leaf("buffer", "in bytes", &mut self.buffer),
            Entry::leaf("redirects", "", &mut self.redirects),
            Entry::leaf("replay", "", &mut self.replay),
            Entry::leaf("builtin_presets", "", &mut self.builtin_presets),
            Entry::Table("retry", &mut self.retry),
            Entry::Table("breaker", &mut self.breaker),
            Entry::Table("budget", &mut self.budget),
            Entry::Table("concurrency", &mut self.concurrency),
            Entry::Table("hedge", &mut self.hedge),
            Entry::Table("key", &mut self.key),
        ]
    }
}

/// The URL is not quoted: it may hold credentials.
fn check_base(base: &BaseUrl) -> Result<(), ConfigError> {
    match parse_base(base.as_str()) {
        Ok(_) => Ok(()),
        Err(error) => Err(ConfigError::new("base_url", BASE, format_args!("refused: {error}"))),
    }
}

fn below(table: &'static str) -> impl FnOnce(&str) -> String {
    move |field| format!("{table}.{field}")
}

/// The setter `key_lifetime` is `key.lifetime` here.
fn path_of_setter(setter: &str) -> String {
    match setter.strip_prefix("key_") {
        Some(field) => format!("key.{field}"),
        None => setter.to_owned(),
    }
}

const BASE: &str = "http or https, without query and fragment";
