use super::table::{Entry, Table};
use crate::budget::{Failed, MILLI, RetryBudget, RetryBudgetBuilder};

/// The retry budget: `[budget]`. Amounts are tokens, rounded to thousandths.
///
/// The defaults and their reasons are in the table of [`budget`](crate::budget).
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct BudgetSettings {
    /// Whether retries are limited. Default true.
    pub enabled: Option<bool>,
    /// The largest balance of an origin: 1 to 1,000,000.
    pub capacity: Option<f64>,
    /// The balance an origin starts with: 0 to the capacity. Default 5, or the capacity if that is less.
    pub initial: Option<f64>,
    /// What a success at the first try earns: 0 to 1.
    pub earn: Option<f64>,
    /// What a success after retrying gives back: 0 to 1,000.
    pub refund: Option<f64>,
    /// How many origins are kept apart: 1 to 32,768.
    pub max_origins: Option<usize>,
    /// What retries cost.
    pub cost: CostSettings,
}

/// What a retry costs, by the failure before it: `[budget.cost]`. 0.001 to 1,000, at most the capacity.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct CostSettings {
    /// The server, or the way to it, failed. Default 1.
    pub error: Option<f64>,
    /// No answer came in time. Default 1.
    pub timed_out: Option<f64>,
    /// The server refused for its load. Default 0.5.
    pub throttled: Option<f64>,
}

impl BudgetSettings {
    /// Starts a budget from these settings; [`build`](RetryBudgetBuilder::build) checks. It does not ask `enabled`.
    pub fn builder(&self) -> RetryBudgetBuilder {
        let mut builder = RetryBudget::builder();
        macro_rules! apply {
            ($($setting:ident),+) => {
                $(if let Some(value) = self.$setting {
                    builder = builder.$setting(value);
                })+
            };
        }
        apply!(capacity, initial, earn, refund, max_origins);
        for (failed, cost) in [
            (Failed::Error, self.cost.error),
            (Failed::TimedOut, self.cost.timed_out),
            (Failed::Throttled, self.cost.throttled),
        ] {
            if let Some(cost) = cost {
                builder = builder.cost(failed, cost);
            }
        }
        builder
    }

    /// Reads a budget back.
    pub(super) fn of(budget: &RetryBudget) -> Self {
        let Some(set) = budget.settings() else {
            return Self {
                enabled: Some(false),
                ..Self::default()
            };
        };
        Self {
            enabled: Some(true),
            capacity: Some(tokens(set.capacity)),
            initial: Some(tokens(set.initial)),
            earn: Some(tokens(set.earn)),
            refund: Some(tokens(set.refund)),
            max_origins: Some(set.max_origins),
            cost: CostSettings {
                error: Some(tokens(set.cost(Failed::Error))),
                timed_out: Some(tokens(set.cost(Failed::TimedOut))),
                throttled: Some(tokens(set.cost(Failed::Throttled))),
            },
        }
    }
}

fn tokens(milli: u32) -> f64 {
    f64::from(milli) / f64::from(MILLI)
}

impl Table for BudgetSettings {
    fn entries(&mut self) -> Vec<Entry<'_>> {
        vec![
            Entry::leaf("enabled", "", &mut self.enabled),
            Entry::leaf("capacity", "1 to 1,000,000 tokens", &mut self.capacity),
            Entry::leaf("initial", "0 tokens to the capacity", &mut self.initial),
            Entry::leaf("earn", "0 to 1 token", &mut self.earn),
            Entry::leaf("refund", "0 to 1,000 tokens", &mut self.refund),
            Entry::leaf("max_origins", "1 to 32,768 origins", &mut self.max_origins),
            Entry::Table("cost", &mut self.cost),
        ]
    }
}

impl Table for CostSettings {
    fn entries(&mut self) -> Vec<Entry<'_>> {
        vec![
            Entry::leaf("error", COST, &mut self.error),
            Entry::leaf("timed_out", COST, &mut self.timed_out),
            Entry::leaf("throttled", COST, &mut self.throttled),
        ]
    }
}

const COST: &str = "0.001 to 1,000 tokens and at most the capacity";
