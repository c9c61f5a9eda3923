//! One sheet, row by row: its header found, its rows read into their table, what is wrong told.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::columns::{Builder, Value};
use super::convert::{Asked, convert};
use super::error::ImportError;
use super::header::{HeaderUnit, Headers};
use super::percent::Percents;
use super::places::Source;
use super::reading::Reading;
use super::report::Spot;
use super::resident;
use super::seal::Seal;
use super::value::Cell;
use super::value::answer::Answers;
use super::wan::Wan;
use crate::diagnostic::Severity;
use crate::filing::{Column, Field, Filing, Sheet};

/// Rows before the header, such as a title.
const ROWS_BEFORE_HEADER: usize = 6;
/// How a project code begins in the template's example row.
pub(crate) const EXAMPLE: &str = "示例";

/// A block of merged cells, all from 0 and inclusive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Merged {
    pub rows: (u32, u32),
    pub columns: (u32, u32),
}

/// A declared column where the sheet has it.
struct Mapped {
    index: usize,
    header: String,
    unit: Option<HeaderUnit>,
    answers: Option<Arc<Answers>>,
    /// Rows (from 0) merged into the first of them.
    merged: Vec<(u32, u32)>,
    carried: Value,
    wan: Wan,
}

/// Whether the header was found.
enum State {
    Looking(usize),
    Reading { source: u32 },
    GivenUp,
}

/// Reads one sheet into its table.
pub(crate) struct SheetReader<'r, 'o> {
    reading: &'r mut Reading<'o>,
    filing: &'o Filing,
    sheet: &'o Sheet,
    file: String,
    name: String,
    epoch_1904: bool,
    merged: Vec<Merged>,
    state: State,
    /// By the sheet's own columns.
    mapped: Vec<Option<Mapped>>,
    values: Vec<Value>,
    units: Vec<(usize, String)>,
    percents: BTreeMap<usize, Percents>,
    /// Columns whose percentage in this row has its sign.
    signed: Vec<usize>,
    /// Over what the platform recorded, when the sheet has it.
    seal: Option<Seal>,
}

impl<'r, 'o> SheetReader<'r, 'o> {
    /// A reader of one sheet.
    pub fn new(
        reading: &'r mut Reading<'o>,
        sheet: &'o Sheet,
        file: &str,
        name: &str,
        epoch_1904: bool,
        merged: Vec<Merged>,
    ) -> Self {
        let filing = reading.filing;
        reading.begin(sheet);
        Self {
            reading,
            filing,
            sheet,
            file: file.to_owned(),
            name: name.to_owned(),
            epoch_1904,
            merged,
            state: State::Looking(0),
            mapped: Vec::new(),
            values: vec![Value::Null; sheet.columns.len()],
            units: Vec::new(),
            percents: BTreeMap::new(),
            signed: Vec::new(),
            seal: None,
        }
    }

    /// Takes the next row (from 0) with its cells (columns from 0).
    ///
    /// # Errors
    /// When projects have no project code, or the person stopped the run.
    pub fn row(&mut self, row: u32, cells: &[(u32, Cell<'_>)]) -> Result<(), ImportError> {
        if row.is_multiple_of(1024) {
            self.reading.options.check_cancelled()?;
        }
        if cells.iter().all(|(_, cell)| cell.is_empty()) {
            return Ok(());
        }
        match self.state {
            State::GivenUp => Ok(()),
            State::Looking(seen) => self.look(row, cells, seen),
            State::Reading { source } => {
                self.read(row, cells, source);
                Ok(())
            }
        }
    }

    /// What can be said only when all rows were read.
    ///
    /// # Errors
    /// When projects have no project code.
    pub fn finish(mut self) -> Result<(), ImportError> {
        if let State::Looking(_) = self.state {
            return self.no_header();
        }
        self.tell_merged();
        for mapped in self.mapped.iter().flatten() {
            let spot = Spot {
                file: &self.file,
                sheet: Some(&self.name),
                row: None,
                column: Some(&mapped.header),
            };
            mapped.wan.tell(&mut self.reading.report, spot);
        }
        self.mend_percentages();
        Ok(())
    }

    /// Looks for the header in the first rows.
    fn look(
        &mut self,
        row: u32,
        cells: &[(u32, Cell<'_>)],
        seen: usize,
    ) -> Result<(), ImportError> {
        let texts: Vec<_> = cells
            .iter()
            .map(|(column, cell)| (*column, cell.to_text()))
            .collect();
        let headers = Headers::of(self.filing, self.sheet);
        let known = headers.matches(texts.iter().map(|(_, text)| text.as_str()));
        let required = texts.iter().any(|(_, text)| {
            headers
                .read(text)
                .is_some_and(|named| self.sheet.columns[named.column].required)
        });
        if !required && known < 2 {
            if seen + 1 >= ROWS_BEFORE_HEADER {
                self.state = State::GivenUp;
                return self.no_header();
            }
            self.state = State::Looking(seen + 1);
            return Ok(());
        }
        self.map(row, &texts, &headers)
    }

    /// Takes a row as the header.
    fn map(
        &mut self,
        row: u32,
        texts: &[(u32, String)],
        headers: &Headers<'_>,
    ) -> Result<(), ImportError> {
        let mut source = Source {
            file: self.file.clone(),
            sheet: self.name.clone(),
            header_row: row + 1,
            columns: HashMap::new(),
            anchor: texts.first().map_or(1, |(column, _)| column + 1),
        };
        let named = |text: &str| headers.read(text).map(|named| named.column);
        self.seal = Seal::of(self.sheet).filter(|seal| {
            texts
                .iter()
                .any(|(_, text)| named(text).is_some_and(|column| seal.is_at(column)))
        });
        for (column, text) in texts.iter().filter(|(_, text)| !text.is_empty()) {
            let spot = Spot {
                file: &self.file,
                sheet: Some(&self.name),
                row: Some(u64::from(row) + 1),
                column: Some(text),
            };
            let Some(named) = headers.read(text) else {
                let (zh, en) = match headers.nearest(text) {
                    Some(near) => (
                        format!(",是否为“{}”?", near.zh),
                        format!("; is it {} ({})?", near.zh, near.key),
                    ),
                    None => (String::new(), String::new()),
                };
                self.reading.report.warn(
                    spot,
                    "unknown_column",
                    None,
                    format!("未知的列,未读取{zh}"),
                    format!("unknown column, not read{en}"),
                );
                continue;
            };
            let declared = &self.sheet.columns[named.column];
            if declared.recorded && self.seal.is_none() {
                self.reading.report.warn(
                    spot,
                    "unknown_column",
                    None,
                    "未知的列,未读取:此项由系统记录,不由填报",
                    "unknown column, not read: the system records this, nobody files it",
                );
                continue;
            }
            if source.columns.contains_key(&declared.key) {
                self.reading.report.warn(
                    spot,
                    "duplicate_header",
                    None,
                    "表头重复,只读取第一列",
                    "duplicate header; only the first column is read",
                );
                continue;
            }
            if let Some(written) = &named.no_unit {
                self.reading.report.no_unit(spot, declared.field, written);
            }
            source.columns.insert(declared.key.clone(), column + 1);
            if declared.required {
                source.anchor = column + 1;
            }
            let place = *column as usize;
            if self.mapped.len() <= place {
                self.mapped.resize_with(place + 1, || None);
            }
            self.mapped[place] = Some(Mapped {
                index: named.column,
                header: text.clone(),
                unit: named.unit,
                answers: self.reading.answers(&self.sheet.table, named.column),
                merged: self.merged_rows(*column, row, declared),
                carried: Value::Null,
                wan: Wan::default(),
            });
        }
        for (index, declared) in self.sheet.columns.iter().enumerate() {
            let there = source.columns.contains_key(&declared.key);
            self.reading.mark_present(&self.sheet.table, index, there);
            if there {
                if declared.field == Field::Percent {
                    let length = self.reading.float_length(&self.sheet.table, index);
                    self.percents.insert(index, Percents::after(length));
                }
                continue;
            }
            if declared.required {
                return self.no_required(row, declared);
            }
            if self.is_needed(declared) {
                let spot = Spot {
                    file: &self.file,
                    sheet: Some(&self.name),
                    row: Some(u64::from(row) + 1),
                    column: Some(&declared.zh),
                };
                self.reading.report.warn(
                    spot,
                    "missing_column",
                    None,
                    "缺少此列",
                    format!("this column is missing ({})", declared.key),
                );
                self.reading
                    .missing_columns
                    .push((self.sheet.table.clone(), declared.key.clone()));
            }
        }
        let source = self.reading.add_source(source);
        self.state = State::Reading { source };
        Ok(())
    }

    /// Whether an item is not filled without this column.
    fn is_needed(&self, column: &Column) -> bool {
        let Some(item) = column.item.as_ref().and_then(|key| self.filing.item(key)) else {
            return false;
        };
        self.filing
            .filling_columns(item)
            .contains(&(self.sheet.table.as_str(), column.key.as_str()))
    }

    fn no_required(&mut self, row: u32, declared: &Column) -> Result<(), ImportError> {
        if self.sheet.table == "projects" {
            return Err(ImportError::NoProjectCode {
                file: self.file.clone(),
                sheet: self.name.clone(),
            });
        }
        let spot = Spot {
            file: &self.file,
            sheet: Some(&self.name),
            row: Some(u64::from(row) + 1),
            column: Some(&declared.zh),
        };
        self.reading.report.error(
            spot,
            "missing_column",
            None,
            "缺少此列,整表未读取",
            format!(
                "this column is missing ({}); the sheet was not read",
                declared.key
            ),
        );
        self.state = State::GivenUp;
        Ok(())
    }

    fn no_header(&mut self) -> Result<(), ImportError> {
        if self.sheet.table == "projects" {
            return Err(ImportError::NoProjectCode {
                file: self.file.clone(),
                sheet: self.name.clone(),
            });
        }
        let spot = Spot {
            file: &self.file,
            sheet: Some(&self.name),
            ..Spot::default()
        };
        self.reading.report.warn(
            spot,
            "no_header",
            None,
            "前几行中没有可识别的表头,整表未读取",
            "no header was recognised in the first rows; the sheet was not read",
        );
        Ok(())
    }

    /// Rows whose cells of a column are merged below the header. Amounts are not repeated: a sum
    /// would count them again.
    fn merged_rows(&self, column: u32, header: u32, declared: &Column) -> Vec<(u32, u32)> {
        let counted = matches!(
            declared.field,
            Field::Money | Field::Quantity | Field::Percent | Field::Int | Field::Number
        );
        let blocks = self.merged.iter().filter(|block| {
            !counted
                && block.rows.0 > header
                && block.rows.0 < block.rows.1
                && (block.columns.0..=block.columns.1).contains(&column)
        });
        blocks.map(|block| block.rows).collect()
    }

    /// Reads a data row.
    fn read(&mut self, row: u32, cells: &[(u32, Cell<'_>)], source: u32) {
        self.values.fill(Value::Null);
        self.units.clear();
        self.signed.clear();
        let is_example =
            cells.iter().any(
                |(column, cell)| match (self.mapped.get(*column as usize), cell) {
                    (Some(Some(mapped)), Cell::Text(text)) => {
                        self.sheet.columns[mapped.index].required && text.starts_with(EXAMPLE)
                    }
                    _ => false,
                },
            );
        if is_example {
            return;
        }
        let mut any = false;
        for (column, cell) in cells {
            if !cell.is_empty() {
                any |= self.cell(row, *column as usize, *cell);
            }
        }
        if !any {
            return;
        }
        self.carry_merged(row);
        self.settle_units(row);
        let spot = Spot {
            file: &self.file,
            sheet: Some(&self.name),
            row: Some(u64::from(row) + 1),
            column: None,
        };
        self.reading
            .settle_boundary(self.sheet, &mut self.values, spot);
        if let Some(seal) = &self.seal {
            for column in seal.break_open(&mut self.values, &self.reading.options.key) {
                let spot = Spot {
                    column: Some(&self.sheet.columns[column].zh),
                    ..spot
                };
                self.reading.report.warn(
                    spot,
                    "seal",
                    None,
                    "没有本县密钥的有效封签,不作为系统记录读取",
                    "without a valid seal of this county's key; not taken as recorded by the system",
                );
            }
        }
        let lengths = std::mem::take(&mut self.signed).into_iter().map(|index| {
            let table = &self.sheet.table;
            (index, self.reading.float_length(table, index))
        });
        let lengths: Vec<_> = lengths.collect();
        self.reading
            .take(self.sheet, source, row + 1, &self.values, spot);
        for (index, length) in lengths {
            // A row that was not kept adds nothing.
            if self.reading.float_length(&self.sheet.table, index) > length
                && let Some(percents) = self.percents.get_mut(&index)
            {
                percents.sign(length);
            }
        }
    }

    /// Reads a cell; false when it is of no column that is read.
    fn cell(&mut self, row: u32, column: usize, cell: Cell<'_>) -> bool {
        let Some(Some(mapped)) = self.mapped.get_mut(column) else {
            return false;
        };
        let declared = &self.sheet.columns[mapped.index];
        let asked = Asked {
            field: declared.field,
            answers: mapped.answers.as_deref(),
            unit: mapped.unit.as_ref(),
            epoch_1904: self.epoch_1904,
        };
        match convert(self.reading, &asked, cell) {
            Ok((value, unit)) => {
                if let (Some(HeaderUnit::Money(unit)), Value::Int(fen)) = (&mapped.unit, &value) {
                    mapped.wan.note(*unit, *fen, row, || cell.to_text());
                }
                if let (Field::Percent, Cell::Text(text)) = (declared.field, cell)
                    && Percents::is_signed(text)
                {
                    self.signed.push(mapped.index);
                }
                if let (Some(unit), Some(holder)) = (unit, &declared.unit)
                    && let Some(holder) = self.sheet.position(holder)
                {
                    self.units.push((holder, unit));
                }
                let hidden = match &value {
                    Value::Text(text) if declared.field != Field::Identity => {
                        match resident::hashed(text, &self.reading.options.key) {
                            Cow::Owned(hidden) => Some(hidden),
                            Cow::Borrowed(_) => None,
                        }
                    }
                    _ => None,
                };
                self.values[mapped.index] = match hidden {
                    None => value,
                    Some(hidden) => {
                        let spot = Spot {
                            file: &self.file,
                            sheet: Some(&self.name),
                            row: Some(u64::from(row) + 1),
                            column: Some(&mapped.header),
                        };
                        self.reading.report.warn(
                        spot,
                        "identity",
                        None,
                        "此列不应有身份证号;已换成哈希,请在原表中删去",
                        "an identity number does not belong here; it was replaced by its hash, remove it from the sheet",
                    );
                        Value::Text(hidden)
                    }
                };
            }
            Err(refused) => {
                let value = cell.to_text();
                let shown = (declared.field != Field::Identity).then_some(value.as_str());
                let spot = Spot {
                    file: &self.file,
                    sheet: Some(&self.name),
                    row: Some(u64::from(row) + 1),
                    column: Some(&mapped.header),
                };
                self.reading.report.refuse(spot, shown, refused);
            }
        }
        true
    }

    /// Repeats the value of a merged block in its later rows.
    fn carry_merged(&mut self, row: u32) {
        for mapped in self.mapped.iter_mut().flatten() {
            for (first, last) in &mapped.merged {
                if row == *first {
                    mapped.carried = self.values[mapped.index].clone();
                } else if (*first..=*last).contains(&row)
                    && self.values[mapped.index] == Value::Null
                {
                    self.values[mapped.index] = mapped.carried.clone();
                }
            }
        }
    }

    /// A unit written with a quantity goes into the column for units.
    fn settle_units(&mut self, row: u32) {
        for (holder, unit) in std::mem::take(&mut self.units) {
            if let Value::Text(stated) = &self.values[holder]
                && *stated != unit
            {
                let spot = Spot {
                    file: &self.file,
                    sheet: Some(&self.name),
                    row: Some(u64::from(row) + 1),
                    column: Some(&self.sheet.columns[holder].zh),
                };
                self.reading.report.warn(
                    spot,
                    "unit",
                    Some(stated),
                    format!("与数量后所写的单位“{unit}”不一致,按“{unit}”读取"),
                    format!(
                        "differs from the unit {unit} written with the quantity; {unit} was taken"
                    ),
                );
            }
            self.values[holder] = Value::Text(unit);
        }
    }

    fn tell_merged(&mut self) {
        let State::Reading { source } = self.state else {
            return;
        };
        let header = self.reading.header_row(source);
        let blocks = self.merged.iter().filter(|block| block.rows.1 + 1 > header);
        for block in blocks {
            let spot = Spot {
                file: &self.file,
                sheet: Some(&self.name),
                row: Some(u64::from(block.rows.0) + 1),
                column: None,
            };
            self.reading.report.add(
                Severity::Warning,
                spot,
                "merged",
                None,
                kandeng_screening::Text::new(
                    "合并单元格:竖向合并的编码、文字和日期按各行重复读取,金额和数量只算在第一格",
                    "merged cells: codes, text and dates merged downwards are read for every row, amounts and quantities only in the first",
                ),
            );
        }
    }

    fn mend_percentages(&mut self) {
        for (index, percents) in std::mem::take(&mut self.percents) {
            let spot = Spot {
                file: &self.file,
                sheet: Some(&self.name),
                row: None,
                column: Some(&self.sheet.columns[index].zh),
            };
            let (report, column) = self.reading.column_and_report(&self.sheet.table, index);
            if let Some(Builder::Float(column)) = column {
                percents.settle(column, report, spot);
            }
        }
    }
}
