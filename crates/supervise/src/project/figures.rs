//! What lists and forms show of a filing beside what is typed: figures, and how far its items are filled.
//! Works on text and a declaration; the rules' own answer about completeness is the engine's.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rusqlite::Connection;
use rusqlite::types::Value as Sql;

use super::edit::{Filed, Row};
use crate::draft::reader::Reader;
use crate::filing::Filing;
use crate::import::IdentityKey;
use crate::import::columns::Value;

/// How a declaration reads filings for the read model.
pub(super) struct Reading {
    reader: Reader,
    /// One row with an answer for each item that has a condition: whether it applies.
    conditions: Option<(String, Vec<String>)>,
    /// For each item its rank of stage, its category, and the columns that fill it.
    items: Vec<ItemRule>,
}

struct ItemRule {
    key: String,
    category: String,
    from: usize,
    retired: bool,
    own: Vec<usize>,
    /// List and columns, by their places.
    listed: Option<(usize, Vec<usize>)>,
}

/// How many items of a category are filled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Count {
    /// Items that apply to the project.
    pub apply: u32,
    /// Of these, filled.
    pub filled: u32,
    /// Of these, required by the stage.
    pub required: u32,
    /// Of the required, filled.
    pub done: u32,
}

/// What one filing comes to.
#[derive(Debug, Default)]
pub(super) struct Figures {
    pub name: Option<String>,
    pub kind: Option<String>,
    pub village: Option<String>,
    pub owner: Option<String>,
    pub stage: String,
    pub budget_fen: Option<i64>,
    pub contract_fen: Option<i64>,
    pub paid_fen: i64,
    pub progress: Option<f64>,
    pub year: Option<i64>,
    pub categories: BTreeMap<String, Count>,
}

impl Reading {
    /// Of a declaration. The key is nobody's: what must be hashed was hashed before it was stored.
    pub(super) fn new(filing: Arc<Filing>) -> Self {
        let conditions: Vec<_> = filing
            .items()
            .filter_map(|(_, item)| Some((item.key.clone(), item.when.clone()?)))
            .collect();
        let conditions = (!conditions.is_empty()).then(|| {
            let columns = filing.sheets[0].columns.iter().enumerate();
            let columns =
                columns.map(|(place, column)| format!("?{} as \"{}\"", place + 1, column.key));
            let answers = conditions
                .iter()
                .map(|(_, when)| format!("coalesce(({when}), 0)"));
            let sql = format!(
                "select {} from (select {})",
                answers.collect::<Vec<_>>().join(", "),
                columns.collect::<Vec<_>>().join(", ")
            );
            (sql, conditions.into_iter().map(|(key, _)| key).collect())
        });
        let place = |table: &str| filing.sheets.iter().position(|sheet| sheet.table == table);
        let items = filing.items().map(|(category, item)| {
            let mut own = Vec::new();
            let mut listed: Option<(usize, Vec<usize>)> = None;
            for (table, column) in filing.filling_columns(item) {
                let Some((sheet, column)) = place(table)
                    .and_then(|sheet| Some((sheet, filing.sheets[sheet].position(column)?)))
                else {
                    continue;
                };
                if sheet == 0 {
                    own.push(column);
                } else if let Some((first, columns)) = &mut listed {
                    if *first == sheet {
                        columns.push(column);
                    }
                } else {
                    listed = Some((sheet, vec![column]));
                }
            }
            ItemRule {
                key: item.key.clone(),
                category: category.key.clone(),
                from: filing.stage_rank(&item.from).unwrap_or(0),
                retired: item.retired,
                listed: listed.filter(|_| own.is_empty()),
                own,
            }
        });
        Self {
            items: items.collect(),
            conditions,
            reader: Reader::of(Arc::clone(&filing), IdentityKey::from_bytes([0; 32]), None),
        }
    }

    fn read(&self, sheet: usize, row: &Row, code: Option<&str>) -> Vec<Value> {
        let typed = row.iter().map(|(key, text)| (key.as_str(), text.as_str()));
        // Notes are told when the form is shown.
        self.reader
            .row(sheet, typed, code.map(|code| (0, code)), &mut Vec::new())
    }

    /// What a filing comes to. `stage` is the one that was named.
    ///
    /// # Errors
    /// When the database fails.
    pub(super) fn figures(
        &self,
        by: &Connection,
        filed: &Filed,
        code: &str,
        stage: Option<&str>,
    ) -> rusqlite::Result<Figures> {
        let filing = self.reader.filing();
        let sheet = &filing.sheets[0];
        let mut own = self.read(0, &filed.fields, None);
        if let Some(place) = sheet.position("project_code") {
            own[place] = Value::Text(code.to_owned());
        }
        let mut reached = self.reader.stage_shown(0, &own);
        let mut of_lists: BTreeSet<&str> = BTreeSet::new();
        let mut paid = 0_i64;
        let mut progress: Option<(i32, f64)> = None;
        for (index, sheet) in filing.sheets.iter().enumerate().skip(1) {
            let place = |column: &str| sheet.position(column);
            let (amount, day, percent) = (place("amount"), place("date"), place("percent"));
            for row in filed
                .lists
                .get(&sheet.table)
                .into_iter()
                .flat_map(BTreeMap::values)
            {
                let values = self.read(index, row, Some(code));
                reached = reached.max(self.reader.stage_shown(index, &values));
                for item in &self.items {
                    if let Some((list, columns)) = &item.listed
                        && *list == index
                        && columns.iter().all(|column| values[*column] != Value::Null)
                    {
                        of_lists.insert(&item.key);
                    }
                }
                if sheet.table == "payments"
                    && let Some(Value::Int(fen)) = amount.map(|amount| &values[amount])
                {
                    paid = paid.saturating_add(*fen);
                }
                if sheet.table == "progress"
                    && let (Some(Value::Date(day)), Some(Value::Float(percent))) = (
                        day.map(|day| &values[day]),
                        percent.map(|percent| &values[percent]),
                    )
                    && progress.is_none_or(|(last, _)| last <= *day)
                {
                    progress = Some((*day, *percent));
                }
            }
        }
        let stage = stage
            .map(str::to_owned)
            .or_else(|| filing.stages.get(reached).map(|stage| stage.key.clone()))
            .unwrap_or_default();
        if let Some(place) = sheet.position("stage") {
            own[place] = Value::Text(stage.clone());
        }
        let rank = filing.stage_rank(&stage).unwrap_or(0);
        let excluded = self.excluded(by, &own)?;
        let mut categories: BTreeMap<String, Count> = BTreeMap::new();
        for category in &filing.categories {
            categories.insert(category.key.clone(), Count::default());
        }
        for item in &self.items {
            if item.retired || excluded.contains(item.key.as_str()) {
                continue;
            }
            let is_there = match item.listed {
                Some(_) => of_lists.contains(item.key.as_str()),
                None => item.own.iter().all(|column| own[*column] != Value::Null),
            };
            let count = categories.entry(item.category.clone()).or_default();
            count.apply += 1;
            count.filled += u32::from(is_there);
            if item.from <= rank {
                count.required += 1;
                count.done += u32::from(is_there);
            }
        }
        let text = |column: &str| match sheet.position(column).map(|place| &own[place]) {
            Some(Value::Text(text)) => Some(text.clone()),
            _ => None,
        };
        let money = |column: &str| match sheet.position(column).map(|place| &own[place]) {
            Some(Value::Int(fen)) => Some(*fen),
            _ => None,
        };
        Ok(Figures {
            name: text("name"),
            kind: text("kind"),
            village: text("village_code"),
            owner: text("owner_name"),
            stage,
            budget_fen: money("approved_budget"),
            contract_fen: money("contract_amount"),
            paid_fen: paid,
            progress: progress.map(|(_, percent)| percent),
            // County (6), year (4), serial (4).
            year: code.get(6..10).and_then(|year| year.parse().ok()),
            categories,
        })
    }

    /// Items whose condition does not hold for a project.
    fn excluded(&self, by: &Connection, own: &[Value]) -> rusqlite::Result<BTreeSet<&str>> {
        let Some((sql, items)) = &self.conditions else {
            return Ok(BTreeSet::new());
        };
        let own = own.iter().map(|value| match value {
            Value::Null => Sql::Null,
            Value::Text(text) => Sql::Text(text.clone()),
            Value::Int(whole) | Value::Time(whole) => Sql::Integer(*whole),
            Value::Float(number) => Sql::Real(*number),
            Value::Date(day) => Sql::Integer(i64::from(*day)),
            Value::Bool(answer) => Sql::Integer(i64::from(*answer)),
        });
        let mut select = by.prepare_cached(sql)?;
        select.query_row(rusqlite::params_from_iter(own), |row| {
            let mut excluded = BTreeSet::new();
            for (place, item) in items.iter().enumerate() {
                if !row.get::<_, bool>(place)? {
                    excluded.insert(item.as_str());
                }
            }
            Ok(excluded)
        })
    }
}
