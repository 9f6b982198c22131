use std::time::{Duration, Instant};

use http::{Method, StatusCode};
use url::Url;

use super::Fields;
use crate::breaker::{CircuitBreaker, Permit, Refusal, Signal, Target, Transition, Try};
use crate::budget::{Earned, Failed, Paid, RetryBudget, Withdrawal};
use crate::hedge::Hedge;
use crate::operation::{Address, Failure, FailureKind, Outcome, Scope, StopReason, Told};

/// What stands between an operation and the wire: the breaker and the budget of its origin.
///
/// Where a redirect led to another origin, that one answers for the outcome: its breaker counts it and its budget pays
/// for a retry. The first origin gave a 3xx, which is a sign of life. The other's breaker is told but not asked, for
/// leave is given before an attempt; yet no retry is begun that it would refuse.
///
/// It holds nothing between attempts: dropped at any point, an operation owes nothing and nothing is missing.
#[derive(Debug)]
pub(crate) struct Guards {
    /// Where the operation is sent.
    home: Scopes,
    /// Who answers for the last attempt.
    answering: Scopes,
    /// What the retry that is waited for will cost, and whom.
    owed: Option<(Failed, Scope)>,
    paid: Option<(Paid, Scope)>,
}

/// The breaker and the budget that are asked.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shields<'a> {
    pub(crate) breaker: Option<&'a CircuitBreaker>,
    pub(crate) budget: Option<&'a RetryBudget>,
}

/// Where a redirect led to that left the first origin, and when.
#[derive(Clone, Debug)]
pub(crate) struct Landing {
    pub(crate) method: Method,
    pub(crate) url: Url,
    pub(crate) at: Instant,
}

/// Under what an origin's breaker and budget are kept; nothing is kept of a request that names no origin.
#[derive(Clone, Copy, Debug)]
struct Scopes {
    /// `None` without a breaker.
    breaker: Option<Scope>,
    budget: Option<Scope>,
}

impl Guards {
    /// For a request to the origin that the scope stands for.
    #[inline]
    pub(crate) fn new(shields: Shields<'_>, origin: Option<Scope>, request: (&Method, Address<'_>, &Fields)) -> Self {
        Self::at(Scopes::at(origin, shields.breaker, request))
    }

    /// The guards of what is no HTTP request.
    #[inline]
    pub(crate) fn of_scope(scope: Scope) -> Self {
        Self::at(Scopes {
            breaker: Some(scope),
            budget: Some(scope),
        })
    }

    #[inline]
    fn at(home: Scopes) -> Self {
        Self {
            home,
            answering: home,
            owed: None,
            paid: None,
        }
    }

    /// Where the operation is sent.
    pub(crate) fn origin(&self) -> Option<Scope> {
        self.home.budget
    }

    /// Notes how long an attempt took.
    pub(crate) fn observed(&self, hedge: &Hedge, took: Duration) {
        if let Some(origin) = self.home.budget {
            hedge.observe(origin, took);
        }
    }

    /// Pays for a hedge; its success earns no refund, or hedges would cost nothing.
    pub(crate) fn pay_for_hedge<'a>(&self, shields: Shields<'a>) -> Result<Option<Withdrawal<'a>>, StopReason> {
        let (Some(scope), Some(budget)) = (self.home.budget, shields.budget) else {
            return Ok(None);
        };
        let withdrawal = budget
            .withdraw(scope, Failed::Error)
            .ok_or(StopReason::BudgetExhausted)?;
        Ok(Some(withdrawal))
    }

    /// Asks the breaker for leave to send, which is written where it stays.
    #[inline]
    pub(crate) fn admit<'a>(
        &self,
        shields: Shields<'a>,
        permit: &mut Option<Permit<'a>>,
        attempt: Try,
        now: Instant,
    ) -> Result<(), Refusal> {
        match (shields.breaker, self.home.breaker) {
            (Some(breaker), Some(scope)) => breaker.admit_into(permit, scope, attempt, now),
            _ => Ok(()),
        }
    }

    /// Pays for a retry that is about to be sent; nothing for a first attempt.
    ///
    /// Here and not before the wait: tokens that lie idle through all waits are missing for those who could send now. A
    /// retry whose wait ends in an empty budget is not made.
    #[inline]
    pub(crate) fn pay<'a>(&self, shields: Shields<'a>) -> Result<Option<(Withdrawal<'a>, Scope)>, StopReason> {
        match (self.owed, shields.budget) {
            (Some(owed), Some(budget)) => pay(budget, owed).map(Some),
            _ => Ok(None),
        }
    }

    /// The attempt is being sent: what was paid is spent.
    #[inline]
    pub(crate) fn spend(&mut self, withdrawal: Option<(Withdrawal<'_>, Scope)>) {
        self.owed = None;
        if let Some((withdrawal, scope)) = withdrawal {
            self.paid = Some((withdrawal.spend(), scope));
        }
    }

    /// Reports how an attempt ended to the breaker; `random` draws from [0, 1) for its open time.
    ///
    /// The list of changes is nearly always empty, and then takes no memory.
    #[inline]
    pub(crate) fn settle(
        &mut self,
        shields: Shields<'_>,
        permit: Option<&mut Permit<'_>>,
        landing: Option<&Landing>,
        outcome: &Outcome<'_>,
        (began, now): (Instant, Instant),
        random: impl Fn() -> f64,
    ) -> Vec<Transition> {
        let mut changes = Vec::new();
        self.answering = match landing {
            None => self.home,
            Some(landing) => Scopes::elsewhere(landing, shields.breaker),
        };
        let Some(permit) = permit else { return changes };
        let signal = signal_of(outcome);
        if let Some(landing) = landing {
            self.settles_apart(shields, permit, (landing, outcome), (began, now, &random), &mut changes);
        } else if let Some(change) = permit.settle_since(signal, began, now, random) {
            changes.push(change);
        }
        // The wish is looked for only where it counts: reading one parses the response's date.
        if signal != Signal::Success && throttled(outcome) {
            self.holds_back(shields, outcome, now, &mut changes);
        }
        changes
    }

    /// The same where a redirect led to another origin.
    #[cold]
    fn settles_apart(
        &self,
        shields: Shields<'_>,
        permit: &mut Permit<'_>,
        (landing, outcome): (&Landing, &Outcome<'_>),
        (began, now, random): (Instant, Instant, &dyn Fn() -> f64),
        changes: &mut Vec<Transition>,
    ) {
        let (Some(breaker), Some(scope)) = (shields.breaker, self.answering.breaker) else {
            return;
        };
        // Up to there: the first origin has answered by then.
        changes.extend(permit.settle_since(Signal::Success, began, landing.at, random));
        // It was not asked, so an open breaker refuses the report as it would have refused the attempt.
        if let Ok(mut report) = breaker.admit(scope, Try::First, now) {
            changes.extend(report.transition().copied());
            changes.extend(report.settle_since(signal_of(outcome), landing.at, now, random));
        }
    }

    /// Has the breaker heed the server's wish.
    #[cold]
    fn holds_back(&self, shields: Shields<'_>, outcome: &Outcome<'_>, now: Instant, changes: &mut Vec<Transition>) {
        if let (Some(breaker), Some(scope)) = (shields.breaker, self.answering.breaker)
            && let Some(wait) = outcome.retry_after()
        {
            changes.extend(breaker.hold(scope, wait, now));
        }
    }

    /// Credits a success: the first try's is the answering origin's; a refund goes to whoever paid.
    #[inline]
    pub(crate) fn earn(&self, shields: Shields<'_>, outcome: &Outcome<'_>) {
        let Some(budget) = shields.budget else { return };
        if signal_of(outcome) != Signal::Success {
            return;
        }
        match (self.paid, self.answering.budget) {
            (Some((paid, scope)), _) => budget.deposit(scope, Earned::AfterRetrying(paid)),
            (None, Some(scope)) => budget.deposit(scope, Earned::FirstTry),
            (None, None) => {}
        }
    }

    /// Has the last word on a retry: would the breaker admit it at the end of the wait, and would the budget pay for it?
    #[cold]
    pub(crate) fn retry(
        &mut self,
        shields: Shields<'_>,
        outcome: &Outcome<'_>,
        wait: Duration,
        now: Instant,
    ) -> Result<(), (StopReason, Option<Duration>)> {
        let at = now.checked_add(wait).unwrap_or(now);
        for scope in [self.home.breaker, self.answering.breaker].into_iter().flatten() {
            let refusing = shields.breaker.filter(|breaker| !breaker.would_admit(scope, at));
            if let Some(breaker) = refusing {
                let retry_at = breaker.state(scope, now).retry_at;
                return Err((
                    StopReason::CircuitOpen,
                    retry_at.map(|at| at.saturating_duration_since(now)),
                ));
            }
        }
        if let (Some(budget), Some(scope)) = (shields.budget, self.answering.budget) {
            let failed = failed(outcome);
            if !budget.would_pay(scope, failed) {
                return Err((StopReason::BudgetExhausted, None));
            }
            self.owed = Some((failed, scope));
        }
        Ok(())
    }
}

impl Scopes {
    /// Nothing of the caller's headers travels to another origin.
    #[cold]
    fn elsewhere(landing: &Landing, breaker: Option<&CircuitBreaker>) -> Self {
        let address = Address::Url(&landing.url);
        Self::at(address.scope(), breaker, (&landing.method, address, &Fields::default()))
    }

    #[inline]
    fn at(origin: Option<Scope>, breaker: Option<&CircuitBreaker>, request: (&Method, Address<'_>, &Fields)) -> Self {
        let breaker = match breaker {
            None => None,
            Some(breaker) if breaker.is_keyed() => by_key(breaker, request),
            Some(_) => origin,
        };
        Self {
            breaker,
            budget: origin,
        }
    }
}

/// What the caller's function says shares a breaker with the request.
#[cold]
fn by_key(breaker: &CircuitBreaker, (method, address, headers): (&Method, Address<'_>, &Fields)) -> Option<Scope> {
    let origin = address.origin()?;
    Some(breaker.scope(&Target::new(&origin, method, address.path(), &headers.to_map(0))))
}

/// Pays for a retry: out of line, for most operations make none.
#[cold]
fn pay(budget: &RetryBudget, (failed, scope): (Failed, Scope)) -> Result<(Withdrawal<'_>, Scope), StopReason> {
    let withdrawal = budget.withdraw(scope, failed).ok_or(StopReason::BudgetExhausted)?;
    Ok((withdrawal, scope))
}

/// What an outcome says about the server's health.
///
/// 5xx, time limits and failed connections count against it. A 4xx is a sign of life; a 429 and a refusal by protocol
/// are neutral, the server being busy or going away in good order; so is a request that failed by itself, or whose time a
/// hook, or a layer underneath, used up. An answer
/// whose body did not arrive whole still has a status: a 503 with a page too large to buffer is no sign of life.
#[inline]
fn signal_of(outcome: &Outcome<'_>) -> Signal {
    if let Some(told) = outcome.as_told() {
        return match told {
            Told::Done | Told::Answered => Signal::Success,
            Told::Busy(_) => Signal::Neutral,
            Told::Failed => Signal::Failure,
        };
    }
    if outcome.error().is_some_and(Failure::is_at_home) {
        return Signal::Neutral;
    }
    match (status_of(outcome), outcome.error().map(Failure::kind)) {
        (Some(StatusCode::TOO_MANY_REQUESTS), _)
        | (None, Some(FailureKind::Request | FailureKind::Hook | FailureKind::Unready | FailureKind::Nack) | None) => {
            Signal::Neutral
        }
        (Some(status), _) if status.is_server_error() => Signal::Failure,
        (Some(_), None | Some(FailureKind::BodyTooLarge)) => Signal::Success,
        (_, Some(_)) => Signal::Failure,
    }
}

/// What a retry after this outcome costs.
fn failed(outcome: &Outcome<'_>) -> Failed {
    if throttled(outcome) {
        Failed::Throttled
    } else if outcome
        .error()
        .is_some_and(|failure| failure.is_timeout() && !failure.is_at_home())
    {
        Failed::TimedOut
    } else {
        Failed::Error
    }
}

/// The server refused for its load: RFC 6585 §4, RFC 9110 §15.6.4.
#[inline]
fn throttled(outcome: &Outcome<'_>) -> bool {
    if let Some(told) = outcome.as_told() {
        return matches!(told, Told::Busy(_));
    }
    match status_of(outcome) {
        Some(StatusCode::TOO_MANY_REQUESTS) => true,
        Some(StatusCode::SERVICE_UNAVAILABLE) => outcome.retry_after().is_some(),
        _ => false,
    }
}

/// The status that arrived, whether or not a body did.
fn status_of(outcome: &Outcome<'_>) -> Option<StatusCode> {
    outcome.status().or_else(|| outcome.error()?.status())
}
