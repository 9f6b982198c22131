//! The retry budget: how many retries all operations together may make.
//!
//! When a server fails, retries multiply the load that it has to recover from. A budget ties them to success: it is
//! kept per origin, successes fill it, each retry is paid from it, and while it is empty operations end with their
//! first failure. First tries are never held up.
//!
//! | setting | default | why |
//! |---|---|---|
//! | `cost` | 1 token; 0.5 for a throttled attempt | a refused attempt costs the server little (AWS charges 5 against 14) |
//! | `earn` | 0.1 per success at the first try | in a long outage at most one retry per ten successes |
//! | `refund` | 1 per success after retrying, at most what the last retry cost | short failures cost nothing in the end |
//! | `capacity` | 10 | what a healthy client may spend at once |
//! | `initial` | 5 | fewer loses success at start-up, more adds load when a fleet restarts into an outage |
//! | `max_origins` | 1,024 | memory: 64 bytes each; beyond, origins not in use start anew, those in excess share |
//!
//! The defaults come from simulation: at least 99.5 % of the operations succeed while up to 20 % of the attempts fail,
//! at 50 % failures the load grows at most by a quarter, at 100 % by a tenth. A budget filled by *requests* would keep
//! the extra load up through the outage, and a server near its capacity would never recover.
//!
//! Nothing refills with time: a client without successes has no retries to give. Amounts are counted in thousandths.
//!
//! # Examples
//!
//! Every client has one, with these defaults. Set it where they do not fit, share it, read it:
//!
//! ```
//! use steadfast::budget::{Failed, RetryBudget};
//! use steadfast::{Client, Origin};
//!
//! # use steadfast::testing::{Script, Step};
//! # let script = Script::from_fn(|_| Step::status(http::StatusCode::BAD_GATEWAY));
//! let budget = RetryBudget::builder()
//!     .capacity(50.0) // what a healthy client may spend at once
//!     .initial(1.0) // before anything was earned
//!     .cost(Failed::TimedOut, 2.0) // the server may still be at work on it
//!     .build()?;
//! let client = Client::builder()
//!     .retry_budget(budget.clone()) // another client given a clone shares it
//! #   .script(&script)
//!     .build()?;
//!
//! # tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build()?.block_on(async {
//! let error = client.get("https://api.example.com/report").send().await.unwrap_err();
//! assert!(error.is_budget_exhausted()); // after one retry …
//! assert_eq!(error.status().map(|status| status.as_u16()), Some(502)); // … that failed like this
//!
//! let api: Origin = "https://api.example.com".parse()?;
//! assert_eq!(client.retry_budget().balance(&api), 0.0);
//! # Ok::<_, Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Guarantees
//!
//! * Retries of all operations together never cost more than what was there and what was earned.
//! * A retry is paid when its attempt is sent. Nothing is held through the wait before it, so that a future dropped during
//!   it, a breaker that refuses then, or a deadline costs nothing.
//! * It never holds up a first try, and an operation that it ends keeps the server's last answer readable.
//!
//! # Limits
//!
//! The balance is asked before a wait as well, but others may spend it meanwhile: the operation then ends after its wait,
//! with its last failure. Holding tokens through waits of seconds would cost more: in simulation it lost 1 to 2 % of the
//! operations of a busy client while a fifth of its attempts failed.
//!
//! A job that starts with many calls, of which many fail, meets the budget early: it starts at 5. Give it an `initial` and
//! a `capacity` of its own, or [`RetryBudget::unlimited`] where something else bounds the load. Where a breaker keeps
//! routes or tenants apart, the budget stays the origin's: it bounds the load that the server sees.

mod builder;
mod cell;

use std::fmt;
use std::sync::Arc;

pub use self::builder::RetryBudgetBuilder;
use self::builder::Settings;
use self::cell::Account;
use crate::operation::Scope;
use crate::origins::Origins;

/// A retry budget per origin, shared by its clones.
///
/// # Examples
///
/// ```
/// use steadfast::budget::{Earned, Failed, RetryBudget};
/// use steadfast::Origin;
///
/// let budget = RetryBudget::builder().capacity(3.0).initial(1.5).build()?;
/// let origin: Origin = "https://api.example.com".parse()?;
///
/// let withdrawal = budget.withdraw(&origin, Failed::Error).expect("one token is there");
/// assert_eq!(budget.balance(&origin), 0.5);
/// assert!(budget.withdraw(&origin, Failed::TimedOut).is_none());
///
/// let paid = withdrawal.spend();                           // the retry is sent …
/// budget.deposit(&origin, Earned::AfterRetrying(paid));    // … and succeeds
/// assert_eq!(budget.balance(&origin), 1.5);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct RetryBudget {
    /// `None` when unlimited.
    shared: Option<Arc<Shared>>,
}

struct Shared {
    settings: Settings,
    accounts: Origins<Account>,
}

impl RetryBudget {
    /// Starts from the defaults.
    pub fn builder() -> RetryBudgetBuilder {
        RetryBudgetBuilder::default()
    }

    /// Lets every retry through.
    ///
    /// For tests, and where something else bounds the load: in an outage each operation then makes all its attempts.
    #[must_use]
    pub fn unlimited() -> Self {
        Self { shared: None }
    }

    fn limited(settings: Settings) -> Self {
        let accounts = Origins::new(settings.max_origins);
        Self {
            shared: Some(Arc::new(Shared { settings, accounts })),
        }
    }

    /// Pays for one retry; `None` when the balance is too low.
    ///
    /// Ask last, when everything else speaks for the retry, and call [`spend`](Withdrawal::spend) when its attempt is
    /// sent: a withdrawal that is dropped unspent goes back.
    #[must_use = "the retry is allowed only if there is a withdrawal"]
    pub fn withdraw(&self, scope: impl Into<Scope>, failed: Failed) -> Option<Withdrawal<'_>> {
        let Some(shared) = &self.shared else {
            return Some(Withdrawal { taken: None });
        };
        let account = shared.account(scope.into());
        let amount = shared.settings.cost(failed);
        let tenancy = account.withdraw(amount)?;
        Some(Withdrawal {
            taken: Some(Taken {
                account,
                tenancy,
                amount,
                capacity: shared.settings.capacity,
            }),
        })
    }

    /// Tells whether the balance would pay for a retry now; changes nothing.
    ///
    /// Ask before a wait, and [`withdraw`](Self::withdraw) when the attempt is sent: a token that is held through a wait
    /// is missing for those who could send meanwhile.
    #[must_use]
    pub fn would_pay(&self, scope: impl Into<Scope>, failed: Failed) -> bool {
        let Some(shared) = &self.shared else {
            return true;
        };
        let scope = scope.into();
        let balance = shared
            .accounts
            .peek(scope)
            .map_or(shared.settings.initial, Account::balance);
        balance >= shared.settings.cost(failed)
    }

    /// Credits a success.
    pub fn deposit(&self, scope: impl Into<Scope>, earned: Earned) {
        let Some(shared) = &self.shared else {
            return;
        };
        let amount = match earned {
            Earned::FirstTry => shared.settings.earn,
            Earned::AfterRetrying(Paid(paid)) => shared.settings.refund.min(paid),
        };
        shared.account(scope.into()).deposit(amount, shared.settings.capacity);
    }

    /// Reads how many tokens are left; infinite when unlimited, the initial balance for an origin not seen yet.
    #[must_use]
    pub fn balance(&self, scope: impl Into<Scope>) -> f64 {
        let Some(shared) = &self.shared else {
            return f64::INFINITY;
        };
        let balance = shared
            .accounts
            .peek(scope.into())
            .map_or(shared.settings.initial, Account::balance);
        f64::from(balance) / f64::from(MILLI)
    }

    /// Counts the balances it keeps: at most `max_origins`, and one that the excess shares; none when unlimited.
    #[must_use]
    pub fn origins(&self) -> usize {
        self.shared.as_ref().map_or(0, |shared| shared.accounts.len())
    }
}

/// For reading back what is in force.
#[cfg(feature = "serde")]
impl RetryBudget {
    /// `None` when unlimited.
    pub(crate) fn settings(&self) -> Option<&Settings> {
        self.shared.as_ref().map(|shared| &shared.settings)
    }
}

impl Default for RetryBudget {
    fn default() -> Self {
        Self::limited(Settings::default())
    }
}

impl fmt::Debug for RetryBudget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.shared {
            Some(shared) => shared.settings.fmt(f),
            None => f.write_str("RetryBudget::unlimited()"),
        }
    }
}

impl Shared {
    fn account(&self, scope: Scope) -> &Account {
        self.accounts.get(scope, (), || Account::new(self.settings.initial))
    }
}

/// How the attempt failed that a retry is to follow; decides what the retry costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Failed {
    /// The server, or the way to it, failed.
    Error,
    /// No answer came in time: the server may still be at work on it.
    TimedOut,
    /// The server refused for its load (429, or 503 with `Retry-After`).
    Throttled,
}

/// What a success is credited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Earned {
    /// The first attempt succeeded.
    FirstTry,
    /// A retry succeeded; the last one had cost this much.
    AfterRetrying(Paid),
}

/// What a retry cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Paid(u32);

/// The price of one retry, taken from the budget.
///
/// Dropped unspent it goes back: a retry that was not sent after all costs nothing.
#[derive(Debug)]
#[must_use = "dropping it gives the tokens back; call `spend` when the attempt is sent"]
pub struct Withdrawal<'a> {
    /// `None` when the budget is unlimited, or once spent.
    taken: Option<Taken<'a>>,
}

#[derive(Debug)]
struct Taken<'a> {
    account: &'a Account,
    tenancy: u32,
    amount: u32,
    capacity: u32,
}

impl Withdrawal<'_> {
    /// Uses it up, for the attempt is being sent; returns what to credit if that succeeds.
    #[expect(
        clippy::must_use_candidate,
        reason = "a caller that gives no refunds does not need the receipt"
    )]
    pub fn spend(mut self) -> Paid {
        Paid(self.taken.take().map_or(0, |taken| taken.amount))
    }
}

impl Drop for Withdrawal<'_> {
    fn drop(&mut self) {
        if let Some(taken) = self.taken.take() {
            taken.account.give_back(taken.tenancy, taken.amount, taken.capacity);
        }
    }
}

/// Parts per token: the precision of gRPC's retry throttling (gRFC A6).
pub(crate) const MILLI: u32 = 1000;

#[cfg(test)]
mod tests;
