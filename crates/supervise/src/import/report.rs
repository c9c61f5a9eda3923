//! What was wrong with an input, collected; many of one kind in one column are counted, not listed.

use std::collections::BTreeMap;

use kandeng_screening::Text;

use super::value::Refused;
use crate::diagnostic::{Diagnostic, Severity};
use crate::filing::Field;

/// How many of one kind in one column are listed.
const LISTED: usize = 5;
/// How many rows of the others are named.
const NAMED: usize = 40;
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
    counts: BTreeMap<Group, Count>,
}

/// How many of one kind there were.
#[derive(Debug)]
struct Count {
    severity: Severity,
    all: usize,
    /// Where the last of those that are listed stands among all.
    last: usize,
    /// Rows of those that are not listed.
    rows: Vec<u64>,
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
        let count = self.counts.entry(group).or_insert(Count {
            severity,
            all: 0,
            last: 0,
            rows: Vec::new(),
        });
        count.all += 1;
        if count.all > LISTED {
            if count.rows.len() < NAMED && count.rows.last() != spot.row.as_ref() {
                count.rows.extend(spot.row);
            }
            return;
        }
        count.last = self.listed.len();
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

    /// All of them; behind the last that is listed of a kind, how many more there were and where.
    pub fn finish(self) -> Vec<Diagnostic> {
        let more = self
            .counts
            .into_iter()
            .filter(|(_, count)| count.all > LISTED);
        let mut more: Vec<(Group, Count)> = more.collect();
        more.sort_by_key(|(_, count)| count.last);
        let mut more = more.into_iter().peekable();
        let mut all = Vec::with_capacity(self.listed.len());
        for (place, listed) in self.listed.into_iter().enumerate() {
            all.push(listed);
            while let Some((group, count)) = more.next_if(|(_, count)| count.last == place) {
                all.push(count.rest(group));
            }
        }
        all
    }
}

impl Count {
    /// How many more there were than are listed, and in which rows.
    fn rest(self, (file, sheet, column, _): Group) -> Diagnostic {
        let more = self.all - LISTED;
        let mut message = Text::new(
            format!("同类问题还有 {more} 处"),
            format!("and {more} more of the same kind"),
        );
        if !self.rows.is_empty() {
            let rows: Vec<String> = self.rows.iter().map(u64::to_string).collect();
            let (rest_zh, rest_en) = match self.rows.len() {
                NAMED if more > NAMED => (" 等", " …"),
                _ => ("", ""),
            };
            let plural = if rows.len() > 1 { "s" } else { "" };
            let (zh, en) = (rows.join("、"), rows.join(", "));
            message.zh.push_str(&format!(":第 {zh}{rest_zh} 行"));
            message
                .en
                .push_str(&format!(", in row{plural} {en}{rest_en}"));
        }
        Diagnostic {
            severity: self.severity,
            file,
            sheet,
            row: None,
            column,
            value: None,
            message,
        }
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
