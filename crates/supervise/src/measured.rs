//! How the rules did on fictional data whose answers are known: the figures in a pack's `measured.toml`.
//! They are measured by the tests of the command line, which also hold them up to date.

use kandeng_screening::pack::{Pack, Rule};
use serde::Deserialize;

use crate::packs;

/// The file in a pack.
const FILE: &str = "measured.toml";

/// What one run of the measurement found.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Measured {
    /// Data sets, one for each seed from 1.
    pub seeds: u32,
    /// Projects of each, or contracting processes.
    pub size: u32,
    /// Line by line, summed over the seeds.
    rules: Vec<Figures>,
}

/// A rule and a kind of subject.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Figures {
    /// Id of the rule.
    pub rule: String,
    /// The kind of subject.
    pub subject: String,
    /// Subjects in which an irregularity was planted.
    pub planted: u64,
    /// Of these, flagged.
    pub found: u64,
    /// Flagged without being planted: false alarms, as far as the data are honest otherwise.
    pub beyond: u64,
    /// Flagged and passed; zero for a kind of subject that is only named along with another.
    pub judged: u64,
}

impl Figures {
    /// False alarms among the subjects judged in which nothing was planted.
    pub fn false_alarm_rate(&self) -> Option<f64> {
        let honest = self.judged.checked_sub(self.found).filter(|all| *all > 0)?;
        Some(self.beyond as f64 / honest as f64)
    }
}

impl Measured {
    /// The figures that came with a pack. A file that cannot be read counts as none.
    pub fn of(pack: &Pack) -> Self {
        pack.files
            .get(FILE)
            .and_then(|text| toml::from_str(text).ok())
            .unwrap_or_default()
    }

    /// Those of a rule, unless it was replaced by another of the same id.
    pub fn figures<'a>(&'a self, rule: &'a Rule) -> impl Iterator<Item = &'a Figures> {
        let is_ours = packs::is_ours(rule);
        self.rules
            .iter()
            .filter(move |figures| is_ours && figures.rule == rule.id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::filing::Filing;

    #[test]
    fn every_rule_of_both_packs_has_its_figures() {
        let county = packs::county(Filing::embedded(), &[]).unwrap();
        for pack in [county, packs::ocds(&[]).unwrap()] {
            let measured = Measured::of(&pack);
            assert_eq!(measured.seeds, 5);
            for rule in &pack.rules {
                assert!(measured.figures(rule).count() > 0, "{}", rule.id);
            }
        }
    }

    #[test]
    fn false_alarms_are_counted_among_those_in_whom_nothing_was_planted() {
        let mut figures = Figures {
            rule: "K01".into(),
            subject: "project".into(),
            planted: 20,
            found: 20,
            beyond: 2,
            judged: 120,
        };
        assert_eq!(figures.false_alarm_rate(), Some(0.02));
        figures.judged = 0;
        assert_eq!(figures.false_alarm_rate(), None);
    }
}
