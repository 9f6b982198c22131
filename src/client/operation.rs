use std::time::Duration;

use http::Method;
use url::Url;

use super::Client;
use super::addresses::{Place, Target};
use crate::engine::{Armor, Body, Fields, Overrides, Settings, Template, mint, prepare};
use crate::error::Error;
use crate::operation::{Address, KeySettings, Receipt, Scope, Seldom, origin_of};
use crate::preset::Preset;
use crate::retry::ReplaySafety;

/// One operation: described by a [`RequestBuilder`](super::RequestBuilder), then sealed, then run.
///
/// It stays where it is from its description to its end, in one box: setters and futures that are handed on move a
/// pointer and not a request.
pub(crate) struct Operation {
    pub(super) client: Client,
    pub(super) template: Template,
    /// Where it goes.
    pub(super) place: Place,
    pub(super) receipt: Receipt,
    pub(super) overrides: Seldom<Overrides>,
    /// What applies where it goes.
    pub(super) preset: Option<Preset>,
    /// Of the whole origin.
    pub(super) scope: Option<Scope>,
    pub(super) safety: ReplaySafety,
    /// What a setter, or the address, could not take; told before anything is sent.
    pub(super) error: Seldom<Error>,
}

impl Operation {
    /// Of an address without credentials.
    pub(super) fn new(client: Client, method: Method, Target { place, known }: Target<'_>) -> Box<Self> {
        let room = Box::new_uninit();
        let presets = known.map_or(&client.0.presets, |known| &known.presets);
        let url = place.url(&client.0.addresses);
        let preset = presets.find(Address::Url(url)).cloned();
        let (origin, scope) = match known {
            Some(known) => (known.origin.clone(), known.scope),
            None => (origin_of(url), Scope::of_url(url)),
        };
        // Made before what goes into it, which is so written where it stays: see `boxed`.
        Box::write(
            room,
            Self {
                safety: ReplaySafety::of_method(&method),
                receipt: Receipt::new(method.clone(), origin, None),
                template: Template {
                    method,
                    headers: Fields::default(),
                    key: None,
                    body: Body::default(),
                    attempt_timeout: Settings::ATTEMPT_TIMEOUT,
                    armor: Armor::Needless,
                    special: Seldom::NONE,
                },
                place,
                overrides: Seldom::NONE,
                preset,
                scope,
                error: Seldom::NONE,
                client,
            },
        )
    }

    /// Fixes key, headers and limits; whatever a setter could not take shows here.
    pub(super) fn seal(&mut self) -> Result<(), Error> {
        if let Some(error) = self.error.take() {
            return Err(*error);
        }
        let shared = &*self.client.0;
        let (settings, overrides) = (&shared.setup.settings, self.overrides.get());
        let preset = self.preset.as_ref();
        let key_settings = key_settings(&self.client, preset);
        let template = &mut self.template;
        shared.headers.fill(&mut template.headers, key_settings.header.name());
        let support = overrides
            .and_then(|overrides| overrides.key_support)
            .unwrap_or_else(|| key_settings.support_on(|| self.place.url(&shared.addresses).path()));
        let mut safety = prepare(
            &template.method,
            (&mut template.headers, &template.body),
            (self.receipt.key_mut(), &mut template.key),
            key_settings,
            support,
        )?;
        if settings.buffer.is_some() || settings.lookup.is_some() {
            let special = template.special.get_or_default();
            special.buffer = special.buffer.or(settings.buffer);
            special.lookup = special.lookup.take().or_else(|| settings.lookup.clone());
        }
        template.attempt_timeout = overrides
            .and_then(|overrides| overrides.attempt_timeout)
            .or(settings.attempt_timeout)
            .or_else(|| preset?.attempt_timeout())
            .unwrap_or(Settings::ATTEMPT_TIMEOUT);
        if overrides.is_some_and(|overrides| overrides.send_once) {
            safety = safety.send_once();
        }
        if let Some(why) = safety.obstacle() {
            self.receipt.is_unsafe_to_repeat(why);
        }
        safety = safety.with_replay(
            overrides
                .and_then(|overrides| overrides.replay)
                .unwrap_or(settings.replay),
        );
        if template.lookup().is_some() {
            safety = safety.with_lookup();
        }
        self.safety = safety;
        if let Some(preset) = preset {
            self.receipt.of_preset(preset.shared_name());
        }
        Ok(())
    }

    /// Fixes the key that is on the request, or a new one if its method carries one; unless one was given.
    pub(super) fn fix_key(&mut self) -> Result<(), Error> {
        let settings = key_settings(&self.client, self.preset.as_ref());
        let key = self.receipt.key_mut();
        if key.is_some() || settings.body_member.is_some() {
            return Ok(());
        }
        if let Some(value) = self.template.headers.get(settings.header.name()) {
            *key = Some(settings.header.read(value)?);
        } else if settings.methods.contains(&self.template.method) {
            mint(key)?;
        }
        Ok(())
    }

    /// How long it may take by what the caller set.
    pub(super) fn total_timeout(&self) -> Option<Duration> {
        let own = self.overrides.get().and_then(|overrides| overrides.total_timeout);
        own.or(self.client.0.setup.settings.total_timeout)
    }

    /// Where it goes.
    pub(super) fn url(&self) -> &Url {
        self.place.url(&self.client.0.addresses)
    }

    #[cfg(feature = "query")]
    pub(super) fn url_mut(&mut self) -> &mut Url {
        self.place.own(&self.client.0.addresses)
    }

    /// The key's rules where it goes.
    #[cfg(feature = "middleware")]
    pub(super) fn key_settings(&self) -> &KeySettings {
        key_settings(&self.client, self.preset.as_ref())
    }
}

/// The key's rules: those of the preset, else the client's.
fn key_settings<'a>(client: &'a Client, preset: Option<&'a Preset>) -> &'a KeySettings {
    preset.map_or(&client.0.setup.settings.key, Preset::key_settings)
}
