//! In which order an officer is shown what is open: the gravest, dearest and surest first, and at every tenth
//! place one that was drawn at random, so that every rule keeps being measured and small projects are not
//! forgotten.

use std::collections::BTreeSet;

/// Every so many places one is of the random sample.
pub const EVERY: usize = 10;

/// What a severity weighs: low 1, medium 3, high 9.
pub fn weight(severity: &str) -> f64 {
    match severity {
        "high" => 9.0,
        "medium" => 3.0,
        _ => 1.0,
    }
}

/// Severity × log₁₀(1 + money in yuan) × how often the rule is right (the mean of its posterior).
///
/// ```
/// use kandeng_platform::flag::rank::score;
/// // ¥99,999 at stake, grave, right every second time.
/// assert!((score("high", 9_999_900, 0.5) - 22.5).abs() < 1e-9);
/// ```
pub fn score(severity: &str, money_fen: i64, precision: f64) -> f64 {
    let yuan = money_fen.max(0) as f64 / 100.0;
    weight(severity) * (1.0 + yuan).log10() * precision
}

/// One place of the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place<T> {
    /// What stands there.
    pub what: T,
    /// Whether it stands there because it was drawn.
    pub by_draw: bool,
}

/// The queue: `ranked` from the highest score down, with those of `drawn` (in the order of the draw) at every
/// tenth place. Each stands once. Drawn ones for which there is no tenth place left stand where their rank has
/// them; so must all of `drawn` be among `ranked`.
pub fn arrange<T: Copy + Ord>(ranked: &[T], drawn: &[T]) -> Vec<Place<T>> {
    let mut placed = BTreeSet::new();
    let mut queue = Vec::with_capacity(ranked.len());
    let mut ranked = ranked.iter().copied();
    let mut drawn = drawn.iter().copied();
    loop {
        let is_turn = queue.len() % EVERY == EVERY - 1;
        let by_draw = is_turn.then(|| drawn.find(|what| !placed.contains(what)));
        let next = match by_draw.flatten() {
            Some(what) => Some(Place {
                what,
                by_draw: true,
            }),
            None => ranked
                .find(|what| !placed.contains(what))
                .map(|what| Place {
                    what,
                    by_draw: false,
                }),
        };
        let Some(place) = next else {
            return queue;
        };
        placed.insert(place.what);
        queue.push(place);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_tenth_place_is_one_that_was_drawn() {
        let ranked: Vec<u32> = (0..40).collect();
        let queue = arrange(&ranked, &[35, 2, 30, 38]);
        let drawn: Vec<(usize, u32)> = queue
            .iter()
            .enumerate()
            .filter(|(_, place)| place.by_draw)
            .map(|(index, place)| (index + 1, place.what))
            .collect();
        // 2 stood higher by its rank before its turn came.
        assert_eq!(drawn, [(10, 35), (20, 30), (30, 38)]);
    }

    #[test]
    fn more_money_a_graver_rule_and_a_surer_one_stand_higher() {
        assert!(score("high", 100, 0.5) > score("medium", 100, 0.5));
        assert!(score("low", 1_000_000, 0.5) > score("low", 10_000, 0.5));
        assert!(score("low", 10_000, 0.9) > score("low", 10_000, 0.1));
        assert!(score("low", -5, 0.9).abs() < 1e-12);
    }

    proptest! {
        #[test]
        fn everything_stands_in_the_queue_once(n in 0_usize..200, drawn in prop::collection::btree_set(0_usize..200, 0..30)) {
            let ranked: Vec<usize> = (0..n).collect();
            let drawn: Vec<usize> = drawn.into_iter().filter(|what| *what < n).collect();
            let mut queue: Vec<usize> = arrange(&ranked, &drawn).iter().map(|place| place.what).collect();
            queue.sort_unstable();
            prop_assert_eq!(queue, ranked);
        }
    }
}
