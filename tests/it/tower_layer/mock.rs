use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use http::{Request, Response, StatusCode};
use steadfast::{Delivery, Failure, FailureKind};
use tower::Service;

/// A service that panics if it is called unready, and counts its slots.
///
/// A slot is reserved by being readied, passed to the call's future, and free again when that, or a service that was
/// readied and not called, is dropped.
pub(super) struct Mock<B> {
    far: Arc<Far<B>>,
    slot: Option<Slot<B>>,
}

pub(super) struct Far<B> {
    answer: Box<Answers<B>>,
    state: Mutex<State>,
}

type Answers<B> = dyn Fn(&Request<B>, usize) -> Reply + Send + Sync;

#[derive(Default)]
struct State {
    limit: Option<usize>,
    taken: usize,
    waiting: Vec<Waker>,
    calls: usize,
    readied: usize,
    /// Readied services that were dropped.
    wasted: usize,
    /// From which readiness on the service is dead; the first is 1.
    dies_at: Option<usize>,
}

struct Slot<B>(Arc<Far<B>>);

/// What becomes of a call.
pub(super) enum Reply {
    Status(u16),
    Fails(FailureKind, Delivery),
    Hangs,
    /// After so many polls that are pending.
    Slow(u16, usize),
}

pub(super) type Answer = Result<Response<Held>, Failure>;

/// A body that shows whether it was dropped.
#[derive(Debug)]
pub(super) struct Held(#[expect(dead_code, reason = "held")] Arc<()>);

impl<B> Mock<B> {
    pub(super) fn new(answer: impl Fn(&Request<B>, usize) -> Reply + Send + Sync + 'static) -> (Self, Arc<Far<B>>) {
        let far = Arc::new(Far {
            answer: Box::new(answer),
            state: Mutex::default(),
        });
        let mock = Self {
            far: Arc::clone(&far),
            slot: None,
        };
        (mock, far)
    }

    /// Answers with these statuses in turn, then with 200.
    pub(super) fn statuses(statuses: &'static [u16]) -> (Self, Arc<Far<B>>) {
        Self::new(move |_, turn| Reply::Status(statuses.get(turn).copied().unwrap_or(200)))
    }
}

impl<B> Far<B> {
    pub(super) fn limit(&self, slots: usize) {
        self.state.lock().unwrap().limit = Some(slots);
    }

    /// The readiness with this number fails, and all after it.
    pub(super) fn dies_at(&self, readiness: usize) {
        self.state.lock().unwrap().dies_at = Some(readiness);
    }

    pub(super) fn calls(&self) -> usize {
        self.state.lock().unwrap().calls
    }

    /// How often a service was readied.
    pub(super) fn readied(&self) -> usize {
        self.state.lock().unwrap().readied
    }

    /// Slots reserved or in use.
    pub(super) fn taken(&self) -> usize {
        self.state.lock().unwrap().taken
    }

    pub(super) fn wasted(&self) -> usize {
        self.state.lock().unwrap().wasted
    }
}

impl<B> Drop for Slot<B> {
    fn drop(&mut self) {
        let mut state = self.0.state.lock().unwrap();
        state.taken -= 1;
        state.waiting.drain(..).for_each(Waker::wake);
    }
}

impl<B> Drop for Mock<B> {
    fn drop(&mut self) {
        if self.slot.is_some() {
            self.far.state.lock().unwrap().wasted += 1;
        }
    }
}

impl<B> Clone for Mock<B> {
    fn clone(&self) -> Self {
        Self {
            far: Arc::clone(&self.far),
            slot: None,
        }
    }
}

impl<B: Send + 'static> Service<Request<B>> for Mock<B> {
    type Response = Response<Held>;
    type Error = Failure;
    type Future = Pin<Box<dyn Future<Output = Answer> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Failure>> {
        if self.slot.is_some() {
            return Poll::Ready(Ok(()));
        }
        let mut state = self.far.state.lock().unwrap();
        if state.limit.is_some_and(|limit| state.taken >= limit) {
            state.waiting.push(context.waker().clone());
            return Poll::Pending;
        }
        state.readied += 1;
        if state.dies_at.is_some_and(|death| state.readied >= death) {
            let failure = Failure::new(FailureKind::Other, Delivery::Unknown);
            return Poll::Ready(Err(failure.caused_by("the worker is gone")));
        }
        state.taken += 1;
        drop(state);
        self.slot = Some(Slot(Arc::clone(&self.far)));
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let slot = self.slot.take().expect("called without having been readied");
        let turn = {
            let mut state = self.far.state.lock().unwrap();
            state.calls += 1;
            state.calls - 1
        };
        let reply = (self.far.answer)(&request, turn);
        Box::pin(async move {
            let answer = reply.arrive().await;
            drop(slot);
            answer
        })
    }
}

impl Reply {
    async fn arrive(self) -> Answer {
        let status = match self {
            Self::Status(status) => status,
            Self::Fails(kind, delivery) => return Err(Failure::new(kind, delivery)),
            Self::Hangs => std::future::pending().await,
            Self::Slow(status, polls) => {
                for _ in 0..polls {
                    tokio::task::yield_now().await;
                }
                status
            }
        };
        let mut response = Response::new(Held(Arc::new(())));
        *response.status_mut() = StatusCode::from_u16(status).unwrap();
        Ok(response)
    }
}
