//! When an item applies, is required, and is filled, as SQL over the project's row.

use kandeng_screening::Text;

use super::declaration::{Filing, Item};

/// When an item counts as filled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Filled {
    /// Boolean SQL over the project's own row.
    Own(String),
    /// The project has a row in `table` with all of `columns` filled.
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
    /// Its number, such as `3.2`.
    pub number: String,
    /// How people call it.
    pub label: Text,
    /// Its columns, by table: what is marked when it is empty.
    pub columns: Vec<(String, String)>,
    /// Boolean SQL: whether the item is meant for this project at all.
    pub applies: String,
    /// Boolean SQL: whether it must be there by the project's stage.
    pub required: String,
    /// Whether it is there.
    pub filled: Filled,
}

impl Filing {
    /// One check for each item, in order.
    pub fn item_checks(&self) -> Vec<ItemCheck> {
        self.items()
            .map(|(category, item)| ItemCheck {
                item: item.key.clone(),
                category: category.key.clone(),
                number: item.number.clone(),
                label: Text::new(&*item.zh, &*item.en),
                columns: self
                    .columns_of(&item.key)
                    .into_iter()
                    .map(|(table, column)| (table.to_owned(), column.to_owned()))
                    .collect(),
                applies: match &item.when {
                    _ if item.retired => "false".to_owned(),
                    Some(sql) => sql.clone(),
                    None => "true".to_owned(),
                },
                required: self.required(item),
                filled: self.filled(item),
            })
            .collect()
    }

    /// SQL: the project has reached the stage from which the item is required.
    fn required(&self, item: &Item) -> String {
        let from = self.stage_rank(&item.from).unwrap_or(0);
        if from == 0 {
            return "true".to_owned();
        }
        let stages: Vec<_> = self.stages[from..]
            .iter()
            .map(|stage| format!("'{}'", stage.key))
            .collect();
        format!("stage in ({})", stages.join(", "))
    }

    /// The columns that fill an item: those it names, else all of its own.
    pub(crate) fn filling_columns<'a>(&'a self, item: &'a Item) -> Vec<(&'a str, &'a str)> {
        if item.filled.is_empty() {
            return self.columns_of(&item.key);
        }
        let named = item.filled.iter();
        named
            .map(|column| column.split_once('.').unwrap_or(("projects", column)))
            .collect()
    }

    /// When an item is filled.
    fn filled(&self, item: &Item) -> Filled {
        let (own, child): (Vec<_>, Vec<_>) = self
            .filling_columns(item)
            .into_iter()
            .partition(|(table, _)| *table == "projects");
        match child.first() {
            Some((table, _)) if own.is_empty() => Filled::Rows {
                table: (*table).to_owned(),
                columns: child
                    .iter()
                    .filter(|(other, _)| other == table)
                    .map(|(_, column)| (*column).to_owned())
                    .collect(),
            },
            _ => Filled::Own(
                own.iter()
                    .map(|(_, column)| format!("\"{column}\" is not null"))
                    .collect::<Vec<_>>()
                    .join(" and "),
            ),
        }
    }
}
