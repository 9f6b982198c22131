//! Settings from a file or the environment, and the configuration in force as text.
//!
//! [`Settings`] holds what an operator would tune: policy, breaker, budget, limits, hedge, keys. Every field is optional
//! and named as the builder's setter. It is read from any self-describing format that [`serde`] knows (TOML, YAML, JSON),
//! or from [environment variables](Settings::from_env), and [`Effective`] reads back what a client runs with.
//!
//! The package's `examples/config/steadfast.toml` shows every field with its default and why.
//!
//! # Examples
//!
//! ```
//! use std::time::Duration;
//! use steadfast::config::{Effective, Settings};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let file: Settings = toml::from_str(
//!     r#"
//!     total_timeout = "1m 30s"
//!
//!     [retry]
//!     max_attempts = 4
//!     backoff.base = "250ms"
//!     "#,
//! )?;
//! let env = Settings::from_env("BILLING_HTTP", [("BILLING_HTTP_RETRY__MAX_ATTEMPTS", "3")])?; // std::env::vars_os()
//! let settings = file.overlay(&env);
//! assert_eq!(settings.retry.max_attempts, Some(3));
//!
//! let client = settings.builder()?.build()?; // more setters fit in between
//! println!("{}", Effective::of(&client));
//! # Ok(())
//! # }
//! ```
//!
//! One part alone, in a configuration of your own:
//!
//! ```
//! #[derive(serde::Deserialize)]
//! struct MyConfig {
//!     retry: steadfast::RetryPolicy,
//!     breaker: steadfast::config::BreakerSettings,
//! }
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let config: MyConfig = toml::from_str("retry.max_attempts = 2\nbreaker.min_attempts = 20")?;
//! assert_eq!(config.retry.max_attempts(), 2);
//! let breaker = config.breaker.builder()?.build()?;
//! # Ok(())
//! # }
//! ```
//!
//! A [`RetryPolicy`](crate::RetryPolicy) is a value, so it can be read as it is. Breaker, budget, limit and hedge are
//! handles that share what they have counted; reading the same file twice would silently part them, so their *settings*
//! are read, and the handle is built where you say.
//!
//! # Guarantees
//!
//! * An unknown field is refused at every level, and so is a variable that no setting belongs to.
//! * An error names the field by its whole path, and what it accepts: ``
//!   `retry.backoff.base` must be 1ms to 1day, but was 0s``. Ranges are checked where a part is built, by its own
//!   builder, since the environment may still change what a file says. What came from a variable is named by that as
//!   well: `` `BILLING_HTTP_RETRY__MAX_ATTEMPTS` (`retry.max_attempts`) must be 1 to 100, but was 0``.
//! * Settings that exclude each other are refused, and so is half of what belongs together; the error names both:
//!   `` `breaker.slow_calls.rate` must be set together with `from`, but was not``.
//! * No error quotes what stands where a [`BaseUrl`] belongs; it names the kind of value. The error of a format may show
//!   the line around ours, as `toml`'s does when it is printed.
//! * What is printed reads back as the same settings, but for credentials in [`BaseUrl`], which are left out.
//!
//! # Limits
//!
//! Closures (classifiers, stop conditions, lookups), headers, observers and presets of your own are set in code, and so
//! are limits on attempts for more than [`EndsWith`] can name. [`Effective::in_code`] lists which ones a client has. Paths
//! begin at the settings, wherever they stand in a file of your own. Formats that do not describe themselves (bincode,
//! postcard) cannot be read.

mod attempts_for;
mod base_url;
mod breaker;
mod budget;
mod choice;
mod concurrency;
mod effective;
mod env;
mod formats;
mod hedge;
mod key;
mod limit;
mod pair;
mod path;
mod read;
mod retry;
mod scalar;
mod settings;
mod table;
mod value;
mod variables;
mod write;

pub use attempts_for::{AttemptsFor, EndsWith};
pub use base_url::BaseUrl;
pub use breaker::{BreakerSettings, SlowCallSettings};
pub use budget::{BudgetSettings, CostSettings};
pub use choice::Classification;
pub use concurrency::ConcurrencySettings;
pub use effective::Effective;
pub use hedge::HedgeSettings;
pub use key::KeySettings;
pub use limit::Limit;
pub use retry::{BackoffSettings, RetrySettings};
pub use settings::Settings;
pub use table::{Field, fields};
