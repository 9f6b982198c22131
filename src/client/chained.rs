use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use http::Method;
use reqwest::{Request, Response};
use url::Url;

use super::addresses::Addresses;
use super::operation::Operation;
use super::wire::{Memory, Wire};
use super::{Client, ClientBuilder, RequestBuilder, Shared};
use crate::engine::{Body, Finished, Redirects};
use crate::error::{ConfigError, Error};
use crate::event::{Event, Nesting, operation_ended};
use crate::operation::{Delivery, Effect, Failure, FailureKind, KeyHeader, StopReason};

impl Client {
    /// All defaults, for requests that something else carries.
    pub(crate) fn wireless() -> Self {
        let mut builder = Self::builder();
        builder.settings.redirects = Redirects::SameOrigin;
        builder.assemble(nowhere(), None, None)
    }

    /// The same settings, breaker, budget and observers for requests that something else carries.
    pub(crate) fn without_wire(&self) -> Self {
        let shared = &*self.0;
        let mut setup = shared.setup.clone();
        let settings = &mut setup.settings;
        // Whatever else carries them may add credentials to a request for another origin.
        if settings.redirects == Redirects::AnyOrigin {
            settings.redirects = Redirects::SameOrigin;
        }
        // One chain has one set of extensions: two attempts at once cannot both have them.
        settings.hedge = None;
        Self(Arc::new(Shared {
            wire: nowhere(),
            base: None,
            addresses: Addresses::default(),
            connect_timeout: None,
            headers: shared.headers.clone(),
            setup,
            presets: shared.presets.clone(),
        }))
    }
}

impl ClientBuilder {
    /// Builds a client whose requests something else carries; refuses what only a wire of its own can do.
    pub(crate) fn build_without_wire(mut self) -> Result<Client, Error> {
        let unused = [
            ("http", self.http.is_some()),
            ("wrapping", self.wire.is_some()),
            ("base_url", self.base.is_some()),
            ("connect_timeout", self.connect_timeout.is_some()),
            ("hedge", self.settings.hedge.is_some()),
        ];
        if let Some((field, _)) = unused.into_iter().find(|(_, is_set)| *is_set) {
            return Err(ConfigError::new(
                field,
                "nothing: set it on the client that carries the requests",
                "a value",
            )
            .into());
        }
        self.validate()?;
        self.settings.redirects = self.redirects.unwrap_or(Redirects::SameOrigin);
        Ok(self.assemble(nowhere(), None, None))
    }
}

impl RequestBuilder {
    pub(crate) fn parts(&self) -> (&Method, Option<&Url>, &Body) {
        let Operation { template, error, .. } = &*self.0;
        let url = error.is_none().then(|| self.0.url());
        (&template.method, url, &template.body)
    }

    /// The header that carries the key to where this goes.
    pub(crate) fn key_header(&self) -> KeyHeader {
        self.0.key_settings().header.clone()
    }

    /// Fixes everything but the time.
    pub(crate) fn sealed(mut self) -> Result<Box<Operation>, Error> {
        self.0.seal()?;
        Ok(self.0)
    }
}

impl Operation {
    pub(crate) fn now(&self) -> Instant {
        self.client.0.setup.clock.now()
    }

    /// Whether an attempt that may have been processed can be repeated without doing it twice.
    pub(crate) fn is_protected(&self) -> bool {
        self.safety.obstacle().is_none()
    }

    /// Tells the observers of another retry loop.
    pub(crate) fn tells_of(&self, nesting: Nesting) {
        let receipt = &self.receipt;
        self.client
            .0
            .setup
            .observers
            .tell(|| Event::RetriesNested { receipt, nesting });
    }

    /// Says what attempts that are not in this receipt may have done.
    pub(crate) fn had_effect(&mut self, effect: Effect) {
        self.receipt.has_effect(effect);
    }

    /// Ends before anything is sent.
    pub(crate) fn refuse(mut self: Box<Self>, stop: StopReason) -> Error {
        let now = self.client.0.setup.clock.now();
        self.receipt.stopped(stop, None, Duration::ZERO, now);
        operation_ended(&self.receipt);
        let receipt = &self.receipt;
        self.client.0.setup.observers.tell(|| Event::Stopped { receipt });
        Error::failed(self.receipt, None, None)
    }

    /// Turns its end into the last answer, whatever it says; an error only if the last attempt brought none.
    pub(crate) fn last_answer(self: Box<Self>, finished: Finished<Box<Response>>) -> Result<Response, Error> {
        match finished {
            Finished {
                answer: Some(mut response),
                failure: None,
            } => {
                response.extensions_mut().insert(self.receipt);
                Ok(*response)
            }
            Finished { answer, failure } => Err(Error::failed(
                self.receipt,
                failure.map(|failure| *failure),
                answer.map(|answer| *answer),
            )),
        }
    }
}

/// A wire for clients whose requests something else carries.
fn nowhere() -> Wire {
    Wire::Memory(Arc::new(Nowhere))
}

struct Nowhere;

impl Memory for Nowhere {
    fn send(&self, _request: Request) -> Pin<Box<dyn Future<Output = Result<Response, Failure>> + Send + '_>> {
        Box::pin(async { Err(Failure::new(FailureKind::Request, Delivery::NeverSent)) })
    }
}
