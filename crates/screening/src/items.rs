//! The items of a subject, as the table `items` that the engine derives for a pack.
//!
//! One row for each subject and item: whether it applies, is required, and is filled. The answers
//! are kept as bits of whole numbers, 60 items to a number, and spread into rows only when read.

use std::collections::BTreeMap;

use crate::Text;
use crate::pack::Subject;

/// Items whose answers share one number.
const CHUNK: usize = 60;

/// When an item counts as filled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Filled {
    /// Boolean SQL over the subject's own row.
    Own(String),
    /// The subject has a row in `table` with all of `columns` filled.
    Rows {
        /// The child table.
        table: String,
        /// The columns that must be filled there.
        columns: Vec<String>,
    },
}

/// How the engine answers for one item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ItemCheck {
    /// Its key.
    pub item: String,
    /// The key of its category.
    pub category: String,
    /// How people call it.
    pub label: Text,
    /// Boolean SQL over the subject's row: whether the item is meant for this subject at all.
    pub applies: String,
    /// Boolean SQL over the subject's row: whether it must be there by now.
    pub required: String,
    /// Whether it is there.
    pub filled: Filled,
}

/// The items of one kind of subject.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Items {
    /// The subject's kind, such as `project`.
    pub subject: String,
    /// In order.
    pub checks: Vec<ItemCheck>,
}

impl Items {
    /// SQL of the table `item_masks(subject, chunk, applies, required, filled)`, and the subject's number.
    ///
    /// What child tables hold is gathered as bits in one pass over each, under one key, before it meets
    /// the subjects: a join for each child would carry every subject's answers through all of them. And of the subjects
    /// there are only bits by then, or the join would hold all their columns.
    pub(crate) fn masks_sql(&self, subject: &Subject) -> String {
        let key = subject.number.as_ref().unwrap_or(&subject.id);
        let (number, numbered) = match &subject.number {
            Some(number) => (format!(", \"{number}\""), format!(", s.\"{number}\"")),
            None => (String::new(), String::new()),
        };
        let chunks = self.checks.chunks(CHUNK).enumerate().map(|(chunk, checks)| {
            let bits = |answer: &dyn Fn(&ItemCheck) -> Option<String>| {
                let bits: Vec<_> = checks
                    .iter()
                    .enumerate()
                    .filter_map(|(bit, check)| {
                        Some(format!("case when {} then {} else 0 end", answer(check)?, 1_i64 << bit))
                    })
                    .collect();
                if bits.is_empty() { "0".to_owned() } else { bits.join(" + ") }
            };
            let own = bits(&|check| match &check.filled {
                Filled::Own(sql) => Some(format!("({sql})")),
                Filled::Rows { .. } => None,
            });
            let mut children: BTreeMap<&str, Vec<String>> = BTreeMap::new();
            for (bit, check) in checks.iter().enumerate() {
                if let Filled::Rows { table, columns } = &check.filled {
                    let filled = all_filled(columns);
                    let answer = format!("case when {filled} then {} else 0 end", 1_i64 << bit);
                    children.entry(table).or_default().push(answer);
                }
            }
            let rows = children.iter().map(|(table, bits)| {
                format!("select \"{key}\" as child_key, {} as bits from {table}", bits.join(" + "))
            });
            let rows = rows.collect::<Vec<_>>().join(" union all ");
            let own = format!(
                "select \"{}\" as subject{number}, \"{key}\" as own_key, {chunk} as chunk, {} as applies, {} as required, {own} as own from {}",
                subject.id,
                bits(&|check| Some(format!("({})", check.applies))),
                bits(&|check| Some(format!("({})", check.required))),
                subject.table,
            );
            let (filled, join, on) = if rows.is_empty() {
                ("s.own", String::new(), "")
            } else {
                (
                    "s.own | coalesce(c.bits, 0)",
                    format!(
                        "(select child_key, bit_or(bits) as bits from ({rows}) as child_rows group by child_key) as c right join "
                    ),
                    " on c.child_key = s.own_key",
                )
            };
            format!(
                "select s.subject{numbered}, s.chunk, s.applies, s.required, {filled} as filled from {join}({own}) as s{on}"
            )
        });
        chunks.collect::<Vec<_>>().join(" union all ")
    }

    /// SQL of the table `items` over `item_masks`.
    pub(crate) fn rows_sql(&self, subject: &Subject) -> String {
        let number = match &subject.number {
            Some(number) => format!(", m.\"{number}\""),
            None => String::new(),
        };
        let list = self.checks.iter().enumerate().map(|(index, check)| {
            format!(
                "({}, {}, {index}, '{}', '{}')",
                index / CHUNK,
                index % CHUNK,
                check.item.replace('\'', "''"),
                check.category.replace('\'', "''")
            )
        });
        let list = list.collect::<Vec<_>>().join(", ");
        format!(
            "select m.subject as subject{number}, l.item as item, l.category as category, l.position as position, \
             ((m.required >> l.bit) & 1) = 1 as required, ((m.applies >> l.bit) & 1) = 1 as applies, \
             ((m.filled >> l.bit) & 1) = 1 as filled \
             from (values {list}) as l(chunk, bit, position, item, category) \
             join item_masks m on l.chunk = m.chunk"
        )
    }
}

/// Boolean SQL: every one of the columns is filled.
pub(crate) fn all_filled(columns: &[String]) -> String {
    if columns.is_empty() {
        return "true".to_owned();
    }
    columns
        .iter()
        .map(|column| format!("\"{column}\" is not null"))
        .collect::<Vec<_>>()
        .join(" and ")
}
