use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderName, Method, StatusCode};
use url::Url;

use super::facts::Facts;
use super::pattern::{Located, Pattern};
use super::{PresetBuilder, StreamEnd};
use crate::classify::{Classify, Verdict};
use crate::error::ConfigError;
use crate::operation::{Address, KeyHeader, KeySettings, KeySupport, Outcome};

/// What is known of a provider: data, and a classifier made of it.
///
/// Bound to origins, so one client can hold several. Cloning shares.
///
/// # Examples
///
/// Stripe's rules for a mock on this machine:
///
/// ```
/// use steadfast::{Client, preset};
///
/// let mock = preset::stripe().at("http://127.0.0.1:12111")?;
/// let client = Client::builder().preset(mock).build()?;
/// # Ok::<(), steadfast::Error>(())
/// ```
#[derive(Clone)]
pub struct Preset(Arc<Facts>);

impl Preset {
    /// Starts from nothing: keys are honoured for ever, and every answer is left to the default table.
    pub fn builder(name: &str) -> PresetBuilder {
        PresetBuilder::new(name)
    }

    /// Starts from this one.
    pub fn to_builder(&self) -> PresetBuilder {
        PresetBuilder::from_facts((*self.0).clone())
    }

    /// Binds it to one more origin, as [`PresetBuilder::origin`] does.
    ///
    /// # Errors
    ///
    /// If that is no origin or pattern of origins.
    pub fn at(&self, origin: &str) -> Result<Self, ConfigError> {
        self.to_builder().origin(origin).build()
    }

    /// The name that receipts show.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// True if it applies to this address.
    #[must_use]
    pub fn covers(&self, url: &Url) -> bool {
        Located::of(Address::Url(url)).is_some_and(|located| self.exactness(&located).is_some())
    }

    /// The header that carries the key; `None` if the body does.
    #[must_use]
    pub fn key_header(&self) -> Option<&KeyHeader> {
        let key = &self.0.key;
        key.body_member.is_none().then_some(&key.header)
    }

    /// The methods whose requests carry a key unasked.
    #[must_use]
    pub fn key_methods(&self) -> &[Method] {
        &self.0.key.methods
    }

    /// The longest key that the server takes, in characters.
    #[must_use]
    pub fn key_max_length(&self) -> Option<usize> {
        self.0.key.max_length
    }

    /// Whether the server honours keys on this path.
    #[must_use]
    pub fn key_support(&self, path: &str) -> KeySupport {
        self.0.key.support_on(|| path)
    }

    /// How long the server remembers a key; `None` if that is not known to end.
    #[must_use]
    pub fn key_lifetime(&self) -> Option<Duration> {
        self.0.key.lifetime
    }

    /// The header that marks a stored answer.
    #[must_use]
    pub fn replay_marker(&self) -> Option<&HeaderName> {
        self.0.key.replay_marker.as_ref()
    }

    /// The header in which the server names its answer.
    #[must_use]
    pub fn request_id_header(&self) -> Option<&HeaderName> {
        self.0.request_id.as_ref()
    }

    /// The attempt timeout, unless the client or the request sets one.
    #[must_use]
    pub fn attempt_timeout(&self) -> Option<Duration> {
        self.0.attempt_timeout
    }

    /// The total timeout, unless the client or the request sets one.
    #[must_use]
    pub fn total_timeout(&self) -> Option<Duration> {
        self.0.total_timeout
    }

    /// By what a stream of server-sent events is known to be complete; `None` if the provider has none.
    #[must_use]
    pub fn stream_end(&self) -> Option<&StreamEnd> {
        self.0.stream_end.as_ref()
    }

    pub(super) fn from_facts(facts: Facts) -> Self {
        Self(Arc::new(facts))
    }

    pub(super) fn is_bound(&self) -> bool {
        !self.0.origins.is_empty()
    }

    /// How exactly it names an address, if at all.
    pub(super) fn exactness(&self, located: &Located<'_>) -> Option<usize> {
        let patterns = self.0.origins.iter().filter(|pattern| pattern.matches(located));
        patterns.map(Pattern::exactness).max()
    }

    /// True if it applies to an address of the same origin.
    pub(super) fn is_near(&self, located: &Located<'_>) -> bool {
        self.0.origins.iter().any(|pattern| pattern.is_near(located))
    }

    pub(crate) fn shared_name(&self) -> Arc<str> {
        Arc::clone(&self.0.name)
    }

    pub(crate) fn key_settings(&self) -> &KeySettings {
        &self.0.key
    }

    pub(crate) fn asks_for_body(&self, status: StatusCode) -> bool {
        self.0.wants_body(status)
    }

    /// Of who knows what the key is worth, and has told the outcome.
    pub(crate) fn opinion(&self, outcome: &Outcome<'_>) -> Option<Verdict> {
        self.0.opinion(outcome)
    }
}

/// A preset's classifier alone, for use in a [`RetryPolicy`](crate::RetryPolicy).
///
/// Where keys are honoured on some paths only, it asks the outcome for its path: see [`Outcome::with_path`].
impl Classify for Preset {
    fn classify(&self, outcome: &Outcome<'_>) -> Option<Verdict> {
        let mut outcome = *outcome;
        if !self.0.may_honor_key(&outcome) {
            outcome.has_key(false);
        }
        self.opinion(&outcome)
    }

    fn wants_body(&self, status: StatusCode) -> bool {
        self.0.wants_body(status)
    }
}

impl fmt::Debug for Preset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Preset")
            .field("name", &self.0.name)
            .field("origins", &self.0.origins)
            .finish_non_exhaustive()
    }
}
