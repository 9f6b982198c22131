use std::fmt;

/// The number of the attempt that a request is, in its extensions; the first is 1.
///
/// For layers inside: to log it, to sign anew. A resilience layer that finds it on a request makes a single attempt, since
/// another one around it retries already.
///
/// # Examples
///
/// ```
/// use steadfast::tower::AttemptNumber;
///
/// fn note<B>(request: &http::Request<B>) -> Option<String> {
///     let number = request.extensions().get::<AttemptNumber>()?;
///     Some(format!("attempt {number}"))
/// }
/// assert_eq!(note(&http::Request::new(())), None);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AttemptNumber(pub(super) u32);

impl AttemptNumber {
    /// The number.
    #[must_use]
    pub fn get(self) -> u32 {
        self.0
    }
}

impl fmt::Display for AttemptNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// When something is written into extensions: the attempt's number into a request's, the receipt into a response's.
///
/// Each costs a few allocations.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Notes {
    /// On every request and response.
    #[default]
    Always,
    /// Not where the first attempt was accepted: the number from the second attempt on, the receipt on any other response.
    ///
    /// A layer inside that retries, too, is then found by its second attempt only.
    WhenRetried,
}
