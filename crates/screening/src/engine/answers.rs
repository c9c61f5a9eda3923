//! The three answers of a rule, counted, with the reasons why some subjects could not be compared.

use std::collections::BTreeMap;

use serde::Serialize;

use super::compile::{NeedKind, OUTSIDE};
use crate::Text;
use crate::pack::Need;

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

/// Counts one rule's answers; `flagged` holds places in order, without repeats.
pub(super) fn count(
    codes: &[u8],
    flagged: &[u32],
    needs: &[NeedKind],
    absent: Option<&Need>,
) -> Answers {
    let applies = codes.iter().filter(|code| **code != OUTSIDE).count();
    let mut by_code: BTreeMap<u8, usize> = BTreeMap::new();
    for (place, code) in codes.iter().enumerate() {
        if *code != OUTSIDE && *code != 0 && flagged.binary_search(&(place as u32)).is_err() {
            *by_code.entry(*code).or_default() += 1;
        }
    }
    let reasons: Vec<Reason> = match absent {
        // A reason is one of some subject.
        Some(_) if applies == 0 => Vec::new(),
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
