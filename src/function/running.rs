use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;

use super::Error;
use super::call::{Began, Call, Leave};
use super::judge::Judge;
use super::notice::Notice;
use super::work::{AsyncWork, Work};
use crate::clock::{Timer, Wait};

pin_project! {
    /// An operation under way: the future of a [`Run`](super::Run).
    ///
    /// Written by hand, so that it has a name, is small, and needs no box. Dropped at any point, it owes nothing.
    #[must_use = "futures do nothing unless polled"]
    pub struct Running<'a, W: AsyncWork, J, N> {
        call: Call<'a>,
        work: W,
        judge: J,
        notice: N,
        last: Option<Result<W::Value, W::Error>>,
        // The attempt's permit: it goes back when this is dropped.
        began: Option<Began<'a>>,
        #[pin]
        step: Step<W::Future>,
    }
}

pin_project! {
    /// What is being waited for.
    #[project = StepProjection]
    enum Step<F> {
        /// Leave for the next attempt.
        Leave,
        /// The future beside its limit, written here as it is made: it may be large, and a limit around it would move it.
        Attempt { #[pin] future: F, #[pin] limit: Timer },
        Wait { #[pin] wait: Wait },
        Over,
    }
}

impl<'a, W: AsyncWork, J, N> Running<'a, W, J, N> {
    #[inline]
    pub(super) fn new(call: Call<'a>, work: W, judge: J, notice: N) -> Self {
        Self {
            call,
            work,
            judge,
            notice,
            last: None,
            began: None,
            step: Step::Leave,
        }
    }
}

impl<W, J, N> Future for Running<'_, W, J, N>
where
    W: AsyncWork,
    J: Judge<W::Value, W::Error>,
    N: Notice<W::Value, W::Error>,
{
    type Output = Result<W::Value, Error<W::Value, W::Error>>;

    #[inline]
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        loop {
            let over = match this.step.as_mut().project() {
                StepProjection::Leave => match this.call.admit() {
                    Ok(Leave { attempt, began }) => {
                        let limit = began.timer(this.call.clock());
                        *this.began = Some(began);
                        let future = this.work.begin(attempt);
                        this.step.set(Step::Attempt { future, limit });
                        continue;
                    }
                    Err(over) => {
                        this.step.set(Step::Over);
                        over
                    }
                },
                StepProjection::Attempt { future, limit } => {
                    let result = match future.poll(context) {
                        Poll::Ready(result) => Some(result),
                        Poll::Pending => {
                            ready!(limit.poll(context));
                            None
                        }
                    };
                    // The attempt is over before it is judged: a closure that panics finds nothing to be polled again.
                    this.step.set(Step::Over);
                    let Some(began) = this.began.take() else {
                        return Poll::Pending;
                    };
                    let next = this.call.settle(began, result.as_ref(), this.judge, this.notice);
                    // Of an attempt that was out of time nothing is kept, so an earlier result stays.
                    if result.is_some() {
                        *this.last = result;
                    }
                    match next {
                        Ok(wait) => {
                            let wait = this.call.clock().wait(wait);
                            this.step.set(Step::Wait { wait });
                            continue;
                        }
                        Err(over) => over,
                    }
                }
                StepProjection::Wait { wait } => {
                    ready!(wait.poll(context));
                    this.step.set(Step::Leave);
                    continue;
                }
                // Polled again after its end.
                StepProjection::Over => return Poll::Pending,
            };
            return Poll::Ready(this.call.conclude(&over, this.last.take()));
        }
    }
}

impl<W: AsyncWork + Work, J, N> fmt::Debug for Running<'_, W, J, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Running")
            .field("call", &self.call)
            .finish_non_exhaustive()
    }
}
