use std::time::Duration;

use super::limit::Limit;
use super::pair::needed;
use super::table::{Entry, Table};
use crate::concurrency::ConcurrencyLimit;
use crate::error::ConfigError;

/// How many attempts may be under way at once: `[concurrency]`. Off unless `attempts` is set.
///
/// What it does is in the documentation of [`ConcurrencyLimit`].
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct ConcurrencySettings {
    /// How many to one origin: 1 to 1,000,000. Default none: there is no limit.
    pub attempts: Option<Limit<usize>>,
    /// How many may wait for one origin: 0 to 1,000,000. Default as many as `attempts`, to which it belongs.
    pub queue: Option<usize>,
    /// How long an attempt may wait: 1 ms to a day. Default 30 s. It belongs to `attempts`.
    pub max_wait: Option<Duration>,
}

impl ConcurrencySettings {
    /// Checks and builds the limit; `None` if it is off.
    ///
    /// Each call builds another one, which shares nothing with the last.
    ///
    /// # Errors
    ///
    /// Names the first field that is out of its range, or `attempts` if the others are set without it.
    pub fn build(&self) -> Result<Option<ConcurrencyLimit>, ConfigError> {
        let attempts = match (self.attempts, self.queue, self.max_wait) {
            (Some(Limit::At(attempts)), _, _) => attempts,
            (None, Some(_), _) => return Err(needed("attempts", "queue")),
            (None, None, Some(_)) => return Err(needed("attempts", "max_wait")),
            (Some(Limit::None), _, _) | (None, None, None) => return Ok(None),
        };
        let limit = ConcurrencyLimit::new(attempts)
            .queue(self.queue.unwrap_or(attempts))
            .max_wait(self.max_wait.unwrap_or(ConcurrencyLimit::DEFAULT_MAX_WAIT));
        limit.validate().map_err(|error| error.renamed(field_of_setter))?;
        Ok(Some(limit))
    }

    /// Reads a limit back.
    pub(super) fn of(limit: Option<&ConcurrencyLimit>) -> Self {
        let Some((attempts, queue, max_wait)) = limit.map(ConcurrencyLimit::bounds) else {
            return Self {
                attempts: Some(Limit::None),
                ..Self::default()
            };
        };
        Self {
            attempts: Some(Limit::At(attempts)),
            queue: Some(queue),
            max_wait: Some(max_wait),
        }
    }
}

impl Table for ConcurrencySettings {
    fn entries(&mut self) -> Vec<Entry<'_>> {
        vec![
            Entry::leaf("attempts", "1 to 1000000", &mut self.attempts),
            Entry::leaf("queue", "0 to 1000000", &mut self.queue),
            Entry::leaf("max_wait", "1ms to 1day", &mut self.max_wait),
        ]
    }
}

/// The client's setter `concurrency_limit` takes the attempts, and what it takes has setters for the rest.
fn field_of_setter(setter: &str) -> String {
    let field = setter.strip_prefix("concurrency_limit.");
    field.unwrap_or("attempts").to_owned()
}
