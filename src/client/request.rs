use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Version};
use url::Url;

use super::Client;
use super::addresses::{Place, Target};
use super::operation::Operation;
use super::send::Direct;
use crate::engine::{Body, check_attempt_timeout, check_total_timeout};
use crate::error::Error;
use crate::operation::{IdempotencyKey, KeyError, KeySupport, Seldom};
use crate::retry::{Replay, RetryPolicy};

/// Builds one operation; like reqwest's, errors of its setters show at [`send`](Self::send).
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use steadfast::{Client, IdempotencyKey};
///
/// # async fn run() -> Result<(), steadfast::Error> {
/// let response = Client::new()
///     .post("https://api.example.com/charges")
///     .idempotency_key(IdempotencyKey::derive(["charge", "order-42"]))
///     .total_timeout(Duration::from_secs(90))
///     .body("amount=100")
///     .send()
///     .await?;
/// # Ok(())
/// # }
/// ```
#[must_use = "an operation does nothing until it is sent"]
pub struct RequestBuilder(pub(super) Box<Operation>);

impl RequestBuilder {
    pub(super) fn new(client: &Client, method: Method, target: Result<Target<'_>, Error>) -> Self {
        match target {
            Ok(target @ Target { known: Some(_), .. }) => Self(Operation::new(client.clone(), method, target)),
            Ok(mut target) => {
                let credentials = take_credentials(target.place.own(&client.0.addresses));
                let request = Self(Operation::new(client.clone(), method, target));
                match credentials {
                    None => request,
                    Some((username, password)) => request.basic_auth(username, password),
                }
            }
            Err(error) => Self(Operation::new(client.clone(), method, nowhere())).fail(error),
        }
    }

    pub(crate) fn from_request(client: &Client, mut request: reqwest::Request) -> Self {
        let target = Target {
            place: Place::of(request.url().clone()),
            known: client.0.addresses.find(request.url()),
        };
        let mut own = Self::new(client, request.method().clone(), Ok(target));
        let template = &mut own.0.template;
        template.headers.set_all(std::mem::take(request.headers_mut()));
        template.body = request.body_mut().take().map(Body::from).unwrap_or_default();
        if request.version() != Version::default() {
            template.special.get_or_default().version = Some(request.version());
        }
        match request.timeout() {
            Some(timeout) => own.attempt_timeout(*timeout),
            None => own,
        }
    }

    /// Adds a header.
    pub fn header<K, V>(mut self, name: K, value: V) -> Self
    where
        HeaderName: TryFrom<K>,
        <HeaderName as TryFrom<K>>::Error: Into<http::Error>,
        HeaderValue: TryFrom<V>,
        <HeaderValue as TryFrom<V>>::Error: Into<http::Error>,
    {
        let name = match HeaderName::try_from(name) {
            Ok(name) => name,
            Err(error) => return self.fail(header_error("a header's name is not valid", error)),
        };
        match HeaderValue::try_from(value) {
            Ok(value) => {
                self.0.template.headers.append(name, interned(value));
                self
            }
            Err(error) => self.fail(header_error(
                format!("the value of header `{name}` is not valid"),
                error,
            )),
        }
    }

    /// Sets headers, replacing those of the same name.
    pub fn headers(mut self, headers: HeaderMap) -> Self {
        self.0.template.headers.set_all(headers);
        self
    }

    /// Sets a bearer token.
    pub fn bearer_auth(self, token: impl fmt::Display) -> Self {
        self.authorization(&format!("Bearer {token}"))
    }

    /// Sets a user name and password (RFC 7617).
    pub fn basic_auth(self, username: impl fmt::Display, password: Option<impl fmt::Display>) -> Self {
        let password = password.map(|password| password.to_string()).unwrap_or_default();
        let encoded = BASE64_STANDARD.encode(format!("{username}:{password}"));
        self.authorization(&format!("Basic {encoded}"))
    }

    /// Sets the body.
    pub fn body(mut self, body: impl Into<Body>) -> Self {
        self.0.template.body = body.into();
        self
    }

    /// Sets the HTTP version.
    pub fn version(mut self, version: Version) -> Self {
        self.0.template.special.get_or_default().version = Some(version);
        self
    }

    /// Sets the key, on any method. Without this, POST and PATCH get a random one.
    ///
    /// Takes a key, or a text that is checked to be one; a bad one shows at [`send`](Self::send), before anything is
    /// sent.
    pub fn idempotency_key<K>(mut self, key: K) -> Self
    where
        K: TryInto<IdempotencyKey>,
        K::Error: Into<KeyFault>,
    {
        match key.try_into() {
            Ok(key) => {
                *self.0.receipt.key_mut() = Some(key);
                self
            }
            Err(error) => match error.into().0 {
                Some(error) => self.fail(error.into()),
                None => self,
            },
        }
    }

    /// The key that this operation will carry, minted now if need be; `None` if its method carries none.
    ///
    /// # Errors
    ///
    /// If the operating system has no randomness.
    pub fn key(&mut self) -> Result<Option<&IdempotencyKey>, Error> {
        let operation = &mut *self.0;
        // A target that is not valid shows at `send`.
        if operation.error.is_none() {
            operation.fix_key()?;
        }
        Ok(operation.receipt.key())
    }

    /// Sets the retry policy of this operation; the client's classifiers are still asked after its own.
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.0.overrides.get_or_default().policy = Some(policy);
        self
    }

    /// Sets how long one attempt may take: 1 ms to a day. The name that reqwest's users look for.
    pub fn timeout(self, timeout: Duration) -> Self {
        self.attempt_timeout(timeout)
    }

    /// Sets how long one attempt may take to its response head, or to the end of a buffered body: 1 ms to a day.
    ///
    /// Below the client's connect timeout (10 s unless set), a connection that is not made in time leaves doubt, since it
    /// cannot be told from a request without an answer.
    pub fn attempt_timeout(mut self, timeout: Duration) -> Self {
        if let Err(error) = check_attempt_timeout(timeout) {
            return self.fail(error.into());
        }
        self.0.overrides.get_or_default().attempt_timeout = Some(timeout);
        self
    }

    /// Sets how long the operation may take, waits included: 1 ms to 30 days.
    pub fn total_timeout(mut self, timeout: Duration) -> Self {
        if let Err(error) = check_total_timeout(timeout) {
            return self.fail(error.into());
        }
        self.0.overrides.get_or_default().total_timeout = Some(timeout);
        self
    }

    /// Says whether the server honours the key, for this operation.
    pub fn key_support(mut self, support: KeySupport) -> Self {
        self.0.overrides.get_or_default().key_support = Some(support);
        self
    }

    /// Says whether an attempt is repeated that may have been processed, where nothing protects from processing it
    /// twice.
    pub fn replay(mut self, replay: Replay) -> Self {
        self.0.overrides.get_or_default().replay = Some(replay);
        self
    }

    /// Reads the response body into memory, up to this many bytes, as part of the attempt.
    pub fn buffer(mut self, limit: usize) -> Self {
        self.0.template.special.get_or_default().buffer = Some(limit);
        self
    }

    /// Makes one attempt, whatever happens.
    pub fn send_once(mut self) -> Self {
        self.0.overrides.get_or_default().send_once = true;
        self
    }

    /// Runs the operation: `Ok` means that the server gave its answer.
    ///
    /// That is any 1xx to 4xx, or what a classifier accepts; [`ResponseExt::receipt`](crate::ResponseExt::receipt) tells
    /// its story. Dropping the future at any point leaks nothing; whether the server acted is then unknown, and repeating
    /// under the same key is safe.
    ///
    /// # Errors
    ///
    /// No answer, or a 5xx that was not, or could not be, retried further: the [`Error`] has receipt, effect, key and
    /// the last response. A request that could not be built fails before anything is sent.
    pub fn send(self) -> impl Future<Output = Result<reqwest::Response, Error>> + Send + 'static {
        // Sealed here and not when it is polled: the key is then fixed, whenever that will be.
        let mut operation = self.0;
        let sealed = operation.seal();
        async move {
            sealed?;
            let finished = operation.run(Direct).await?;
            operation.conclude(finished)
        }
    }

    /// The first error of a setter wins.
    pub(super) fn fail(mut self, error: Error) -> Self {
        if self.0.error.is_none() {
            self.0.error = Seldom::of(error);
        }
        self
    }

    #[cfg_attr(
        not(any(feature = "form", feature = "json")),
        expect(dead_code, reason = "the encoders alone set one")
    )]
    pub(super) fn set_default_header(&mut self, name: HeaderName, value: HeaderValue) {
        if !self.0.template.headers.contains(&name) {
            self.0.template.headers.append(name, value);
        }
    }

    fn authorization(mut self, text: &str) -> Self {
        match HeaderValue::try_from(text) {
            Ok(mut value) => {
                value.set_sensitive(true);
                self.0.template.headers.set(AUTHORIZATION, value);
                self
            }
            Err(error) => self.fail(header_error("the credentials are not a valid header value", error)),
        }
    }
}

impl fmt::Debug for RequestBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Operation {
            template,
            overrides,
            receipt,
            error,
            ..
        } = &*self.0;
        f.debug_struct("RequestBuilder")
            .field("method", &template.method)
            .field("host", &error.is_none().then(|| self.0.url().host_str()).flatten())
            .field("key", &receipt.key())
            .field("body", &template.body)
            .field("overrides", overrides)
            .finish_non_exhaustive()
    }
}

/// Why [`RequestBuilder::idempotency_key`] could not take a key; a key itself always can be taken.
#[derive(Debug)]
pub struct KeyFault(Option<KeyError>);

impl From<KeyError> for KeyFault {
    fn from(error: KeyError) -> Self {
        Self(Some(error))
    }
}

impl From<std::convert::Infallible> for KeyFault {
    fn from(never: std::convert::Infallible) -> Self {
        match never {}
    }
}

/// The value that nearly every request has, in the form that is copied for each attempt without a count.
fn interned(value: HeaderValue) -> HeaderValue {
    const JSON: HeaderValue = HeaderValue::from_static("application/json");
    if value == JSON && !value.is_sensitive() {
        JSON
    } else {
        value
    }
}

#[cold]
fn header_error(what: impl Into<Cow<'static, str>>, error: impl Into<http::Error>) -> Error {
    Error::request_because(what, error.into())
}

/// Takes `user:password@` out of the URL for the header, as reqwest does.
fn take_credentials(url: &mut Url) -> Option<(String, Option<String>)> {
    if url.username().is_empty() && url.password().is_none() {
        return None;
    }
    let decode = |text: &str| {
        percent_encoding::percent_decode_str(text)
            .decode_utf8_lossy()
            .into_owned()
    };
    let credentials = (decode(url.username()), url.password().map(decode));
    // Both fail only for URLs without a host, which http and https URLs have.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    Some(credentials)
}

/// Stands in for an address that could not be read; the error beside it is told before anything is sent.
#[cold]
fn nowhere() -> Target<'static> {
    Target {
        place: Place::of(Url::parse("http://nowhere.invalid/").expect("a constant that is valid (RFC 6761 §6.4)")),
        known: None,
    }
}
