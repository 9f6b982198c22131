use std::sync::{Arc, LazyLock};

use url::Url;

use super::pattern::Located;
use super::{Preset, known};
use crate::error::ConfigError;
use crate::operation::Address;

/// The presets of a client: the caller's, then the built-in table.
#[derive(Clone, Debug, Default)]
pub(crate) struct Presets {
    own: Vec<Preset>,
    builtin: Builtin,
}

#[derive(Clone, Debug, Default)]
enum Builtin {
    #[default]
    Known,
    /// Those of them that may apply at one origin.
    Near(Vec<Preset>),
    Forgotten,
}

impl Presets {
    pub(crate) fn add(&mut self, preset: Preset) {
        self.own.push(preset);
    }

    pub(crate) fn forget_builtin(&mut self) {
        self.builtin = Builtin::Forgotten;
    }

    /// The preset that applies to an address: the caller's over a built-in one, then the most exact, then the last.
    #[inline]
    pub(crate) fn find(&self, address: Address<'_>) -> Option<&Preset> {
        if self.is_empty() { None } else { self.search(address) }
    }

    fn search(&self, address: Address<'_>) -> Option<&Preset> {
        let located = Located::of(address)?;
        let own = most_exact(self.own.iter(), &located);
        own.or_else(|| match &self.builtin {
            Builtin::Known => most_exact(TABLE.iter(), &located),
            Builtin::Near(near) => most_exact(near.iter(), &located),
            Builtin::Forgotten => None,
        })
    }

    /// True at most origins, once it was found out which presets are near.
    #[inline]
    fn is_empty(&self) -> bool {
        self.own.is_empty()
            && match &self.builtin {
                Builtin::Known => false,
                Builtin::Near(near) => near.is_empty(),
                Builtin::Forgotten => true,
            }
    }

    /// Those that may apply at this origin, whatever the path.
    pub(crate) fn near(&self, origin: &Url) -> Self {
        let located = Located::of(Address::Url(origin));
        let near = |presets: &[Preset]| {
            let near = presets
                .iter()
                .filter(|preset| located.as_ref().is_some_and(|located| preset.is_near(located)));
            near.cloned().collect()
        };
        Self {
            own: near(&self.own),
            builtin: match &self.builtin {
                Builtin::Known => Builtin::Near(near(&TABLE)),
                Builtin::Near(presets) => Builtin::Near(near(presets)),
                Builtin::Forgotten => Builtin::Forgotten,
            },
        }
    }

    /// A preset that is bound to nothing would silently do nothing.
    pub(crate) fn validate(&self) -> Result<(), ConfigError> {
        match self.own.iter().find(|preset| !preset.is_bound()) {
            Some(preset) => Err(ConfigError::new(
                "preset",
                "bound to an origin (`Preset::at`, `PresetBuilder::origin`)",
                format_args!("`{}`, which is bound to none", preset.name()),
            )),
            None => Ok(()),
        }
    }
}

/// For reading back what is in force.
#[cfg(feature = "serde")]
impl Presets {
    pub(crate) fn knows_builtin(&self) -> bool {
        !matches!(self.builtin, Builtin::Forgotten)
    }

    pub(crate) fn has_own(&self) -> bool {
        !self.own.is_empty()
    }
}

fn most_exact<'a>(presets: impl Iterator<Item = &'a Preset>, located: &Located<'_>) -> Option<&'a Preset> {
    presets
        .filter_map(|preset| Some((preset.exactness(located)?, preset)))
        .max_by_key(|(exactness, _)| *exactness)
        .map(|(_, preset)| preset)
}

/// What every client knows unasked. Never changed, hence no state that clients would share.
static TABLE: LazyLock<Arc<[Preset]>> = LazyLock::new(|| known::bound().into());

#[cfg(test)]
mod tests {
    use super::*;

    fn found(presets: &Presets, url: &str) -> Option<String> {
        let preset = presets.find(Address::Url(&Url::parse(url).unwrap()))?;
        Some(preset.name().to_owned())
    }

    #[test]
    fn well_known_hosts_are_known_unasked() {
        let presets = Presets::default();
        for (url, name) in [
            ("https://api.stripe.com/v1/charges", Some("stripe")),
            ("https://api.stripe.com/v2/core/accounts", Some("stripe_v2")),
            ("https://api.openai.com/v1/responses", Some("openai")),
            ("https://api.openai.com./v1/responses", Some("openai")),
            ("https://api.anthropic.com/v1/messages", Some("anthropic")),
            (
                "https://generativelanguage.googleapis.com/v1beta/models",
                Some("gemini"),
            ),
            ("https://me.openai.azure.com/openai", Some("azure_openai")),
            ("https://bedrock-runtime.eu-west-1.amazonaws.com/model", Some("bedrock")),
            ("https://checkout-test.adyen.com/v71/payments", Some("adyen")),
            ("https://api-m.paypal.com/v2/checkout/orders", Some("paypal")),
            ("https://api.github.com/repos", Some("github")),
            ("https://api.example.com/", None),
            ("https://api.openai.com.evil.example/", None),
            ("http://127.0.0.1:8080/", None),
        ] {
            assert_eq!(found(&presets, url).as_deref(), name, "{url}");
        }
    }

    #[test]
    fn another_documented_host_of_a_provider_is_known_too() {
        let presets = Presets::default();
        for (url, name) in [
            ("https://files.stripe.com/v1/files", "stripe"),
            ("https://api.paypal.com/v2/payments/captures/1/refund", "paypal"),
            ("https://api.sandbox.paypal.com/v2/checkout/orders", "paypal"),
            ("https://vkuhvk4v.api.checkout.com/payments", "checkout"),
            ("https://transfers.checkout.com/transfers", "checkout"),
            ("https://transfers.sandbox.checkout.com/transfers", "checkout"),
            ("https://forward.checkout.com/forward", "checkout"),
            ("https://us.api.openai.com/v1/responses", "openai"),
            ("https://eu.api.openai.com/v1/chat/completions", "openai"),
            ("https://gb.api.openai.com/v1/responses", "openai"),
            ("https://ae.api.openai.com/v1/responses", "openai"),
            ("https://mtls.api.openai.com/v1/responses", "openai"),
            ("https://me.services.ai.azure.com/openai/v1/responses", "azure_openai"),
            (
                "https://me.cognitiveservices.azure.com/openai/deployments/x/chat/completions",
                "azure_openai",
            ),
            ("https://me.openai.azure.us/openai/v1/responses", "azure_openai"),
            ("https://me.services.ai.azure.com/anthropic/v1/messages", "anthropic"),
            (
                "https://aws-external-anthropic.us-west-2.api.aws/v1/messages",
                "anthropic",
            ),
            ("https://generativelanguage.mtls.googleapis.com/v1beta/models", "gemini"),
            ("https://bedrock-runtime.us-east-1.api.aws/model", "bedrock"),
            ("https://bedrock-runtime-fips.us-east-1.api.aws/model", "bedrock"),
            ("https://bedrock-runtime.eusc-de-east-1.amazonaws.eu/model", "bedrock"),
            ("https://bedrock-mantle.us-east-1.api.aws/v1/responses", "bedrock"),
            ("https://uploads.github.com/repos/o/r/releases/1/assets", "github"),
            ("https://api.octocorp.ghe.com/repos", "github"),
            ("https://uploads.octocorp.ghe.com/repos/o/r/releases/1/assets", "github"),
        ] {
            assert_eq!(found(&presets, url).as_deref(), Some(name), "{url}");
        }
    }

    #[test]
    fn another_service_on_a_host_that_is_shared_is_not_taken_for_the_provider() {
        let presets = Presets::default();
        for url in [
            "https://me.services.ai.azure.com/api/projects/p/agents",
            "https://me.services.ai.azure.com/models/chat/completions",
            "https://me.services.ai.azure.com/openai-like",
            "https://me.services.ai.azure.com/anthropics",
            "https://me.cognitiveservices.azure.com/language/:analyze-text",
            "https://me.cognitiveservices.azure.com/anthropic/v1/messages",
            "https://openai.com/v1/responses",
            "https://www.paypal.com/checkoutnow",
            "https://access.checkout.com/connect/token",
            "https://octocorp.ghe.com/login/oauth/access_token",
            "https://s3.us-east-1.api.aws/bucket",
        ] {
            assert_eq!(found(&presets, url), None, "{url}");
        }
    }

    #[test]
    fn ones_own_preset_wins_and_the_table_can_be_forgotten() {
        let mut presets = Presets::default();
        presets.add(
            Preset::builder("mine")
                .origin("https://api.openai.com")
                .build()
                .unwrap(),
        );
        assert_eq!(found(&presets, "https://api.openai.com/").as_deref(), Some("mine"));
        presets.add(
            Preset::builder("later")
                .origin("https://api.openai.com")
                .build()
                .unwrap(),
        );
        assert_eq!(found(&presets, "https://api.openai.com/").as_deref(), Some("later"));
        presets.forget_builtin();
        assert_eq!(found(&presets, "https://api.stripe.com/"), None);
        assert_eq!(found(&presets, "https://api.openai.com/").as_deref(), Some("later"));
    }

    #[test]
    fn a_lookup_allocates_nothing() {
        let presets = Presets::default();
        let urls = ["https://api.example.com/v1", "https://api.stripe.com/v2/x"].map(|url| Url::parse(url).unwrap());
        let _ = presets.find(Address::Url(&urls[0]));
        let allocations = allocation_counter::measure(|| {
            assert!(presets.find(Address::Url(&urls[0])).is_none());
            assert!(presets.find(Address::Url(&urls[1])).is_some());
        });
        assert_eq!(allocations.count_total, 0);
    }

    #[test]
    fn a_preset_that_is_bound_to_nothing_is_refused() {
        let mut presets = Presets::default();
        presets.add(known::ietf());
        let error = presets.validate().unwrap_err();
        assert_eq!(error.field(), "preset");
        assert!(error.to_string().contains("`ietf`"), "{error}");
    }
}
