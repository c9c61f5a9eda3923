//! Numbers that look random and are always the same: SplitMix64 streams named by seed and purpose.
//! No other source of randomness may be used in this folder, so that a county can be made again.

/// A stream of numbers; the same name gives the same stream.
#[derive(Clone, Debug)]
pub(super) struct Stream(u64);

/// SplitMix64's finalizer: a bijection of 64 bits (Steele, Lea and Flood, 2014).
pub(super) fn mix(value: u64) -> u64 {
    let mut z = value.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

impl Stream {
    /// The stream of one purpose (a small constant of the caller) and one thing.
    pub(super) fn of(seed: u64, purpose: u64, thing: u64) -> Self {
        Self(mix(mix(mix(seed) ^ purpose) ^ thing))
    }

    /// The next 64 bits.
    pub(super) fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        mix(self.0)
    }

    /// From 0 up to but without 1.
    pub(super) fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Evenly between two numbers.
    pub(super) fn within(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    /// A whole number from `low` to `high`, both included.
    pub(super) fn between(&mut self, low: i32, high: i32) -> i32 {
        let width = (i64::from(high) - i64::from(low) + 1).max(1) as u64;
        low + (self.bits() % width) as i32
    }

    /// An index below `count`.
    pub(super) fn below(&mut self, count: usize) -> usize {
        (self.bits() % count.max(1) as u64) as usize
    }

    /// True in this share of cases.
    pub(super) fn chance(&mut self, share: f64) -> bool {
        self.unit() < share
    }

    /// One of a list that is not empty.
    pub(super) fn pick<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        &list[self.below(list.len())]
    }
}

/// The part of a number behind the point.
pub(super) fn fraction(value: f64) -> f64 {
    value - value.floor()
}
