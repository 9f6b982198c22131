use super::{Failed, MILLI, RetryBudget};
use crate::error::ConfigError;
use crate::origins::{DEFAULT_CAPACITY, MAX_CAPACITY};

/// Builds a [`RetryBudget`]; amounts are tokens, rounded to thousandths.
#[derive(Clone, Debug)]
#[must_use = "a builder does nothing until `build`"]
pub struct RetryBudgetBuilder {
    capacity: f64,
    initial: Option<f64>,
    earn: f64,
    refund: f64,
    cost_error: f64,
    cost_timed_out: f64,
    cost_throttled: f64,
    max_origins: usize,
}

impl RetryBudgetBuilder {
    /// Sets the largest balance of an origin: 1 to 1,000,000 tokens.
    pub fn capacity(mut self, tokens: f64) -> Self {
        self.capacity = tokens;
        self
    }

    /// Sets the balance an origin starts with: 0 to the capacity; by default 5, or the capacity if that is less.
    pub fn initial(mut self, tokens: f64) -> Self {
        self.initial = Some(tokens);
        self
    }

    /// Sets what a success at the first try earns: 0 to 1 token.
    pub fn earn(mut self, tokens: f64) -> Self {
        self.earn = tokens;
        self
    }

    /// Sets what a success after retrying gives back: 0 to 1,000 tokens, and never more than its last retry cost.
    pub fn refund(mut self, tokens: f64) -> Self {
        self.refund = tokens;
        self
    }

    /// Sets what a retry costs after a failure of this kind: 0.001 to 1,000 tokens, at most the capacity.
    pub fn cost(mut self, failed: Failed, tokens: f64) -> Self {
        match failed {
            Failed::Error => self.cost_error = tokens,
            Failed::TimedOut => self.cost_timed_out = tokens,
            Failed::Throttled => self.cost_throttled = tokens,
        }
        self
    }

    /// Sets how many origins are kept apart: 1 to 32,768.
    ///
    /// Beyond, an origin not in use makes room and starts anew when it comes back; when all are in use, the excess
    /// shares one balance.
    pub fn max_origins(mut self, origins: usize) -> Self {
        self.max_origins = origins;
        self
    }

    /// Checks the settings.
    ///
    /// # Errors
    ///
    /// Names the first setting outside its range.
    pub fn build(self) -> Result<RetryBudget, ConfigError> {
        let capacity = tokens("capacity", "1 to 1,000,000 tokens", 1.0, 1_000_000.0, self.capacity)?;
        let initial = self.initial.unwrap_or_else(|| INITIAL.min(self.capacity));
        let costs = [
            ("cost.error", self.cost_error),
            ("cost.timed_out", self.cost_timed_out),
            ("cost.throttled", self.cost_throttled),
        ];
        let [cost_error, cost_timed_out, cost_throttled] = costs.map(|(field, cost)| {
            tokens(
                field,
                "0.001 to 1,000 tokens and at most the capacity",
                0.001,
                self.capacity.min(1000.0),
                cost,
            )
        });
        ConfigError::require(
            || (1..=MAX_CAPACITY).contains(&self.max_origins),
            "max_origins",
            "1 to 32,768 origins",
            self.max_origins,
        )?;
        Ok(RetryBudget::limited(Settings {
            capacity,
            initial: tokens("initial", "0 tokens to the capacity", 0.0, self.capacity, initial)?,
            earn: tokens("earn", "0 to 1 token", 0.0, 1.0, self.earn)?,
            refund: tokens("refund", "0 to 1,000 tokens", 0.0, 1000.0, self.refund)?,
            cost_error: cost_error?,
            cost_timed_out: cost_timed_out?,
            cost_throttled: cost_throttled?,
            max_origins: self.max_origins,
        }))
    }
}

impl Default for RetryBudgetBuilder {
    fn default() -> Self {
        Self {
            capacity: CAPACITY,
            initial: None,
            earn: EARN,
            refund: REFUND,
            cost_error: COST,
            cost_timed_out: COST,
            cost_throttled: COST_THROTTLED,
            max_origins: DEFAULT_CAPACITY,
        }
    }
}

/// The checked settings; amounts in thousandths of a token.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) capacity: u32,
    pub(crate) initial: u32,
    pub(crate) earn: u32,
    pub(crate) refund: u32,
    cost_error: u32,
    cost_timed_out: u32,
    cost_throttled: u32,
    pub(crate) max_origins: usize,
}

impl Settings {
    pub(crate) fn cost(&self, failed: Failed) -> u32 {
        match failed {
            Failed::Error => self.cost_error,
            Failed::TimedOut => self.cost_timed_out,
            Failed::Throttled => self.cost_throttled,
        }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            capacity: milli(CAPACITY),
            initial: milli(INITIAL),
            earn: milli(EARN),
            refund: milli(REFUND),
            cost_error: milli(COST),
            cost_timed_out: milli(COST),
            cost_throttled: milli(COST_THROTTLED),
            max_origins: DEFAULT_CAPACITY,
        }
    }
}

fn tokens(field: &'static str, accepted: &'static str, least: f64, most: f64, value: f64) -> Result<u32, ConfigError> {
    // Not a number is in no range.
    ConfigError::require(|| (least..=most).contains(&value), field, accepted, value)?;
    Ok(milli(value))
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "checked to be 0 to 1,000,000 tokens"
)]
fn milli(tokens: f64) -> u32 {
    (tokens * f64::from(MILLI)).round() as u32
}

/// Chosen by simulation with the four below, over eight seeds: a capacity of 4 loses success at 20 % failures.
const CAPACITY: f64 = 10.0;
/// With 10 a fleet that restarts into an outage doubles its load in the first ten seconds; with fewer than 5, operations
/// fail at start-up that one more retry would have saved.
const INITIAL: f64 = 5.0;
/// One retry per ten successes, like gRPC's `tokenRatio` and the 10 % of the SRE book (chapter 21).
const EARN: f64 = 0.1;
/// As the AWS SDKs: a retry that helped was worth its price.
const REFUND: f64 = 1.0;
const COST: f64 = 1.0;
/// The AWS SDKs charge 5 of 14 for a throttled attempt: its refusal was cheap for the server.
const COST_THROTTLED: f64 = 0.5;
