//! What one operation is to do.

use std::time::Duration;

use steadfast::IdempotencyKey;

use super::world::SECRET;

/// One operation to be done.
#[derive(Clone, Debug)]
pub(crate) struct Order {
    /// Its name on the server, whatever its keys are.
    pub(crate) id: String,
    pub(crate) errand: Errand,
    pub(crate) line: Line,
    /// The caller chose this key; else the client mints one.
    pub(crate) key: Option<String>,
    /// The caller leaves after so long.
    pub(crate) leaves_after: Option<Duration>,
    pub(crate) reading: Reading,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Errand {
    /// A POST that takes effect.
    Charge,
    /// The same within a total time limit, over real time.
    ChargeInTime(Duration),
    /// A GET, which may be led to another origin.
    Look,
}

/// Which client does it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Line {
    Http1,
    Tls,
    Http2,
}

/// Whether the body is a part of the attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reading {
    Buffered,
    Later,
}

impl Order {
    /// Draws the `number`th order of a seed.
    pub(super) fn draw(seed: u64, number: usize) -> Self {
        let dice = mix(seed ^ (number as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let of = |shift: u32, sides: u64| (dice >> shift) % sides;
        let errand = match of(0, 50) {
            0 | 1 => Errand::ChargeInTime(Duration::from_millis(600)),
            2..=4 => Errand::Look,
            _ => Errand::Charge,
        };
        let line = match of(8, 16) {
            0 | 1 => Line::Http2,
            2..=5 => Line::Tls,
            _ => Line::Http1,
        };
        let own_key = || {
            let derived = IdempotencyKey::derive([format!("{seed}"), format!("{number}")]);
            format!("{SECRET}-{}", derived.as_str())
        };
        let leaves = of(16, 40) == 0;
        Self {
            id: format!("order-{number}"),
            errand,
            line,
            // One that leaves has no receipt to tell the key by.
            key: (of(24, 2) == 0 || leaves).then(own_key),
            leaves_after: leaves.then(|| Duration::from_millis(of(32, 20))),
            reading: if of(40, 2) == 0 {
                Reading::Buffered
            } else {
                Reading::Later
            },
        }
    }

    /// A charge that nothing is drawn for.
    pub(crate) fn plain(id: String) -> Self {
        Self {
            id,
            errand: Errand::Charge,
            line: Line::Http1,
            key: None,
            leaves_after: None,
            reading: Reading::Buffered,
        }
    }

    /// The body: the same on every attempt, another for every order.
    pub(crate) fn body(&self) -> String {
        format!("amount=100&note={SECRET}&order={}", self.id)
    }

    /// Path and query.
    pub(crate) fn target(&self) -> String {
        match self.errand {
            Errand::Look => format!("/v1/charges/none?token={SECRET}"),
            Errand::Charge | Errand::ChargeInTime(_) => target(),
        }
    }
}

/// Where charges are posted to.
pub(super) fn target() -> String {
    format!("/v1/charges?token={SECRET}")
}

/// The mixing step of `SplitMix64`.
fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}
