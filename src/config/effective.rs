use std::fmt;

use serde::ser::{Serialize, Serializer};

use super::base_url::BaseUrl;
use super::write::Written;
use super::{
    BreakerSettings, BudgetSettings, ConcurrencySettings, HedgeSettings, KeySettings, RetrySettings, Settings,
};
use crate::client::Client;

/// What a client runs with, whether it came from a file, from code or from the defaults.
///
/// `Display` is TOML, `Serialize` any format; both read back as the same [`Settings`]. What only code can set is named
/// under `in_code`, and refused by [`Settings`], so that a client with a closure is not taken for one without. Left out
/// is what the client cannot know: settings of a reqwest builder or client that was given to it.
///
/// # Examples
///
/// ```
/// use steadfast::Client;
/// use steadfast::config::{Effective, Settings};
///
/// let client = Client::builder().on_event(|_| {}).build()?;
/// let effective = Effective::of(&client);
/// assert_eq!(effective.settings().retry.max_attempts, Some(5));
/// assert_eq!(effective.in_code(), ["observe"]);
/// # Ok::<(), steadfast::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Effective {
    settings: Settings,
    in_code: Vec<String>,
}

impl Effective {
    /// Reads a client's configuration back.
    #[must_use]
    pub fn of(client: &Client) -> Self {
        let shared = &*client.0;
        let set = &shared.setup.settings;
        let (retry, of_policy) = RetrySettings::of(&set.policy);
        let (breaker, of_breaker) = match &shared.setup.breaker {
            Some(breaker) => BreakerSettings::of(breaker),
            None => (off(), Vec::new()),
        };
        let mut in_code: Vec<_> = of_policy.iter().map(|what| format!("retry.{what}")).collect();
        in_code.extend(of_breaker.iter().map(|what| format!("breaker.{what}")));
        in_code.extend(others(client).map(str::to_owned));
        let settings = Settings {
            base_url: shared.base.as_ref().map(BaseUrl::from),
            attempt_timeout: set.attempt_timeout,
            total_timeout: Some(set.total_timeout.into()),
            connect_timeout: shared.connect_timeout,
            buffer: Some(set.buffer.into()),
            redirects: Some(set.redirects),
            replay: Some(set.replay),
            builtin_presets: Some(shared.presets.knows_builtin()),
            retry,
            breaker,
            budget: BudgetSettings::of(&shared.setup.budget),
            concurrency: ConcurrencySettings::of(shared.setup.limit.as_ref()),
            hedge: HedgeSettings::of(set.hedge.as_ref()),
            key: KeySettings::of(&set.key),
            ..Settings::default()
        };
        Self { settings, in_code }
    }

    /// The settings in force.
    ///
    /// The attempt timeout is there only if the client sets one: otherwise it is the origin's preset's, else 30 s.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// What was set in code and fits no file, by the path or the setter's name.
    #[must_use]
    pub fn in_code(&self) -> &[String] {
        &self.in_code
    }

    fn written(&self) -> Written {
        Written::of(&mut self.settings.clone()).with_list("in_code", &self.in_code)
    }
}

impl fmt::Display for Effective {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.settings.attempt_timeout.is_none() {
            writeln!(f, "# attempt_timeout: what the origin's preset says, else \"30s\"")?;
        }
        self.written().fmt(f)
    }
}

impl Serialize for Effective {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.written().serialize(serializer)
    }
}

fn off() -> BreakerSettings {
    BreakerSettings {
        enabled: Some(false),
        ..BreakerSettings::default()
    }
}

/// The setters of a client whose values fit no file, if they were used.
fn others(client: &Client) -> impl Iterator<Item = &'static str> {
    let shared = &*client.0;
    [
        (!shared.headers.0.is_empty(), "default_headers"),
        (shared.setup.settings.hook.is_some(), "before_attempt"),
        (shared.setup.settings.lookup.is_some(), "on_unknown"),
        (shared.presets.has_own(), "preset"),
        (!shared.setup.observers.is_empty(), "observe"),
    ]
    .into_iter()
    .filter_map(|(used, setter)| used.then_some(setter))
}
