//! The declaration of items as it stands in TOML: categories, items, choices, sheets, registers.
//! Everything here is data; what it means for tables and checks is decided beside it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use serde::Deserialize;

use super::error::FilingError;
use super::units::Units;

/// The declaration that this build carries.
const ITEMS: &str = include_str!("../../items/items.toml");

/// The units that this build carries.
const UNITS: &str = include_str!("../../items/units.toml");

/// A stage of a project's life, in order.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stage {
    /// The key rules use.
    pub key: String,
    /// Its name in Chinese.
    pub zh: String,
    /// Its name in English.
    pub en: String,
    /// Items that show a project to have got this far.
    #[serde(default)]
    pub shown_by: Vec<String>,
}

/// One answer of a choice.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Choice {
    /// The key rules use.
    pub key: String,
    /// Its name in Chinese.
    pub zh: String,
    /// Its name in English.
    pub en: String,
    /// Other ways in which it is written.
    #[serde(default)]
    pub aliases: Vec<String>,
}

/// A category (大类) of items.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Category {
    /// Its key.
    pub key: String,
    /// Its name in Chinese.
    pub zh: String,
    /// Its name in English.
    pub en: String,
    /// Its place in the list, from 1.
    #[serde(skip)]
    pub number: usize,
    /// Its items, in order.
    pub items: Vec<Item>,
}

/// One item (信息项) of a filing.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Item {
    /// Its key.
    pub key: String,
    /// Its number, such as `3.2`.
    #[serde(skip)]
    pub number: String,
    /// Its name in Chinese.
    pub zh: String,
    /// Its name in English.
    pub en: String,
    /// What it holds, in a word.
    #[serde(rename = "type")]
    pub kind: String,
    /// The stage from which it is required.
    pub from: String,
    /// SQL over the project's row: whether the item is meant for the project at all.
    pub when: Option<String>,
    /// Whether it may be published.
    #[serde(default)]
    pub public: bool,
    /// No longer asked for; what was filed of it stays.
    #[serde(default)]
    pub retired: bool,
    /// Where it goes in the Open Contracting for Infrastructure Data Standard.
    #[serde(default)]
    pub oc4ids: String,
    /// Columns that make it count as filled (`column` of the projects, or `table.column`); all, when empty.
    #[serde(default)]
    pub filled: Vec<String>,
}

/// What a column holds, and so how its cells are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Field {
    /// Any text.
    Text,
    /// A code: text whose digits Excel may have taken for a number.
    Code,
    /// An organization's unified social credit code.
    Uscc,
    /// One of a list.
    Choice,
    /// A calendar day.
    Date,
    /// A moment, written as clocks in China show it.
    Time,
    /// An amount of money.
    Money,
    /// A quantity, whose unit may follow it.
    Quantity,
    /// The unit of a quantity.
    Unit,
    /// A percentage: 40 or 40%.
    Percent,
    /// A whole number.
    Int,
    /// A number.
    Number,
    /// Yes or no.
    Bool,
    /// A person's, account's or telephone's number, hashed as it is read.
    Identity,
    /// A boundary: WKT, or the name of a file.
    Boundary,
}

/// A column of a sheet.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Column {
    /// The name rules use.
    pub key: String,
    /// Its header in Chinese.
    pub zh: String,
    /// Its header in English.
    pub en: String,
    /// What it holds.
    #[serde(rename = "type")]
    pub field: Field,
    /// The choices it takes, by their key in `choices`.
    pub choices: Option<String>,
    /// The column that holds its unit.
    pub unit: Option<String>,
    /// The least that a number may be.
    pub least: Option<i64>,
    /// The most that a number may be.
    pub most: Option<i64>,
    /// The item it belongs to.
    pub item: Option<String>,
    /// Other headers it goes by.
    #[serde(default)]
    pub aliases: Vec<String>,
    /// A row without it is not read.
    #[serde(default)]
    pub required: bool,
    /// Nobody need be told that it is missing.
    #[serde(default)]
    pub optional: bool,
    /// Offered in the template.
    #[serde(default = "yes")]
    pub template: bool,
    /// Recorded by the platform itself and filed by nobody: a workbook or a CSV may carry it only
    /// under a seal.
    #[serde(default)]
    pub recorded: bool,
    /// Holds the seal over these columns of its row.
    #[serde(default)]
    pub seals: Vec<String>,
    /// What the template's example row holds.
    #[serde(default)]
    pub example: String,
}

impl Column {
    /// What its numbers lie between.
    pub fn range(&self) -> Range {
        Range {
            least: self.least,
            most: self.most,
        }
    }
}

/// What numbers of a column lie between, both ends included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Range {
    /// The least.
    pub least: Option<i64>,
    /// The most.
    pub most: Option<i64>,
}

impl Range {
    /// Whether a number lies in it.
    pub fn holds(self, number: f64) -> bool {
        self.least.is_none_or(|least| number >= least as f64)
            && self.most.is_none_or(|most| number <= most as f64)
    }
}

/// A sheet of the workbook, a file of a folder, a table for rules.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sheet {
    /// The table's name, and the file's.
    pub table: String,
    /// The sheet's name in Chinese.
    pub zh: String,
    /// The sheet's name in English.
    pub en: String,
    /// Other names it goes by.
    #[serde(default)]
    pub aliases: Vec<String>,
    /// Its columns, in order.
    pub columns: Vec<Column>,
}

impl Sheet {
    /// The place of a column among the declared ones.
    pub fn position(&self, column: &str) -> Option<usize> {
        self.columns
            .iter()
            .position(|declared| declared.key == column)
    }
}

/// What a county asks of its projects.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Filing {
    /// The declaration's own version.
    pub version: String,
    /// The stages, in order.
    pub stages: Vec<Stage>,
    /// The lists that choices are made from.
    pub choices: BTreeMap<String, Vec<Choice>>,
    /// The categories with their items.
    #[serde(rename = "category")]
    pub categories: Vec<Category>,
    /// The sheets; the first is the projects'.
    #[serde(rename = "sheet")]
    pub sheets: Vec<Sheet>,
    /// The registers that filings are compared with.
    #[serde(rename = "register", default)]
    pub registers: Vec<Sheet>,
    /// Units of scale.
    #[serde(default)]
    pub units: Units,
}

impl Filing {
    /// The declaration that this build carries.
    pub fn embedded() -> &'static Self {
        static EMBEDDED: LazyLock<Filing> = LazyLock::new(|| {
            // Cannot fail: a test loads the same text.
            Filing::load(ITEMS).unwrap_or_else(|error| panic!("items.toml: {error}"))
        });
        &EMBEDDED
    }

    /// The text of the declaration that this build carries, for a county to start from.
    pub fn embedded_text() -> &'static str {
        ITEMS
    }

    /// A county's own declaration. Units may stand in the same text under `[units]`.
    ///
    /// # Errors
    /// When the text is no declaration, or names what it does not declare.
    pub fn load(text: &str) -> Result<Self, FilingError> {
        let mut filing: Self =
            toml::from_str(text).map_err(|error| FilingError::Malformed(error.to_string()))?;
        if filing.units == Units::default() {
            filing.units =
                toml::from_str(UNITS).map_err(|error| FilingError::Malformed(error.to_string()))?;
        }
        for (index, category) in filing.categories.iter_mut().enumerate() {
            category.number = index + 1;
            for (place, item) in category.items.iter_mut().enumerate() {
                item.number = format!("{}.{}", index + 1, place + 1);
            }
        }
        filing.add_own_choices();
        filing.check()?;
        Ok(filing)
    }

    /// Categories and items are lists to choose from too, named `category` and `item`. An item also
    /// goes by its columns of the projects.
    fn add_own_choices(&mut self) {
        let choice = |key: &str, zh: &str, en: &str, aliases: Vec<String>| Choice {
            key: key.to_owned(),
            zh: zh.to_owned(),
            en: en.to_owned(),
            aliases,
        };
        let categories = self
            .categories
            .iter()
            .map(|category| choice(&category.key, &category.zh, &category.en, Vec::new()))
            .collect();
        let own = |item: &Item| {
            let columns = self.columns_of(&item.key).into_iter();
            let columns = columns.filter(|(table, _)| *table == "projects");
            let columns = columns.filter_map(|(table, key)| self.column(table, key));
            columns
                .flat_map(|column| [&column.key, &column.zh, &column.en])
                .filter(|name| ![&item.key, &item.zh, &item.en].contains(name))
                .cloned()
                .collect()
        };
        let items = self
            .items()
            .map(|(_, item)| choice(&item.key, &item.zh, &item.en, own(item)))
            .collect();
        self.choices
            .entry("category".to_owned())
            .or_insert(categories);
        self.choices.entry("item".to_owned()).or_insert(items);
    }

    /// The items in order, each with its category.
    pub fn items(&self) -> impl Iterator<Item = (&Category, &Item)> {
        self.categories
            .iter()
            .flat_map(|category| category.items.iter().map(move |item| (category, item)))
    }

    /// An item by its key.
    pub fn item(&self, key: &str) -> Option<&Item> {
        self.items()
            .map(|(_, item)| item)
            .find(|item| item.key == key)
    }

    /// A sheet or register by its table's name.
    pub fn sheet(&self, table: &str) -> Option<&Sheet> {
        self.sheets
            .iter()
            .chain(&self.registers)
            .find(|sheet| sheet.table == table)
    }

    /// A column of a sheet or register.
    pub fn column(&self, table: &str, column: &str) -> Option<&Column> {
        self.sheet(table)?
            .columns
            .iter()
            .find(|declared| declared.key == column)
    }

    /// The choices of a column; none for a column that is no choice.
    pub fn choices(&self, column: &Column) -> &[Choice] {
        column
            .choices
            .as_ref()
            .and_then(|list| self.choices.get(list))
            .map_or(&[], Vec::as_slice)
    }

    /// The item a column belongs to.
    pub fn item_of(&self, table: &str, column: &str) -> Option<&str> {
        self.column(table, column)?.item.as_deref()
    }

    /// Whether a column belongs to an item that is no longer asked for.
    pub fn is_retired(&self, column: &Column) -> bool {
        let item = column.item.as_ref().and_then(|key| self.item(key));
        item.is_some_and(|item| item.retired)
    }

    /// The columns of an item: what is marked when the item is doubtful.
    pub fn columns_of(&self, item: &str) -> Vec<(&str, &str)> {
        let of_sheet = |sheet: &'_ Sheet| -> Vec<usize> {
            let belongs = |column: &Column| column.item.as_deref() == Some(item);
            (0..sheet.columns.len())
                .filter(|index| belongs(&sheet.columns[*index]))
                .collect()
        };
        self.sheets
            .iter()
            .flat_map(|sheet| {
                of_sheet(sheet)
                    .into_iter()
                    .map(move |index| (sheet.table.as_str(), sheet.columns[index].key.as_str()))
            })
            .collect()
    }

    /// The rank of a stage; 0 is the first.
    pub fn stage_rank(&self, key: &str) -> Option<usize> {
        self.stages.iter().position(|stage| stage.key == key)
    }

    /// Every name that is used must be declared, and none twice.
    fn check(&self) -> Result<(), FilingError> {
        let mut seen = BTreeSet::new();
        let items = self.items().map(|(_, item)| format!("item {}", item.key));
        let sheets = self.sheets.iter().chain(&self.registers);
        let tables = sheets.clone().map(|sheet| format!("sheet {}", sheet.table));
        let columns = sheets.clone().flat_map(|sheet| {
            let table = &sheet.table;
            sheet
                .columns
                .iter()
                .map(move |column| format!("column {table}.{}", column.key))
        });
        for key in items.chain(tables).chain(columns) {
            if !seen.insert(key.clone()) {
                return Err(FilingError::Twice(key));
            }
        }
        let known = |by: &str, what: String| {
            if seen.contains(&what) {
                return Ok(());
            }
            Err(FilingError::Unknown {
                by: by.to_owned(),
                missing: what,
            })
        };
        known("declaration", "column projects.project_code".to_owned())?;
        for stage in &self.stages {
            for item in &stage.shown_by {
                known(&stage.key, format!("item {item}"))?;
            }
        }
        for (_, item) in self.items() {
            if self.stage_rank(&item.from).is_none() {
                return Err(FilingError::Unknown {
                    by: item.key.clone(),
                    missing: format!("stage {}", item.from),
                });
            }
            for column in &item.filled {
                let (table, column) = column.split_once('.').unwrap_or(("projects", column));
                known(&item.key, format!("column {table}.{column}"))?;
            }
            if self.columns_of(&item.key).is_empty() {
                return Err(FilingError::Unknown {
                    by: item.key.clone(),
                    missing: "a column of its own".to_owned(),
                });
            }
        }
        for sheet in sheets {
            for column in &sheet.columns {
                if let Some(item) = &column.item {
                    known(&column.key, format!("item {item}"))?;
                }
                for other in column.unit.iter().chain(&column.seals) {
                    known(&column.key, format!("column {}.{other}", sheet.table))?;
                }
                let is_sealed = |other: &Column| other.seals.contains(&column.key);
                if column.recorded && !sheet.columns.iter().any(is_sealed) {
                    return Err(FilingError::Unknown {
                        by: column.key.clone(),
                        missing: "a column with a seal over it".to_owned(),
                    });
                }
                let listed = column
                    .choices
                    .as_ref()
                    .map(|list| self.choices.contains_key(list));
                if listed == Some(false) || (column.field == Field::Choice && listed.is_none()) {
                    return Err(FilingError::Unknown {
                        by: column.key.clone(),
                        missing: format!("choices {}", column.choices.as_deref().unwrap_or("")),
                    });
                }
            }
        }
        Ok(())
    }
}

/// What `template` is when it is not said.
fn yes() -> bool {
    true
}
