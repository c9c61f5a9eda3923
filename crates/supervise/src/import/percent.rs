//! A column of percentages as it was written: 40, 40% or, as Excel keeps it, 0.4.

use std::collections::HashSet;

use super::report::{Report, Spot};

/// Percentages of one column of a sheet, while it is read.
#[derive(Debug, Default)]
pub(crate) struct Percents {
    /// The column's length before the sheet.
    first: usize,
    /// Where in the column a value stands that was written with its sign, and is no fraction.
    signed: HashSet<usize>,
}

/// What a column without signs turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mended {
    /// Numbers between 0 and 1.
    Fractions,
    /// Nothing but 0 and 1.
    Ones,
}

impl Percents {
    /// A column that has `first` values before the sheet.
    pub fn after(first: usize) -> Self {
        Self {
            first,
            ..Self::default()
        }
    }

    /// Whether a percentage is written with its sign.
    pub fn is_signed(written: &str) -> bool {
        written.ends_with(['%', '％'])
    }

    /// The value at this place of the column was written with its sign.
    pub fn sign(&mut self, place: usize) {
        self.signed.insert(place);
    }

    /// Reads fractions as the percentages they are, and says so.
    pub fn settle(&self, column: &mut [Option<f64>], report: &mut Report, spot: Spot<'_>) {
        match self.mend(column) {
            None => {}
            Some(Mended::Fractions) => Self::tell_fractions(report, spot),
            Some(Mended::Ones) => report.warn(
                spot,
                "percent",
                None,
                "全列只有 0 和 1,1 按 100% 读取;若指百分之一,请写作 1%",
                "all values are 0 or 1, and 1 was read as 100 %; where one per cent is meant, write 1%",
            ),
        }
    }

    /// A fraction as the percentage that it is.
    pub fn of_fraction(number: f64) -> f64 {
        (number * 1e8).round() / 1e6
    }

    /// Says that a column on disk is one of fractions.
    pub fn tell_fractions(report: &mut Report, spot: Spot<'_>) {
        report.warn(
            spot,
            "percent",
            None,
            "全列都在 0 到 1 之间,按百分比格式读取(0.4 即 40%)",
            "all values lie between 0 and 1 and were read as percentages (0.4 is 40 %)",
        );
    }

    fn mend(&self, column: &mut [Option<f64>]) -> Option<Mended> {
        let bare = column.iter_mut().enumerate().skip(self.first);
        let mut bare: Vec<&mut f64> = bare
            .filter(|(place, _)| !self.signed.contains(place))
            .filter_map(|(_, number)| number.as_mut())
            .collect();
        let within = bare.iter().all(|number| (0.0..=1.0).contains(&**number));
        let above = bare.iter().any(|number| **number > 0.0);
        if !within || !above {
            return None;
        }
        let is_fraction = bare.iter().any(|number| number.fract() != 0.0);
        for number in &mut bare {
            **number = Self::of_fraction(**number);
        }
        Some(if is_fraction {
            Mended::Fractions
        } else {
            Mended::Ones
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mended(percents: &Percents, column: &[f64]) -> (Option<Mended>, Vec<f64>) {
        let mut column: Vec<_> = column.iter().copied().map(Some).collect();
        let mended = percents.mend(&mut column);
        (mended, column.into_iter().flatten().collect())
    }

    #[test]
    fn fractions_and_ones_are_percentages_and_what_has_its_sign_stays() {
        let bare = Percents::default();
        assert_eq!(
            mended(&bare, &[0.0, 0.4, 1.0]),
            (Some(Mended::Fractions), vec![0.0, 40.0, 100.0])
        );
        assert_eq!(
            mended(&bare, &[0.0, 1.0, 1.0]),
            (Some(Mended::Ones), vec![0.0, 100.0, 100.0])
        );
        for column in [[0.0, 0.0, 0.0], [1.0, 40.0, 100.0], [0.5, 1.0, 1.5]] {
            assert_eq!(mended(&bare, &column), (None, column.to_vec()));
        }
        let mut signed = Percents::after(1);
        signed.sign(1);
        assert_eq!(
            mended(&signed, &[0.3, 0.5, 0.25]),
            (Some(Mended::Fractions), vec![0.3, 0.5, 25.0])
        );
        assert_eq!(mended(&signed, &[0.3, 0.5]), (None, vec![0.3, 0.5]));
    }
}
