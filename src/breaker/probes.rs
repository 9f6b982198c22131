use std::time::Instant;

/// The places for probes in the half-open state.
///
/// A place is free, or taken until a time, or done. One whose time is over may be taken again: a probe that hangs does
/// not keep the breaker from finding out. Its serial number then differs, so that the first probe can't give it back; but
/// whichever of the two succeeds first has done what the place is for.
#[derive(Debug)]
pub(super) struct Probes {
    places: Box<[Use]>,
    serial: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Use {
    Free,
    Taken { serial: u64, until: Instant },
    Succeeded,
}

/// Who took which place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    number: usize,
    serial: u64,
}

impl Probes {
    pub(super) fn new(places: usize) -> Self {
        Self {
            places: vec![Use::Free; places].into(),
            serial: 0,
        }
    }

    /// Takes a free place, or the one that is longest overdue; else says when the first will be.
    pub(super) fn take(&mut self, now: Instant, until: Instant) -> Result<Place, Instant> {
        let available = |place: &Use| match *place {
            Use::Free => Some((None, 0)),
            Use::Taken { serial, until } => Some((Some(until), serial)),
            Use::Succeeded => None,
        };
        let best = self
            .places
            .iter()
            .enumerate()
            .filter_map(|(number, place)| Some((available(place)?, number)))
            .min();
        let number = match best {
            Some(((Some(over), _), _)) if over > now => return Err(over),
            Some((_, number)) => number,
            // All have succeeded, and the breaker is about to close.
            None => return Err(until),
        };
        self.serial += 1;
        self.places[number] = Use::Taken {
            serial: self.serial,
            until,
        };
        Ok(Place {
            number,
            serial: self.serial,
        })
    }

    /// Whether the place is still with who took it.
    pub(super) fn holds(&self, place: Place) -> bool {
        matches!(self.places.get(place.number), Some(Use::Taken { serial, .. }) if *serial == place.serial)
    }

    /// Gives a place back, if it is still with who took it.
    pub(super) fn free(&mut self, place: Place) {
        if self.holds(place) {
            self.places[place.number] = Use::Free;
        }
    }

    /// A place is done, whoever has it now.
    pub(super) fn succeed(&mut self, place: Place) {
        if let Some(state) = self.places.get_mut(place.number) {
            *state = Use::Succeeded;
        }
    }

    pub(super) fn all_succeeded(&self) -> bool {
        self.places.iter().all(|place| *place == Use::Succeeded)
    }

    /// Whether a probe is under way whose time is not over.
    pub(super) fn under_way(&self, now: Instant) -> bool {
        self.places
            .iter()
            .any(|place| matches!(place, Use::Taken { until, .. } if now < *until))
    }

    /// Frees all places; serial numbers go on, so that nobody holds one any longer.
    pub(super) fn clear(&mut self) {
        self.places.fill(Use::Free);
    }
}
