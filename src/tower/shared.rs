use std::fmt;

use http::Uri;

use super::Notes;
use super::names::Names;
use crate::breaker::CircuitBreaker;
use crate::budget::RetryBudget;
use crate::client::Client;
use crate::clock::Clock;
use crate::engine::{Settings, Shields};
use crate::event::Observers;
use crate::operation::{Address, KeySettings, Origin};
use crate::preset::{Preset, Presets};
use crate::rng::Dice;

/// What all services of a layer share.
pub(super) struct Shared<P, E> {
    pub(super) common: Common,
    pub(super) names: Names,
    pub(super) bodies: P,
    pub(super) errors: E,
}

/// The part of it that knows no types of the stack.
#[derive(Clone)]
pub(super) struct Common {
    pub(super) settings: Settings,
    pub(super) breaker: Option<CircuitBreaker>,
    pub(super) budget: RetryBudget,
    pub(super) observers: Observers,
    pub(super) clock: Clock,
    pub(super) dice: Dice,
    pub(super) presets: Presets,
    /// Where requests go whose URI has no authority.
    pub(super) origin: Option<Origin>,
    pub(super) notes: Notes,
}

impl Common {
    pub(super) fn address<'a>(&'a self, uri: &'a Uri) -> Address<'a> {
        match &self.origin {
            Some(origin) if uri.authority().is_none() => Address::At(origin, uri),
            _ => Address::Uri(uri),
        }
    }

    /// The key's rules at an address: those of its preset, else the layer's.
    pub(super) fn key_settings(&self, address: Address<'_>) -> (Option<&Preset>, &KeySettings) {
        let preset = self.presets.find(address);
        (preset, preset.map_or(&self.settings.key, Preset::key_settings))
    }

    pub(super) fn shields(&self) -> Shields<'_> {
        Shields {
            breaker: self.breaker.as_ref(),
            budget: Some(&self.budget),
        }
    }
}

impl Default for Common {
    fn default() -> Self {
        Self {
            settings: Settings::default(),
            breaker: Some(CircuitBreaker::default()),
            budget: RetryBudget::default(),
            observers: Observers::default(),
            clock: Clock::system(),
            dice: Dice::default(),
            presets: Presets::default(),
            origin: None,
            notes: Notes::default(),
        }
    }
}

impl From<&Client> for Common {
    fn from(client: &Client) -> Self {
        let shared = &*client.0;
        Self {
            settings: shared.settings.clone(),
            breaker: shared.breaker.clone(),
            budget: shared.budget.clone(),
            observers: shared.observers.clone(),
            clock: shared.clock.clone(),
            dice: shared.dice.clone(),
            presets: shared.presets.clone(),
            origin: None,
            notes: Notes::default(),
        }
    }
}

impl fmt::Debug for Common {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Common")
            .field("settings", &self.settings)
            .field("breaker", &self.breaker)
            .field("budget", &self.budget)
            .field("presets", &self.presets)
            .field("observers", &self.observers)
            .field("clock", &self.clock)
            .field("dice", &self.dice)
            .field("origin", &self.origin)
            .field("notes", &self.notes)
            .finish()
    }
}
