//! Quantiles by Hyndman and Fan's definition 8, of all values and of all values but one's own.
//! Pure: knows no table and no engine.
//!
//! R. J. Hyndman, Y. Fan: Sample Quantiles in Statistical Packages, The American Statistician 50
//! (1996), definition 8: h = (n + 1⁄3)·p + 1⁄3, and x(⌊h⌋) + (h − ⌊h⌋)·(x(⌊h⌋+1) − x(⌊h⌋)), with h kept
//! within 1 … n. The estimate is approximately median-unbiased whatever the distribution.

/// The `p`-quantile of `values` (which it reorders), or nothing when there are none.
/// NaN must have been left out; `p` outside 0 … 1 counts as the nearer bound.
pub fn quantile(values: &mut [f64], p: f64) -> Option<f64> {
    let (lower, fraction) = position(values.len(), p)?;
    let (_, low, above) = values.select_nth_unstable_by(lower, f64::total_cmp);
    let low = *low;
    if fraction <= 0.0 {
        return Some(low);
    }
    let high = above.iter().copied().min_by(f64::total_cmp).unwrap_or(low);
    Some(between(low, high, fraction))
}

/// For each of `values` the `p`-quantile of the others; a missing value (nothing, NaN) is not among
/// the others of any, and its own others are all there are. Nothing where there are no others.
/// Sorts once: n log n for all values together.
pub fn quantile_of_others(values: &[Option<f64>], p: f64) -> Vec<Option<f64>> {
    let mut sorted: Vec<f64> = values.iter().filter_map(|value| known(*value)).collect();
    sorted.sort_unstable_by(f64::total_cmp);
    // Without one copy of `own`, what stood behind it moves one place forward.
    let other = |own: f64, place: usize| {
        let moved = sorted.get(place).is_none_or(|at| own.total_cmp(at).is_le());
        sorted.get(place + usize::from(moved)).copied()
    };
    let among_others = position(sorted.len().saturating_sub(1), p);
    let of_all = quantile(&mut sorted.clone(), p);
    values
        .iter()
        .map(|value| {
            let Some(own) = known(*value) else {
                return of_all;
            };
            let (lower, fraction) = among_others?;
            let low = other(own, lower)?;
            if fraction <= 0.0 {
                return Some(low);
            }
            Some(between(low, other(own, lower + 1).unwrap_or(low), fraction))
        })
        .collect()
}

fn known(value: Option<f64>) -> Option<f64> {
    value.filter(|value| !value.is_nan())
}

fn between(low: f64, high: f64, fraction: f64) -> f64 {
    if low.total_cmp(&high).is_eq() {
        low
    } else {
        low + fraction * (high - low)
    }
}

/// Where the quantile lies among `count` sorted values: the place (from 0) of the value below it and
/// how far (0 … 1) it is on the way to the next.
fn position(count: usize, p: f64) -> Option<(usize, f64)> {
    if count == 0 {
        return None;
    }
    let n = count as f64;
    let h = ((n + 1.0 / 3.0) * p.clamp(0.0, 1.0) + 1.0 / 3.0).clamp(1.0, n);
    // Thirds are not exact: an h that is whole but for rounding counts as whole.
    let nearest = h.round();
    let whole = if (h - nearest).abs() <= 4.0 * f64::EPSILON * nearest {
        nearest
    } else {
        h.floor()
    };
    Some((whole as usize - 1, (h - whole).max(0.0)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(values: &[f64], p: f64) -> Option<f64> {
        quantile(&mut values.to_vec(), p)
    }

    #[track_caller]
    fn close(value: Option<f64>, expected: f64) {
        let value = value.unwrap();
        assert!((value - expected).abs() < 1e-9, "{value} is not {expected}");
    }

    #[test]
    fn quartiles_are_those_of_definition_8() {
        // R: quantile(c(1, 2, 3, 4, 5, 6, 7, 8), c(.25, .5, .75), type = 8)
        let values = [8.0, 3.0, 1.0, 7.0, 2.0, 6.0, 5.0, 4.0];
        close(of(&values, 0.25), 2.416_666_666_666_667);
        close(of(&values, 0.5), 4.5);
        close(of(&values, 0.75), 6.583_333_333_333_333);
        // R: quantile(c(2, 4, 4, 5, 10), .9, type = 8)
        close(of(&[10.0, 4.0, 2.0, 5.0, 4.0], 0.9), 10.0);
        close(of(&[10.0, 4.0, 2.0, 5.0, 4.0], 0.7), 5.333_333_333_333_333);
    }

    #[test]
    fn ends_are_the_least_and_the_greatest_value() {
        close(of(&[3.0, 1.0, 2.0], 0.0), 1.0);
        close(of(&[3.0, 1.0, 2.0], 1.0), 3.0);
        close(of(&[7.0], 0.3), 7.0);
        assert_eq!(of(&[], 0.5), None);
    }

    #[test]
    fn a_whole_position_gives_the_value_itself() {
        assert_eq!(of(&[0.1, 0.2, 0.3], 0.5), Some(0.2));
    }

    #[test]
    fn a_missing_value_has_all_values_as_others() {
        let others = quantile_of_others(&[Some(1.0), None, Some(3.0), Some(f64::NAN)], 0.5);
        assert_eq!(others, [Some(3.0), Some(2.0), Some(1.0), Some(2.0)]);
        assert_eq!(quantile_of_others(&[Some(1.0)], 0.5), [None]);
        assert_eq!(quantile_of_others(&[None, None], 0.5), [None, None]);
    }

    proptest! {
        #[test]
        fn others_are_what_is_left_when_one_is_taken_out(
            values in prop::collection::vec(prop::option::weighted(0.9, -5i32..5), 0..30),
            p in 0.0f64..=1.0,
        ) {
            let values: Vec<Option<f64>> = values.into_iter().map(|value| value.map(f64::from)).collect();
            let quick = quantile_of_others(&values, p);
            for (row, value) in quick.iter().enumerate() {
                let mut rest = values.clone();
                rest.remove(row);
                let mut rest: Vec<f64> = rest.into_iter().flatten().collect();
                prop_assert_eq!(*value, quantile(&mut rest, p));
            }
        }

        #[test]
        fn a_quantile_lies_within_the_values_and_grows_with_p(
            values in prop::collection::vec(-1e6f64..1e6, 1..40),
            p in 0.0f64..=1.0,
            q in 0.0f64..=1.0,
        ) {
            let (low, high) = (of(&values, p.min(q)).unwrap(), of(&values, p.max(q)).unwrap());
            prop_assert!(low <= high + 1e-9);
            prop_assert!(values.iter().any(|value| *value <= low));
            prop_assert!(values.iter().any(|value| *value >= high));
        }
    }
}
