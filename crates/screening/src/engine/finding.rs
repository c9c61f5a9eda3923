//! One finding, made of a row that a rule yielded: its figures, its items, its fingerprint.

use datafusion::arrow::array::{Array, RecordBatch};
use sha2::{Digest, Sha256};

use super::index::text_at;
use super::plan::Layout;
use crate::Text;
use crate::figure::{Figure, Labels, Language};
use crate::pack::{Rule, Severity};

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

/// What tells a finding apart from others of its rule on its subject.
pub(super) fn key_of(rule: &Rule, layout: &Layout, batch: &RecordBatch, row: usize) -> String {
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

pub(super) fn severity_at(
    rule: &Rule,
    layout: &Layout,
    batch: &RecordBatch,
    row: usize,
) -> Severity {
    layout
        .severity
        .and_then(|column| text_at(batch.column(column).as_ref(), row))
        .and_then(Severity::parse)
        .unwrap_or(rule.severity)
}

/// Text or a list of text; nothing for null.
pub(super) fn texts(array: &dyn Array, row: usize) -> Vec<String> {
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

pub(super) fn numbers(figure: &Figure, take: &mut impl FnMut(i64)) {
    match figure {
        Figure::Int(number) => take(*number),
        Figure::List(figures) => figures.iter().for_each(|figure| numbers(figure, take)),
        _ => {}
    }
}

pub(super) fn fingerprint(
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
