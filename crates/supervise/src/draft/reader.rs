//! What was typed into a form, read into tables by the same parsers as a workbook's cells.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use kandeng_screening::arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use kandeng_screening::arrow::error::ArrowError;
use kandeng_screening::{Tables, Text};

use super::filed::{Filed, FiledPayment};
use super::typed::{Draft, Row};
use super::{DeskSettings, FieldNote, FieldPlace};
use crate::diagnostic::Severity;
use crate::filing::{Column, Field, Filing, Sheet};
use crate::import::IdentityKey;
use crate::import::boundary;
use crate::import::collected::{self, Collected};
use crate::import::columns::Value;
use crate::import::convert::{Asked, Names, convert};
use crate::import::photos::derive_days;
use crate::import::report::shorten;
use crate::import::resident;
use crate::import::seal::Seal;
use crate::import::value::Cell;

/// What a draft goes by while nobody has given it a code; of the right form, so that no rule finds
/// fault with it. That the code is missing is told as a note.
const WITHOUT_CODE: &str = "00000000000000";

/// A draft as rules read it.
pub(super) struct Read {
    pub tables: Tables,
    /// The project's code, or what stands for it.
    pub code: String,
    pub notes: Vec<FieldNote>,
}

/// Reads drafts, and rows of filings, of one declaration.
pub(crate) struct Reader {
    filing: Arc<Filing>,
    key: IdentityKey,
    datum: Option<kandeng_geo::Datum>,
    /// An empty table for each sheet.
    blank: Vec<Collected>,
    /// By sheet: the places of its columns.
    places: Vec<HashMap<String, usize, ahash::RandomState>>,
    /// By sheet: what only the platform itself records.
    seals: Vec<Option<Seal>>,
}

/// The county's conventions, without the memory that an import of many rows keeps.
struct County<'a> {
    filing: &'a Filing,
    key: &'a IdentityKey,
}

impl Names for County<'_> {
    fn unit(&mut self, written: &str) -> String {
        let known = self.filing.units.canonical(written);
        known.unwrap_or(written).to_owned()
    }

    fn hash(&mut self, number: &str) -> String {
        self.key.hash(number)
    }
}

impl Reader {
    pub(super) fn new(settings: &DeskSettings) -> Self {
        Self::of(
            Arc::clone(&settings.filing),
            settings.key.clone(),
            settings.datum,
        )
    }

    /// Of a declaration, with the county's key and the datum of boundaries that name none.
    pub(crate) fn of(
        filing: Arc<Filing>,
        key: IdentityKey,
        datum: Option<kandeng_geo::Datum>,
    ) -> Self {
        let blank = filing
            .sheets
            .iter()
            .map(|sheet| Collected::new(&filing, sheet));
        Self {
            blank: blank.collect(),
            places: filing.sheets.iter().map(places_of).collect(),
            seals: filing.sheets.iter().map(Seal::of).collect(),
            key,
            datum,
            filing,
        }
    }

    /// Reads a draft, and puts beside it what `filed` has of the same code and vouchers.
    pub(super) fn read(
        &self,
        draft: &Draft,
        filed: Option<&dyn Filed>,
    ) -> Result<Read, ArrowError> {
        let mut notes = self.unknown_lists(draft);
        let mut tables = Tables::new();
        let projects = &self.filing.sheets[0];
        let mut project = self.row(0, pairs(&draft.fields), None, &mut notes);
        let code = self.code(projects, &mut project, &mut notes);
        let mut stage = self.blank[0].stage_shown(&project);
        let mut others = Vec::new();
        for (index, sheet) in self.filing.sheets.iter().enumerate().skip(1) {
            let mut rows = self.list(index, draft, &code, &mut notes);
            for (_, row) in &rows {
                stage = stage.max(self.blank[index].stage_shown(row));
            }
            if sheet.table == "payments" {
                others = shared_payments(sheet, &rows, &code, filed);
                let after = draft.lists.get(&sheet.table).map_or(0, Vec::len);
                rows.extend(
                    others
                        .iter()
                        .enumerate()
                        .map(|(place, payment)| (after + place, payment_row(sheet, payment))),
                );
            }
            if rows.is_empty() {
                continue;
            }
            let mut batch = self.batch(index, &rows)?;
            if sheet.table == "photos" {
                batch = derive_days(&batch, &[]).unwrap_or(batch);
            }
            tables.insert(&*sheet.table, Arc::new(collected::table(batch)));
        }
        if let Some(place) = projects.position("stage")
            && project[place] == Value::Null
            && let Some(reached) = self.filing.stages.get(stage)
        {
            project[place] = Value::Text(reached.key.clone());
        }
        let mut rows = vec![(0, project)];
        rows.extend(
            owners(projects, &others)
                .into_iter()
                .enumerate()
                .map(|(place, owner)| (place + 1, owner)),
        );
        let batch = self.batch(0, &rows)?;
        tables.insert(&*projects.table, Arc::new(collected::table(batch)));
        if code != WITHOUT_CODE && filed.is_some_and(|filed| filed.has_code(&code)) {
            tables.insert("duplicates", Arc::new(collected::table(duplicate(&code)?)));
        }
        Ok(Read {
            tables,
            code,
            notes,
        })
    }

    /// Lists that are not declared, or are no lists.
    fn unknown_lists(&self, draft: &Draft) -> Vec<FieldNote> {
        let lists = &self.filing.sheets[1..];
        let unknown = draft
            .lists
            .keys()
            .filter(|list| !lists.iter().any(|sheet| sheet.table == **list));
        unknown
            .map(|list| FieldNote {
                place: FieldPlace {
                    item: None,
                    table: list.clone(),
                    row: None,
                    column: None,
                },
                severity: Severity::Error,
                value: None,
                message: Text::new(
                    "填报声明中没有这张表,未读取",
                    "the declaration has no such list; it was not read",
                ),
            })
            .collect()
    }

    /// The project's code; where there is none, what stands for it, and a note.
    fn code(&self, projects: &Sheet, project: &mut [Value], notes: &mut Vec<FieldNote>) -> String {
        // Cannot fail: a declaration without it does not load.
        let place = projects.position("project_code").unwrap_or(0);
        if let Value::Text(code) = &project[place] {
            return code.clone();
        }
        let column = &projects.columns[place];
        let told = notes.iter().any(|note| {
            note.place.column.as_ref() == Some(&column.key) && note.place.row.is_none()
        });
        if !told {
            notes.push(FieldNote {
                place: place_of(projects, column, None),
                severity: Severity::Error,
                value: None,
                message: Text::new(
                    "没有填写;没有编码的项目不能填报",
                    "not filled in; a project without a code cannot be filed",
                ),
            });
        }
        project[place] = Value::Text(WITHOUT_CODE.to_owned());
        WITHOUT_CODE.to_owned()
    }

    /// The rows of a list that hold anything, with their places in the form.
    fn list(
        &self,
        index: usize,
        draft: &Draft,
        code: &str,
        notes: &mut Vec<FieldNote>,
    ) -> Vec<(usize, Vec<Value>)> {
        let sheet = &self.filing.sheets[index];
        let typed = draft.lists.get(&sheet.table).into_iter().flatten();
        let mut rows = Vec::new();
        for (place, row) in typed.enumerate() {
            let values = self.row(index, pairs(row), Some((place, code)), notes);
            let says_anything = row.iter().any(|(key, text)| {
                key != "project_code"
                    && sheet.position(key).is_some()
                    && !Cell::text(text).is_empty()
            });
            if !says_anything {
                continue;
            }
            rows.push((place, values));
        }
        rows
    }

    /// The declaration.
    pub(crate) fn filing(&self) -> &Arc<Filing> {
        &self.filing
    }

    /// The stage that a row of a sheet shows its project to have reached.
    pub(crate) fn stage_shown(&self, index: usize, values: &[Value]) -> usize {
        self.blank[index].stage_shown(values)
    }

    /// One row of a sheet, read. Of a list, `of` is its place and the project that it belongs to.
    pub(crate) fn row<'t>(
        &self,
        index: usize,
        typed: impl Iterator<Item = (&'t str, &'t str)>,
        of: Option<(usize, &str)>,
        notes: &mut Vec<FieldNote>,
    ) -> Vec<Value> {
        let sheet = &self.filing.sheets[index];
        let row = of.map(|(place, _)| place);
        let mut county = County {
            filing: &self.filing,
            key: &self.key,
        };
        let mut values = vec![Value::Null; sheet.columns.len()];
        if let (Some((_, code)), Some(column)) = (of, sheet.position("project_code")) {
            values[column] = Value::Text(code.to_owned());
        }
        let mut units = Vec::new();
        for (key, text) in typed {
            let Some(place) = self.places[index].get(key).copied() else {
                notes.push(unknown_field(sheet, key, row));
                continue;
            };
            let column = &sheet.columns[place];
            let cell = Cell::text(text);
            if cell.is_empty() || (row.is_some() && key == "project_code") {
                continue;
            }
            let asked = Asked {
                field: column.field,
                answers: self.blank[index].answers[place].as_deref(),
                unit: None,
                range: column.range(),
                epoch_1904: false,
            };
            let mut note = |severity, value: Option<&str>, message| {
                notes.push(FieldNote {
                    place: place_of(sheet, column, row),
                    severity,
                    value: value.map(shorten),
                    message,
                });
            };
            match convert(&mut county, &asked, cell) {
                Ok((value, unit)) => {
                    if let (Some(unit), Some(holder)) = (unit, &column.unit)
                        && let Some(holder) = sheet.position(holder)
                    {
                        units.push((holder, unit));
                    }
                    values[place] = match value {
                        Value::Text(text) if column.field != Field::Identity => {
                            match resident::hashed(&text, &self.key) {
                                Cow::Borrowed(_) => Value::Text(text),
                                Cow::Owned(hidden) => {
                                    note(
                                        Severity::Warning,
                                        None,
                                        Text::new(
                                            "此处不应有身份证号;已换成哈希,请删去",
                                            "an identity number does not belong here; it was replaced by its hash, remove it",
                                        ),
                                    );
                                    Value::Text(hidden)
                                }
                            }
                        }
                        value => value,
                    };
                }
                Err(refused) => {
                    let shown = (column.field != Field::Identity).then_some(text.trim());
                    note(Severity::Error, shown, refused.expected);
                }
            }
        }
        settle_units(sheet, &mut values, units, row, notes);
        boundary::settle(sheet, &mut values, self.datum, &[], &mut |told| {
            notes.push(FieldNote {
                place: place_of(sheet, told.column, row),
                severity: told.severity,
                value: told.value.map(shorten),
                message: told.message,
            });
        });
        if let Some(seal) = &self.seals[index] {
            for column in seal.break_open(&mut values, &self.key) {
                notes.push(FieldNote {
                    place: place_of(sheet, &sheet.columns[column], row),
                    severity: Severity::Warning,
                    value: None,
                    message: Text::new(
                        "没有本县密钥的有效封签,不作为系统记录读取",
                        "without a valid seal of this county's key; not taken as recorded by the system",
                    ),
                });
            }
        }
        values
    }

    /// Rows with their places, from 0, as a batch; `row_no` is the place counted from 1.
    fn batch(&self, index: usize, rows: &[(usize, Vec<Value>)]) -> Result<RecordBatch, ArrowError> {
        let sheet = &self.filing.sheets[index];
        let mut table = self.blank[index].another(sheet);
        for (place, values) in rows {
            while table.places.len() <= *place {
                table.place(0, 0);
            }
            table.keep(values);
        }
        table.finish(sheet, false)
    }
}

fn places_of(sheet: &Sheet) -> HashMap<String, usize, ahash::RandomState> {
    let columns = sheet.columns.iter().enumerate();
    columns
        .map(|(place, column)| (column.key.clone(), place))
        .collect()
}

/// Fields with what was typed.
fn pairs(row: &Row) -> impl Iterator<Item = (&str, &str)> {
    row.iter().map(|(key, text)| (key.as_str(), text.as_str()))
}

fn place_of(sheet: &Sheet, column: &Column, row: Option<usize>) -> FieldPlace {
    FieldPlace {
        item: column.item.clone(),
        table: sheet.table.clone(),
        row,
        column: Some(column.key.clone()),
    }
}

fn unknown_field(sheet: &Sheet, key: &str, row: Option<usize>) -> FieldNote {
    FieldNote {
        place: FieldPlace {
            item: None,
            table: sheet.table.clone(),
            row,
            column: Some(key.to_owned()),
        },
        severity: Severity::Error,
        value: None,
        message: Text::new(
            "填报声明中没有这一项,未读取",
            "the declaration has no such field; it was not read",
        ),
    }
}

/// A unit written with a quantity goes into the field for units.
fn settle_units(
    sheet: &Sheet,
    values: &mut [Value],
    units: Vec<(usize, String)>,
    row: Option<usize>,
    notes: &mut Vec<FieldNote>,
) {
    for (holder, unit) in units {
        if let Value::Text(stated) = &values[holder]
            && *stated != unit
        {
            notes.push(FieldNote {
                place: place_of(sheet, &sheet.columns[holder], row),
                severity: Severity::Warning,
                value: Some(shorten(stated)),
                message: Text::new(
                    format!("与数量后所写的单位“{unit}”不一致,按“{unit}”读取"),
                    format!(
                        "differs from the unit {unit} written with the quantity; {unit} was taken"
                    ),
                ),
            });
        }
        values[holder] = Value::Text(unit);
    }
}

/// Payments of other filings under the draft's vouchers. Those of a filing with the draft's own code
/// would pass for the draft's; that the code is taken is told by itself.
fn shared_payments(
    payments: &Sheet,
    rows: &[(usize, Vec<Value>)],
    code: &str,
    filed: Option<&dyn Filed>,
) -> Vec<FiledPayment> {
    let (Some(filed), Some(voucher)) = (filed, payments.position("voucher")) else {
        return Vec::new();
    };
    let vouchers: BTreeSet<&str> = rows
        .iter()
        .filter_map(|(_, row)| match &row[voucher] {
            Value::Text(voucher) => Some(voucher.as_str()),
            _ => None,
        })
        .collect();
    if vouchers.is_empty() {
        return Vec::new();
    }
    let mut shared = filed.payments(&vouchers.into_iter().collect::<Vec<_>>());
    shared.retain(|payment| payment.project_code != code);
    shared
}

fn payment_row(payments: &Sheet, payment: &FiledPayment) -> Vec<Value> {
    row_of(
        payments,
        [
            ("project_code", Value::Text(payment.project_code.clone())),
            ("voucher", Value::Text(payment.voucher.clone())),
            ("amount", payment.amount_fen.map_or(Value::Null, Value::Int)),
        ],
    )
}

/// The projects of payments, as far as the comparison needs them: code and owner.
fn owners(projects: &Sheet, payments: &[FiledPayment]) -> Vec<Vec<Value>> {
    let mut seen = BTreeSet::new();
    let text = |text: &Option<String>| text.clone().map_or(Value::Null, Value::Text);
    payments
        .iter()
        .filter(|payment| seen.insert(&payment.project_code))
        .map(|payment| {
            row_of(
                projects,
                [
                    ("project_code", Value::Text(payment.project_code.clone())),
                    ("owner_name", text(&payment.owner_name)),
                    ("owner_uscc", text(&payment.owner_uscc)),
                ],
            )
        })
        .collect()
}

fn row_of<const N: usize>(sheet: &Sheet, named: [(&str, Value); N]) -> Vec<Value> {
    let mut values = vec![Value::Null; sheet.columns.len()];
    for (column, value) in named {
        if let Some(place) = sheet.position(column) {
            values[place] = value;
        }
    }
    values
}

/// The draft's own row as a later one with a code that is there already.
fn duplicate(code: &str) -> Result<RecordBatch, ArrowError> {
    let columns: Vec<ArrayRef> = vec![
        Arc::new(StringArray::from(vec![code])),
        Arc::new(Int64Array::from(vec![1])),
        Arc::new(Int64Array::from(vec![None])),
    ];
    RecordBatch::try_new(Filing::duplicates().schema(), columns)
}
