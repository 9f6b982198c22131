use crate::operation::Receipt;

/// Gives a response its receipt.
///
/// # Examples
///
/// ```
/// use steadfast::ResponseExt;
///
/// fn log(response: &reqwest::Response) {
///     if let Some(receipt) = response.receipt() {
///         tracing::info!("{receipt}");
///     }
/// }
/// # fn main() {}
/// ```
pub trait ResponseExt {
    /// The report on the operation that brought this response; `None` if it did not come from a steadfast client.
    fn receipt(&self) -> Option<&Receipt>;
}

impl ResponseExt for reqwest::Response {
    fn receipt(&self) -> Option<&Receipt> {
        self.extensions().get()
    }
}

impl<B> ResponseExt for http::Response<B> {
    fn receipt(&self) -> Option<&Receipt> {
        self.extensions().get()
    }
}
