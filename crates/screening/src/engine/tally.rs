//! From the rows that rules yielded to findings of known subjects, in a fixed order, and to answers.

use std::collections::btree_map::{self, BTreeMap};
use std::sync::Arc;

use datafusion::arrow::array::{Array, RecordBatch};
use datafusion::common::DataFusionError;

use super::answers::{Answers, count};
use super::compile::OUTSIDE;
use super::failure::Failure;
use super::finding::key_of;
use super::index::{Index, text_at};
use super::outcome::{Outcome, StepProfile};
use super::plan::{PlannedPopulation, PlannedRule};
use super::population::PopulationRows;
use crate::figure::Labels;
use crate::pack::Need;

/// A finding's place: which rule's rows, which row, about whom.
pub(super) struct Entry {
    pub rule: usize,
    pub found: usize,
    pub row: usize,
    pub population: usize,
    pub place: u32,
    pub key: String,
}

/// Rows that a rule yielded.
pub(super) struct Found {
    pub rule: usize,
    pub batch: RecordBatch,
}

/// Everything counting needs.
pub(super) struct Tally<'a> {
    pub rules: &'a [PlannedRule],
    pub populations: &'a [PlannedPopulation],
    pub rows: Vec<PopulationRows>,
    pub absent: &'a BTreeMap<(usize, usize), Need>,
    pub labels: &'a Arc<Labels>,
}

impl Tally<'_> {
    pub(super) fn outcome(
        self,
        found: Vec<Found>,
        failures: Vec<Failure>,
        profile: Vec<StepProfile>,
    ) -> Result<Outcome, DataFusionError> {
        let mut entries = self.entries(&found, &failures)?;
        let answers = self.answers(&entries, &failures);
        entries.sort_by(|a, b| {
            let rule = |entry: &Entry| &self.rules[entry.rule].rule.id;
            let label = |entry: &Entry| self.rows[entry.population].label(entry.place);
            rule(a)
                .cmp(rule(b))
                .then(a.population.cmp(&b.population))
                .then_with(|| label(a).cmp(label(b)))
                .then_with(|| a.key.cmp(&b.key))
                .then(a.found.cmp(&b.found))
                .then(a.row.cmp(&b.row))
        });
        let kinds = self
            .populations
            .iter()
            .map(|population| population.subject.kind.clone())
            .collect();
        let rules = self
            .rules
            .iter()
            .map(|planned| (Arc::clone(&planned.rule), Arc::clone(&planned.layout)))
            .collect();
        Ok(Outcome {
            answers,
            failures,
            profile,
            rules,
            kinds,
            labels: Arc::clone(self.labels),
            counted: self
                .populations
                .iter()
                .map(|population| population.rules.iter().map(|(rule, _)| *rule).collect())
                .collect(),
            absent: self.absent.keys().copied().collect(),
            rows: self.rows,
            found,
            entries,
        })
    }

    /// Findings about subjects of the population; all others are dropped.
    fn entries(
        &self,
        found: &[Found],
        failures: &[Failure],
    ) -> Result<Vec<Entry>, DataFusionError> {
        // By population, and by whether rules name its subjects by number.
        let mut known: BTreeMap<(usize, bool), Index<&str>> = BTreeMap::new();
        let mut entries = Vec::new();
        for (number, rows) in found.iter().enumerate() {
            let planned = &self.rules[rows.rule];
            let rule = &planned.rule;
            let silent = self.absent.keys().any(|(absent, _)| *absent == rows.rule);
            if silent || failures.iter().any(|failure| failure.rule == rule.id) {
                continue;
            }
            let layout = &planned.layout;
            let subjects = rows.batch.column(layout.subject);
            let is_number = subjects.data_type().is_integer();
            for row in 0..rows.batch.num_rows() {
                let kind = layout
                    .subject_kind
                    .and_then(|column| text_at(rows.batch.column(column).as_ref(), row))
                    .or(rule.subjects.first().map(String::as_str));
                let Some(population) = self
                    .populations
                    .iter()
                    .position(|population| Some(population.subject.kind.as_str()) == kind)
                else {
                    continue;
                };
                let index = match known.entry((population, is_number)) {
                    btree_map::Entry::Occupied(index) => index.into_mut(),
                    btree_map::Entry::Vacant(slot) => {
                        let keys = self.rows[population].keys(subjects.data_type());
                        slot.insert(match keys {
                            Some(keys) => Index::of_column(keys.as_ref())?,
                            None => Index::default(),
                        })
                    }
                };
                let Some(place) = index.find(subjects.as_ref(), row) else {
                    continue;
                };
                if let Some(answers) = self.answers_of(population, rows.rule)
                    && answers.get(place as usize) == Some(&OUTSIDE)
                {
                    continue;
                }
                entries.push(Entry {
                    rule: rows.rule,
                    found: number,
                    row,
                    population,
                    place,
                    key: key_of(rule, layout, &rows.batch, row),
                });
            }
        }
        Ok(entries)
    }

    /// The answers of a rule that is counted over this population.
    fn answers_of(&self, population: usize, rule: usize) -> Option<&[u8]> {
        let place = self.populations[population]
            .rules
            .iter()
            .position(|(counted, _)| *counted == rule)?;
        Some(
            self.rows[population]
                .answers
                .get(place)
                .map_or(&[][..], Vec::as_slice),
        )
    }

    fn answers(&self, entries: &[Entry], failures: &[Failure]) -> Vec<Answers> {
        let mut flagged: BTreeMap<(usize, usize), Vec<u32>> = BTreeMap::new();
        for entry in entries {
            flagged
                .entry((entry.rule, entry.population))
                .or_default()
                .push(entry.place);
        }
        let mut all = Vec::new();
        for (population, planned) in self.populations.iter().enumerate() {
            for (place, (rule, needs)) in planned.rules.iter().enumerate() {
                let id = &self.rules[*rule].rule.id;
                if failures.iter().any(|failure| failure.rule == *id) {
                    continue;
                }
                let mut places = flagged.remove(&(*rule, population)).unwrap_or_default();
                places.sort_unstable();
                places.dedup();
                let none = Vec::new();
                let codes = self.rows[population].answers.get(place).unwrap_or(&none);
                let absent = self.absent.get(&(*rule, population));
                let mut answers = count(codes, &places, needs, absent);
                answers.rule.clone_from(id);
                answers.subject_kind.clone_from(&planned.subject.kind);
                answers.left_out = self.rows[population]
                    .left_out
                    .get(place)
                    .copied()
                    .unwrap_or(0);
                all.push(answers);
            }
        }
        all.sort_by(|a, b| (&a.rule, &a.subject_kind).cmp(&(&b.rule, &b.subject_kind)));
        all
    }
}
