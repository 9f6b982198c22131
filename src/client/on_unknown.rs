use super::{ClientBuilder, RequestBuilder};
use crate::engine::{Finding, InDoubt, Lookup};

impl ClientBuilder {
    /// Looks up at the provider what became of an operation that may have taken effect, before it is repeated or given up.
    ///
    /// Asked when an attempt ended in doubt (a 5xx, a lost answer): after the wait before a repeat, and at once when the
    /// operation is given up; never for safe methods. It may take as long as an attempt, within the total time limit;
    /// a lookup that takes longer or panics has found out nothing.
    ///
    /// | finding | then |
    /// |---|---|
    /// | [`applied`](Finding::applied) | not repeated; an error with the effect `Applied` and [`StopReason::LookedUp`](crate::StopReason::LookedUp) |
    /// | [`answered`](Finding::answered) | not repeated; `Ok` with that response |
    /// | [`not_applied`](Finding::not_applied) | may be repeated, even without a key, or after the key's lifetime |
    /// | [`unknown`](Finding::unknown) | as without a lookup |
    ///
    /// Where nothing but the doubt forbids a repeat (no key, a key that the server ignores or may have forgotten), the
    /// wait is begun all the same, so that the provider has had the time to finish what it was doing; without the finding
    /// that nothing happened, the operation then stops.
    ///
    /// # Examples
    ///
    /// ```
    /// use steadfast::{Client, Finding, InDoubt};
    ///
    /// async fn charge_exists(operation: InDoubt) -> Option<bool> {
    ///     let _key = operation.key()?; // ask the provider's list of charges for it
    ///     Some(false)
    /// }
    ///
    /// let client = Client::builder()
    ///     .on_unknown(|operation| async {
    ///         match charge_exists(operation).await {
    ///             Some(true) => Finding::applied(),
    ///             Some(false) => Finding::not_applied(),
    ///             None => Finding::unknown(),
    ///         }
    ///     })
    ///     .build()?;
    /// # Ok::<(), steadfast::Error>(())
    /// ```
    pub fn on_unknown<F, Fut>(mut self, look_up: F) -> Self
    where
        F: Fn(InDoubt) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Finding> + Send + 'static,
    {
        self.settings.lookup = Some(Lookup::from_fn(look_up));
        self
    }
}

impl RequestBuilder {
    /// Looks up at the provider what became of this operation; see [`ClientBuilder::on_unknown`].
    pub fn on_unknown<F, Fut>(mut self, look_up: F) -> Self
    where
        F: Fn(InDoubt) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Finding> + Send + 'static,
    {
        self.0.template.special.get_or_default().lookup = Some(Lookup::from_fn(look_up));
        self
    }
}
