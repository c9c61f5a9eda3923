//! How often a rule was right, by what officers decided on its flags. Flags that nobody has decided on never
//! count.

use std::collections::BTreeMap;

use rusqlite::Connection;

use super::Dismissal;

/// What officers decided on a flag.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// It was so.
    Confirmed,
    /// The filing was wrong and was corrected.
    FilingCorrected,
    /// There was a good reason.
    Explained,
    /// There was nothing to it.
    Unfounded,
    /// Another flag says the same.
    Duplicate,
}

impl Verdict {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Confirmed,
        Self::FilingCorrected,
        Self::Explained,
        Self::Unfounded,
        Self::Duplicate,
    ];

    /// That of a dismissal.
    pub const fn of(dismissal: Dismissal) -> Self {
        match dismissal {
            Dismissal::Unfounded => Self::Unfounded,
            Dismissal::Explained => Self::Explained,
            Dismissal::FilingCorrected => Self::FilingCorrected,
            Dismissal::Duplicate => Self::Duplicate,
        }
    }

    /// The word for programs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Confirmed => "confirmed",
            Self::FilingCorrected => "filing-corrected",
            Self::Explained => "explained",
            Self::Unfounded => "unfounded",
            Self::Duplicate => "duplicate",
        }
    }
}

/// The verdicts on a rule's flags, counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// It was so.
    pub confirmed: u32,
    /// The filing was wrong and was corrected: what a rule that filers see is there for, so that it counts as
    /// confirmed for those. For rules that officers alone see it is shown apart.
    pub filing_corrected: u32,
    /// There was a good reason.
    pub explained: u32,
    /// There was nothing to it.
    pub unfounded: u32,
    /// Another flag says the same.
    pub duplicate: u32,
}

impl Tally {
    /// One more.
    pub fn add(&mut self, verdict: Verdict, times: u32) {
        *match verdict {
            Verdict::Confirmed => &mut self.confirmed,
            Verdict::FilingCorrected => &mut self.filing_corrected,
            Verdict::Explained => &mut self.explained,
            Verdict::Unfounded => &mut self.unfounded,
            Verdict::Duplicate => &mut self.duplicate,
        } += times;
    }

    /// How many were right, of how many that say whether the rule is right. `seen_by_filers` is whether filers
    /// see the rule.
    pub fn right_of(self, seen_by_filers: bool) -> (u32, u32) {
        let right = if seen_by_filers {
            self.confirmed + self.filing_corrected
        } else {
            self.confirmed
        };
        (right, right + self.unfounded)
    }

    /// Confirmed ÷ (confirmed + unfounded); nothing while nobody has decided.
    pub fn precision(self, seen_by_filers: bool) -> Option<f64> {
        let (right, of) = self.right_of(seen_by_filers);
        (of > 0).then(|| f64::from(right) / f64::from(of))
    }

    /// The mean of the posterior under a Beta(1, 1) prior, (right + 1) ÷ (of + 2): ½ while nobody has decided.
    pub fn posterior_mean(self, seen_by_filers: bool) -> f64 {
        let (right, of) = self.right_of(seen_by_filers);
        f64::from(right + 1) / f64::from(of + 2)
    }

    /// The 95 % interval of the precision after Wilson (1927): honest for few verdicts, never beyond 0 and 1.
    ///
    /// ```
    /// use kandeng_platform::flag::Tally;
    /// let tally = Tally { confirmed: 29, unfounded: 12, ..Tally::default() };
    /// let (low, high) = tally.interval(false).unwrap();
    /// assert!((low - 0.555).abs() < 0.001 && (high - 0.824).abs() < 0.001);
    /// ```
    pub fn interval(self, seen_by_filers: bool) -> Option<(f64, f64)> {
        /// The 97.5 % quantile of the normal distribution.
        const Z: f64 = 1.959_963_984_540_054;
        let (right, of) = self.right_of(seen_by_filers);
        if of == 0 {
            return None;
        }
        let of = f64::from(of);
        let share = f64::from(right) / of;
        let middle = share + Z * Z / (2.0 * of);
        let half = Z * (share * (1.0 - share) / of + Z * Z / (4.0 * of * of)).sqrt();
        let scale = 1.0 + Z * Z / of;
        Some((
            ((middle - half) / scale).max(0.0),
            ((middle + half) / scale).min(1.0),
        ))
    }

    /// The verdicts on each rule's flags that were given from `since` on (milliseconds since 1970). `drawn_only`
    /// leaves the random sample: only over that an interval may be published, since what officers pick by rank
    /// says nothing of the rest.
    ///
    /// # Errors
    /// When the read model fails.
    pub fn of_rules(
        connection: &Connection,
        since: i64,
        drawn_only: bool,
    ) -> rusqlite::Result<BTreeMap<String, Self>> {
        let mut select = connection.prepare_cached(
            "select rule, verdict, count(*) from flag_verdicts where at >= ?1 and drawn >= ?2 \
             group by rule, verdict",
        )?;
        let mut rows = select.query((since, drawn_only))?;
        let mut tallies: BTreeMap<String, Self> = BTreeMap::new();
        while let Some(row) = rows.next()? {
            let name: String = row.get(1)?;
            let verdict = Verdict::ALL.into_iter().find(|known| known.name() == name);
            if let Some(verdict) = verdict {
                let tally = tallies.entry(row.get(0)?).or_default();
                tally.add(verdict, row.get(2)?);
            }
        }
        Ok(tallies)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(confirmed: u32, filing_corrected: u32, unfounded: u32) -> Tally {
        Tally {
            confirmed,
            filing_corrected,
            unfounded,
            explained: 7,
            duplicate: 9,
        }
    }

    #[test]
    fn a_corrected_filing_counts_for_rules_that_filers_see_alone() {
        let tally = tally(3, 5, 2);
        assert_eq!(tally.right_of(true), (8, 10));
        assert_eq!(tally.right_of(false), (3, 5));
        assert_eq!(tally.precision(true), Some(0.8));
    }

    #[test]
    fn without_a_verdict_nothing_is_claimed() {
        let none = tally(0, 4, 0);
        assert_eq!(none.precision(false), None);
        assert_eq!(none.interval(false), None);
        assert!((none.posterior_mean(false) - 0.5).abs() < 1e-12);
    }

    #[test]
    fn the_interval_stays_within_what_can_be_and_narrows_with_evidence() {
        // Reference figures from the formula in exact arithmetic: n = 10, all right; n = 1, none right.
        let (low, high) = tally(10, 0, 0).interval(false).unwrap();
        assert!((low - 0.722_467).abs() < 1e-5 && (high - 1.0).abs() < 1e-12);
        let (low, high) = tally(0, 0, 1).interval(false).unwrap();
        assert!(low == 0.0 && (high - 0.793_450).abs() < 1e-5);
        let width = |n: u32| {
            let (low, high) = tally(n, 0, n).interval(false).unwrap();
            high - low
        };
        assert!(width(5) > width(50) && width(50) > width(500));
    }
}
