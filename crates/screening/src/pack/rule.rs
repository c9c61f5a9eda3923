//! One rule as its file declares it.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::Param;
use crate::Text;
use crate::sql::has_word;

/// Who may see what a rule finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Audience {
    /// Completeness and consistency: shown to whoever files.
    Filer,
    /// Integrity: seen by officers only.
    Officer,
    /// Public data, where nobody is to be kept from knowing.
    Both,
}

impl Audience {
    /// Whether somebody of audience `reader` may see what a rule of this audience finds.
    pub fn is_seen_by(self, reader: Audience) -> bool {
        matches!(reader, Self::Officer | Self::Both) || matches!(self, Self::Filer | Self::Both)
    }

    /// The word used in headers and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Filer => "filer",
            Self::Officer => "officer",
            Self::Both => "both",
        }
    }
}

/// How grave a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Worth a look.
    Low,
    /// To be asked about.
    Medium,
    /// To be verified.
    High,
}

impl Severity {
    /// The severity of that name.
    pub fn parse(name: &str) -> Option<Self> {
        match name {
            "low" => Some(Self::Low),
            "medium" => Some(Self::Medium),
            "high" => Some(Self::High),
            _ => None,
        }
    }

    /// The word used in headers and in results.
    pub fn name(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// Which subjects one changed filing can affect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reach {
    /// The filing itself.
    Record,
    /// The filings of its village.
    Village,
    /// The filings of its owner.
    Owner,
    /// Every filing.
    County,
}

impl Reach {
    /// The reach of that name.
    pub fn parse(name: &str) -> Option<Self> {
        match name {
            "record" => Some(Self::Record),
            "village" => Some(Self::Village),
            "owner" => Some(Self::Owner),
            "county" => Some(Self::County),
            _ => None,
        }
    }

    /// The word used in headers.
    pub fn name(self) -> &'static str {
        match self {
            Self::Record => "record",
            Self::Village => "village",
            Self::Owner => "owner",
            Self::County => "county",
        }
    }
}

/// A column that must be filled for a rule to be able to answer.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Need {
    /// The table.
    pub table: String,
    /// The column.
    pub column: String,
}

impl fmt::Display for Need {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}.{}", self.table, self.column)
    }
}

impl Rule {
    /// The line of a key of the header; 1 where the header has no such key.
    pub(crate) fn line_of(&self, key: &str) -> usize {
        let mut lines = self.header_lines();
        let found = lines.find_map(|(line, of, _)| (of == key).then_some(line));
        found.unwrap_or(1)
    }

    /// The line on which a word stands in the value of one of these keys; where none has it, the line
    /// of the first key.
    pub(crate) fn line_of_word(&self, keys: &[&str], word: Option<&str>) -> usize {
        let mut lines = self.header_lines();
        let found = word.and_then(|word| {
            lines.find_map(|(line, of, text)| {
                (keys.contains(&of) && has_word(text, word)).then_some(line)
            })
        });
        found.unwrap_or_else(|| self.line_of(keys.first().copied().unwrap_or_default()))
    }

    /// The lines on which these keys and their values stand, the others empty; and the number of the
    /// first of them.
    pub(crate) fn header_of(&self, keys: &[&str]) -> (String, usize) {
        let lines = self.header_lines();
        let own: Vec<_> = lines.filter(|(_, of, _)| keys.contains(of)).collect();
        let first = own.first().map_or(1, |(line, ..)| *line);
        let mut shown = String::new();
        let mut number = first;
        for (line, _, text) in own {
            while number < line {
                shown.push('\n');
                number += 1;
            }
            shown.push_str(text);
        }
        (shown, first)
    }

    /// The lines of the header: number, key, value.
    fn header_lines(&self) -> impl Iterator<Item = (usize, &str, &str)> {
        let source = self.source.trim_start_matches('\u{feff}');
        let mut key = "";
        source.lines().enumerate().map_while(move |(index, line)| {
            if line.trim().is_empty() {
                return Some((index + 1, "", ""));
            }
            let comment = line.strip_prefix("--")?;
            if comment.starts_with("    ") {
                return Some((index + 1, key, comment));
            }
            let (of, value) = comment.split_once(':').unwrap_or((comment, ""));
            key = of.trim();
            Some((index + 1, key, value))
        })
    }
}

/// The two forms of a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// Conditions over one table; all row checks over a table become one SELECT.
    RowCheck {
        /// The table.
        over: String,
        /// Boolean SQL.
        flag_when: String,
        /// Names and expressions of the figures.
        figures: Vec<(String, String)>,
    },
    /// A full SELECT.
    Query {
        /// The SQL as written.
        sql: String,
        /// The line it begins on.
        line: usize,
    },
}

/// The texts of a rule.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RuleTexts {
    /// Its name.
    pub title: Text,
    /// The sentence of a finding, with `{figure}` placeholders.
    pub says: Text,
    /// The law, regulation, audit method or OCP code behind it, or `practice`.
    pub basis: Text,
    /// How it compares.
    pub method: Text,
    /// Why that is a red flag.
    pub why: Text,
    /// What it leaves out.
    pub excludes: Text,
}

/// One rule.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// `Q01`, `K17`, `R028` …
    pub id: String,
    /// What people read.
    pub texts: RuleTexts,
    /// Who sees its findings.
    pub audience: Audience,
    /// How grave, unless the query says otherwise row by row.
    pub severity: Severity,
    /// Kinds of subject that are counted in the three answers.
    pub subjects: Vec<String>,
    /// Further kinds that findings may name as a consequence; not counted.
    pub also: Vec<String>,
    /// Boolean SQL over the subject's table: the population.
    pub applies: Option<String>,
    /// What must be filled.
    pub needs: Vec<Need>,
    /// What turns red.
    pub items: Vec<String>,
    /// Figures that tell two findings of one subject apart.
    pub key: Vec<String>,
    /// Whom a changed filing can affect.
    pub reach: Reach,
    /// Defaults of its parameters.
    pub params: BTreeMap<String, Param>,
    /// Figures derived from the date of the run: shown, but no part of a finding's identity.
    pub today: Vec<String>,
    /// Figures that may hold the name of a person, and are kept out of every record that cannot be erased.
    pub personal: Vec<String>,
    /// The comparison.
    pub body: Body,
    /// The file, relative to the pack.
    pub file: String,
    /// The whole file as written.
    pub source: String,
}
