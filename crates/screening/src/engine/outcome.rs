//! What a run found: findings in a fixed order, and for every rule its three answers.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use super::answers::{Answer, Answers};
use super::compile::OUTSIDE;
use super::failure::Failure;
use super::finding::{Finding, fingerprint, numbers, severity_at, texts};
use super::plan::Layout;
use super::population::PopulationRows;
use super::tally::{Entry, Found};
use crate::figure::{Figure, Labels, Language};
use crate::pack::{Rule, Severity};
use crate::{Text, says};

/// Time, memory and plan of one statement.
#[derive(Clone, Debug)]
pub struct StepProfile {
    /// The rule, shared table, group of row checks or population.
    pub name: String,
    /// Wall time while it worked.
    pub elapsed: Duration,
    /// The most it held in memory, as far as DataFusion's operators account for it.
    pub peak_bytes: usize,
    /// The plan with the figures of every operator.
    pub plan: String,
}

/// What a run found.
pub struct Outcome {
    /// For every rule that ran and kind of subject, in order of rule.
    pub answers: Vec<Answers>,
    /// Rules that gave no answer.
    pub failures: Vec<Failure>,
    /// Statements with time, memory and plan, when the settings asked for it.
    pub profile: Vec<StepProfile>,
    pub(super) rules: Vec<(Arc<Rule>, Arc<Layout>)>,
    pub(super) kinds: Vec<String>,
    pub(super) labels: Arc<Labels>,
    /// By population: the rules counted over it.
    pub(super) counted: Vec<Vec<usize>>,
    /// Rules and populations that lack something they need.
    pub(super) absent: BTreeSet<(usize, usize)>,
    pub(super) rows: Vec<PopulationRows>,
    pub(super) found: Vec<Found>,
    pub(super) entries: Vec<Entry>,
}

impl Outcome {
    /// The number of findings.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether nothing was found.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The number of subjects of a kind that the input holds.
    pub fn subjects(&self, kind: &str) -> usize {
        let place = self.kinds.iter().position(|known| known == kind);
        place.map_or(0, |place| self.rows[place].len())
    }

    /// The rule of that id, with the parameters it ran with.
    pub fn rule(&self, id: &str) -> Option<&Rule> {
        self.rules
            .iter()
            .map(|(rule, _)| rule.as_ref())
            .find(|rule| rule.id == id)
    }

    /// One rule's answer for every subject of a kind that it applies to.
    pub fn answers_by_subject(&self, rule: &str, kind: &str) -> BTreeMap<String, Answer> {
        let mut answers = BTreeMap::new();
        let rule = self.rules.iter().position(|(known, _)| known.id == rule);
        let population = self.kinds.iter().position(|known| known == kind);
        let (Some(rule), Some(population)) = (rule, population) else {
            return answers;
        };
        let rows = &self.rows[population];
        let absent = self.absent.contains(&(rule, population));
        if let Some(place) = self.counted[population]
            .iter()
            .position(|counted| *counted == rule)
            && let Some(codes) = rows.answers.get(place)
        {
            for (place, code) in codes
                .iter()
                .enumerate()
                .filter(|(_, code)| **code != OUTSIDE)
            {
                let answer = if absent || *code != 0 {
                    Answer::NotApplicable
                } else {
                    Answer::Passed
                };
                answers.insert(rows.label(place as u32).to_owned(), answer);
            }
        }
        for entry in self
            .entries
            .iter()
            .filter(|entry| entry.rule == rule && entry.population == population)
        {
            answers.insert(rows.label(entry.place).to_owned(), Answer::Flagged);
        }
        answers
    }

    /// Whether a finding is about this subject.
    pub(super) fn is_about(&self, index: usize, kind: &str, subject: &str) -> bool {
        let entry = &self.entries[index];
        self.kinds[entry.population] == kind
            && self.rows[entry.population].label(entry.place) == subject
    }

    /// For each rule of a population that applies to a subject: the rule and what it needs in vain,
    /// as [`super::compile::NeedKind`]s are counted from 1, or 0.
    pub(super) fn codes_of(&self, population: usize, subject: &str) -> Vec<(usize, u8)> {
        let rows = &self.rows[population];
        let Some(place) = (0..rows.len()).find(|place| rows.label(*place as u32) == subject) else {
            return Vec::new();
        };
        let counted = self.counted[population].iter().zip(&rows.answers);
        counted
            .filter_map(|(rule, codes)| Some((*rule, *codes.get(place)?)))
            .filter(|(_, code)| *code != OUTSIDE)
            .collect()
    }

    /// Findings in order: by rule, kind of subject, subject, key.
    pub fn findings(&self) -> impl ExactSizeIterator<Item = Finding> + '_ {
        (0..self.len()).map(|index| self.finding(index))
    }

    /// Rule id and severity of a finding, without making the rest of it.
    pub fn severity(&self, index: usize) -> (&str, Severity) {
        let entry = &self.entries[index];
        let (rule, layout) = &self.rules[entry.rule];
        let batch = &self.found[entry.found].batch;
        (&rule.id, severity_at(rule, layout, batch, entry.row))
    }

    /// The money at stake in a finding, in fen, without making the rest of it.
    pub fn money_fen(&self, index: usize) -> Option<i64> {
        let entry = &self.entries[index];
        let column = self.rules[entry.rule].1.money?;
        let batch = &self.found[entry.found].batch;
        match Figure::at(batch.column(column).as_ref(), entry.row) {
            Figure::Int(fen) => Some(fen),
            Figure::Float(fen) => Some(fen.round() as i64),
            _ => None,
        }
    }

    /// The finding at `index`.
    ///
    /// # Panics
    /// When `index` is not below [`Outcome::len`].
    pub fn finding(&self, index: usize) -> Finding {
        let entry = &self.entries[index];
        let (rule, layout) = &self.rules[entry.rule];
        let batch = &self.found[entry.found].batch;
        let row = entry.row;
        let population = &self.rows[entry.population];
        let figures: Vec<(String, Figure)> = layout
            .figures
            .iter()
            .map(|(name, column)| {
                (
                    name.clone(),
                    Figure::at(batch.column(*column).as_ref(), row),
                )
            })
            .collect();
        let subject = population.label(entry.place).to_owned();
        let subject_kind = self.kinds[entry.population].clone();
        let related = layout
            .related
            .map(|column| population.names(batch.column(column).as_ref(), row))
            .unwrap_or_default();
        let items = layout
            .items
            .map(|column| texts(batch.column(column).as_ref(), row))
            .filter(|items| !items.is_empty())
            .unwrap_or_else(|| rule.items.clone());
        let mut rows = Vec::new();
        for (table, column) in &layout.rows {
            numbers(
                &Figure::at(batch.column(*column).as_ref(), row),
                &mut |number| {
                    rows.push((table.clone(), number));
                },
            );
        }
        let money_fen = self.money_fen(index);
        let fingerprint = fingerprint(rule, &subject_kind, &subject, &entry.key, &figures);
        let says = self.says(rule, &subject, &related, money_fen, &items, &figures);
        Finding {
            rule: rule.id.clone(),
            severity: severity_at(rule, layout, batch, row),
            subject_kind,
            subject,
            key: entry.key.clone(),
            related,
            items,
            subject_row: population.row_no(entry.place),
            rows,
            money_fen,
            figures,
            fingerprint,
            says,
        }
    }

    fn says(
        &self,
        rule: &Rule,
        subject: &str,
        related: &[String],
        money_fen: Option<i64>,
        items: &[String],
        figures: &[(String, Figure)],
    ) -> Text {
        let list =
            |words: &[String]| Figure::List(words.iter().cloned().map(Figure::Text).collect());
        let mut named = figures.to_vec();
        for (name, figure) in [
            ("subject", Figure::Text(subject.to_owned())),
            ("related", list(related)),
            ("money_fen", money_fen.map_or(Figure::Null, Figure::Int)),
            ("items", list(items)),
        ] {
            named.push((name.to_owned(), figure));
        }
        let fill = |template: &str, language| says::fill(template, &named, &self.labels, language);
        Text {
            zh: fill(&rule.texts.says.zh, Language::Zh),
            en: fill(&rule.texts.says.en, Language::En),
        }
    }
}
