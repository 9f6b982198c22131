use std::sync::Arc;
use std::time::Duration;

use http::{HeaderName, Method};

use super::facts::{Facts, RateLimit};
use super::pattern::Pattern;
use super::{Preset, ResetFormat, Rule, StreamEnd};
use crate::classify::{Chain, Classify};
use crate::error::{ConfigError, Span};
use crate::operation::{KeyHeader, KeySettings, KeySupport};

/// Builds a [`Preset`]; every value is checked at [`build`](Self::build).
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use http::HeaderName;
/// use steadfast::KeyHeader;
/// use steadfast::preset::{Meaning, Preset, Rule};
///
/// let acme = Preset::builder("acme")
///     .origin("https://api.acme.example")
///     .key_header(KeyHeader::new(HeaderName::from_static("x-acme-key")))
///     .key_max_length(40)
///     .key_lifetime(Duration::from_secs(3_600))
///     .codes_at("error.code")
///     .rule(Rule::status(409).code("busy").means(Meaning::KeyInUse))
///     .build()?;
/// assert_eq!(acme.name(), "acme");
/// # Ok::<(), steadfast::ConfigError>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct PresetBuilder {
    facts: Facts,
    fault: Option<ConfigError>,
}

impl PresetBuilder {
    pub(super) fn new(name: &str) -> Self {
        Self::from_facts(Facts {
            name: name.into(),
            origins: Vec::new(),
            key: KeySettings::default(),
            request_id: None,
            attempt_timeout: None,
            total_timeout: None,
            hint_header: None,
            code_header: None,
            codes_at: Vec::new(),
            delay_at: None,
            rate_limits: Vec::new(),
            rules: Vec::new(),
            classifiers: Chain::default(),
            stream_end: None,
        })
    }

    pub(super) fn from_facts(facts: Facts) -> Self {
        Self { facts, fault: None }
    }

    /// Sets the name that receipts show.
    pub fn name(mut self, name: &str) -> Self {
        self.facts.name = name.into();
        self
    }

    /// Binds it to one more origin: `https://api.example.com`, with a port and the beginning of a path if need be.
    ///
    /// One `*` may stand for the first labels of the host (`https://*.example.com`, one or more of them), or for exactly
    /// one in its middle (`https://api.*.example.com`). At least two labels must follow it; that these are not a public
    /// suffix such as `co.uk` is for you to see. The path ends at a slash: `/v1` covers `/v1/x`, not `/v10`.
    pub fn origin(mut self, pattern: &str) -> Self {
        match Pattern::parse(pattern) {
            Ok(pattern) => self.facts.origins.push(pattern),
            Err(error) => self.fault = self.fault.or(Some(error)),
        }
        self
    }

    /// Unbinds it from all origins: to start from one of ours for another host.
    pub fn no_origins(mut self) -> Self {
        self.facts.origins.clear();
        self
    }

    /// Sets the header that carries the key, and the key's form in it. Default `Idempotency-Key`, raw.
    pub fn key_header(mut self, header: KeyHeader) -> Self {
        self.facts.key.header = header;
        self
    }

    /// Takes the key from a member of the JSON body, where the caller puts it, and sends no header.
    ///
    /// Without that member, or with a body that is a stream, the request counts as one without a key.
    pub fn key_in_body(mut self, member: &str) -> Self {
        self.facts.key.body_member = Some(member.into());
        self
    }

    /// Sets the longest key that the server takes, in characters: 1 to 255. A longer one is an error before sending.
    ///
    /// From 36 on, the keys that are made unasked fit.
    pub fn key_max_length(mut self, length: usize) -> Self {
        self.facts.key.max_length = Some(length);
        self
    }

    /// Sets the methods whose requests carry a key unasked. Default POST and PATCH.
    pub fn key_methods(mut self, methods: impl IntoIterator<Item = Method>) -> Self {
        self.facts.key.methods = methods.into_iter().collect();
        self
    }

    /// Says whether the server honours keys. Default [`KeySupport::Honored`].
    pub fn key_support(mut self, support: KeySupport) -> Self {
        self.facts.key.support = support;
        self
    }

    /// Says that keys are honoured below this path alone; call it once for each.
    ///
    /// A rule that takes a bare status for a [word about the key](super::Meaning::KeyInUse) applies there alone, too.
    pub fn honors_keys_under(mut self, path: &str) -> Self {
        self.facts.key.paths.push(path.into());
        self
    }

    /// Says how long the server remembers a key: 1 s or more. Default: for ever.
    pub fn key_lifetime(mut self, lifetime: Duration) -> Self {
        self.facts.key.lifetime = Some(lifetime);
        self
    }

    /// Sets the header that marks a stored answer by the value `true`. Default `Idempotent-Replayed`.
    pub fn replay_marker(mut self, name: HeaderName) -> Self {
        self.facts.key.replay_marker = Some(name);
        self
    }

    /// Says that stored answers are not marked.
    pub fn no_replay_marker(mut self) -> Self {
        self.facts.key.replay_marker = None;
        self
    }

    /// Sets the header in which the server names its answer, for its support.
    pub fn request_id_header(mut self, name: HeaderName) -> Self {
        self.facts.request_id = Some(name);
        self
    }

    /// Sets the attempt timeout, unless the client or the request sets one: 1 ms to a day.
    pub fn attempt_timeout(mut self, timeout: Duration) -> Self {
        self.facts.attempt_timeout = Some(timeout);
        self
    }

    /// Sets the total timeout, unless the client or the request sets one: 1 ms to 30 days.
    ///
    /// Unlike theirs, it bounds attempts and waits alone, not a body that is read later.
    pub fn total_timeout(mut self, timeout: Duration) -> Self {
        self.facts.total_timeout = Some(timeout);
        self
    }

    /// Sets the header by which the server says `true` or `false` to a retry. It wins over the status, but neither over
    /// the replay gate nor over any limit.
    pub fn hint_header(mut self, name: HeaderName) -> Self {
        self.facts.hint_header = Some(name);
        self
    }

    /// Names a place of error codes in JSON bodies: member names with dots between; lists are searched through.
    pub fn codes_at(mut self, path: &str) -> Self {
        self.facts.codes_at.push(path.into());
        self
    }

    /// Names a header that holds an error code; what follows a colon is cut off.
    pub fn code_header(mut self, name: HeaderName) -> Self {
        self.facts.code_header = Some(name);
        self
    }

    /// Names the place of a wait in the JSON body of a 429 or 503, such as `34.07s`.
    pub fn delay_at(mut self, path: &str) -> Self {
        self.facts.delay_at = Some(path.into());
        self
    }

    /// Names the headers of a rate limit; where `remaining` is 0, a retry waits for the `reset`.
    pub fn rate_limit(mut self, remaining: HeaderName, reset: HeaderName, format: ResetFormat) -> Self {
        self.facts.rate_limits.push(RateLimit {
            remaining,
            reset,
            format,
        });
        self
    }

    /// Adds a rule after those there are; the first that matches counts.
    pub fn rule(mut self, rule: Rule) -> Self {
        self.facts.rules.push(rule);
        self
    }

    /// Adds a rule before those there are: to overrule one of ours.
    pub fn rule_first(mut self, rule: Rule) -> Self {
        self.facts.rules.insert(0, rule);
        self
    }

    /// Adds a classifier, asked before the rules.
    pub fn classify(mut self, classifier: impl Classify) -> Self {
        self.facts.classifiers.push(Arc::new(classifier));
        self
    }

    /// Sets by what a stream of server-sent events is known to be complete.
    pub fn stream_end(mut self, end: StreamEnd) -> Self {
        self.facts.stream_end = Some(end);
        self
    }

    /// Checks every value.
    ///
    /// # Errors
    ///
    /// Names the first field that is out of its range, and the range.
    pub fn build(self) -> Result<Preset, ConfigError> {
        if let Some(fault) = self.fault {
            return Err(fault);
        }
        let facts = self.facts;
        ConfigError::require(|| !facts.name.is_empty(), "name", "not empty", "empty")?;
        if let Some(length) = facts.key.max_length {
            ConfigError::check("key_max_length", 1..=255, length)?;
        }
        if let Some(lifetime) = facts.key.lifetime {
            let long_enough = || lifetime >= Duration::from_secs(1);
            ConfigError::require(long_enough, "key_lifetime", "at least 1s", Span(lifetime))?;
        }
        let shortest = Duration::from_millis(1);
        if let Some(timeout) = facts.attempt_timeout {
            ConfigError::check("attempt_timeout", shortest..=Duration::from_secs(86_400), timeout)?;
        }
        if let Some(timeout) = facts.total_timeout {
            ConfigError::check("total_timeout", shortest..=Duration::from_secs(30 * 86_400), timeout)?;
        }
        Ok(Preset::from_facts(facts))
    }

    /// Builds one of ours; a test builds them all.
    pub(super) fn known(self) -> Preset {
        self.build().expect("the built-in presets are within every range")
    }
}
