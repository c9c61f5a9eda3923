//! What was wrong with an input, collected; many of one kind in one column are counted, not listed.

use std::collections::BTreeMap;

use kandeng_screening::Text;

use super::value::Refused;
use crate::diagnostic::{Diagnostic, Severity};
use crate::filing::Field;

/// How many of one kind in one column are listed.
const LISTED: usize = 5;
/// Characters of a value that are shown.
const SHOWN: usize = 40;

/// Where a finding about the input belongs.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Spot<'a> {
    pub file: &'a str,
    pub sheet: Option<&'a str>,
    pub row: Option<u64>,
    pub column: Option<&'a str>,
}

/// One group that is counted together: file, sheet, column, kind.
type Group = (String, Option<String>, Option<String>, &'static str);

/// Diagnostics as they come.
#[derive(Debug, Default)]
pub(crate) struct Report {
    listed: Vec<Diagnostic>,
    counts: BTreeMap<Group, (usize, Severity)>,
}

impl Report {
    /// Adds one, unless enough of its kind were listed. `value` is shown shortened.
    pub fn add(
        &mut self,
        severity: Severity,
        spot: Spot<'_>,
        kind: &'static str,
        value: Option<&str>,
        message: Text,
    ) {
        let sheet = spot.sheet.map(str::to_owned);
        let column = spot.column.map(str::to_owned);
        let group = (spot.file.to_owned(), sheet.clone(), column.clone(), kind);
        let count = self.counts.entry(group).or_insert((0, severity));
        count.0 += 1;
        if count.0 > LISTED {
            return;
        }
        self.listed.push(Diagnostic {
            severity,
            file: spot.file.to_owned(),
            sheet,
            row: spot.row,
            column,
            value: value.map(shorten),
            message: Text::new(masked(&message.zh), masked(&message.en)),
        });
    }

    /// Adds a warning.
    pub fn warn(
        &mut self,
        spot: Spot<'_>,
        kind: &'static str,
        value: Option<&str>,
        zh: impl Into<String>,
        en: impl Into<String>,
    ) {
        self.add(Severity::Warning, spot, kind, value, Text::new(zh, en));
    }

    /// Adds an error.
    pub fn error(
        &mut self,
        spot: Spot<'_>,
        kind: &'static str,
        value: Option<&str>,
        zh: impl Into<String>,
        en: impl Into<String>,
    ) {
        self.add(Severity::Error, spot, kind, value, Text::new(zh, en));
    }

    /// Adds a cell that was refused.
    pub fn refuse(&mut self, spot: Spot<'_>, value: Option<&str>, refused: Refused) {
        self.add(Severity::Error, spot, refused.kind, value, refused.expected);
    }

    /// Says that a header's brackets hold no unit that is known, and how its column is read.
    pub fn no_unit(&mut self, spot: Spot<'_>, field: Field, written: &str) {
        let (zh, en) = match field {
            Field::Money => ("按元读取", "the amounts are read as yuan"),
            _ => ("未采用", "it was not taken"),
        };
        let shown = shorten(written);
        self.warn(
            spot,
            "no_unit",
            Some(written),
            format!("表头中的“{shown}”不是已知的单位,{zh}"),
            format!("{shown} in the header is no unit that is known; {en}"),
        );
    }

    /// All of them, with how many more there were of each kind.
    pub fn finish(self) -> Vec<Diagnostic> {
        let mut all = self.listed;
        for ((file, sheet, column, _), (count, severity)) in self.counts {
            if count > LISTED {
                let more = count - LISTED;
                all.push(Diagnostic {
                    severity,
                    file,
                    sheet,
                    row: None,
                    column,
                    value: None,
                    message: Text::new(
                        format!("同类问题还有 {more} 处"),
                        format!("and {more} more of the same kind"),
                    ),
                });
            }
        }
        all
    }
}

/// Digits in a row from which on a number may be a person's or an account's.
const MAY_NAME_SOMEBODY: usize = 15;

/// A value without numbers that may name somebody and were put into the wrong column.
fn masked(value: &str) -> String {
    let mut shown = String::with_capacity(value.len());
    let mut run = String::new();
    let flush = |run: &mut String, shown: &mut String| {
        let digits = run
            .chars()
            .filter(|letter| letter.is_ascii_digit() || matches!(letter, '０'..='９'))
            .count();
        if digits >= MAY_NAME_SOMEBODY {
            shown.extend(run.chars().take(4));
            shown.push_str("***");
        } else {
            shown.push_str(run);
        }
        run.clear();
    };
    for letter in value.chars() {
        // Spaces and dashes group the digits of cards; they do not end a number.
        if letter.is_ascii_digit() || matches!(letter, '０'..='９' | ' ' | '-') {
            run.push(letter);
        } else {
            flush(&mut run, &mut shown);
            shown.push(letter);
        }
    }
    flush(&mut run, &mut shown);
    shown
}

/// A value from outside as a message may show it: on one line, shortened, without numbers that may name somebody.
pub fn shown(value: &str) -> String {
    shorten(&super::resident::masked(value))
}

/// The beginning of a value, on one line, without numbers that may name somebody.
pub(crate) fn shorten(value: &str) -> String {
    let value = masked(value);
    let line: String = value
        .chars()
        .map(|letter| if letter.is_control() { ' ' } else { letter })
        .take(SHOWN + 1)
        .collect();
    if line.chars().count() > SHOWN {
        format!("{}…", line.chars().take(SHOWN).collect::<String>())
    } else {
        line
    }
}
