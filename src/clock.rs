//! Time enters here, and only here.
#![expect(clippy::disallowed_methods, reason = "this is the file that the lint points to")]

use std::fmt;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant, SystemTime};

use pin_project_lite::pin_project;
use tokio::task::coop;
use tokio::time;

/// Where an operation reads the time and how it waits.
///
/// [`Clock::system`] is tokio's clock and obeys `tokio::time::pause`. [`Clock::skipping`] is for tests over real
/// sockets, where a paused clock is useless (it jumps ahead while the kernel works): requests take real time, but every
/// wait of an operation ends at once and is recorded.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use steadfast::Clock;
///
/// # tokio::runtime::Builder::new_current_thread().enable_time().build()?.block_on(async {
/// let clock = Clock::skipping();
/// let before = clock.now();
/// clock.sleep(Duration::from_secs(3_600)).await;
/// assert!(clock.now() - before >= Duration::from_secs(3_600));
/// assert_eq!(clock.waits(), [Duration::from_secs(3_600)]);
/// # });
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Default)]
pub struct Clock(Option<Arc<Mutex<Skipped>>>);

#[derive(Default)]
struct Skipped {
    ahead: Duration,
    waits: Vec<Duration>,
    reads: usize,
}

impl Clock {
    /// The runtime's clock.
    #[must_use]
    pub fn system() -> Self {
        Self(None)
    }

    /// A clock whose waits end at once, jumping ahead by as much.
    #[must_use]
    pub fn skipping() -> Self {
        Self(Some(Arc::default()))
    }

    /// The time by this clock.
    #[must_use]
    #[inline]
    pub fn now(&self) -> Instant {
        let now = time::Instant::now().into_std();
        if self.0.is_none() { now } else { self.ahead_of(now) }
    }

    #[cold]
    fn ahead_of(&self, now: Instant) -> Instant {
        self.with_skipped(|skipped| {
            skipped.reads += 1;
            now + skipped.ahead
        })
        .unwrap_or(now)
    }

    /// Waits; at least this long, by this clock.
    pub async fn sleep(&self, wait: Duration) {
        self.wait(wait).await;
    }

    /// The same as a future with a name, for those written by hand.
    pub(crate) fn wait(&self, wait: Duration) -> Wait {
        if self.skip(wait) {
            Wait::Skipped
        } else {
            Wait::Real {
                sleep: time::sleep(wait),
            }
        }
    }

    /// Waits in this thread.
    pub(crate) fn block(&self, wait: Duration) {
        if !self.skip(wait) {
            std::thread::sleep(wait);
        }
    }

    /// The waits that were skipped so far, in order; empty for the system's clock.
    #[must_use]
    pub fn waits(&self) -> Vec<Duration> {
        self.with_skipped(|skipped| skipped.waits.clone()).unwrap_or_default()
    }

    /// How often its time was asked for, this clock's clones included; zero for the system's clock.
    #[must_use]
    pub fn reads(&self) -> usize {
        self.with_skipped(|skipped| skipped.reads).unwrap_or_default()
    }

    /// The wall clock's time: only for dates that a server sends, never for policy.
    pub(crate) fn wall(&self) -> SystemTime {
        let now = SystemTime::now();
        self.with_skipped(|skipped| now.checked_add(skipped.ahead).unwrap_or(now))
            .unwrap_or(now)
    }

    /// Lets a future run for at most `limit` of real time; `None` if it was not done by then.
    pub(crate) fn limit<F: Future>(limit: Duration, future: F) -> Limited<F> {
        Self::limit_until(time::Instant::now().into_std().checked_add(limit), future)
    }

    /// The same until an instant of real time; for ever without one.
    #[inline]
    pub(crate) fn limit_until<F: Future>(end: Option<Instant>, future: F) -> Limited<F> {
        Limited {
            future,
            timer: Timer::at(end),
        }
    }

    /// When the time of an attempt that began at `began` by this clock is up: real time, since skipped time has passed for no
    /// socket. `None` if that is too far ahead.
    #[inline]
    pub(crate) fn end(&self, began: Instant, limit: Duration) -> Option<Instant> {
        let began = if self.0.is_none() {
            began
        } else {
            time::Instant::now().into_std()
        };
        began.checked_add(limit)
    }

    /// What is left until an instant of real time.
    pub(crate) fn left(end: Instant) -> Duration {
        end.saturating_duration_since(time::Instant::now().into_std())
    }

    /// The same as [`sleep`](Self::sleep), for futures that are written by hand; it begins at once.
    #[cfg_attr(not(feature = "tower"), expect(dead_code, reason = "async functions sleep"))]
    pub(crate) fn timer(&self, wait: Duration) -> Timer {
        if self.skip(wait) {
            Timer::Skipped { passed: false }
        } else {
            Timer::at(time::Instant::now().into_std().checked_add(wait))
        }
    }

    /// A timer for the limit of an attempt that began at `began` by this clock.
    #[inline]
    pub(crate) fn limit_timer(&self, began: Instant, limit: Duration) -> Timer {
        Timer::at(self.end(began, limit))
    }

    /// Jumps ahead, if this clock skips.
    fn skip(&self, wait: Duration) -> bool {
        let skipped = self.with_skipped(|skipped| {
            skipped.ahead = skipped.ahead.saturating_add(wait);
            skipped.waits.push(wait);
        });
        skipped.is_some()
    }

    fn with_skipped<T>(&self, act: impl FnOnce(&mut Skipped) -> T) -> Option<T> {
        let skipped = self.0.as_ref()?;
        Some(act(&mut skipped.lock().unwrap_or_else(PoisonError::into_inner)))
    }
}

pin_project! {
    /// A future with a time limit.
    #[project = LimitedParts]
    pub(crate) struct Limited<F> {
        #[pin] future: F,
        #[pin] timer: Timer,
    }
}

impl<F: Future> Future for Limited<F> {
    type Output = Option<F::Output>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let LimitedParts { future, timer } = self.project();
        match future.poll(context) {
            Poll::Ready(output) => Poll::Ready(Some(output)),
            Poll::Pending => timer.poll(context).map(|()| None),
        }
    }
}

pin_project! {
    /// A wait.
    #[project = WaitProjection]
    pub(crate) enum Wait {
        /// Its time has been jumped over; others get a turn.
        Skipped,
        Real { #[pin] sleep: time::Sleep },
        Over,
    }
}

impl Future for Wait {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        match self.as_mut().project() {
            WaitProjection::Skipped => {
                self.set(Self::Over);
                context.waker().wake_by_ref();
                Poll::Pending
            }
            WaitProjection::Real { sleep } => sleep.poll(context),
            WaitProjection::Over => Poll::Ready(()),
        }
    }
}

pin_project! {
    /// A wait or a limit that a hand-written future polls.
    #[project = TimerParts]
    pub(crate) enum Timer {
        /// Not set: it never ends.
        Idle,
        /// Ends when it is polled again, so that others have their turn.
        Skipped { passed: bool },
        Set { #[pin] sleep: time::Sleep },
    }
}

impl Timer {
    /// Ends at an instant; never, if there is none so far ahead.
    #[inline]
    fn at(end: Option<Instant>) -> Self {
        end.map_or(Self::Idle, |end| Self::Set {
            sleep: time::sleep_until(end.into()),
        })
    }
}

impl Future for Timer {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        match self.project() {
            TimerParts::Idle => Poll::Pending,
            // What is limited may have used up the task's turn, each time anew; that must not keep its limit from it.
            TimerParts::Set { sleep } => pin!(coop::unconstrained(sleep)).poll(context),
            TimerParts::Skipped { passed: true } => Poll::Ready(()),
            TimerParts::Skipped { passed } => {
                *passed = true;
                context.waker().wake_by_ref();
                Poll::Pending
            }
        }
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() {
            "Clock::skipping"
        } else {
            "Clock::system"
        })
    }
}
