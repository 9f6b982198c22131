use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use url::Url;

use crate::operation::{Delivery, FailureKind};

/// Answers requests in memory: outcomes as data, no sockets.
///
/// Give it to [`ClientBuilder::script`](crate::ClientBuilder::script). With `tokio::time::pause` the waits of an
/// operation, and the delays of its steps, take no time at all. When the steps are used up, every request is answered
/// with an empty 200. Cloning shares.
///
/// # Examples
///
/// ```
/// use http::StatusCode;
/// use steadfast::testing::{Script, Step};
/// use steadfast::{Client, ResponseExt};
///
/// # let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build()?;
/// # runtime.block_on(async {
/// let script = Script::new([Step::lost_response(), Step::status(StatusCode::SERVICE_UNAVAILABLE)]);
/// let client = Client::builder().script(&script).build()?;
///
/// let response = client.post("https://api.example.com/charges").send().await?;
///
/// let arrivals = script.arrivals();
/// assert_eq!(arrivals.len(), 3);
/// assert_eq!(arrivals[0].header("idempotency-key"), arrivals[2].header("idempotency-key"));
/// assert_eq!(response.receipt().map(|receipt| receipt.attempts().len()), Some(3));
/// # Ok::<(), steadfast::Error>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Script(Arc<Mutex<State>>);

/// A request that is being answered, or an answer that is still held.
#[derive(Clone)]
pub(crate) struct Open {
    _held: Arc<()>,
}

struct State {
    steps: VecDeque<Step>,
    answer: Option<Answerer>,
    arrivals: Vec<Arrival>,
    /// One owner more than there are open requests and answers.
    open: Arc<()>,
}

type Answerer = Arc<dyn Fn(&Arrival) -> Step + Send + Sync>;

/// What becomes of one request.
#[derive(Clone, Debug)]
#[must_use]
pub struct Step {
    pub(crate) delay: Duration,
    pub(crate) action: Action,
}

#[derive(Clone, Debug)]
pub(crate) enum Action {
    Respond {
        status: StatusCode,
        headers: HeaderMap,
        body: Bytes,
    },
    CutBody {
        status: StatusCode,
        body: Bytes,
    },
    StallBody {
        status: StatusCode,
        body: Bytes,
    },
    Fail {
        kind: FailureKind,
        delivery: Delivery,
    },
    Hang,
}

/// One request as the far side saw it.
#[derive(Clone)]
#[non_exhaustive]
pub struct Arrival {
    /// Its method.
    pub method: Method,
    /// Its whole address.
    pub url: Url,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Bytes,
    /// When it came, by tokio's clock.
    pub at: Instant,
}

impl Script {
    /// Plays these steps, one per request.
    #[must_use]
    pub fn new(steps: impl IntoIterator<Item = Step>) -> Self {
        Self::with(steps.into_iter().collect(), None)
    }

    /// Asks a closure what becomes of each request: a server's logic in memory.
    #[must_use]
    pub fn from_fn(answer: impl Fn(&Arrival) -> Step + Send + Sync + 'static) -> Self {
        Self::with(VecDeque::new(), Some(Arc::new(answer)))
    }

    /// All requests so far, in order.
    #[must_use]
    pub fn arrivals(&self) -> Vec<Arrival> {
        self.lock().arrivals.clone()
    }

    /// Takes all requests since the last call, in order: for scripts that play many operations.
    #[must_use]
    pub fn take_arrivals(&self) -> Vec<Arrival> {
        std::mem::take(&mut self.lock().arrivals)
    }

    /// How many requests are being answered, or have an answer that was neither read to its end nor dropped.
    ///
    /// After a test that drops an operation half-way it is zero, or something leaks.
    #[must_use]
    pub fn open(&self) -> usize {
        Arc::strong_count(&self.lock().open) - 1
    }

    /// Counts a request as open, until what is returned and its clones are dropped.
    pub(crate) fn opened(&self) -> Open {
        Open {
            _held: Arc::clone(&self.lock().open),
        }
    }

    /// Notes a request and says what becomes of it.
    pub(crate) fn arrive(&self, arrival: &Arrival) -> Step {
        let answer = {
            let mut state = self.lock();
            state.arrivals.push(arrival.clone());
            state.answer.clone()
        };
        // Outside the lock: the closure may look at the script.
        match answer {
            Some(answer) => answer(arrival),
            None => self
                .lock()
                .steps
                .pop_front()
                .unwrap_or_else(|| Step::status(StatusCode::OK)),
        }
    }

    fn with(steps: VecDeque<Step>, answer: Option<Answerer>) -> Self {
        Self(Arc::new(Mutex::new(State {
            steps,
            answer,
            arrivals: Vec::new(),
            open: Arc::default(),
        })))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Step {
    /// Answers with this status and nothing else.
    pub fn status(status: StatusCode) -> Self {
        Self::of(Action::Respond {
            status,
            headers: HeaderMap::new(),
            body: Bytes::new(),
        })
    }

    /// No connection: the server saw nothing.
    pub fn refused() -> Self {
        Self::fail(FailureKind::Connect, Delivery::NeverSent)
    }

    /// The connection dies after the request was sent: the server may have acted.
    pub fn lost_response() -> Self {
        Self::fail(FailureKind::ConnectionLost, Delivery::Unknown)
    }

    /// The server refuses the stream unprocessed (HTTP/2 `REFUSED_STREAM`).
    pub fn refused_stream() -> Self {
        Self::fail(FailureKind::Nack, Delivery::Refused)
    }

    /// Fails in any other way.
    pub fn fail(kind: FailureKind, delivery: Delivery) -> Self {
        Self::of(Action::Fail { kind, delivery })
    }

    /// Never answers.
    pub fn hang() -> Self {
        Self::of(Action::Hang)
    }

    /// Answers with this status, and a body that breaks after its first bytes.
    pub fn cut_body(status: StatusCode, body: impl Into<Bytes>) -> Self {
        Self::of(Action::CutBody {
            status,
            body: body.into(),
        })
    }

    /// Answers with this status, and a body that stalls for ever after its first bytes.
    pub fn stall_body(status: StatusCode, body: impl Into<Bytes>) -> Self {
        Self::of(Action::StallBody {
            status,
            body: body.into(),
        })
    }

    /// Adds a header to the answer; does nothing to other steps.
    ///
    /// # Panics
    ///
    /// When name or value are not valid in HTTP.
    #[track_caller]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        if let Action::Respond { headers, .. } = &mut self.action {
            let name = HeaderName::try_from(name).expect("a valid header name");
            headers.append(name, HeaderValue::try_from(value).expect("a valid header value"));
        }
        self
    }

    /// Sets the answer's body; does nothing to other steps.
    pub fn body(mut self, bytes: impl Into<Bytes>) -> Self {
        if let Action::Respond { body, .. } = &mut self.action {
            *body = bytes.into();
        }
        self
    }

    /// Lets it happen only after this long.
    pub fn after(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    fn of(action: Action) -> Self {
        Self {
            delay: Duration::ZERO,
            action,
        }
    }
}

impl Arrival {
    /// A header's value, if it came exactly once and is text.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.get_all(name).iter();
        let value = values.next()?.to_str().ok();
        if values.next().is_some() { None } else { value }
    }
}

impl fmt::Debug for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.lock();
        f.debug_struct("Script")
            .field("left", &state.steps.len())
            .field("arrivals", &state.arrivals.len())
            .finish()
    }
}

/// The address without its query and the headers' names alone: values may be secrets even in tests.
impl fmt::Debug for Arrival {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Arrival")
            .field("method", &self.method)
            .field("path", &self.url.path())
            .field("headers", &self.headers.keys().collect::<Vec<_>>())
            .field("body", &self.body.len())
            .finish_non_exhaustive()
    }
}
