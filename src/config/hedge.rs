use std::time::Duration;

use super::limit::Limit;
use super::pair::{excluded, needed};
use super::table::{Entry, Table};
use super::value::Value;
use crate::error::ConfigError;
use crate::hedge::Hedge;

/// A second attempt beside a slow one: `[hedge]`. Off unless `after` or `percentile` is set; not both.
///
/// What it does is in the documentation of [`Hedge`].
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct HedgeSettings {
    /// After how long without an answer: 1 ms to a day. Default none.
    pub after: Option<Limit<Duration>>,
    /// After the time in which this share of the origin's attempts ends: 0.5 to 0.999. Default none.
    pub percentile: Option<Limit<f64>>,
    /// The shortest time that `percentile` may give, to which it belongs: 1 ms to a day. Default 1 ms.
    pub at_least: Option<Duration>,
}

impl HedgeSettings {
    /// Checks and builds the hedge; `None` if it is off.
    ///
    /// Each call builds another one, which shares nothing with the last.
    ///
    /// # Errors
    ///
    /// Names the first field that is out of its range, or that is set beside what excludes it or without what it needs.
    pub fn build(&self) -> Result<Option<Hedge>, ConfigError> {
        let (after, share) = (self.after.and_then(Limit::at), self.percentile.and_then(Limit::at));
        let hedge = match (after, share) {
            (Some(_), Some(share)) => return Err(excluded("percentile", "after", share.write())),
            (Some(after), None) => Hedge::after(after),
            (None, Some(share)) => Hedge::percentile(share).at_least(self.at_least.unwrap_or(Hedge::DEFAULT_LEAST)),
            (None, None) => return self.stray_least().map_or(Ok(None), Err),
        };
        hedge.validate().map_err(|error| error.renamed(field_of_setter))?;
        self.stray_least().map_or(Ok(Some(hedge)), Err)
    }

    /// Reads a hedge back.
    pub(super) fn of(hedge: Option<&Hedge>) -> Self {
        let percentile = hedge.and_then(Hedge::share);
        Self {
            after: Some(hedge.and_then(Hedge::fixed).into()),
            percentile: Some(percentile.map(|(share, _)| share).into()),
            at_least: percentile.map(|(_, least)| least),
        }
    }

    /// What is wrong with a least delay that no percentile needs. Where that is turned off by name, an earlier layer may
    /// have left it, and nothing is.
    fn stray_least(&self) -> Option<ConfigError> {
        let least = self.at_least.filter(|_| self.percentile.is_none())?;
        Some(match self.after {
            Some(Limit::At(_)) => excluded("at_least", "after", least.write()),
            Some(Limit::None) | None => needed("percentile", "at_least"),
        })
    }
}

impl Table for HedgeSettings {
    fn entries(&mut self) -> Vec<Entry<'_>> {
        vec![
            Entry::leaf("after", "1ms to 1day", &mut self.after),
            Entry::leaf("percentile", "0.5 to 0.999", &mut self.percentile),
            Entry::leaf("at_least", "1ms to 1day", &mut self.at_least),
        ]
    }
}

fn field_of_setter(setter: &str) -> String {
    setter.strip_prefix("hedge.").unwrap_or(setter).to_owned()
}
