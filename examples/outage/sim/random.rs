use std::time::Duration;

/// A seeded stream of random numbers.
///
/// `SplitMix64` (Steele, Lea and Flood, 2014), written out here because a library's generator may change between its
/// versions and the figures must not.
#[derive(Clone, Debug)]
pub(crate) struct Random(u64);

/// What a stream is for; streams of one seed are independent of each other.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Purpose {
    /// When operations begin, and whose they are.
    Arrivals,
    /// What the network and the server do.
    Server,
    /// What clients draw: jitter.
    Jitter,
}

impl Random {
    /// Starts a stream.
    pub(crate) fn new(seed: u64, purpose: Purpose) -> Self {
        let mut seeds = Self(seed);
        let stream = match purpose {
            Purpose::Arrivals => 1,
            Purpose::Server => 2,
            Purpose::Jitter => 3,
        };
        for _ in 0..stream {
            seeds.bits();
        }
        // Hashed once more, or the streams would be one sequence, shifted.
        Self(seeds.bits().rotate_left(32))
    }

    /// Draws from [0, 1).
    #[expect(clippy::cast_precision_loss, reason = "53 bits are what an f64 holds")]
    pub(crate) fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Draws a number below a bound; the bias of the remainder is below 2⁻⁵⁰ here.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        let bound = bound.max(1) as u64;
        usize::try_from(self.bits() % bound).unwrap_or(0)
    }

    /// Is true with this probability.
    pub(crate) fn chance(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }

    /// Draws from the exponential distribution.
    ///
    /// By von Neumann's method, which only compares: a logarithm differs in its last digit from one C library to the
    /// next. A falling run of uniform numbers has odd length with probability exp(−first).
    pub(crate) fn exponential(&mut self, mean: Duration) -> Duration {
        let mut whole = 0.0;
        loop {
            let first = self.unit();
            let mut last = first;
            let mut length = 1;
            loop {
                let next = self.unit();
                if next >= last {
                    break;
                }
                last = next;
                length += 1;
            }
            if length % 2 == 1 {
                return mean.mul_f64(whole + first);
            }
            whole += 1.0;
        }
    }

    fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }
}
