use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::{Request, Response};
use pin_project_lite::pin_project;
use tower_service::Service;
use tracing::Span;

use super::operation::Operation;
use super::{BoxError, ByType, CloneBodies, PlaceError, ReplayBody};
use crate::clock::Timer;
use crate::engine::fault;
use crate::error::Error;
use crate::event::AttemptSpan;
use crate::operation::{Delivery, Failure, FailureKind};

pin_project! {
    /// An operation under way: the future of [`Resilience`](super::Resilience).
    ///
    /// Dropped at any point it leaks nothing; whether the server acted is then unknown.
    #[project = Parts]
    #[must_use = "an operation does nothing until it is polled"]
    pub struct ResponseFuture<S, B, P = CloneBodies, E = ByType>
    where
        S: Service<Request<B>>,
    {
        // `None` when it is over, an error if it could not begin.
        operation: Option<Result<Operation<B, P, E>, Error>>,
        // The instance that the caller readied; retries ready it again.
        service: S,
        last: Option<S::Response>,
        failure: Option<Failure>,
        span: Span,
        attempt: AttemptSpan,
        #[pin]
        timer: Timer,
        #[pin]
        state: State<S::Future>,
    }
}

pin_project! {
    #[project = StateParts]
    enum State<F> {
        /// About to ask for leave to make the next attempt.
        Admitting,
        /// The service is being readied, within the attempt's limit.
        Readying,
        Sending { #[pin] response: F },
        Waiting,
    }
}

impl<S, B, P, E> ResponseFuture<S, B, P, E>
where
    S: Service<Request<B>>,
{
    pub(super) fn new(service: S, operation: Result<Operation<B, P, E>, Error>) -> Self {
        Self {
            service,
            last: None,
            failure: None,
            span: operation.as_ref().map_or_else(|_| Span::none(), Operation::span),
            operation: Some(operation),
            attempt: AttemptSpan::default(),
            timer: Timer::Idle,
            state: State::Admitting,
        }
    }
}

impl<S, B, R, P, E> Future for ResponseFuture<S, B, P, E>
where
    S: Service<Request<B>, Response = Response<R>> + Clone,
    S::Error: Into<BoxError>,
    P: ReplayBody<B>,
    E: PlaceError<S::Error>,
{
    type Output = Result<Response<R>, Error>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let span = this.span.clone();
        let _entered = span.enter();
        loop {
            let Some(Ok(operation)) = this.operation else {
                return this.conclude();
            };
            match this.state.as_mut().project() {
                StateParts::Admitting => {
                    let Some(attempt) = operation.admit() else {
                        return this.conclude();
                    };
                    *this.attempt = attempt;
                    // Not before: until then it is the last answer. Not later: it may hold what the service waits for.
                    (*this.last, *this.failure) = (None, None);
                    this.state.set(State::Readying);
                }
                StateParts::Waiting => {
                    ready!(this.timer.as_mut().poll(context));
                    this.timer.set(Timer::Idle);
                    this.state.set(State::Admitting);
                }
                StateParts::Readying | StateParts::Sending { .. } => {
                    let result = ready!(this.attempt(context));
                    if !this.settle(result) {
                        return this.conclude();
                    }
                }
            }
        }
    }
}

impl<S, B, R, P, E> Parts<'_, S, B, P, E>
where
    S: Service<Request<B>, Response = Response<R>> + Clone,
    S::Error: Into<BoxError>,
    P: ReplayBody<B>,
    E: PlaceError<S::Error>,
{
    /// Polls the attempt, then its limit.
    fn attempt(&mut self, context: &mut Context<'_>) -> Poll<Result<Response<R>, Failure>> {
        let span = self.attempt.span();
        let polled = span.in_scope(|| self.send(context));
        let Some(Ok(operation)) = self.operation else {
            return polled;
        };
        if polled.is_ready() {
            return polled;
        }
        // An attempt that ends at once needs no timer.
        if matches!(*self.timer, Timer::Idle) {
            let (began, limit) = operation.limit();
            self.timer
                .set(operation.shared().common.setup.clock.limit_timer(began, limit));
        }
        ready!(self.timer.as_mut().poll(context));
        let late = |delivery| Failure::new(FailureKind::HeadTimeout, delivery);
        Poll::Ready(Err(match *self.state {
            State::Sending { .. } => late(Delivery::Unknown),
            _ => late(Delivery::NeverSent).at_home(),
        }))
    }

    /// Readies the service, calls it, and polls its future.
    fn send(&mut self, context: &mut Context<'_>) -> Poll<Result<Response<R>, Failure>> {
        let Some(Ok(operation)) = self.operation else {
            return Poll::Pending;
        };
        if let StateParts::Readying = self.state.as_mut().project() {
            if let Err(error) = ready!(self.service.poll_ready(context)) {
                let failure = Failure::new(FailureKind::Unready, Delivery::NeverSent);
                return Poll::Ready(Err(failure.caused_by(fault::without_url(error))));
            }
            let request = match operation.request() {
                Ok(request) => request,
                Err(failure) => return Poll::Ready(Err(failure)),
            };
            let response = self.service.call(request);
            self.state.set(State::Sending { response });
        }
        let StateParts::Sending { response } = self.state.as_mut().project() else {
            return Poll::Pending;
        };
        Poll::Ready(match ready!(response.poll(context)) {
            Ok(response) => operation.checked(response),
            Err(error) => Err(operation.shared().errors.place(error)),
        })
    }

    /// Settles the attempt; false if the operation is over.
    fn settle(&mut self, result: Result<Response<R>, Failure>) -> bool {
        if matches!(*self.state, State::Readying) {
            // It stands in a queue, or holds a slot, that others would wait for while this one waits.
            *self.service = self.service.clone();
        }
        // The inner future is gone before the wait, and what it holds with it.
        self.state.set(State::Waiting);
        self.timer.set(Timer::Idle);
        let Some(Ok(operation)) = self.operation else {
            return false;
        };
        let span = std::mem::take(self.attempt);
        let wait = operation.ends(&result, &span);
        match result {
            Ok(response) => *self.last = Some(response),
            Err(failure) => *self.failure = Some(failure),
        }
        if let Some(wait) = wait {
            self.timer.set(operation.shared().common.setup.clock.timer(wait));
        }
        wait.is_some()
    }

    /// What comes of the operation, which is over or could not begin; polled after that, it is pending for ever.
    fn conclude(&mut self) -> Poll<Result<Response<R>, Error>> {
        match self.operation.take() {
            Some(Ok(operation)) => Poll::Ready(operation.conclude((self.last.take(), self.failure.take()))),
            Some(Err(error)) => Poll::Ready(Err(error)),
            None => Poll::Pending,
        }
    }
}

impl<S, B, P, E> fmt::Debug for ResponseFuture<S, B, P, E>
where
    S: Service<Request<B>>,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ResponseFuture")
    }
}
