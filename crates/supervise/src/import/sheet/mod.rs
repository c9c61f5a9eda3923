//! One sheet, row by row: its header found, its rows read into their table, what is wrong told.

mod header_row;
mod rows;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::columns::{Builder, Value};
use super::error::ImportError;
use super::header::HeaderUnit;
use super::percent::Percents;
use super::reading::Reading;
use super::report::Spot;
use super::seal::Seal;
use super::value::Cell;
use super::value::answer::Answers;
use super::wan::Wan;
use crate::diagnostic::Severity;
use crate::filing::{Filing, Sheet};
use crate::marking::column_name;

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
    /// Fen to one of the unit that a line above the header names for all amounts.
    above: Option<i64>,
    /// By the sheet's own columns.
    mapped: Vec<Option<Mapped>>,
    values: Vec<Value>,
    units: Vec<(usize, String)>,
    percents: BTreeMap<usize, Percents>,
    /// Columns whose percentage in this row has its sign.
    signed: Vec<usize>,
    /// Over what the platform recorded, when the sheet has it.
    seal: Option<Seal>,
    /// Columns with any header, known or not.
    headed: BTreeSet<u32>,
    /// Columns without one that hold something, with the first row (from 0) that does.
    headless: BTreeMap<u32, u32>,
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
            above: None,
            mapped: Vec::new(),
            values: vec![Value::Null; sheet.columns.len()],
            units: Vec::new(),
            percents: BTreeMap::new(),
            signed: Vec::new(),
            seal: None,
            headed: BTreeSet::new(),
            headless: BTreeMap::new(),
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
        self.reading.options.count_row()?;
        match self.state {
            State::GivenUp => Ok(()),
            State::Looking(seen) => self.look(row, cells, seen),
            State::Reading { source } => {
                self.read(row, cells, source);
                Ok(())
            }
        }
    }

    /// Says that a stray quotation mark has put several lines into one row (from 0), which is not read.
    pub fn swallowed(&mut self, row: u32, lines: u64) {
        let spot = Spot {
            file: &self.file,
            sheet: Some(&self.name),
            row: Some(u64::from(row) + 1),
            column: None,
        };
        self.reading.report.error(
            spot,
            "quotation_mark",
            None,
            format!("引号没有成对,从此处起 {lines} 行被连成一行,均未读取;请改正引号"),
            format!(
                "a quotation mark is not closed as it should be and makes one row of {lines} lines; none of them was read"
            ),
        );
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
        self.tell_headless();
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

    /// Says which columns hold something under no header at all.
    fn tell_headless(&mut self) {
        for (column, row) in &self.headless {
            let letters = column_name(column + 1);
            let spot = Spot {
                file: &self.file,
                sheet: Some(&self.name),
                row: Some(u64::from(*row) + 1),
                column: Some(&letters),
            };
            self.reading.report.warn(
                spot,
                "headless",
                None,
                "此列没有表头,未读取",
                "a column without a header, not read",
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
