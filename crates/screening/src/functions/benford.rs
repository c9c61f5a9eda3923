//! How far the first digits of amounts are from Benford's law.
//! Pure: knows no table and no engine.

/// How often each first digit, 1 to 9, was seen.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct FirstDigits {
    counts: [u64; 9],
}

impl FirstDigits {
    /// Counts the first digit of `amount`; zero and negative amounts do not count. (Yuan or fen makes
    /// no difference: a factor of 100 leaves the first digit.)
    pub fn count(&mut self, amount: i64) {
        if amount > 0 {
            let digit = amount / 10_i64.pow(amount.ilog10());
            self.counts[digit as usize - 1] += 1;
        }
    }

    /// Adds what `other` counted.
    pub fn add(&mut self, other: &Self) {
        for (mine, theirs) in self.counts.iter_mut().zip(other.counts) {
            *mine += theirs;
        }
    }

    /// The mean absolute deviation of the nine shares from log₁₀(1 + 1⁄d), or nothing when no amount
    /// was counted. M. Nigrini, Benford's Law (2012), takes more than 0.015 as non-conformity.
    pub fn mean_absolute_deviation(&self) -> Option<f64> {
        let total: u64 = self.counts.iter().sum();
        if total == 0 {
            return None;
        }
        let deviation: f64 = (1u32..)
            .zip(self.counts)
            .map(|(digit, count)| {
                let expected = (1.0 + 1.0 / f64::from(digit)).log10();
                (count as f64 / total as f64 - expected).abs()
            })
            .sum();
        Some(deviation / 9.0)
    }

    /// The nine counts, for the state of an aggregate.
    pub fn counts(&self) -> [u64; 9] {
        self.counts
    }

    /// What [`Self::counts`] gave.
    pub fn from_counts(counts: [u64; 9]) -> Self {
        Self { counts }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn deviation(amounts: impl IntoIterator<Item = i64>) -> Option<f64> {
        let mut digits = FirstDigits::default();
        for amount in amounts {
            digits.count(amount);
        }
        digits.mean_absolute_deviation()
    }

    #[test]
    fn fibonacci_numbers_follow_the_law() {
        let fibonacci =
            std::iter::successors(Some((1i64, 2i64)), |(a, b)| Some((*b, a.checked_add(*b)?)));
        assert!(deviation(fibonacci.map(|(a, _)| a)).unwrap() < 0.007);
    }

    #[test]
    fn amounts_that_all_begin_with_nine_do_not() {
        // |0 − p₁| + … + |0 − p₈| + |1 − p₉| = 2·(1 − p₉)
        let expected = 2.0 * (1.0 - (10.0f64 / 9.0).log10()) / 9.0;
        let found = deviation([9, 99, 950, 9_223_372_036_854_775_807]).unwrap();
        assert!((found - expected).abs() < 1e-12);
    }

    #[test]
    fn zero_and_negative_amounts_do_not_count() {
        assert_eq!(deviation([0, -5, i64::MIN]), None);
        assert_eq!(deviation([]), None);
        assert_eq!(deviation([0, -5, 17]), deviation([1]));
    }

    #[test]
    fn counts_of_two_parts_add_up_to_those_of_the_whole() {
        let mut whole = FirstDigits::default();
        let (mut left, mut right) = (FirstDigits::default(), FirstDigits::default());
        for amount in 1..500 {
            whole.count(amount);
            if amount % 3 == 0 {
                left.count(amount);
            } else {
                right.count(amount);
            }
        }
        left.add(&FirstDigits::from_counts(right.counts()));
        assert_eq!(left, whole);
    }
}
