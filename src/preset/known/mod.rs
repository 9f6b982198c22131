//! The providers.

mod ai;
mod general;
mod openai;
mod paypal;
mod psp;
mod stripe;

use std::time::Duration;

pub use ai::{anthropic, bedrock, gemini};
pub use general::{cloudflare, github, ietf};
pub use openai::{azure_openai, openai};
pub use paypal::{checkout, paypal};
pub use psp::{adyen, braintree, gocardless, mollie, square};
pub use stripe::{stripe, stripe_v2};

use super::{Preset, PresetBuilder};
use crate::operation::KeySupport;

/// All that are bound to origins.
pub(super) fn bound() -> Vec<Preset> {
    vec![
        stripe(),
        stripe_v2(),
        adyen(),
        paypal(),
        square(),
        checkout(),
        gocardless(),
        mollie(),
        braintree(),
        openai(),
        anthropic(),
        gemini(),
        azure_openai(),
        bedrock(),
        github(),
    ]
}

impl PresetBuilder {
    /// Binds it to each of a provider's hosts.
    fn origins(self, patterns: impl IntoIterator<Item = &'static str>) -> Self {
        patterns.into_iter().fold(self, Self::origin)
    }

    /// A payment takes longer than a page: banks answer in tens of seconds, and giving up early only adds doubt.
    fn for_payments(self) -> Self {
        self.attempt_timeout(Duration::from_secs(60))
            .total_timeout(Duration::from_secs(300))
    }

    /// A completion takes minutes, and cutting it off costs what it cost so far.
    fn for_completions(self) -> Self {
        self.attempt_timeout(Duration::from_secs(600))
            .total_timeout(Duration::from_secs(1_800))
    }

    fn without_keys(self) -> Self {
        self.key_support(KeySupport::Ignored).key_methods([]).no_replay_marker()
    }
}

/// A published lifetime, less what a request can be on its way: a repeat must arrive before the key is forgotten.
const fn lifetime(hours: u64) -> Duration {
    Duration::from_secs(hours * 3_600 - 300)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_preset_builds_and_has_a_name_of_its_own() {
        let mut presets = bound();
        presets.extend([ietf(), cloudflare()]);
        let mut names: Vec<_> = presets.iter().map(|preset| preset.name().to_owned()).collect();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), presets.len());
        for preset in presets {
            let fits = preset.key_max_length().is_none_or(|length| length >= 36);
            assert!(fits, "a minted key does not fit {}", preset.name());
        }
    }
}
