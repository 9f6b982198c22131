use std::error::Error as StdError;

/// Finds the operation's error in that of a chain.
///
/// # Examples
///
/// ```
/// use steadfast::Effect;
/// use steadfast::middleware::{ErrorExt, Resilience};
///
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// let client = reqwest_middleware::ClientBuilder::new(reqwest::Client::new())
///     .with(Resilience::default())
///     .build();
/// // A key that is none: refused before anything is sent.
/// let charge = client.post("http://127.0.0.1:9/charges").header("idempotency-key", "not a key");
/// let error = charge.send().await.err().ok_or("refused")?;
///
/// let failed = error.operation_error().ok_or("it comes from steadfast")?;
/// assert!(failed.is_key_invalid());
/// assert_eq!(failed.effect(), Effect::NotApplied);
/// # Ok(())
/// # }
/// # tokio::runtime::Runtime::new().unwrap().block_on(run()).unwrap();
/// ```
pub trait ErrorExt {
    /// The error with receipt, effect, key, last response and original failure; `None` if it came from elsewhere.
    ///
    /// The error itself, to take its response: `error.downcast::<steadfast::Error>()` on what
    /// [`Error::Middleware`](reqwest_middleware::Error::Middleware) holds. A middleware around this one that wraps
    /// errors by passing on their source, as reqwest-retry does without retries, has to be unwrapped by its own type.
    fn operation_error(&self) -> Option<&crate::Error>;
}

impl ErrorExt for reqwest_middleware::Error {
    fn operation_error(&self) -> Option<&crate::Error> {
        match self {
            Self::Middleware(error) => error.chain().find_map(of_operation),
            Self::Reqwest(_) => None,
        }
    }
}

fn of_operation<'a>(cause: &'a (dyn StdError + 'static)) -> Option<&'a crate::Error> {
    match cause.downcast_ref::<reqwest_middleware::Error>() {
        Some(error) => error.operation_error(),
        None => cause.downcast_ref(),
    }
}
