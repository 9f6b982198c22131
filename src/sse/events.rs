use std::fmt;
use std::time::Duration;

use bytes::{Buf, Bytes};
use http_body_util::BodyExt;
use reqwest::Response;

use super::parser::{Event, Parser};
use crate::clock::Clock;
use crate::preset::StreamEnd;

/// The events of a response's body, and whether they are all.
///
/// Dropping it closes the stream. After an error, and after the end, there are no more events.
pub struct Events {
    body: reqwest::Body,
    held: Bytes,
    parser: Parser,
    end: StreamEnd,
    idle_timeout: Duration,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Open,
    /// The terminal event was given out, or an error.
    Over,
}

impl Events {
    /// How long the stream may be silent unless set: some models think for minutes before their first word.
    pub const DEFAULT_IDLE_TIMEOUT: Duration = Duration::from_secs(300);
    /// The largest event in bytes, so that a stream without line ends cannot fill the memory.
    pub const LARGEST: usize = 16 * 1024 * 1024;

    /// Reads a response whose head says success; for others, read the response itself.
    #[must_use]
    pub fn of(response: Response, end: StreamEnd) -> Self {
        Self {
            body: http::Response::<reqwest::Body>::from(response).into_body(),
            held: Bytes::new(),
            parser: Parser::default(),
            end,
            idle_timeout: Self::DEFAULT_IDLE_TIMEOUT,
            state: State::Open,
        }
    }

    /// Sets how long the stream may be silent, comments included: anything from 1 ms on.
    #[must_use]
    pub fn idle_timeout(mut self, timeout: Duration) -> Self {
        self.idle_timeout = timeout.max(Duration::from_millis(1));
        self
    }

    /// The next event, the terminal one included; `None` after it.
    ///
    /// # Errors
    ///
    /// The stream ended, broke or fell silent before its terminal event, said that it failed, or sent too large an event.
    pub async fn next(&mut self) -> Result<Option<Event>, StreamError> {
        if self.state == State::Over {
            return Ok(None);
        }
        let next = self.read().await;
        match &next {
            Ok(event) if self.end.is_end(event.name(), event.data()) => self.state = State::Over,
            Ok(_) => {}
            Err(_) => self.state = State::Over,
        }
        next.map(Some)
    }

    async fn read(&mut self) -> Result<Event, StreamError> {
        loop {
            while self.held.has_remaining() {
                let (taken, event) = self.parser.feed(&self.held);
                self.held.advance(taken);
                if let Some(event) = event {
                    return self.checked(event);
                }
            }
            if self.parser.held() > Self::LARGEST {
                return Err(StreamError::new(Fault::TooLarge));
            }
            let frame = Clock::limit(self.idle_timeout, self.body.frame()).await;
            match frame {
                None => return Err(StreamError::new(Fault::Idle)),
                Some(None) => return Err(StreamError::new(Fault::Truncated)),
                Some(Some(Err(error))) => return Err(StreamError::new(Fault::Broken(error.without_url()))),
                Some(Some(Ok(frame))) => self.held = frame.into_data().unwrap_or_default(),
            }
        }
    }

    fn checked(&self, event: Event) -> Result<Event, StreamError> {
        if self.end.is_error(event.name(), event.data()) {
            return Err(StreamError::new(Fault::Failed(event)));
        }
        Ok(event)
    }
}

impl fmt::Debug for Events {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Events")
            .field("state", &self.state)
            .field("idle_timeout", &self.idle_timeout)
            .finish_non_exhaustive()
    }
}

/// Why a stream of events is not complete.
///
/// The provider did, and charged, what it did until then. Neither message nor `Debug` holds any of the stream's text.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct StreamError(Box<Fault>);

#[derive(Debug, thiserror::Error)]
enum Fault {
    #[error("the stream ended without its terminal event")]
    Truncated,
    #[error("the stream broke off")]
    Broken(#[source] reqwest::Error),
    #[error("the stream fell silent")]
    Idle,
    #[error("the provider says within the stream that it failed")]
    Failed(Event),
    #[error("an event is larger than {} bytes", Events::LARGEST)]
    TooLarge,
}

impl StreamError {
    fn new(fault: Fault) -> Self {
        Self(Box::new(fault))
    }

    /// The stream ended, or broke, before its terminal event: what came is not all.
    #[must_use]
    pub fn is_truncated(&self) -> bool {
        matches!(*self.0, Fault::Truncated | Fault::Broken(_))
    }

    /// Nothing came for longer than the idle timeout.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        matches!(*self.0, Fault::Idle)
    }

    /// The event in which the provider said that it failed; its data says why.
    #[must_use]
    pub fn event(&self) -> Option<&Event> {
        match &*self.0 {
            Fault::Failed(event) => Some(event),
            _ => None,
        }
    }
}
