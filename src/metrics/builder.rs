use super::Metrics;
use crate::error::ConfigError;

/// Builds [`Metrics`].
#[derive(Clone, Debug)]
#[must_use = "a builder does nothing until `build`"]
pub struct MetricsBuilder {
    max_origins: usize,
}

impl MetricsBuilder {
    /// How many origins have a label of their own, unless set: more than a service usually calls, and few enough that
    /// all their histograms are no burden for the server that keeps them.
    pub const DEFAULT_MAX_ORIGINS: usize = 100;

    /// Sets how many origins have a label of their own: 0 to 10,000. Those that come later share `other`.
    ///
    /// The first ones stay: a recorder does not forget, so nobody could make room. An origin that users choose, as with
    /// webhooks, uses the places up; 0 puts all origins under `other`.
    pub fn max_origins(mut self, origins: usize) -> Self {
        self.max_origins = origins;
        self
    }

    /// Checks the settings.
    ///
    /// # Errors
    ///
    /// Names the setting outside its range.
    pub fn build(self) -> Result<Metrics, ConfigError> {
        ConfigError::check("max_origins", 0..=MOST_ORIGINS, self.max_origins)?;
        Ok(Metrics::of(self.max_origins))
    }
}

impl Default for MetricsBuilder {
    fn default() -> Self {
        Self {
            max_origins: Self::DEFAULT_MAX_ORIGINS,
        }
    }
}

/// Above it, a label per origin is of no use to anybody.
const MOST_ORIGINS: usize = 10_000;
