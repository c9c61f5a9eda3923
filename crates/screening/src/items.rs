//! The items of a subject, as the table `items` that the engine derives for a pack.
//!
//! One row for each subject and item: whether it applies, is required, and is filled. The answers
//! are kept as bits of whole numbers, 60 items to a number, and spread into rows only when read.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::Text;

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
    /// SQL of the table `item_masks(subject, chunk, applies, required, filled)`.
    pub(crate) fn masks_sql(&self, table: &str, id: &str) -> String {
        let mut children: BTreeMap<&str, Vec<(usize, &[String])>> = BTreeMap::new();
        for (index, check) in self.checks.iter().enumerate() {
            if let Filled::Rows { table, columns } = &check.filled {
                children.entry(table).or_default().push((index, columns));
            }
        }
        let mut joins = String::new();
        for (child, items) in &children {
            let answers: Vec<_> = items
                .iter()
                .map(|(index, columns)| format!("bool_or({}) as i{index}", all_filled(columns)))
                .collect();
            // Cannot fail: writing to a String does not.
            let _ = write!(
                joins,
                " left join (select {id} as child_id, {} from {child} group by {id}) c_{child} on s.subject = c_{child}.child_id",
                answers.join(", ")
            );
        }
        let own = self.checks.iter().enumerate().map(|(index, check)| {
            let filled = match &check.filled {
                Filled::Own(sql) => format!("({sql})"),
                Filled::Rows { .. } => "false".to_owned(),
            };
            format!(
                "coalesce(({}), false) as a{index}, coalesce(({}), false) as r{index}, coalesce({filled}, false) as f{index}",
                check.applies, check.required
            )
        });
        let own = own.collect::<Vec<_>>().join(", ");
        let chunks = self.checks.chunks(CHUNK).enumerate().map(|(chunk, checks)| {
            let start = chunk * CHUNK;
            let bits = |answer: &dyn Fn(usize) -> String| {
                (0..checks.len())
                    .map(|bit| format!("case when {} then {} else 0 end", answer(start + bit), 1_i64 << bit))
                    .collect::<Vec<_>>()
                    .join(" + ")
            };
            let filled = |index: usize| match &self.checks[index].filled {
                Filled::Own(_) => format!("s.f{index}"),
                Filled::Rows { table, .. } => format!("coalesce(c_{table}.i{index}, false)"),
            };
            format!(
                "select s.subject as subject, {chunk} as chunk, {} as applies, {} as required, {} as filled from s{joins}",
                bits(&|index| format!("s.a{index}")),
                bits(&|index| format!("s.r{index}")),
                bits(&filled),
            )
        });
        let chunks = chunks.collect::<Vec<_>>().join(" union all ");
        format!("with s as (select {id} as subject, {own} from {table}) {chunks}")
    }

    /// SQL of the table `items` over `item_masks`.
    pub(crate) fn rows_sql(&self) -> String {
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
            "select m.subject as subject, l.item as item, l.category as category, l.position as position, \
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
