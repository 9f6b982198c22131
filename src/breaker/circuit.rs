use std::error::Error;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::builder::{CircuitBreakerBuilder, Settings};
use super::cell::Cell;
use super::permit::Permit;
use super::report::{Mode, Refusal, Snapshot, State, Transition, Try};
use super::target::Target;
use crate::operation::Scope;
use crate::origins::Origins;

/// A circuit breaker per origin, shared by its clones.
///
/// It reads no clock and draws no random numbers: both are passed in.
///
/// # Examples
///
/// ```
/// use std::time::{Duration, Instant};
///
/// use steadfast::breaker::{CircuitBreaker, Signal, State, Try};
/// use steadfast::Origin;
///
/// let breaker = CircuitBreaker::builder().min_attempts(2).build()?;
/// let origin: Origin = "https://api.example.com".parse()?;
/// let now = Instant::now();
///
/// for _ in 0..2 {
///     let permit = breaker.admit(&origin, Try::First, now)?;
///     permit.settle(Signal::Failure, now, Duration::from_millis(80), 0.0);
/// }
/// assert_eq!(breaker.state(&origin, now).state, State::Open);
///
/// let refusal = breaker.admit(&origin, Try::Retry, now).unwrap_err();
/// assert_eq!(refusal.retry_at, Some(now + Duration::from_secs(5)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct CircuitBreaker {
    pub(super) shared: Arc<Shared>,
}

/// A user's function that says what shares a breaker.
pub(super) type Keying = dyn Fn(&Target<'_>) -> Scope + Send + Sync;

pub(super) struct Shared {
    pub(super) settings: Settings,
    keying: Option<Arc<Keying>>,
    pub(super) cells: Origins<Cell>,
}

impl CircuitBreaker {
    /// Starts from the defaults.
    pub fn builder() -> CircuitBreakerBuilder {
        CircuitBreakerBuilder::default()
    }

    pub(super) fn new(settings: Settings, keying: Option<Arc<Keying>>) -> Self {
        let cells = Origins::new(settings.max_origins);
        Self {
            shared: Arc::new(Shared {
                settings,
                keying,
                cells,
            }),
        }
    }

    /// Finds out which breaker a request belongs to: its origin's, or what the user's function says.
    #[must_use]
    pub fn scope(&self, target: &Target<'_>) -> Scope {
        match &self.shared.keying {
            // A panic in the caller's code must not take the operation with it: the origin is what it would be without.
            Some(keying) => catch_unwind(AssertUnwindSafe(|| keying(target))).unwrap_or(target.origin().into()),
            None => target.origin().into(),
        }
    }

    /// Whether a user's function says what shares a breaker, so that it needs to see the request.
    pub(crate) fn is_keyed(&self) -> bool {
        self.shared.keying.is_some()
    }

    /// Lets an attempt through, or says when to come back.
    ///
    /// # Errors
    ///
    /// [`Refusal`] while open or isolated, and while half-open when all probes are under way. The attempt was not sent:
    /// it does not count as one, and repeating the call at once would be refused again.
    #[inline]
    pub fn admit(&self, scope: impl Into<Scope>, attempt: Try, now: Instant) -> Result<Permit<'_>, Refusal> {
        let cell = self.cell(scope.into(), now);
        match cell.closed() {
            Some(ticket) => Ok(Permit::new(cell, &self.shared.settings, Some(ticket), None)),
            None => self.admit_unclosed(cell, attempt, now),
        }
    }

    /// The same, with the permit written where it stays: moving it from hand to hand costs more than the decision.
    ///
    /// # Errors
    ///
    /// As above; the place is then as it was.
    #[inline]
    pub(crate) fn admit_into<'a>(
        &'a self,
        permit: &mut Option<Permit<'a>>,
        scope: Scope,
        attempt: Try,
        now: Instant,
    ) -> Result<(), Refusal> {
        let cell = self.cell(scope, now);
        *permit = Some(match cell.closed() {
            Some(ticket) => Permit::new(cell, &self.shared.settings, Some(ticket), None),
            None => self.admit_unclosed(cell, attempt, now)?,
        });
        Ok(())
    }

    #[cold]
    fn admit_unclosed<'a>(&'a self, cell: &'a Cell, attempt: Try, now: Instant) -> Result<Permit<'a>, Refusal> {
        let settings = &self.shared.settings;
        match cell.admit(settings, now) {
            Ok((ticket, half_opened)) => Ok(Permit::new(cell, settings, Some(ticket), half_opened)),
            Err(refusal) if self.overrules(refusal.state, attempt) => Ok(Permit::new(cell, settings, None, None)),
            Err(refusal) => Err(refusal),
        }
    }

    /// Tells whether a retry might be let through at a later time, as far as can be known now.
    ///
    /// Changes nothing. Ask it before waiting: a wait that ends in a refusal is wasted.
    #[must_use]
    pub fn would_admit(&self, scope: impl Into<Scope>, at: Instant) -> bool {
        self.shared.settings.mode == Mode::ObserveOnly
            || self
                .shared
                .cells
                .peek(scope.into())
                .is_none_or(|cell| cell.would_admit(at))
    }

    /// Reads the state of a scope; one not seen yet is closed.
    #[must_use]
    pub fn state(&self, scope: impl Into<Scope>, now: Instant) -> Snapshot {
        match self.shared.cells.peek(scope.into()) {
            Some(cell) => cell.snapshot(now),
            None => Cell::new(&self.shared.settings, now).snapshot(now),
        }
    }

    /// Holds back all callers because a server asked to wait (`Retry-After` with a 429 or 503, RFC 9110 §10.2.3).
    ///
    /// Does nothing unless [`hold_back`](CircuitBreakerBuilder::hold_back) is set, which also limits the wait.
    pub fn hold(&self, scope: impl Into<Scope>, wait: Duration, now: Instant) -> Option<Transition> {
        let limit = self.shared.settings.hold_back?;
        // Only the scope's own cell: one server must not speak for all the others in the shared one.
        self.own(scope.into(), now)?.hold(wait.min(limit), now)
    }

    /// Takes a scope out of service until [`reset`](Self::reset); returns the change, if it is one.
    ///
    /// # Errors
    ///
    /// [`Full`] when the breaker keeps as many origins as it may and all are open or isolated.
    pub fn isolate(&self, scope: impl Into<Scope>, now: Instant) -> Result<Option<Transition>, Full> {
        Ok(self.own(scope.into(), now).ok_or(Full(()))?.isolate())
    }

    /// Closes a scope's breaker and forgets what it has seen; returns the change, if it is one.
    pub fn reset(&self, scope: impl Into<Scope>) -> Option<Transition> {
        self.shared.cells.peek(scope.into())?.reset()
    }

    /// Counts what it keeps apart, and so its memory: at most `max_origins`, and one that the excess shares.
    #[must_use]
    pub fn origins(&self) -> usize {
        self.shared.cells.len()
    }

    /// Whether the mode lets an attempt through that the state refuses.
    fn overrules(&self, state: State, attempt: Try) -> bool {
        match self.shared.settings.mode {
            Mode::Normal => false,
            Mode::ObserveOnly => true,
            Mode::RetriesOnly => attempt == Try::First && state != State::Isolated,
        }
    }

    #[inline]
    fn cell(&self, scope: Scope, now: Instant) -> &Cell {
        self.shared
            .cells
            .get(scope, now, || Cell::new(&self.shared.settings, now))
    }

    fn own(&self, scope: Scope, now: Instant) -> Option<&Cell> {
        self.shared
            .cells
            .own(scope, now, || Cell::new(&self.shared.settings, now))
    }
}

/// For reading back what is in force.
#[cfg(feature = "serde")]
impl CircuitBreaker {
    pub(crate) fn settings(&self) -> &Settings {
        &self.shared.settings
    }
}

impl Default for CircuitBreaker {
    fn default() -> Self {
        Self::new(Settings::default(), None)
    }
}

impl fmt::Debug for CircuitBreaker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("CircuitBreaker").field(&self.shared.settings).finish()
    }
}

/// A breaker keeps as many origins as it may, and none of them can make room.
#[derive(Debug)]
pub struct Full(());

impl fmt::Display for Full {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the circuit breaker keeps `max_origins` origins, and all are open or isolated")
    }
}

impl Error for Full {}
