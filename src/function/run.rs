use std::fmt;
use std::time::Duration;

use super::call::{Call, Log, Plan};
use super::judge::{ByOutcome, ByVerdict, ErrorsHeal, Judge};
use super::notice::{Notice, Quiet, Retry, Told};
use super::running::Running;
use super::work::{AsyncWork, Asynchronous, Blocking, BlockingWork, Work};
use super::{Attempt, Error, History};
use crate::breaker::CircuitBreaker;
use crate::budget::RetryBudget;
use crate::classify::Verdict;
use crate::clock::Clock;
use crate::operation::{IdempotencyKey, Outcome, Scope};
use crate::retry::{ReplaySafety, RetryPolicy};

/// One operation around a closure, ready to run: await it, or [`call`](Self::call) it if it blocks.
///
/// What is not set is not there: no limits but the policy's, no key, no breaker, no budget.
#[must_use = "it does nothing until it is awaited or called"]
pub struct Run<'a, W, J = ErrorsHeal, N = Quiet> {
    plan: Plan<'a>,
    history: Log<'a>,
    work: W,
    judge: J,
    notice: N,
}

impl RetryPolicy {
    /// Runs an async closure under this policy: it is called once per attempt, until it brings a value.
    ///
    /// A closure given to `run` may be called again; that is what it is for. Without further word a value is accepted
    /// and an error is retried. What must not be done twice says so by
    /// [`not_repeatable`](crate::function::Run::not_repeatable), or is made safe by a [`key`](crate::function::Run::key).
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use steadfast::{RetryPolicy, Verdict};
    ///
    /// # #[derive(Debug)] enum DbError { Deadlock, NoSuchTable }
    /// # struct Db;
    /// # impl Db { async fn fetch(&self, attempt: u32) -> Result<u32, DbError> {
    /// #     match attempt { 1 => Err(DbError::Deadlock), 0 => Err(DbError::NoSuchTable), _ => Ok(7) } } }
    /// # let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    /// # runtime.block_on(async {
    /// # let db = Db;
    /// let policy = RetryPolicy::default();
    /// let row = policy
    ///     .run(|attempt| db.fetch(attempt.number()))
    ///     .classify(|result| match result {
    ///         Ok(_) => Verdict::accept(),
    ///         Err(DbError::Deadlock) => Verdict::retry(),
    ///         Err(DbError::NoSuchTable) => Verdict::fail(),
    ///     })
    ///     .total_timeout(Duration::from_secs(30))
    ///     .await
    ///     .map_err(|error| error.into_inner());
    /// assert!(matches!(row, Ok(7)));
    /// # });
    /// ```
    #[inline]
    pub fn run<F, Fut, T, E>(&self, closure: F) -> Run<'_, Asynchronous<F>>
    where
        F: FnMut(Attempt) -> Fut,
        Fut: Future<Output = Result<T, E>>,
    {
        Run::new(self, Asynchronous(closure))
    }

    /// Runs a closure that blocks, in this thread and without a runtime; [`call`](crate::function::Run::call) starts it.
    ///
    /// The same as [`run`](Self::run), but that nobody can end a call from outside: what the closure calls must be
    /// given [`time_left`](crate::function::Attempt::time_left) as its own time limit.
    ///
    /// # Examples
    ///
    /// ```
    /// use steadfast::{Backoff, RetryPolicy};
    /// use std::time::Duration;
    ///
    /// let policy = RetryPolicy::builder().backoff(Backoff::constant(Duration::from_millis(1))).build()?;
    /// let value = policy
    ///     .run_blocking(|attempt| if attempt.number() < 3 { Err("not yet") } else { Ok(attempt.number()) })
    ///     .call();
    /// assert!(matches!(value, Ok(3)));
    /// # Ok::<(), steadfast::ConfigError>(())
    /// ```
    #[inline]
    pub fn run_blocking<F, T, E>(&self, closure: F) -> Run<'_, Blocking<F>>
    where
        F: FnMut(Attempt) -> Result<T, E>,
    {
        Run::new(self, Blocking(closure))
    }
}

impl<'a, W> Run<'a, W> {
    #[inline]
    fn new(policy: &'a RetryPolicy, work: W) -> Self {
        Self {
            plan: Plan {
                policy,
                breaker: None,
                budget: None,
                scope: Scope::default(),
                safety: None,
                key: None,
                key_lifetime: None,
                attempt_timeout: None,
                total_timeout: None,
                clock: Clock::system(),
            },
            history: Log::Own(None),
            work,
            judge: ErrorsHeal,
            notice: Quiet,
        }
    }
}

impl<'a, W, J, N> Run<'a, W, J, N> {
    /// Sets what a result means: any of the verdicts, a value's too. Default: accept a value, retry an error.
    ///
    /// An attempt that is out of time is not asked about: it is retried where a repeat is safe.
    pub fn classify<C>(self, classify: C) -> Run<'a, W, ByVerdict<C>, N>
    where
        W: Work,
        C: Fn(&Result<W::Value, W::Error>) -> Verdict,
    {
        self.judged_by(ByVerdict(classify))
    }

    /// Makes an HTTP outcome of a result, which the policy's own classifiers and table judge.
    ///
    /// For closures around another HTTP client: statuses, `Retry-After`, replays and
    /// [`Delivery`](crate::Delivery) then mean what they mean to our own.
    pub fn as_http<C>(self, outcome: C) -> Run<'a, W, ByOutcome<C>, N>
    where
        W: Work,
        C: for<'r> Fn(&'r Result<W::Value, W::Error>) -> Outcome<'r>,
    {
        self.judged_by(ByOutcome(outcome))
    }

    /// Tells a closure of each retry, before its wait.
    pub fn on_retry<C>(self, tell: C) -> Run<'a, W, J, Told<C>>
    where
        W: Work,
        C: FnMut(&Retry<'_, W::Value, W::Error>),
    {
        Run {
            plan: self.plan,
            history: self.history,
            work: self.work,
            judge: self.judge,
            notice: Told(tell),
        }
    }

    /// Sets how long all attempts and waits may take together, from the first on: 1 ms to 30 days. Default: no limit.
    ///
    /// What is out of its range is told when it runs, before anything is called: [`Error::config_error`].
    pub fn total_timeout(mut self, timeout: Duration) -> Self {
        self.plan.total_timeout = Some(timeout);
        self
    }

    /// Sets how long one attempt may take, 1 ms to a day; then an async one is dropped, and retried where that is safe.
    /// Default: no limit but what is left of the total.
    ///
    /// A blocking one is only told, by [`Attempt::time_left`].
    pub fn attempt_timeout(mut self, timeout: Duration) -> Self {
        self.plan.attempt_timeout = Some(timeout);
        self
    }

    /// Gives every attempt this key, [`Attempt::key`], which the far side honours: that makes a repeat safe.
    ///
    /// Derive it from what identifies the operation, or mint one with [`IdempotencyKey::random`]. Whether the closure
    /// sends it is up to the closure. One that was derived from nothing is refused as a time limit out of its range is.
    pub fn key(mut self, key: IdempotencyKey) -> Self {
        self.plan.key = Some(key);
        self
    }

    /// Sets how long the far side remembers the key, from the first attempt: 1 s or more. Default: for ever.
    pub fn key_lifetime(mut self, lifetime: Duration) -> Self {
        self.plan.key_lifetime = Some(lifetime);
        self
    }

    /// Says that it must not be done twice: only after [`Verdict::retry_untouched`] is it attempted again.
    ///
    /// It outweighs a [`key`](Self::key), which is then only passed on.
    pub fn not_repeatable(self) -> Self {
        self.safety(ReplaySafety::not_repeatable())
    }

    /// Sets what makes a repeat safe, in every detail. Default: a key if there is one, else the caller's word.
    pub fn safety(mut self, safety: ReplaySafety) -> Self {
        self.plan.safety = Some(safety);
        self
    }

    /// Asks this breaker before every attempt, and tells it how the attempt ended.
    pub fn circuit_breaker(mut self, breaker: &'a CircuitBreaker) -> Self {
        self.plan.breaker = Some(breaker);
        self
    }

    /// Pays for retries from this budget, which successes fill.
    pub fn retry_budget(mut self, budget: &'a RetryBudget) -> Self {
        self.plan.budget = Some(budget);
        self
    }

    /// Sets what fails as one, for breaker and budget: [`Scope::named`], or an origin. Default: [`Scope::default`].
    pub fn scope(mut self, scope: impl Into<Scope>) -> Self {
        self.plan.scope = scope.into();
        self
    }

    /// Writes the history there as it happens, on success too; and it stays there if the future is dropped.
    pub fn history(mut self, history: &'a mut History) -> Self {
        self.history = Log::Lent(history);
        self
    }

    /// Sets where it reads the time and how it waits. Default: [`Clock::system`].
    pub fn clock(mut self, clock: Clock) -> Self {
        self.plan.clock = clock;
        self
    }

    fn judged_by<K>(self, judge: K) -> Run<'a, W, K, N> {
        Run {
            plan: self.plan,
            history: self.history,
            work: self.work,
            judge,
            notice: self.notice,
        }
    }
}

impl<W, J, N> Run<'_, W, J, N>
where
    W: BlockingWork,
    J: Judge<W::Value, W::Error>,
    N: Notice<W::Value, W::Error>,
{
    /// Runs it to its end in this thread.
    ///
    /// # Errors
    ///
    /// If no attempt brought a value that is accepted, and none may follow; with the last result and the history. If a
    /// time limit is out of its range, then before any attempt.
    pub fn call(mut self) -> Result<W::Value, Error<W::Value, W::Error>> {
        let mut call = Call::new(self.plan, self.history);
        let mut last = None;
        loop {
            let leave = match call.admit() {
                Ok(leave) => leave,
                Err(over) => return call.conclude(&over, last),
            };
            let result = self.work.call(leave.attempt);
            let next = call.settle(leave.began, Some(&result), &self.judge, &mut self.notice);
            last = Some(result);
            match next {
                Ok(wait) => call.clock().block(wait),
                Err(over) => return call.conclude(&over, last),
            }
        }
    }
}

impl<'a, W, J, N> IntoFuture for Run<'a, W, J, N>
where
    W: AsyncWork,
    J: Judge<W::Value, W::Error>,
    N: Notice<W::Value, W::Error>,
{
    type Output = Result<W::Value, Error<W::Value, W::Error>>;
    type IntoFuture = Running<'a, W, J, N>;

    #[inline]
    fn into_future(self) -> Self::IntoFuture {
        Running::new(Call::new(self.plan, self.history), self.work, self.judge, self.notice)
    }
}

impl<W: fmt::Debug, J: fmt::Debug, N> fmt::Debug for Run<'_, W, J, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Run")
            .field("plan", &self.plan)
            .field("work", &self.work)
            .field("judge", &self.judge)
            .finish_non_exhaustive()
    }
}
