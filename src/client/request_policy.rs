use super::RequestBuilder;
use crate::classify::{Classify, Verdict};
use crate::operation::Outcome;
use crate::retry::Backoff;
use crate::retry::builder::RetryPolicyBuilder;

/// One part of the policy, for this operation alone.
///
/// Each starts from the policy that was given to [`retry`](Self::retry) before, else from the client's.
impl RequestBuilder {
    /// Sets how many attempts at most, the first included: 1 to 100.
    pub fn max_attempts(self, attempts: u32) -> Self {
        self.retry_with(|policy| policy.max_attempts(attempts))
    }

    /// Sets the waits between attempts.
    pub fn backoff(self, backoff: Backoff) -> Self {
        self.retry_with(|policy| policy.backoff(backoff))
    }

    /// Adds a classifier, asked before the client's.
    pub fn classify(self, classifier: impl Classify) -> Self {
        self.retry_with(|policy| policy.classify(classifier))
    }

    /// Adds a closure as a classifier, asked before the client's.
    pub fn classify_fn(self, classify: impl Fn(&Outcome<'_>) -> Option<Verdict> + Send + Sync + 'static) -> Self {
        self.retry_with(|policy| policy.classify_fn(classify))
    }

    /// Changes any part of the policy; a bad value shows at [`send`](Self::send), before anything is sent.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use steadfast::Client;
    ///
    /// # async fn run(client: &Client) -> Result<(), steadfast::Error> {
    /// let response = client
    ///     .get("https://api.example.com/report")
    ///     .retry_with(|policy| policy.max_attempts(10).max_elapsed(Duration::from_secs(60)))
    ///     .send()
    ///     .await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn retry_with(mut self, change: impl FnOnce(RetryPolicyBuilder) -> RetryPolicyBuilder) -> Self {
        // The client's classifiers are asked after the request's anyway, and must not come before them, too.
        let start = match self.0.overrides.get().and_then(|overrides| overrides.policy.as_ref()) {
            Some(policy) => policy.to_builder(),
            None => self.0.client.0.setup.settings.policy.to_builder_without_classifiers(),
        };
        match change(start).build() {
            Ok(policy) => {
                self.0.overrides.get_or_default().policy = Some(policy);
                self
            }
            Err(error) => self.fail(error.into()),
        }
    }
}
