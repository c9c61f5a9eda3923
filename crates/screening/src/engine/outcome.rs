//! What a run found: findings in a fixed order, and for every rule its three answers.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use datafusion::arrow::datatypes::{DataType, Int64Type};
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::compile::{NeedKind, OUTSIDE};
use super::failure::Failure;
use super::plan::{Layout, PlannedPopulation, PlannedRule};
use crate::figure::{Figure, Labels, Language};
use crate::pack::{Need, Rule, Severity};
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

/// Why subjects were not applicable, and how many.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Reason {
    /// `empty: table.column`, `no rows: table (columns)` or `absent: table.column`.
    pub because: String,
    /// The same as a sentence.
    #[serde(flatten)]
    pub text: Text,
    /// The number of subjects.
    pub subjects: usize,
}

/// What a rule says of one subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Answer {
    /// There is a finding.
    Flagged,
    /// Compared, and it stands.
    Passed,
    /// Could not be compared.
    NotApplicable,
}

/// The three answers of one rule over one kind of subject.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answers {
    /// The rule.
    pub rule: String,
    /// The kind of subject counted.
    pub subject_kind: String,
    /// Subjects in the rule's population: the sum of the three answers.
    pub applies: usize,
    /// Subjects with at least one finding.
    pub flagged: usize,
    /// Subjects that were compared and stood.
    pub passed: usize,
    /// Subjects that could not be compared.
    pub not_applicable: usize,
    /// Why they could not.
    pub reasons: Vec<Reason>,
    /// Rows of child tables that lacked a needed value.
    pub left_out: usize,
    /// Whether more than a fifth of the population is flagged.
    pub noisy: bool,
}

/// One finding, ready to be read.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// The rule's id.
    pub rule: String,
    /// How grave.
    pub severity: Severity,
    /// The kind of subject.
    pub subject_kind: String,
    /// The subject, as people know it.
    pub subject: String,
    /// What tells it apart from other findings of the rule on this subject; mostly empty.
    pub key: String,
    /// Other subjects involved.
    pub related: Vec<String>,
    /// Items to mark.
    pub items: Vec<String>,
    /// The subject's own row, when its table has rows that people know.
    pub subject_row: Option<i64>,
    /// Rows of tables that were compared, to be marked.
    pub rows: Vec<(String, i64)>,
    /// Money at stake, in fen.
    pub money_fen: Option<i64>,
    /// What was compared.
    pub figures: Vec<(String, Figure)>,
    /// SHA-256 (hex) over rule, subject, key and the figures that do not depend on the day.
    pub fingerprint: String,
    /// The sentence.
    pub says: Text,
}

/// Rows that a rule yielded.
pub(super) struct Found {
    pub rule: usize,
    pub batch: RecordBatch,
}

/// The subjects of one kind, with each rule's answer for each.
#[derive(Default)]
pub(super) struct PopulationRows {
    pub ids: Option<ArrayRef>,
    pub labels: Option<ArrayRef>,
    pub row_nos: Option<ArrayRef>,
    /// By rule of the population, then by subject.
    pub answers: Vec<Vec<u8>>,
    /// By child table and columns, then by subject: incomplete rows.
    pub incomplete: Vec<Vec<u32>>,
}

/// From a subject's id to its place among the subjects.
enum Places<'a> {
    Numbers(HashMap<i64, u32>),
    Texts(HashMap<&'a str, u32>),
    Nobody,
}

impl PopulationRows {
    fn len(&self) -> usize {
        self.ids.as_ref().map_or(0, Array::len)
    }

    fn places(&self) -> Places<'_> {
        let Some(ids) = &self.ids else {
            return Places::Nobody;
        };
        if let Some(numbers) = ids.as_primitive_opt::<Int64Type>() {
            let places = numbers
                .iter()
                .enumerate()
                .filter_map(|(place, id)| Some((id?, place as u32)));
            return Places::Numbers(places.collect());
        }
        Places::Texts(
            (0..ids.len())
                .filter_map(|place| Some((text_at(ids.as_ref(), place)?, place as u32)))
                .collect(),
        )
    }

    fn label(&self, place: u32) -> &str {
        self.labels
            .as_ref()
            .and_then(|labels| text_at(labels.as_ref(), place as usize))
            .unwrap_or_default()
    }

    fn row_no(&self, place: u32) -> Option<i64> {
        let rows = self.row_nos.as_ref()?.as_primitive::<Int64Type>();
        rows.is_valid(place as usize)
            .then(|| rows.value(place as usize))
    }
}

impl Places<'_> {
    fn find(&self, array: &dyn Array, row: usize) -> Option<u32> {
        match self {
            Self::Numbers(places) => match Figure::at(array, row) {
                Figure::Int(id) => places.get(&id).copied(),
                _ => None,
            },
            Self::Texts(places) => places.get(text_at(array, row)?).copied(),
            Self::Nobody => None,
        }
    }
}

fn text_at(array: &dyn Array, row: usize) -> Option<&str> {
    if array.is_null(row) {
        return None;
    }
    match array.data_type() {
        DataType::Utf8 => Some(array.as_string::<i32>().value(row)),
        DataType::LargeUtf8 => Some(array.as_string::<i64>().value(row)),
        DataType::Utf8View => Some(array.as_string_view().value(row)),
        _ => None,
    }
}

/// A finding's place: which rule's rows, which row, about whom.
struct Entry {
    rule: usize,
    found: usize,
    row: usize,
    population: usize,
    place: u32,
    key: String,
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
    ) -> Outcome {
        let mut entries = self.entries(&found, &failures);
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
        Outcome {
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
        }
    }

    /// Findings about subjects of the population; all others are dropped.
    fn entries(&self, found: &[Found], failures: &[Failure]) -> Vec<Entry> {
        let mut places: Vec<Option<Places<'_>>> = self.rows.iter().map(|_| None).collect();
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
                let places =
                    places[population].get_or_insert_with(|| self.rows[population].places());
                let Some(place) = places.find(subjects.as_ref(), row) else {
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
        entries
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
                answers.left_out = planned.compiled.left_out[place]
                    .iter()
                    .filter_map(|column| self.rows[population].incomplete.get(*column))
                    .map(|incomplete| {
                        let applying = codes
                            .iter()
                            .zip(incomplete)
                            .filter(|(code, _)| **code != OUTSIDE);
                        applying.map(|(_, count)| *count as usize).sum::<usize>()
                    })
                    .sum();
                all.push(answers);
            }
        }
        all.sort_by(|a, b| (&a.rule, &a.subject_kind).cmp(&(&b.rule, &b.subject_kind)));
        all
    }
}

/// Counts one rule's answers; `flagged` holds places in order, without repeats.
fn count(codes: &[u8], flagged: &[u32], needs: &[NeedKind], absent: Option<&Need>) -> Answers {
    let applies = codes.iter().filter(|code| **code != OUTSIDE).count();
    let mut by_code: BTreeMap<u8, usize> = BTreeMap::new();
    for (place, code) in codes.iter().enumerate() {
        if *code != OUTSIDE && *code != 0 && flagged.binary_search(&(place as u32)).is_err() {
            *by_code.entry(*code).or_default() += 1;
        }
    }
    let reasons: Vec<Reason> = match absent {
        Some(need) => vec![absent_reason(need, applies)],
        None => by_code
            .iter()
            .map(|(code, subjects)| need_reason(&needs[usize::from(*code) - 1], *subjects))
            .collect(),
    };
    let not_applicable = reasons.iter().map(|reason| reason.subjects).sum::<usize>();
    Answers {
        rule: String::new(),
        subject_kind: String::new(),
        applies,
        flagged: flagged.len(),
        passed: applies - flagged.len() - not_applicable,
        not_applicable,
        reasons,
        left_out: 0,
        noisy: flagged.len() * 5 > applies,
    }
}

pub(super) fn absent_reason(need: &Need, subjects: usize) -> Reason {
    Reason {
        because: format!("absent: {need}"),
        text: Text::new(
            format!("输入中没有 {need}"),
            format!("the input does not have {need}"),
        ),
        subjects,
    }
}

pub(super) fn need_reason(need: &NeedKind, subjects: usize) -> Reason {
    match need {
        NeedKind::Own(need) | NeedKind::Register(need) => Reason {
            because: format!("empty: {need}"),
            text: Text::new(format!("{need} 为空"), format!("{need} is empty")),
            subjects,
        },
        NeedKind::Child { table, columns } => {
            let columns = columns.join(", ");
            Reason {
                because: format!("no rows: {table} ({columns})"),
                text: Text::new(
                    format!("{table} 中没有 {columns} 齐全的行"),
                    format!("no row of {table} has all of {columns}"),
                ),
                subjects,
            }
        }
    }
}

fn key_of(rule: &Rule, layout: &Layout, batch: &RecordBatch, row: usize) -> String {
    let mut key = String::new();
    for name in &rule.key {
        let Some((_, column)) = layout.figures.iter().find(|(figure, _)| figure == name) else {
            continue;
        };
        if !key.is_empty() {
            key.push('|');
        }
        if let Some(text) = text_at(batch.column(*column).as_ref(), row) {
            key.push_str(text);
        } else {
            match Figure::at(batch.column(*column).as_ref(), row) {
                Figure::Int(value) => key.push_str(&value.to_string()),
                other => other.show("", &Labels::new(), Language::En, &mut key),
            }
        }
    }
    key
}

/// What a run found.
pub struct Outcome {
    /// For every rule that ran and kind of subject, in order of rule.
    pub answers: Vec<Answers>,
    /// Rules that gave no answer.
    pub failures: Vec<Failure>,
    /// Statements with time, memory and plan, when the settings asked for it.
    pub profile: Vec<StepProfile>,
    rules: Vec<(Arc<Rule>, Arc<Layout>)>,
    kinds: Vec<String>,
    labels: Arc<Labels>,
    /// By population: the rules counted over it.
    counted: Vec<Vec<usize>>,
    /// Rules and populations that lack something they need.
    absent: BTreeSet<(usize, usize)>,
    rows: Vec<PopulationRows>,
    found: Vec<Found>,
    entries: Vec<Entry>,
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
    /// as [`NeedKind`]s are counted from 1, or 0.
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
            .map(|column| texts(batch.column(column).as_ref(), row))
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
        let money_fen =
            layout.money.and_then(
                |column| match Figure::at(batch.column(column).as_ref(), row) {
                    Figure::Int(fen) => Some(fen),
                    Figure::Float(fen) => Some(fen.round() as i64),
                    _ => None,
                },
            );
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

fn severity_at(rule: &Rule, layout: &Layout, batch: &RecordBatch, row: usize) -> Severity {
    layout
        .severity
        .and_then(|column| text_at(batch.column(column).as_ref(), row))
        .and_then(Severity::parse)
        .unwrap_or(rule.severity)
}

/// Text or a list of text; nothing for null.
fn texts(array: &dyn Array, row: usize) -> Vec<String> {
    fn gather(figure: Figure, words: &mut Vec<String>) {
        match figure {
            Figure::Text(word) => words.push(word),
            Figure::Int(number) => words.push(number.to_string()),
            Figure::List(figures) => figures.into_iter().for_each(|figure| gather(figure, words)),
            _ => {}
        }
    }
    let mut words = Vec::new();
    gather(Figure::at(array, row), &mut words);
    words
}

fn numbers(figure: &Figure, take: &mut impl FnMut(i64)) {
    match figure {
        Figure::Int(number) => take(*number),
        Figure::List(figures) => figures.iter().for_each(|figure| numbers(figure, take)),
        _ => {}
    }
}

fn fingerprint(
    rule: &Rule,
    kind: &str,
    subject: &str,
    key: &str,
    figures: &[(String, Figure)],
) -> String {
    let mut hash = Sha256::new();
    for part in [rule.id.as_str(), kind, subject, key] {
        hash.update(part.as_bytes());
        hash.update([0x1f]);
    }
    for (name, figure) in figures {
        if rule.today.contains(name) {
            continue;
        }
        hash.update(name.as_bytes());
        hash.update([b'=']);
        // Cannot fail: figures hold no maps and no infinite numbers.
        hash.update(serde_json::to_vec(figure).unwrap_or_default());
        hash.update([0x1f]);
    }
    hex(&hash.finalize())
}

/// Bytes as lower-case hexadecimal digits.
fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        text.push(char::from(DIGITS[usize::from(byte >> 4)]));
        text.push(char::from(DIGITS[usize::from(byte & 15)]));
    }
    text
}
