use std::fmt;

use http::Uri;

use super::Notes;
use super::known::KnownOrigins;
use crate::breaker::CircuitBreaker;
use crate::budget::RetryBudget;
use crate::client::Client;
use crate::clock::Clock;
use crate::engine::{Settings, Setup};
use crate::event::Observers;
use crate::operation::{Address, KeySettings, Origin, Short};
use crate::preset::{Preset, Presets};
use crate::rng::Dice;

/// What all services of a layer share.
pub(super) struct Shared<P, E> {
    pub(super) common: Common,
    pub(super) known: KnownOrigins,
    pub(super) bodies: P,
    pub(super) errors: E,
}

/// The part of it that knows no types of the stack.
#[derive(Clone)]
pub(super) struct Common {
    pub(super) setup: Setup,
    pub(super) presets: Presets,
    /// Where requests go whose URI has no authority.
    pub(super) origin: Option<Origin>,
    pub(super) notes: Notes,
}

/// Where a request goes, and what is known of that.
pub(super) struct Target<'a> {
    pub(super) address: Address<'a>,
    /// As its receipt names it.
    pub(super) name: Short,
    pub(super) preset: Option<&'a Preset>,
    /// The rules of its key: those of the preset, else the layer's.
    pub(super) key: &'a KeySettings,
}

impl<P, E> Shared<P, E> {
    pub(super) fn target<'a>(&'a self, uri: &'a Uri) -> Target<'a> {
        let common = &self.common;
        let (address, name, preset) = if let Some(known) = self.known.find(uri, &common.presets) {
            let address = Address::At(&known.origin, uri);
            (address, known.name.clone(), known.presets.find(address))
        } else {
            let address = common.address(uri);
            (address, self.known.name(address, uri), common.presets.find(address))
        };
        Target {
            address,
            name,
            preset,
            key: preset.map_or(&common.setup.settings.key, Preset::key_settings),
        }
    }
}

impl Common {
    pub(super) fn address<'a>(&'a self, uri: &'a Uri) -> Address<'a> {
        match &self.origin {
            Some(origin) if uri.authority().is_none() => Address::At(origin, uri),
            _ => Address::Uri(uri),
        }
    }
}

impl Default for Common {
    fn default() -> Self {
        Self {
            setup: Setup {
                settings: Settings::default(),
                breaker: Some(CircuitBreaker::default()),
                budget: RetryBudget::default(),
                limit: None,
                observers: Observers::default(),
                clock: Clock::system(),
                dice: Dice::default(),
            },
            presets: Presets::default(),
            origin: None,
            notes: Notes::default(),
        }
    }
}

impl From<&Client> for Common {
    fn from(client: &Client) -> Self {
        let mut setup = client.0.setup.clone();
        // tower's own layers limit concurrency and hedge.
        setup.limit = None;
        setup.settings.hedge = None;
        Self {
            setup,
            presets: client.0.presets.clone(),
            origin: None,
            notes: Notes::default(),
        }
    }
}

impl fmt::Debug for Common {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Common")
            .field("settings", &self.setup.settings)
            .field("breaker", &self.setup.breaker)
            .field("budget", &self.setup.budget)
            .field("presets", &self.presets)
            .field("observers", &self.setup.observers)
            .field("clock", &self.setup.clock)
            .field("dice", &self.setup.dice)
            .field("origin", &self.origin)
            .field("notes", &self.notes)
            .finish()
    }
}
